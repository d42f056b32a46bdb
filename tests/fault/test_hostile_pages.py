"""Hostile pages: nothing is fetched, nothing outside the project gets into a report, nothing hangs."""

import dataclasses
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from report_cli.errors import ReportError
from report_cli.project import Project
from report_cli.report.pdf import pdf
from tests.fault.cases import FAULT, numbered
from tests.fault.hostile import COUNT, Bait, Page, pages
from tests.fault.hostile.watching import NAMES, HungError, active, canaries, found, in_time, server, shown
from tests.report.conftest import Desk, furnish

ROOT = Path(__file__).parents[2]
# Through the command line: these need no run.
COMMANDS = (
    "Markdown: a style of citations",
    "Markdown: a script",
    "bibliography: a file in the title",
    "image: the network",
    "formula: \\href{javascript:alert(1)}{x}",
    "layout: an attachment",
    "layout: globals",
    "style: a picture of a file",
)


@dataclass
class Outcome:
    """What became of a page."""

    error: str = ""
    hung: bool = False
    bug: str = ""
    outputs: list[bytes] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    canaries: list[str] = field(default_factory=list)
    shows: str = ""

    def faults(self, page: Page) -> list[str]:
        """Return what must not be so."""
        html = next((content for content in self.outputs if content.startswith(b"<!DOCTYPE")), b"")
        checks = {
            "it hung": self.hung,
            self.bug: bool(self.bug),
            f"fetched: {self.fetched}": bool(self.fetched),
            f"in an output: {self.canaries}": bool(self.canaries),
            f"it failed: {self.error}": page.says is None and bool(self.error),
            f"{page.says!r} is not said, but {self.error!r}": page.says is not None and page.says not in self.error,
            f"a line of the error names no file: {self.error}": not all(
                line.startswith("templates/") for line in self.error.splitlines()[1:]
            ),
            f"not shown: {self.shows}": bool(html) and self.shows not in shown(html),
        }
        flaws = active(html) if html else []
        return [fault for fault, there in checks.items() if there] + flaws


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what a first build makes of fonts, which takes long and is the same for all pages."""
    desk = furnish(tmp_path_factory.mktemp("cut"))
    desk.write("Text")
    desk.build(formats=("html",))
    return desk.project.build / "fonts"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: Path) -> Iterator["Place"]:
    """Return a project on a machine, of a user and beside a file whose names and contents no report may tell."""
    desk = furnish(tmp_path / "project")
    desk.project = Project(desk.project.root, dataclasses.replace(desk.project.settings, time_limit=15))
    shutil.copytree(cut, desk.project.build / "fonts")
    secret, wanted = canaries(tmp_path, desk.project.root)
    for name, value in {**NAMES, "HOME": "/canaryhome"}.items():
        monkeypatch.setenv(name, value)
    for module, name in ((socket, "gethostname"), (platform, "node")):
        monkeypatch.setattr(module, name, lambda: "canaryhost")
    with server() as (address, asked):
        yield Place(desk, Bait(address, str(secret)), wanted, asked)


@dataclass(frozen=True)
class Place:
    """Where a page is built, and what it tries to reach."""

    desk: Desk
    bait: Bait
    wanted: Mapping[str, str]
    asked: list[str]

    def built(self, page: Page) -> Outcome:
        """Return what became of a page."""
        from weasyprint.urls import FatalURLFetchingError

        page.make(self.desk, self.bait)
        with self._watched(page) as outcome:
            try:
                with in_time():
                    self.desk.build(formats=page.formats)
            except ReportError as error:
                outcome.error = error.message
            except HungError:
                outcome.hung = True
            except (Exception, FatalURLFetchingError) as error:  # noqa: BLE001 - any other is a bug
                outcome.bug = f"{type(error).__name__}: {error}"
        return outcome

    def told(self, page: Page) -> Outcome:
        """Return what became of a page through the command line."""
        page.make(self.desk, self.bait)
        (self.desk.project.root / "pyproject.toml").write_text("[tool.report]\n")
        command = [sys.executable, "-m", "report_cli", "build", "paper", "--to", ",".join(page.formats)]
        with self._watched(page) as outcome:
            variables = {**os.environ, "PYTHONPATH": str(ROOT)}
            done = subprocess.run(
                command, cwd=self.desk.project.root, env=variables, capture_output=True, text=True, timeout=300
            )
            errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
            outcome.outputs += [done.stdout.encode(), done.stderr.encode()]
            outcome.error = "\n".join(errors)
            if "Traceback" in done.stderr or done.returncode not in (0, 1, 2) or bool(errors) != bool(done.returncode):
                outcome.bug = done.stderr
        return outcome

    @contextmanager
    def _watched(self, page: Page) -> Iterator[Outcome]:
        outcome = Outcome(shows=" ".join(self.bait.into(page.shows).split()))
        yield outcome
        reports = self.desk.project.reports
        written = [path.read_bytes() for path in sorted(reports.rglob("*")) if path.is_file()]
        outcome.outputs = written + outcome.outputs
        outcome.fetched = list(self.asked)
        told = [*outcome.outputs, outcome.error.encode(), outcome.bug.encode()]
        outcome.canaries = sorted({name for content in told for name in found(content, self.wanted)})


def check(outcome: Outcome, page: Page, record_property: Callable[[str, object], None]) -> None:
    record_property("pages", 1)
    record_property("fetches", len(outcome.fetched))
    record_property("canaries", len(outcome.canaries))
    record_property("hangs", int(outcome.hung))
    faults = outcome.faults(page)
    assert not faults, f"{page}: {faults}"


@numbered(COUNT, fast=10)
def test_hostile_pages(place: Place, record_property: Callable[[str, object], None], case: int) -> None:
    """Whatever a page holds, it is built clean or refused in one line; it fetches nothing and tells no secret."""
    page = pages()[case]
    check(place.built(page), page, record_property)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[FAULT] if n else []) for n, name in enumerate(COMMANDS)])
def test_hostile_pages_on_the_command_line(
    place: Place, record_property: Callable[[str, object], None], name: str
) -> None:
    """It is the same for whoever calls the program."""
    (page,) = (each for each in pages() if each.name == name)
    check(place.told(page), page, record_property)


def test_the_number_of_pages() -> None:
    """Every page has a number, and a name of its own."""
    assert len(pages()) == COUNT
    assert len({page.name for page in pages()}) == COUNT


def one(name: str) -> Page:
    (page,) = (each for each in pages() if each.name == name)
    return page


def test_a_swallowed_error_is_noticed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were errors that the renderer only logs passed over, a page with a hole in it would be built, and be found."""
    monkeypatch.setattr(pdf, "_no_flaws", nullcontext)
    for page in (one("figure: a use of itself"), one("figure: a depth of 2,000")):
        faults = place.built(page).faults(page)
        assert any("is not said, but ''" in fault for fault in faults), faults


def test_an_error_that_nothing_catches_is_noticed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were only what derives from Exception caught, the refusal of an address would end the program."""

    def careless(*arguments: Any) -> bytes:
        try:
            return pdf._lay_out(*arguments)
        except Exception as error:
            raise ReportError(str(error)) from error

    monkeypatch.setattr(pdf, "to_pdf", careless)
    page = one("layout: an image")
    faults = place.built(page).faults(page)
    assert any("FatalURLFetchingError" in fault for fault in faults), faults


def test_an_open_fetcher_is_noticed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Did the renderer fetch what a page asks for, the server and the canaries would say so."""
    from weasyprint.urls import URLFetcher

    guarded = pdf._fetcher

    def unguarded(assets: Mapping[str, bytes]) -> URLFetcher:
        class Open(URLFetcher):  # type: ignore[misc]
            def fetch(self, url: str, headers: object = None) -> object:
                ours = url.startswith((pdf.ASSETS, "data:"))
                return guarded(assets).fetch(url, headers) if ours else super().fetch(url, headers)

        return Open()

    monkeypatch.setattr(pdf, "_fetcher", unguarded)
    for name, fault in (("layout: an image", "fetched: ['/x.png']"), ("layout: an attachment", "the secret file")):
        page = one(name)
        faults = place.built(page).faults(page)
        assert any(fault in each for each in faults), faults
