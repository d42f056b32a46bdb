"""Where in the templates something was written, for messages about what was found only after rendering."""

import re
from collections.abc import Mapping

FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$(?=\S)([^$]+?)(?<=\S)\$(?!\d)", re.DOTALL)
HOLE = re.compile(r"<<.*?>>|<%.*?%>|<#.*?#>", re.DOTALL)


def of_text(sources: Mapping[str, str], needle: str, nth: int = 0) -> str:
    """Return "FILE:LINE" of the `nth` place where `needle` is written, of the last one when there are fewer."""
    if not needle:
        return next(iter(sources), "the document")
    places = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}"
        for name, text in sources.items()
        for match in re.finditer(re.escape(needle), text)
    ]
    return places[min(nth, len(places) - 1)] if places else next(iter(sources), "the document")


def of_formula(sources: Mapping[str, str], tex: str) -> str:
    """Return "FILE:LINE" of the formula whose rendered TeX is `tex`."""
    for name, text in sources.items():
        for match in FORMULA.finditer(text):
            written = match[1] or match[2]
            pattern = ".*".join(re.escape(part) for part in HOLE.split(written.strip()))
            if re.fullmatch(pattern, tex.strip(), re.DOTALL):
                return f"{name}:{text.count(chr(10), 0, match.start()) + 1}"
    return next(iter(sources), "the document")
