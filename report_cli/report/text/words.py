"""Every word that a page says by itself, in every language that it can be in."""

import datetime
import re
from collections.abc import Mapping
from functools import cache

from report_cli.errors import UsageError

# The words of one language by what they mean.
Language = Mapping[str, str]

# {} is filled in. Lists have "|" between their parts: months, and quotation marks from the outer to the inner ones.
_TABLE: dict[str, tuple[str, str, str, str]] = {
    "lang": ("en", "de", "fr", "es"),
    # Numbers, dates and signs.
    "decimal": (".", ",", ",", ","),
    "thousands": (",", ".", "\u202f", "\u202f"),
    "list": (", ", "; ", "; ", "; "),
    "quotes": ("“|”|‘|’", "„|“|‚|‘", "«\u202f|\u202f»|“|”", "«|»|“|”"),
    "date": ("{} {} {}", "{}. {} {}", "{} {} {}", "{} de {} de {}"),
    "first_of_month": ("1", "1", "1er", "1"),
    "months": (
        "January|February|March|April|May|June|July|August|September|October|November|December",
        "Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember",
        "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre",
        "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre",
    ),
    # The frame of the page.
    "report": ("Report", "Bericht", "Rapport", "Informe"),
    "draft": ("DRAFT", "ENTWURF", "BROUILLON", "BORRADOR"),
    "skip": ("Skip to the text", "Zum Text springen", "Aller au texte", "Ir al texto"),
    "abstract": ("Abstract", "Zusammenfassung", "Résumé", "Resumen"),
    "logo": ("Logo", "Logo", "Logo", "Logotipo"),
    "contents": ("Contents", "Inhalt", "Sommaire", "Índice"),
    "unfold": ("Parts of {}", "Teile von {}", "Parties de {}", "Partes de {}"),
    "references": ("References", "Literatur", "Références", "Referencias"),
    "attachment": (
        "Runs and values of this report",
        "Läufe und Werte dieses Berichts",
        "Exécutions et valeurs de ce rapport",
        "Ejecuciones y valores de este informe",
    ),
    # What is numbered.
    "section": ("Section {}", "Abschnitt {}", "Section {}", "Sección {}"),
    "figure": ("Figure", "Abbildung", "Figure", "Figura"),
    "table": ("Table", "Tabelle", "Tableau", "Tabla"),
    "listing": ("Listing", "Listing", "Listing", "Listado"),
    "theorem": ("Theorem", "Satz", "Théorème", "Teorema"),
    "lemma": ("Lemma", "Lemma", "Lemme", "Lema"),
    "proposition": ("Proposition", "Proposition", "Proposition", "Proposición"),
    "corollary": ("Corollary", "Korollar", "Corollaire", "Corolario"),
    "definition": ("Definition", "Definition", "Définition", "Definición"),
    "example": ("Example", "Beispiel", "Exemple", "Ejemplo"),
    "proof": ("Proof", "Beweis", "Démonstration", "Demostración"),
    "equation": ("Equation ({})", "Gleichung ({})", "Équation ({})", "Ecuación ({})"),
    "appendix": ("Appendix {}", "Anhang {}", "Annexe {}", "Apéndice {}"),
    # What every page has to say about its runs.
    "short": ("short trainings", "kurze Trainings", "entraînements courts", "entrenamientos cortos"),
    "short_runs": ("short runs", "kurze Läufe", "exécutions courtes", "ejecuciones cortas"),
    "short_drawn": (
        "short trainings on drawn images",
        "kurze Trainings mit gezeichneten Bildern",
        "entraînements courts sur images dessinées",
        "entrenamientos cortos con imágenes dibujadas",
    ),
    "changed": ("changed parameters", "geänderte Parameter", "paramètres modifiés", "parámetros modificados"),
    "drawn": ("drawn images", "gezeichnete Bilder", "images dessinées", "imágenes dibujadas"),
    # What is not there yet.
    "never run": ("never run", "noch nie gelaufen", "jamais exécuté", "nunca ejecutado"),
    "missing": ("[missing]", "[fehlt]", "[manque]", "[falta]"),
    "no_figure": (
        "[figure {}: no result]",
        "[Abbildung {}: kein Ergebnis]",
        "[figure {} : aucun résultat]",
        "[figura {}: sin resultado]",
    ),
    # What a parameter is, beside a number.
    "yes": ("yes", "ja", "oui", "sí"),
    "no": ("no", "nein", "non", "no"),
    "none": ("none", "keine", "aucun", "ninguno"),
    # The appendix.
    "provenance": ("Provenance", "Herkunft", "Provenance", "Procedencia"),
    "provenance_text": (
        (
            "Every result in this report comes from these runs and, outside formulas and the title, links to its"
            " run. Only numbers that were given or chosen, such as those of the task or of other reports, are"
            " typed."
        ),
        (
            "Jedes Ergebnis in diesem Bericht stammt aus diesen Läufen und verweist, außer in Formeln und im"
            " Titel, auf seinen Lauf. Nur vorgegebene oder gewählte Zahlen, etwa die der Aufgabe oder anderer"
            " Berichte, sind getippt."
        ),
        (
            "Chaque résultat de ce rapport provient de ces exécutions et renvoie, hors des formules et du titre,"
            " à la sienne. Seuls les nombres donnés ou choisis, comme ceux de l’énoncé ou d’autres rapports, ont"
            " été saisis."
        ),
        (
            "Cada resultado de este informe procede de estas ejecuciones y, salvo en fórmulas y en el título,"
            " enlaza con la suya. Solo se han escrito a mano los números dados o elegidos, como los del enunciado"
            " o de otros informes."
        ),
    ),
    "attached": (
        "The values and the digests of all files of the runs are attached to the PDF as {}.",
        "Die Werte und die Prüfsummen aller Dateien der Läufe hängen dem PDF als {} an.",
        "Les valeurs et les empreintes de tous les fichiers des exécutions sont jointes au PDF dans {}.",
        "Los valores y las sumas de verificación de todos los archivos de las ejecuciones acompañan al PDF en {}.",
    ),
    "beside": (
        "The values and the digests of all files of the runs lie beside this file in {}.",
        "Die Werte und die Prüfsummen aller Dateien der Läufe liegen neben dieser Datei in {}.",
        "Les valeurs et les empreintes de tous les fichiers des exécutions accompagnent ce fichier dans {}.",
        "Los valores y las sumas de verificación de los archivos de las ejecuciones acompañan a este archivo en {}.",
    ),
    "experiment": ("Experiment", "Experiment", "Expérience", "Experimento"),
    "day": ("Date", "Datum", "Date", "Fecha"),
    "measured": ("Measured", "Gemessen", "Mesuré", "Medido"),
    "command": ("Command", "Befehl", "Commande", "Orden"),
    "definitions": ("Definitions", "Definitionen", "Définitions", "Definiciones"),
    "used_in": ("Used in", "Verwendet in", "Utilisé dans", "Usado en"),
    "all_runs": ("All runs", "Alle Läufe", "Toutes les exécutions", "Todas las ejecuciones"),
    "run": ("Run", "Lauf", "Exécution", "Ejecución"),
    "runs": ("Runs", "Läufe", "Exécutions", "Ejecuciones"),
    "seed": ("seed {}", "Startwert {}", "graine {}", "semilla {}"),
    "seeds": ("seeds {} to {}", "Startwerte {} bis {}", "graines {} à {}", "semillas {} a {}"),
    "points": ("{} points", "{} Punkte", "{} points", "{} puntos"),
    "profile": ("Profile", "Profil", "Profil", "Perfil"),
    "code": ("Code", "Code", "Code", "Código"),
    "commit": ("commit {}", "Commit {}", "commit {}", "commit {}"),
    "uncommitted": (
        "commit {}, with changes that are in no commit",
        "Commit {}, mit Änderungen, die in keinem Commit sind",
        "commit {}, avec des modifications qui ne sont dans aucun commit",
        "commit {}, con cambios que no están en ningún commit",
    ),
    "computed_with": ("Computed with", "Berechnet mit", "Calculé avec", "Calculado con"),
    "data": ("Data", "Daten", "Données", "Datos"),
    "duration": ("Duration", "Dauer", "Durée", "Duración"),
    "parameters": ("Parameters", "Parameter", "Paramètres", "Parámetros"),
    "grid": ("Grid of {}", "Raster von {}", "Grille de {}", "Rejilla de {}"),
    "overridden": ("Overridden", "Überschrieben", "Remplacés", "Sustituidos"),
    "computed_from": ("Computed from", "Berechnet aus", "Calculé à partir de", "Calculado a partir de"),
    "not_stored": ("not stored", "nicht gespeichert", "non conservée", "no guardada"),
    "files_read": ("Files read", "Gelesene Dateien", "Fichiers lus", "Archivos leídos"),
    "not_watched": ("Not watched", "Nicht beobachtet", "Non observé", "No observado"),
    "warnings": ("Warnings", "Warnungen", "Avertissements", "Advertencias"),
    "first_warning": ("{}, the first: {}", "{}, die erste: {}", "{}, le premier : {}", "{}, la primera: {}"),
    "accepted": ("Accepted", "Akzeptiert", "Accepté", "Aceptado"),
    "acceptance": (
        "{} (on {}, although {})",
        "{} (am {}, trotz: {})",
        "{} (le {}, malgré : {})",
        "{} (el {}, a pesar de: {})",
    ),
    "more": ("and {} more", "und {} weitere", "et {} de plus", "y {} más"),
    # How a difference is told.
    "from_to": ("({} to {})", "({} bis {})", "({} à {})", "({} a {})"),
    "in_points": ("{} points", "{} Prozentpunkte", "{} points", "{} puntos"),
    "over_seeds": ("over {} seeds", "über {} Startwerte", "sur {} graines", "sobre {} semillas"),
    "over_images": (
        "exact test of McNemar on {} examples",
        "exakter Test nach McNemar an {} Beispielen",
        "test exact de McNemar sur {} exemples",
        "prueba exacta de McNemar con {} ejemplos",
    ),
    "over_losses": ("over {} examples", "über {} Beispiele", "sur {} exemples", "sobre {} ejemplos"),
    "over_shares": (
        "shares of at least {} others",
        "Anteile von mindestens je {} anderen",
        "parts d’au moins {} autres",
        "proporciones de al menos {} otros",
    ),
    # Claims.
    "claims": ("Claims", "Behauptungen", "Affirmations", "Afirmaciones"),
    "claim": ("Claim", "Behauptung", "Affirmation", "Afirmación"),
    "verdict": ("Verdict", "Urteil", "Verdict", "Veredicto"),
    "holds": ("holds", "gilt", "vérifiée", "se cumple"),
    "refuted": ("refuted", "widerlegt", "réfutée", "refutada"),
    "undecided": ("undecided", "offen", "indécise", "sin decidir"),
    # What questions are worth, and how a report is checked.
    "worth": ("Points: {}", "Punkte: {}", "Points : {}", "Puntos: {}"),
    "grading": ("For the grader", "Für die Korrektur", "Pour la correction", "Para la corrección"),
    "question": ("Question", "Frage", "Question", "Pregunta"),
    "worth_head": ("Points", "Punkte", "Points", "Puntos"),
    "total": ("Total", "Summe", "Total", "Total"),
    "check": (
        "Every value of this file can be checked against its runs:",
        "Jeder Wert dieser Datei lässt sich an seinen Läufen prüfen:",
        "Chaque valeur de ce fichier peut être vérifiée d’après ses exécutions :",
        "Cada valor de este archivo se puede comprobar con sus ejecuciones:",
    ),
    # What the HTML page's script says.
    "value": ("Value", "Wert", "Valeur", "Valor"),
    "part_computed": ("Computed from", "Berechnet aus", "Calculé à partir de", "Calculado a partir de"),
    "part_spread": (
        "Standard deviation over the seeds of",
        "Standardabweichung über die Startwerte von",
        "Écart type entre les graines de",
        "Desviación típica entre las semillas de",
    ),
    "part_end": (
        "End of the 95 % interval of",
        "Ende des 95-%-Intervalls von",
        "Borne de l’intervalle à 95 % de",
        "Extremo del intervalo del 95 % de",
    ),
    "part_seeds": ("Number of seeds of", "Zahl der Startwerte von", "Nombre de graines de", "Número de semillas de"),
    "part_difference": ("Difference in", "Unterschied von", "Différence de", "Diferencia de"),
    "part_difference_end": (
        "End of the 95 % interval of the difference in",
        "Ende des 95-%-Intervalls für den Unterschied von",
        "Borne de l’intervalle à 95 % de la différence de",
        "Extremo del intervalo del 95 % de la diferencia de",
    ),
    "part_p": (
        "p-value of the difference in",
        "p-Wert für den Unterschied von",
        "Valeur p de la différence de",
        "Valor p de la diferencia de",
    ),
    "part_compared": (
        "How many were compared, in",
        "Zahl der Verglichenen, von",
        "Nombre d’éléments comparés, de",
        "Cuántos se compararon, de",
    ),
    "interval": ("95 % interval", "95-%-Intervall", "Intervalle à 95 %", "Intervalo del 95 %"),
    "mean": ("Mean", "Mittel", "Moyenne", "Media"),
    "copy": ("Copy", "Kopieren", "Copier", "Copiar"),
    "copied": ("Copied.", "Kopiert.", "Copié.", "Copiado."),
    "footnote": ("Note {}", "Anmerkung {}", "Note {}", "Nota {}"),
    "to_run": (
        "To its run in the appendix",
        "Zu seinem Lauf im Anhang",
        "Vers son exécution dans l’annexe",
        "A su ejecución en el apéndice",
    ),
    "sort": ("Sort by {}", "Sortieren nach {}", "Trier par {}", "Ordenar por {}"),
    "sorted": ("Sorted by {}, {}.", "Sortiert nach {}, {}.", "Trié par {}, {}.", "Ordenado por {}, {}."),
    "ascending": ("ascending", "aufsteigend", "croissant", "ascendente"),
    "descending": ("descending", "absteigend", "décroissant", "descendente"),
    "original": ("In the original order.", "In der ursprünglichen Folge.", "Ordre d’origine.", "En el orden original."),
    "enlarge": ("Enlarge {}", "{} vergrößern", "Agrandir {}", "Ampliar {}"),
    "larger": ("Larger", "Größer", "Plus grand", "Más grande"),
    "numbers": ("Numbers behind {}", "Zahlen hinter {}", "Les nombres derrière {}", "Los números de {}"),
    "read": (
        "{}: arrow keys read its values",
        "{}: Pfeiltasten lesen die Werte",
        "{} : les flèches lisent les valeurs",
        "{}: las flechas leen los valores",
    ),
    "close": ("Close", "Schließen", "Fermer", "Cerrar"),
    "formula": ("Formula", "Formel", "Formule", "Fórmula"),
    "scrolls": (
        "{}, scrolls sideways",
        "{}, seitwärts verschiebbar",
        "{}, défile sur le côté",
        "{}, se desplaza de lado",
    ),
}
LANGUAGES = _TABLE["lang"]
_SEPARATOR = re.compile(r"(?<=\d)[.,](?=\d)")


@cache
def of(code: str) -> Language:
    """Return the words of a language; UsageError when it is none of LANGUAGES."""
    if code not in LANGUAGES:
        raise UsageError(f"unknown lang {code!r}", f"known: {', '.join(LANGUAGES)}")
    column = LANGUAGES.index(code)
    return {meaning: row[column] for meaning, row in _TABLE.items()}


def number(text: str, language: Language) -> str:
    """Return `text`, a number as English writes it, with the signs of a language: 1,791.5 is 1.791,5 in German."""
    return _SEPARATOR.sub(lambda sign: language["decimal" if sign[0] == "." else "thousands"], text)


def date(iso: str, language: Language) -> str:
    """Return an ISO date as 22 November 2026; empty where it is empty."""
    # Month names are ours: strftime's depend on the locale.
    if not iso:
        return ""
    day = datetime.date.fromisoformat(iso)
    first = language["first_of_month"] if day.day == 1 else day.day
    return language["date"].format(first, language["months"].split("|")[day.month - 1], day.year)
