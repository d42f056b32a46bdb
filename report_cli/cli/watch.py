"""`report watch`: show a document in the browser, and anew whenever something that it is made of changes."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from report_cli.cli import completion
from report_cli.cli.build import confirm, formats_of
from report_cli.cli.console import emit, say, say_error, warn
from report_cli.cli.options import Data, Profile, Section, View
from report_cli.cli.run import listening
from report_cli.cli.session import open_request
from report_cli.errors import ReportError, UsageError, of_machine, unknown
from report_cli.project import PAGES, SOLUTION, Edition, stem_of

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
    to: Annotated[
        str,
        typer.Option(
            metavar="html,pdf",
            help="With pdf, the PDF is written when you pause.",
            autocompletion=completion.pages,
        ),
    ] = "html",
    run: Annotated[bool, typer.Option("--run", help="Also run experiments that are out of date.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Mark what is missing; DRAFT on every page.")] = False,
    view: View = SOLUTION,
    section: Section = "",
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
    from report_cli.report.live.preview import Preview, serve

    here = project.find(Path.cwd())
    known = here.documents
    if document and document not in known:
        raise unknown("document", document, known)
    if not document and len(known) != 1:
        raise UsageError("which document?", f"known: {', '.join(known) or 'none'}")
    edition = Edition(("html",), draft, view=view, section=section)
    builder = _Builder(here.root, document or known[0], profile, data, run, edition)
    printer = _Printer(here, builder.pdf_arguments()) if "pdf" in formats_of(to, PAGES) else None
    preview = Preview(here.reports / f"{stem_of(builder.document, view, section)}.pdf" if printer else None)
    try:
        with serve(preview, port, PORT) as address:
            say(f"watching {builder.document}; stop with Ctrl-C")
            emit(address)
            if launch:
                typer.launch(address)
            _watch(here, builder, preview, printer)
    except KeyboardInterrupt:
        say("stopped")
    finally:
        if printer is not None:
            printer.stop()


def _watch(here: "Project", builder: "_Builder", preview: "Preview", printer: "_Printer | None") -> None:
    """Build whenever something has changed and then stood still for a moment."""
    built: tuple[Times, Times] | None = None
    now = _times(here, builder.document)
    while True:
        if now != built:
            if printer is not None:
                printer.stop()
            builder.build(preview, results=built is None or built[1] != now[1])
            built = now
            if printer is not None:
                printer.schedule()
        elif printer is not None:
            printer.poll(preview)
        time.sleep(POLL_S)
        before, now = now, _times(here, builder.document)
        while now != before:
            time.sleep(POLL_S / 2)
            before, now = now, _times(here, builder.document)


def _times(here: "Project", document: str) -> "tuple[Times, Times]":
    """Return the state of what pages and what results are made of."""
    from report_cli.report.live import changes

    return changes.of_pages(here, document), changes.of_results(here)


@dataclass
class _Builder:
    """Builds the page; code, results and converters are read again only when they changed."""

    root: Path
    document: str
    profile: str
    data: Path | None
    run: bool
    edition: Edition
    session: "tuple[Workspace, Request] | None" = None
    selection: "Selection | None" = None
    experiments: frozenset[str] = frozenset()

    def pdf_arguments(self) -> list[str]:
        """Return the arguments of the command that makes the PDF of what is shown."""
        edition = self.edition
        arguments = ["build", self.document, "--no-run", "--to", "pdf"]
        arguments += ["--view", edition.view, "--section", edition.section]
        arguments += ["--profile", self.profile] if self.profile else []
        arguments += ["--data", str(self.data)] if self.data else []
        return [*arguments, *(["--draft"] if edition.draft else [])]

    def build(self, preview: "Preview", *, results: bool) -> None:
        """Show the page as it is now, or what is wrong; `results` says that code or runs may have changed."""
        began_s = time.monotonic()
        try:
            built = self._build(results)
            preview.show(built.paths[0].read_bytes())
        except (ReportError, OSError) as error:
            # A file may go between being seen and being read.
            known = error if isinstance(error, ReportError) else of_machine(error) or ReportError(str(error))
            told = known.lines(root=self.root)
            preview.fail(told)
            say_error(told)
        else:
            for warning in built.warnings:
                warn(warning)
            say(f"{self.document}: shown after {time.monotonic() - began_s:.1f} s")

    def _build(self, results: bool) -> "Built":
        from report_cli import api

        if results or self.session is None:
            self.selection = self.session = None
            self.session = open_request(self.profile, self.data)
        workspace, request = self.session
        experiments = frozenset(api.documents(workspace, [self.document], section=self.edition.section).experiments)
        if self.selection is None or not experiments <= self.experiments:
            run, names = self.run and not self.edition.draft, sorted(experiments)
            with listening() as listener, api.open_runner(workspace, listener) as runner:
                made = runner.plan(workspace.registry.select(names), request)
                if run:
                    confirm(made, yes=False)
                self.selection = api.select(workspace, runner, made, names, request, run=run)
            self.experiments = experiments
        return api.write_document(workspace, self.document, self.edition, self.selection, request)


@dataclass
class _Printer:
    """Makes the PDF in a process of its own, which the next edit ends."""

    here: "Project"
    arguments: Sequence[str]
    due_s: float | None = None
    process: "Program | None" = None

    def schedule(self) -> None:
        """Have the PDF made when it has been quiet for long enough from now on."""
        self.due_s = time.monotonic() + QUIET_S

    def poll(self, preview: "Preview") -> None:
        """Start when it has been quiet for long enough, and say how it ended."""
        from report_cli.execution.worker_client import Program

        if self.due_s is not None and time.monotonic() > self.due_s:
            self.due_s, self.process = None, Program(self.arguments)
        ended = self.process.ended() if self.process is not None else None
        if ended is None:
            return
        self.process = None
        code, message = ended
        if code:
            preview.fail(message)
            say_error(message)
        elif preview.pdf is not None:
            say(f"wrote {preview.pdf.relative_to(self.here.root)}")

    def stop(self) -> None:
        """Make no PDF of what was asked for until now."""
        self.due_s = None
        if self.process is not None:
            self.process.stop()
            self.process = None
