"""`report watch`: show a document in the browser, and anew whenever something that it is made of changes."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from report_cli.cli import completion
from report_cli.cli.build import formats_of, warn
from report_cli.cli.console import ProgressListener, emit, say
from report_cli.cli.options import Data, Profile
from report_cli.cli.session import opened
from report_cli.errors import ReportError, UsageError, of_machine, unknown

if TYPE_CHECKING:
    from report_cli.execution.plan import Request
    from report_cli.execution.worker_client import Program
    from report_cli.execution.workspace import Workspace
    from report_cli.project import Project
    from report_cli.report.build import Built, Selection
    from report_cli.report.live.changes import Times
    from report_cli.report.live.preview import Preview

PORT = 8765
POLL_S = 0.1
# A PDF takes many times as long as a page, so it waits for the author to pause.
QUIET_S = 1.0


def watch(
    document: Annotated[
        str,
        typer.Argument(
            metavar="[DOCUMENT]",
            help="The document; may be left out where there is one.",
            autocompletion=completion.documents,
            show_default=False,
        ),
    ] = "",
    profile: Profile = "",
    data: Data = None,
    to: Annotated[str, typer.Option(metavar="html,pdf", help="With pdf, the PDF is written when you pause.")] = "html",
    run: Annotated[bool, typer.Option("--run", help="Also run experiments that are out of date.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Mark what is missing; DRAFT on every page.")] = False,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Port of the address. [default: 8765, or any]", min=0, max=65535, show_default=False
        ),
    ] = None,
    launch: Annotated[bool, typer.Option("--open", help="Open the page.")] = False,
) -> None:
    """Show a document in the browser, and again after every change.

    Prints an address of this machine. The page there follows every change of a template, a style or a stored result;
    what is wrong is shown in the terminal and below the page. Runs nothing unless told so. Stop it with Ctrl-C.
    Example: report watch homework4 --open
    """
    from report_cli import project
    from report_cli.report.live import preview as serving
    from report_cli.report.live.preview import Preview

    here = project.find(Path.cwd())
    desk = _Desk(here, _chosen(here, document), profile, data, run, draft)
    printer = _Printer(here, desk.again()) if "pdf" in formats_of(to) else None
    preview = Preview(here.reports / f"{desk.document}.pdf" if printer else None)
    try:
        with serving.serve(preview, port, PORT) as address:
            say(f"watching {desk.document}; stop with Ctrl-C")
            emit(address)
            if launch:
                typer.launch(address)
            _watch(desk, preview, printer)
    except KeyboardInterrupt:
        say("stopped")
    finally:
        if printer is not None:
            printer.stop()


def _chosen(here: "Project", document: str) -> str:
    from report_cli.report import build as pages

    known = pages.documents(here)
    if document and document not in known:
        raise unknown("document", document, known)
    if not document and len(known) != 1:
        raise UsageError("which document?", f"known: {', '.join(known) or 'none'}")
    return document or known[0]


def _watch(desk: "_Desk", preview: "Preview", printer: "_Printer | None") -> None:
    """Build whenever something has changed and then stood still for a moment."""
    built: tuple[Times, Times] | None = None
    seen = _seen(desk.here)
    while True:
        if seen != built:
            if printer is not None:
                printer.stop()
            desk.build(preview, results=built is None or built[1] != seen[1])
            built = seen
            if printer is not None:
                printer.ask()
        elif printer is not None:
            printer.go_on(preview)
        time.sleep(POLL_S)
        before, seen = seen, _seen(desk.here)
        while seen != before:
            time.sleep(POLL_S / 2)
            before, seen = seen, _seen(desk.here)


def _seen(here: "Project") -> "tuple[Times, Times]":
    """Return the state of what pages and what results are made of."""
    from report_cli.report.live import changes

    return changes.of_pages(here), changes.of_results(here)


@dataclass
class _Desk:
    """What is kept from one build to the next: code, results and converters are read again only when they changed."""

    here: "Project"
    document: str
    profile: str
    data: Path | None
    run: bool
    draft: bool
    workspace: "Workspace | None" = None
    asked: "Request | None" = None
    selection: "Selection | None" = None
    taken: frozenset[str] = frozenset()

    def again(self) -> list[str]:
        """Return the arguments of the command that makes the PDF of what is shown."""
        asked = ["build", self.document, "--no-run", "--to", "pdf"]
        asked += ["--profile", self.profile] if self.profile else []
        asked += ["--data", str(self.data)] if self.data else []
        return [*asked, *(["--draft"] if self.draft else [])]

    def build(self, preview: "Preview", *, results: bool) -> None:
        """Show the page as it is now, or what is wrong; `results` says that code or runs may have changed."""
        began_s = time.monotonic()
        try:
            built = self._built(results)
            preview.show(built.paths[0].read_bytes())
        except ReportError as error:
            self._fail(preview, error)
        except OSError as error:  # a file may go between being seen and being read
            self._fail(preview, of_machine(error) or ReportError(str(error)))
        else:
            warn(built.warnings)
            say(f"{self.document}: shown after {time.monotonic() - began_s:.1f} s")

    def _built(self, results: bool) -> "Built":
        from report_cli import api

        if results or self.workspace is None or self.asked is None:
            self.selection = self.workspace = None
            self.workspace, self.asked = opened(self.profile, self.data)
        names = api.documents(self.workspace, [self.document]).experiments
        if self.selection is None or not self.taken.issuperset(names):
            self.selection = api.select(
                self.workspace, names, self.asked, ProgressListener(), run_first=lambda made: self.run
            )
            self.taken = frozenset(names)
        return api.write_document(
            self.workspace,
            self.document,
            selection=self.selection,
            asked=self.asked,
            formats=("html",),
            draft=self.draft,
            strict=False,
        )

    def _fail(self, preview: "Preview", error: ReportError) -> None:
        from report_cli.report.live import preview as serving

        text = serving.told(error)
        preview.fail(text)
        say(text)


@dataclass
class _Printer:
    """Makes the PDF in a process of its own, which the next edit ends."""

    here: "Project"
    arguments: Sequence[str]
    asked_s: float | None = None
    process: "Program | None" = None

    def ask(self) -> None:
        """Have the PDF made when it has been quiet for long enough from now on."""
        self.asked_s = time.monotonic()

    def go_on(self, preview: "Preview") -> None:
        """Start when it has been quiet for long enough, and say how it ended."""
        from report_cli.execution.worker_client import Program

        if self.asked_s is not None and time.monotonic() - self.asked_s > QUIET_S:
            self.asked_s, self.process = None, Program(self.arguments)
        ended = self.process.ended() if self.process is not None else None
        if ended is None:
            return
        self.process = None
        code, told = ended
        if code:
            preview.fail(told)
            say(told)
        elif preview.pdf is not None:
            say(f"wrote {preview.pdf.relative_to(self.here.root)}")

    def stop(self) -> None:
        """Make no PDF of what was asked for until now."""
        self.asked_s = None
        if self.process is not None:
            self.process.stop()
            self.process = None
