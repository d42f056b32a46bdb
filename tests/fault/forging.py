"""A small classifier and its report, and forgeries of both: of the PDF, of what is attached to it, and of its runs."""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf

from report_cli import api, files
from report_cli.report import provenance
from report_cli.store import manifest as manifests
from report_cli.store.store import Store

EXPERIMENT = '''
"""Blobs of points, told apart by the nearest mean: a classifier in numpy, with its predictions."""

import numpy as np

import report_cli as report

METRICS = {
    "test_accuracy": report.Metric("fraction", "test points named right", of="test_images"),
    "test_loss": report.Metric("", "test cross-entropy"),
    "test_images": report.Metric("count", "test points"),
    "width": report.Metric("", "how far the points lie apart"),
}


def draw(results, figures):
    from report_cli.figures import style

    figure = style.new_figure(height_mm=40)
    axes = figure.add_subplot(xlabel="seed", ylabel="accuracy")
    axes.bar(range(len(results)), results.metric("test_accuracy"))
    figures.add("bars", figure, alt="A bar for each seed.")


@report.experiment(
    "blobs", title="Nearest mean", metrics=METRICS, profiles={"points": 300}, seeds=3, figures=("bars",), draw=draw
)
def blobs(params, record):
    """How well are three blobs told apart?"""
    chance = np.random.default_rng(record.seed)
    means = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    labels = chance.integers(3, size=params.points)
    points = means[labels] + chance.normal(size=(params.points, 2))
    logits = (-((points[:, None] - means) ** 2).sum(axis=2) / 2).astype(np.float32)
    shifted = logits.astype(float) - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    record.array("test_ids", np.arange(params.points))
    record.array("test_labels", labels)
    record.array("test_logits", logits)
    record.array("widths", points.std(axis=0))
    record(test_accuracy=float((logits.argmax(axis=1) == labels).mean()), test_loss=float(losses.mean()))
    record(test_images=params.points, width=float(points.std()))
'''
FRONT = """+++
title = "Blobs"
subtitle = '<< value("blobs.test_accuracy")|percent >> are right'
+++

"""
SENTENCES = (
    'The nearest mean names << value("blobs.test_accuracy")|percent >> of the points right, which is more than chance.',
    """Its cross-entropy is << value("blobs.test_loss")|decimals(3) >>, with a spread of
<< value("blobs.test_loss").spread|decimals(4) >> over << value("blobs.test_loss").n >> seeds.""",
    """Points lie << value("blobs.width")|decimals(2) >> apart.[^w]

[^w]: Their spread is << value("blobs.width").spread|decimals(3) >>.""",
    'In a formula it is $a = << value("blobs.test_accuracy")|decimals(3) >>$, as [](#fig-blobs-bars) shows.',
    """- The first seed has << value('blobs.test_accuracy', seed=0)|percent >>.
- The second one has << value('blobs.test_accuracy', seed=1)|percent >>.""",
)
FIGURE = '<< figure("blobs.bars", caption="Accuracies, with a mean of " ~ value("blobs.test_accuracy")|percent) >>'
TABLE = """
| Seed | Accuracy (%) | Loss |
|:-----|-------------:|-----:|
<% for seed in [0, 1, 2] %>
<% set a, l = value("blobs.test_accuracy", seed=seed), value("blobs.test_loss", seed=seed) %>
| << seed >> | << (100 * a)|decimals(1) >> | << l|decimals(3) >> |
<% endfor %>

: Each seed. {#tbl-seeds}
"""
FILLER = "A paragraph of ordinary words, so that lines and pages end somewhere, whatever the letters are wide. "


def write(root: Path, chance: random.Random) -> None:
    """Write a project whose document says its parts in an order of its own."""
    parts = [*SENTENCES, FIGURE, TABLE, *(FILLER * chance.randrange(2, 9) for _ in range(6))]
    chance.shuffle(parts)
    half = len(parts) // 2
    body = "\n\n".join(["# What comes out {#sec-out}", *parts[:half], "# And more", *parts[half:]])
    files.write_text(root / "pyproject.toml", '[tool.report]\nauthor = "A. Student"\ndate = 2026-01-02\n')
    files.write_text(root / "experiments" / "blobs.py", EXPERIMENT.lstrip())
    files.write_text(root / "templates" / "documents" / "paper.md", FRONT + body + "\n")


def build(root: Path) -> Path:
    """Return the PDF of the project, built anew."""
    api.build("paper", folder=root, formats=("pdf",))
    return root / "build" / "report" / "paper.pdf"


Edit = Callable[[dict[str, Any]], None]


def rewrite(path: Path, *, page: Callable[[pikepdf.Pdf], None] = lambda pdf: None, facts: Edit | None = None) -> None:
    """Change a PDF as a forger would: its pages, and what is attached, with its digest made anew."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        page(pdf)
        if facts is not None:
            there = json.loads(pdf.attachments[provenance.NAME].get_file().read_bytes())
            facts(there)
            old = pdf.attachments[provenance.NAME]
            spec = pikepdf.AttachedFileSpec(pdf, provenance.sealed(there).encode(), filename=provenance.NAME)
            spec.obj.AFRelationship = old.obj.AFRelationship
            pdf.attachments[provenance.NAME] = spec
        pdf.save(path)


def elsewhere(facts: dict[str, Any]) -> None:
    """Say that the PDF was laid out by another Pango, so that its bytes prove nothing."""
    facts["made"]["with"]["pango"] = "14800"


class Texts:
    """The drawn texts of a PDF, of which some characters can be replaced by others of the same font."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self.pdf = pdf
        self.streams = [list(pikepdf.parse_content_stream(page)) for page in pdf.pages]
        # (page, instruction, operand, place in its array, offset in its bytes, character)
        self.places: list[tuple[int, int, int, int, str]] = []
        self.tables: dict[tuple[int, int], dict[str, bytes]] = {}
        for number, (page, stream) in enumerate(zip(pdf.pages, self.streams, strict=True)):
            self._find(number, page, stream)

    def _find(self, number: int, page: Any, stream: list[Any]) -> None:
        outside, table = 0, {}
        for n, each in enumerate(stream):
            name = str(each.operator)
            if name in ("BMC", "BDC"):
                outside += name == "BMC" or outside > 0
            elif name == "EMC":
                outside -= outside > 0
            elif name == "Tf":
                table = self._table(page.Resources.Font[str(each.operands[0])])
            elif name == "TJ" and not outside:
                back = {code: character for character, code in table.items()}
                for m, part in enumerate(each.operands[0]):
                    if isinstance(part, pikepdf.String):
                        codes = bytes(part)
                        for at in range(0, len(codes), 2):
                            self.places.append((number, n, m, at, back.get(codes[at : at + 2], "")))

    def _table(self, font: Any) -> dict[str, bytes]:
        text = font.ToUnicode.read_bytes()
        pairs = re.findall(rb"<([0-9a-f]{4})> <([0-9a-f]{4})>\n", text[text.index(b"beginbfchar") :])
        return {bytes.fromhex(c.decode()).decode("utf-16-be"): bytes.fromhex(g.decode()) for g, c in pairs}

    def replace(self, chance: random.Random, among: str) -> None:
        """Replace one character of `among` by another one of them, wherever one stands in the text."""
        while True:
            number, n, m, at, old = chance.choice([place for place in self.places if place[4] in among and place[4]])
            font = self._font_at(number, n)
            others = [c for c in among if c != old and c in font]
            if others:
                break
        stream = self.streams[number]
        operands = list(stream[n].operands[0])
        codes = bytearray(bytes(operands[m]))
        codes[at : at + 2] = font[chance.choice(others)]
        operands[m] = pikepdf.String(bytes(codes))
        stream[n] = pikepdf.ContentStreamInstruction([pikepdf.Array(operands)], pikepdf.Operator("TJ"))
        self.write(number)

    def _font_at(self, number: int, n: int) -> dict[str, bytes]:
        for each in reversed(self.streams[number][:n]):
            if str(each.operator) == "Tf":
                return self._table(self.pdf.pages[number].Resources.Font[str(each.operands[0])])
        raise LookupError

    def write(self, number: int) -> None:
        content = pikepdf.unparse_content_stream(self.streams[number])
        self.pdf.pages[number].Contents = self.pdf.make_stream(content)


def change_number(chance: random.Random) -> Callable[[pikepdf.Pdf], None]:
    """Return what changes one digit of the text of a PDF."""
    return lambda pdf: Texts(pdf).replace(chance, "0123456789")


def change_word(chance: random.Random) -> Callable[[pikepdf.Pdf], None]:
    """Return what changes one letter of the text of a PDF."""
    return lambda pdf: Texts(pdf).replace(chance, "abcdefghiklmnoprstuw")


def change_drawing(chance: random.Random) -> Callable[[pikepdf.Pdf], None]:
    """Return what changes the shapes of one figure or formula of a PDF."""

    def change(pdf: pikepdf.Pdf) -> None:
        texts = Texts(pdf)
        places, inside = [], False
        for number, stream in enumerate(texts.streams):
            for n, each in enumerate(stream):
                if str(each.operator) == "BDC":
                    inside = str(each.operands[0]) == "/Figure"
                elif str(each.operator) == "EMC":
                    inside = False
                elif inside and str(each.operator) in ("l", "c", "re"):
                    places.append((number, n))
        number, n = chance.choice(places)
        each = texts.streams[number][n]
        moved = [*each.operands[:-1], float(each.operands[-1]) + 3]
        texts.streams[number][n] = pikepdf.ContentStreamInstruction(moved, each.operator)
        texts.write(number)

    return change


def restore(folder: Path, change: Callable[[Path], None]) -> None:
    """Change the files of a stored run, and hash all of it again."""
    manifest = manifests.read(folder)
    change(folder)
    (folder / manifests.NAME).unlink()
    # Unlike a kept run it would say what was measured by a digest of its files.
    manifests.write(folder, manifests.msgspec.structs.replace(manifest, output_digest="", manifest_digest=""))


def runs(root: Path) -> list[Path]:
    """Return the folders of the stored runs of the classifier, by seed."""
    from report_cli.project import Project, Settings

    store = Store.of(Project(root, Settings()), lambda text: None)
    return [run.folder for run in sorted(store.runs("blobs"), key=lambda run: run.seed)]


def better(chance: random.Random, *, predictions: bool) -> Callable[[Path], None]:
    """Return what makes a run look better: its metric alone, or what it predicted with it."""

    def change(folder: Path) -> None:
        path = folder / "measured.json"
        measured = json.loads(path.read_text())
        metrics = measured["metrics"]
        if not predictions:
            name = chance.choice(["test_accuracy", "test_loss"])
            metrics[name] *= chance.choice([0.9, 0.99, 1.02])
        else:
            logits = np.load(folder / "arrays" / "test_logits.npy")
            labels = np.load(folder / "arrays" / "test_labels.npy")
            wrong = np.flatnonzero(logits.argmax(axis=1) != labels)
            for n in wrong[: chance.randrange(1, len(wrong))]:
                logits[n, labels[n]] = logits[n].max() + 1
            np.save(folder / "arrays" / "test_logits.npy", logits)
            shifted = logits.astype(float) - logits.max(axis=1, keepdims=True)
            losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
            metrics["test_accuracy"] = float((logits.argmax(axis=1) == labels).mean())
            metrics["test_loss"] = float(losses.mean())
        path.write_text(files.json_text(measured))

    return change
