"""`report watch`: the page follows what is edited, says what is wrong, and nothing is trained."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from report_cli import files
from tests.conftest import Command

# Without this many beats a test that waits for what never comes would wait for ever.
PATIENCE = 20


@contextmanager
def watch(folder: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """Watch the new project's document on a free port."""
    command = [sys.executable, "-u", "-m", "report_cli", "watch", "report", "--port", "0", *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def watching(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Watch the new project's document, of which there is no result, with its PDF."""
    for place in ("runs", "figures", "report"):
        files.remove_folder(folder / "build" / place)
    with watch(folder, "--to", "html,pdf") as process:
        yield process


class Browser:
    """What a browser does with the address: fetches the page, and listens."""

    def __init__(self, address: str) -> None:
        self.place = urlsplit(address).netloc
        self.listening = self.ask("/events")

    def ask(self, path: str) -> HTTPResponse:
        connection = HTTPConnection(self.place, timeout=120)
        connection.request("GET", path)
        return connection.getresponse()

    def page(self) -> str:
        return self.ask("/").read().decode()

    def hear(self) -> dict[str, str]:
        """Return the next thing that is told; fail when the server only says that it is still there."""
        beats = 0
        for line in self.listening:
            if line.startswith(b"data:"):
                found: dict[str, str] = json.loads(line[5:])
                return found
            beats += line.startswith(b":")
            assert beats < PATIENCE, "nothing more is told"
        raise AssertionError("the server is gone")

    def hear_until(self, text: str, error: str = "") -> dict[str, str]:
        """Return what was told when the page has `text` and the error is `error` in it."""
        while True:
            told = self.hear()
            if text in self.page() and (error in told["error"] if error else not told["error"]):
                return told


def test_the_page_follows_what_changes(watching: "subprocess.Popen[str]", program: Command, folder: Path) -> None:
    """Runs of another terminal, edits, mistakes and their mending are shown in the open page, the PDF later."""
    assert watching.stdout is not None
    assert watching.stderr is not None
    browser = Browser(watching.stdout.readline().strip())
    browser.hear_until("no result of pi: never run")
    assert not (folder / "build" / "runs").exists()

    assert program("run", "all").returncode == 0
    browser.hear_until('<data value="')
    built = (folder / "build" / "report" / "report.html").read_text()
    assert "EventSource" in browser.page()
    assert "EventSource" not in built

    answer = folder / "templates" / "answers" / "q1-pi.md"
    text = answer.read_text()
    answer.write_text(text.replace("quarter circle covers", "quarter disc covers"))
    good = browser.hear_until("quarter disc covers")

    answer.write_text(text.replace("quarter circle covers", "@sec-nowhere"))
    told = browser.hear_until("quarter disc covers", error="unknown label 'sec-nowhere'")
    assert told["page"] == good["page"]
    assert "q1-pi.md:8: " in told["error"]

    answer.write_text(text.replace("quarter circle covers", "round quarter covers"))
    browser.hear_until("round quarter covers")
    while "wrote build/report/report.pdf" not in watching.stderr.readline():
        assert watching.poll() is None
    assert browser.ask("/report.pdf").read().startswith(b"%PDF")
    browser.listening.close()

    watching.send_signal(signal.SIGINT)
    assert watching.wait(60) == 0
    assert watching.stderr.read().endswith("stopped\n")


def test_a_view_of_a_section_is_shown(folder: Path) -> None:
    """With --section and --view the page has what a build writes with them."""
    answer = folder / "templates" / "answers" / "q1-pi.md"
    answer.write_text(answer.read_text() + "\n::: {.question}\nHow near?\n:::\n\nNearer.\n")
    with watch(folder, "--section", "q1-pi", "--view", "student") as process:
        assert process.stdout is not None
        browser = Browser(process.stdout.readline().strip())
        browser.hear_until("How near?")
        shown = browser.page()
        browser.listening.close()
    assert "Nearer." not in shown
    assert "pendulum" not in shown


def test_a_document_has_to_be_named_where_there_are_several(program: Command, folder: Path) -> None:
    """Which document is meant is asked, with the choices; a mistyped one names its near misses."""
    (folder / "templates" / "documents" / "other.md").write_text('+++\ntitle = "Other"\n+++\n')
    unnamed = program("watch")
    assert unnamed.returncode == 2
    assert "known: other, report, summary" in unnamed.stderr
    assert "did you mean report?" in program("watch", "reprot").stderr
