"""The front matter of a document: what stands in TOML between its lines of +++, checked key by key."""

import datetime
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from report_cli.errors import Faults, ReportError, UsageError, unknown
from report_cli.project import Project, iso_date
from report_cli.report.text import templates, words

FRONT = re.compile(r"\A\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*\n", re.DOTALL | re.MULTILINE)
CSL = "{http://purl.org/net/xbiblio/csl}"
_STYLES = (
    "a style is a file .csl that begins with <style>, such as those of the repository citation-style-language/styles"
)
PAPERS = ("a4", "letter")
# Lines of Markdown. They may hold values, which are filled in with the document; so may the abstract.
TEXTS = ("title", "subtitle", "kicker", "short_title")
# What the title block has of the front matter in Markdown.
HEAD = (*TEXTS, "abstract")


@dataclass(frozen=True)
class Author:
    """Who wrote a document."""

    name: str
    affiliation: str = ""
    email: str = ""

    @property
    def has_details(self) -> bool:
        return bool(self.affiliation or self.email)


@dataclass(frozen=True)
class Front:
    """What a document says of itself, and files of the project that it names; `places` tells where keys stand."""

    title: str = ""
    subtitle: str = ""
    kicker: str = ""
    short_title: str = ""
    abstract: str = ""
    author: tuple[Author, ...] = ()
    course: str = ""
    date: str = ""
    lang: str = "en"
    paper: str = PAPERS[0]
    style: str = ""
    logo: str = ""
    csl: str = ""
    bibliography: tuple[str, ...] = ()
    toc: bool = True
    places: Mapping[str, str] = field(default_factory=dict)


def read(project: Project, document: str, faults: Faults) -> Front:
    """Return the front matter of `document`, with the project's settings where it says nothing.

    `faults` takes what is wrong with it, with file and line: it is no TOML, has no title, a key that doesn't exist, or
    something that a key can't be. What is malformed is left out.

    Raises:
        UsageError: the file is no text.
    """
    name = f"documents/{document}.md"
    text = templates.read(project, name)[0]
    match = FRONT.match(text)
    try:
        front, has_toml = tomllib.loads(match[1]) if match else {}, True
    except tomllib.TOMLDecodeError as error:
        told = re.sub(r" \(at .*\)$", "", str(error))
        found = re.search(r"at line (\d+)", str(error))
        # Its lines are counted below the +++.
        line = int(found[1]) + 1 if found else match[0].count("\n") if match else 1
        faults.note(UsageError(f"templates/{name}:{line}: the front matter is not valid TOML: {told}"))
        front, has_toml = {}, False
    known = [each.name for each in fields(Front) if each.name != "places"]
    settings = {key: getattr(project.settings, key) for key in ("course", "date", "lang")}
    places = dict.fromkeys(settings, "[tool.report]") | {key: f"templates/{name}:{_line(text, key)}" for key in front}
    values: dict[str, Any] = {}
    wrong = []
    for key, content in (settings | front).items():
        try:
            if key not in known:
                raise unknown("key in the front matter", key, known)
            values[key] = _CHECKS.get(key, _text)(project, key, content)
        except ReportError as error:
            wrong.append(key)
            faults.note(UsageError(f"{places[key]}: {error.message}", error.hint))
    if not match and text.startswith("+++"):
        faults.note(UsageError(f"templates/{name}:1: the front matter is never closed", "end it with a line +++"))
    elif has_toml and not wrong and not values.get("title"):
        faults.note(UsageError(f"templates/{name}:1: no title", 'start the file with +++, title = "...", +++'))
    # What cites a file that wasn't read is not at fault.
    faults.is_partial |= not has_toml or "bibliography" in wrong
    return Front(**values, places=places)


def files(project: Project, document: str) -> list[str]:
    """Return the files that the front matter of `document` names, none where it is malformed."""
    faults = Faults()
    try:
        front = read(project, document, faults)
        faults.check()
    except (ReportError, OSError, ValueError, RecursionError):
        return []  # Told when the document is rendered.
    return [name for name in (front.style, front.logo, front.csl, *front.bibliography) if name]


def _line(text: str, key: str) -> int:
    """Return the line of a key; of an abstract over several lines, the line where its text begins."""
    place = re.search(rf"^[ \t]*\[*[\"']?{re.escape(key)}\b.*$", text, re.MULTILINE)
    if not place:
        return 1
    starts_below = key == "abstract" and place[0].rstrip().endswith(('"""', "'''"))
    return text.count("\n", 0, place.start()) + 1 + starts_below


def _text(project: Project, key: str, content: object) -> str:
    if not isinstance(content, str):
        raise UsageError(f"{key} in the front matter must be text, not {content!r}")
    return content


def _authors(project: Project, key: str, content: object) -> tuple[Author, ...]:
    authors = []
    for each in content if isinstance(content, list) else [content]:
        facts = each if isinstance(each, dict) else {"name": each}
        known = [part.name for part in fields(Author)]
        for part, told in facts.items():
            if part not in known:
                raise unknown("key of an author", part, known)
            _text(project, part if isinstance(each, dict) else key, told)
        if not facts.get("name"):
            raise UsageError("an author has no name", 'author = [{ name = "...", affiliation = "...", email = "..." }]')
        authors.append(Author(**facts))
    return tuple(authors)


def _date(project: Project, key: str, content: object) -> str:
    return iso_date(content if isinstance(content, datetime.date) else _text(project, key, content), key)


def _choice(choices: tuple[str, ...]) -> Callable[[Project, str, object], str]:
    def check(project: Project, key: str, content: object) -> str:
        if content not in choices:
            raise UsageError(f"unknown {key} {content!r}", f"known: {', '.join(choices)}")
        return str(content)

    return check


def _file(project: Project, key: str, content: object) -> str:
    path = project.root / _text(project, key, content)
    if not path.is_file() or not path.resolve().is_relative_to(project.root.resolve()):
        raise UsageError(f"{key} is no file of the project: {content!r}", "name it from the project's folder on")
    return str(content)


def _csl(project: Project, key: str, content: object) -> str:
    """Check a citation style. One that only names another one would be fetched by pandoc, from anywhere."""
    from lxml import etree

    name = _file(project, key, content)
    try:
        style = etree.fromstring((project.root / name).read_bytes(), etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError as error:
        raise UsageError(f"{name} is no XML: {error}", _STYLES) from error
    if style.tag != f"{CSL}style":
        raise UsageError(f"{name} is no citation style", _STYLES)
    if style.find(f"{CSL}citation") is None:
        raise UsageError(f"{name} only names another style", f"take that one: {', '.join(_parents(style)) or _STYLES}")
    return name


def _parents(style: Any) -> list[str]:
    return [link.get("href", "") for link in style.iter(f"{CSL}link") if link.get("rel") == "independent-parent"]


def _bibliography(project: Project, key: str, content: object) -> tuple[str, ...]:
    names = [_file(project, key, each) for each in (content if isinstance(content, list) else [content])]
    for name in names:
        if not name.endswith(".bib"):
            raise UsageError(f"{name} is no BibTeX: its name ends in .bib")
    return tuple(names)


def _truth(project: Project, key: str, content: object) -> bool:
    if not isinstance(content, bool):
        raise UsageError(f"{key} in the front matter must be true or false, not {content!r}")
    return content


_CHECKS: dict[str, Callable[[Project, str, object], Any]] = {
    "author": _authors,
    "bibliography": _bibliography,
    "csl": _csl,
    "date": _date,
    "lang": _choice(words.LANGUAGES),
    "logo": _file,
    "paper": _choice(PAPERS),
    "style": _file,
    "toc": _truth,
}
