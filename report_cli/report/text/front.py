"""The front matter of a document: what stands in TOML between its lines of +++, checked key by key."""

import re
import tomllib
from dataclasses import dataclass, fields

from report_cli.errors import UsageError, unknown
from report_cli.project import Project
from report_cli.report.text import words

FRONT = re.compile(r"\A\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*\n", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Front:
    """What a document says of itself. The first three may hold values, which are filled in with its text."""

    title: str = ""
    subtitle: str = ""
    kicker: str = ""
    lang: str = "en"


# Of these a template may fill in something.
TEXTS = ("title", "subtitle", "kicker")


def read(project: Project, document: str) -> Front:
    """Return the front matter of `document`, with the project's settings where it says nothing.

    Raises:
        UsageError: it is no TOML, has no title, a key that doesn't exist, or something that a key can't be (file and
            line in the message).
    """
    name = f"documents/{document}.md"
    text = (project.templates / name).read_text(encoding="utf-8-sig")
    match = FRONT.match(text)
    try:
        front = tomllib.loads(match[1]) if match else {}
    except tomllib.TOMLDecodeError as error:
        told = re.sub(r" \(at .*\)$", "", str(error))
        found = re.search(r"at line (\d+)", str(error))
        # Its lines are counted below the +++.
        line = int(found[1]) + 1 if found else match[0].count("\n") if match else 1
        raise UsageError(f"templates/{name}:{line}: the front matter is not valid TOML: {told}") from error
    known = [each.name for each in fields(Front)]
    for key, content in front.items():
        if key not in known:
            near = unknown("key in the front matter", key, known)
            raise UsageError(f"{place(text, name, key)}: {near.message}", near.hint)
        if not isinstance(content, str):
            raise UsageError(f"{place(text, name, key)}: {key} in the front matter must be text, not {content!r}")
    if not front.get("title"):
        raise UsageError("no title", 'start the file with +++, title = "...", +++')
    if "lang" in front:
        words.of(front["lang"], place(text, name, "lang"))
    return Front(**{"lang": project.settings.lang} | front)


def place(text: str, name: str, key: str) -> str:
    """Return the file and line of a key."""
    at = re.search(rf"^[ \t]*[\"']?{re.escape(key)}", text, re.MULTILINE)
    return f"templates/{name}:{text.count(chr(10), 0, at.start()) + 1 if at else 1}"
