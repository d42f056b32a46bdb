import contextlib
import resource
import signal
import subprocess
import sys

import pytest

from report_cli.errors import UsageError
from report_cli.report.pdf import limits
from report_cli.report.text import manuscript
from tests.report.conftest import Desk

ENDLESS = "<% for i in range(99999) %><% for j in range(99999) %><% endfor %><% endfor %>"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ENDLESS, "more than 1 s to render"),
        ("<< 'a' * 10**10 >>", "memory"),
        ("<< 10**(10**10) >>", "the power 10 ** 10000000000 is too large"),
    ],
)
def test_what_takes_too_much_is_an_error(desk: Desk, monkeypatch: pytest.MonkeyPatch, text: str, says: str) -> None:
    """Time, memory and numbers without end are errors that name the line, and the limits are gone afterwards."""
    monkeypatch.setattr(limits, "RENDER_S", 1)
    before = resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGPROF)
    desk.write(f"Text\n{text}")
    with pytest.raises(UsageError) as caught:
        manuscript.write(desk.project, "paper", desk.context())
    assert caught.value.message.startswith("templates/documents/paper.md:5: ")
    assert says in caught.value.message.lower()
    assert (resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGPROF)) == before
    assert signal.getitimer(signal.ITIMER_PROF)[0] == 0


def test_a_document_has_a_greatest_length(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Markdown that no one could read is refused before it is converted."""
    monkeypatch.setattr(limits, "MARKDOWN_BYTES", 1 << 20)
    desk.write("<% for i in range(99999) %>twelve bytes<% endfor %>")
    with pytest.raises(UsageError, match="1 MiB of Markdown"):
        manuscript.write(desk.project, "paper", desk.context())


def test_a_converter_is_ended_by_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is started within the block has a limit on its processor time; afterwards this one has none."""
    before = resource.getrlimit(resource.RLIMIT_CPU)
    monkeypatch.setattr("time.process_time", lambda: 0)
    monkeypatch.setattr(limits, "CONVERT_S", 600)
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_CPU)[0])"
    with limits.converting():
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "601"
    assert resource.getrlimit(resource.RLIMIT_CPU) == before


def test_a_byte_order_mark_is_passed_over(desk: Desk) -> None:
    """What editors on Windows put before the front matter is no part of it."""
    path = desk.write("Text")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert manuscript.write(desk.project, "paper", desk.context()).front["title"] == "A small report"


def stubborn() -> None:
    """Work for ever, and catch the first error as the renderer of figures does."""
    with contextlib.suppress(Exception):
        while True:
            pass


def test_the_layout_of_a_page_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes too long is an error even where it is caught, and a longer page may take longer."""
    monkeypatch.setattr(limits, "PRINT_S", 1)
    for length, seconds in ((0, 1), (limits.PRINT_RATE, 2)):
        with pytest.raises(limits.EndlessError, match=f"the PDF takes more than {seconds} s"), limits.printing(length):
            stubborn()
    assert signal.getitimer(signal.ITIMER_PROF)[0] == 0
