"""One hostile page: what is put into a small project, and what must become of its report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from report_cli import files
from report_cli.project import inherited_templates
from tests.report.conftest import Desk

# In what a page is made of, these stand for an address that is watched and a file that no page may read.
HTTP, SECRET = "@HTTP@", "@SECRET@"
FIGURE = '<< figure("net.curves", caption="c") >>'


@dataclass(frozen=True)
class Bait:
    """What a page tries to reach: the address of a server, and a file outside the project."""

    address: str
    secret: str

    def into(self, text: str) -> str:
        return text.replace(HTTP, self.address).replace(SECRET, self.secret)


@dataclass(frozen=True)
class Page:
    """`make` puts the page into a project. `says` is None for a page that is built, else a part of the one error.

    `shows` must be text of the page, as the reader sees it.
    """

    name: str
    make: Callable[[Desk, Bait], Any]
    says: str | None = None
    shows: str = ""
    formats: tuple[str, ...] = ("html",)

    def __str__(self) -> str:
        return self.name


def text(name: str, body: str, says: str | None = None, shows: str = "", **options: Any) -> Page:
    """Return the page whose document has this text."""
    return Page(name, lambda desk, bait: desk.write(bait.into(body)), says, shows, **options)


def documents(name: str, contents: Mapping[str, str], says: str | None = None, **options: Any) -> Page:
    """Return the page of a document that cites, with other files below `templates`."""

    def make(desk: Desk, bait: Bait) -> None:
        desk.write("As known [@knuth1984].")
        for path, content in contents.items():
            files.write_text(desk.project.templates / path, bait.into(content))

    return Page(name, make, says, **options)


def inherited(path: str) -> str:
    """Return the text of a layout or style that every project inherits."""
    return (inherited_templates() / path).read_text()
