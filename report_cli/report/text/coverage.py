"""Where the numbers of a document come from: results, what was given, or no one knows where."""

import re
from dataclasses import dataclass

from report_cli.report.text.code import blanked
from report_cli.report.text.manuscript import Manuscript, calls
from report_cli.report.text.values import GIVEN, MARK, Ledger

# What a template calls to get results.
RESULTS = frozenset(("value", "points", "compare", "results", "rows", "element", "figure", "matrix", "z", "t_interval"))
# Numbers in these belong to the questions.
ANSWERS = "templates/answers/"
_TYPED = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\{[^}\n]*\.typed\b[^}\n]*\}")
# What holds digits and is no number of the prose: titles, addresses and labels, attributes, citations, notes, rules of
# tables, what stands above or below a name.
_APPARATUS = re.compile(
    r"^::: \{\.head\}\n[^\n]*|\]\([^)\n]*\)|\{(?![\d.,\s]+\})(?:[^{}\n]|\n(?![ >]*\n))*\}|\[[^\]\n]*@[^\]\n]*\]|@[\w:.-]+|\[\^[^\]\n]*\]|https?://\S+"
    r"|(?<=\w)([~^])[^~^\s]+\1|^[ >|:-]+$",
    re.MULTILINE,
)
_ITEM = re.compile(r"[ >]*\(?\d+[.)] ")
# A number stands alone, with a unit or before a sign: 3×3, VGG16, layer2 and CIFAR-10 are names.
_NUMBER = re.compile(
    r"(?<![\w×.,/])(?<![^\W\d]-)[−-]?(?:\d[\d,. \u202f]*|\.\d+)(?:[eE][+-]?\d+)?"
    r"(?:(?=(?:[mµμn]s|min|h|[kMGT]B?|x|px)\b)|(?<=\.\d)(?=s\b)|(?<=\.\d\d)(?=s\b)|(?!\w|×\d|[-/][^\W\d]|[.,]\d))"
)


@dataclass(frozen=True)
class Coverage:
    """How many numbers of a text are results, how many were given, and those of its prose on results that are neither.

    `typed` has each with the "FILE:LINE" where it stands; they are looked for where a template asks for results.
    """

    results: int = 0
    given: int = 0
    typed: tuple[tuple[str, str], ...] = ()
    is_on_results: bool = True

    def __str__(self) -> str:
        if not (self.results or self.given or self.is_on_results):
            return "numbers: none from results, so typed ones are not looked for"
        return f"numbers: {self.results} from results, {self.given} given, {len(self.typed)} typed"

    def warnings(self) -> list[str]:
        """Return a warning for each file with typed numbers, which names them and their lines."""
        files: dict[str, list[str]] = {}
        for number, where in self.typed:
            path, _, line = where.rpartition(":")
            files.setdefault(path, []).append(f"{number} (line {line})")
        return [f"{path}: typed numbers that no result gives: {', '.join(told)}" for path, told in files.items()]


def coverage(manuscript: Manuscript, ledger: Ledger) -> Coverage:
    """Return where the numbers of a text come from; the prose on results is that of templates that ask for them."""
    others = (path for path in manuscript.sources if not path.startswith(ANSWERS))
    prose = {path for path in others if calls(manuscript.sources[path]) & RESULTS}
    results = given = 0
    typed = []
    text = _without_marks(_APPARATUS.sub(blanked, _TYPED.sub(blanked, manuscript.places.prose)))
    # The longest first: one may be a part of another.
    texts = "|".join(re.escape(text) for text in sorted(ledger.texts, key=len, reverse=True) if text)
    # Whole: the 3 of a text is no part of a 0.35.
    outside = re.compile(rf"(?<![\w.,])(?:{texts})(?!\w|[.,]\d)") if texts else None
    for line, where in zip(text.split("\n"), manuscript.places.lines, strict=True):
        if not manuscript.shows(where):
            continue
        for mark in MARK.finditer(line):
            if ledger.entry(mark[1]).value.origins == GIVEN:
                given += 1
            else:
                results += 1
        if where.rpartition(":")[0] in prose:
            plain = MARK.sub("x", line).replace("\\", "")
            plain = outside.sub("x", plain) if outside else plain
            typed += [(number[0].rstrip(" .,"), where) for number in _NUMBER.finditer(plain)]
    return Coverage(results, given, tuple(typed), bool(prose))


def _without_marks(text: str) -> str:
    """Return a text without the marks of its lists. A list begins a paragraph: elsewhere a line that begins with a
    number goes on with a sentence."""
    kept, may_begin, in_list = [], True, False
    for line in text.split("\n"):
        item = _ITEM.match(line) if may_begin or in_list else None
        kept.append(line[item.end() :] if item else line)
        is_blank = not line.strip(" >")
        in_list = item is not None or (in_list and not is_blank)
        may_begin = is_blank or line.startswith(("#", ":::"))
    return "\n".join(kept)
