import contextlib
import dataclasses
import signal
import threading
import time

import pytest

from report_cli.errors import UsageError
from report_cli.project import Project, Settings
from report_cli.report.deadline import OverdueError, deadline
from report_cli.report.html import pandoc
from report_cli.report.text import manuscript
from tests.report.conftest import Desk

ENDLESS = "<% for i in range(99999) %><% for j in range(99999) %><% endfor %><% endfor %>"


@pytest.fixture
def hasty(desk: Desk) -> Desk:
    """A project in which each step of a build may take one second."""
    desk.project = Project(desk.project.root, dataclasses.replace(desk.project.settings, time_limit=1))
    return desk


def test_a_template_that_never_ends_names_its_line(hasty: Desk) -> None:
    """A template has the seconds of time_limit; then the error names the file, the line and the setting."""
    before = signal.getsignal(signal.SIGALRM)
    hasty.write(f"Text\n{ENDLESS}")
    with pytest.raises(UsageError, match=r"^templates/documents/paper.md:5: rendering takes more than 1 s") as caught:
        manuscript.write(hasty.project, "paper", hasty.context())
    assert "time_limit" in caught.value.hint
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_pandoc_is_ended(hasty: Desk) -> None:
    """Markdown for which pandoc would take hours ends in an error that names the file, and so does the process."""
    hasty.write("[" * 60 + "a")
    began_s = time.monotonic()
    with pytest.raises(UsageError, match=r"^templates/documents/paper.md: pandoc takes more than 1 s"):
        hasty.build(formats=("html",))
    assert time.monotonic() - began_s < 10


def test_the_layout_of_the_pdf_ends(hasty: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layout that never ends is an error that names the file."""
    monkeypatch.setattr("report_cli.report.pdf.pdf.to_pdf", lambda *_: stubborn())
    hasty.write("Text")
    with pytest.raises(UsageError, match=r"^templates/documents/paper.md: laying out the PDF takes more than 1 s"):
        hasty.build(formats=("pdf",))


def stubborn() -> bytes:
    """Work for ever, and catch the first error as the renderer of figures does."""
    with contextlib.suppress(Exception):
        while True:
            pass
    return b""


def test_an_error_that_was_caught_is_raised_again() -> None:
    """Who catches the error inside gains nothing, and afterwards no clock is left running."""
    with pytest.raises(OverdueError), deadline("a step", 1):
        stubborn()
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_what_comes_of_the_error_is_the_error() -> None:
    """A flaw that the interruption left behind is not told in its place."""

    def spoil() -> None:
        stubborn()
        raise ValueError("half a page")

    with pytest.raises(OverdueError), deadline("a step", 1):
        spoil()


def test_other_threads_have_no_limit() -> None:
    """Signals reach the main thread alone, so the block does its work without a limit elsewhere."""
    done = []

    def work() -> None:
        with deadline("a step", 1):
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


def test_pandoc_says_what_is_wrong(desk: Desk) -> None:
    """A failure of pandoc is what pandoc says of it."""
    with pytest.raises(RuntimeError, match="nonsense"):
        pandoc.convert(Project(desk.project.root, Settings()), "a", "nonsense", "html5")
