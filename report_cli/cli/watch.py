"""`report watch`: show a document in the browser, and anew whenever something that it is made of changes."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from report_cli import project, wording
from report_cli.cli.build import bring_up_to_date, formats_of, warn
from report_cli.cli.console import emit, say
from report_cli.cli.session import open_workspace, wish
from report_cli.errors import ReportError, UsageError, of_machine, unknown
from report_cli.execution.plan import Wish
from report_cli.execution.worker_client import Again
from report_cli.execution.workspace import Workspace
from report_cli.project import Project
from report_cli.report import build as pages
from report_cli.report.build import Selection
from report_cli.report.live import changes
from report_cli.report.live.preview import Preview, error_text, serve

PORT = 8765
POLL_S = 0.1
# A PDF takes many times as long as a page, so it waits for the author to pause.
QUIET_S = 1.0


def watch(
    document: str,
    *,
    profile: str,
    data: Path | None,
    to: str,
    run: bool,
    draft: bool,
    port: int | None,
    launch: bool,
) -> None:
    """Show `document` until it is interrupted."""
    here = project.find(Path.cwd())
    desk = _Desk(here, _chosen(here, document), profile, data, run, draft)
    printer = _Printer(here, desk.again()) if "pdf" in formats_of(to) else None
    preview = Preview(here.reports / f"{desk.document}.pdf" if printer else None)
    try:
        with serve(preview, port, PORT) as address:
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


def _chosen(here: Project, document: str) -> str:
    known = pages.documents(here)
    if document and document not in known:
        raise unknown("document", document, known)
    if not document and len(known) != 1:
        raise UsageError("which document?", f"known: {', '.join(known) or 'none'}")
    return document or known[0]


def _watch(desk: "_Desk", preview: Preview, printer: "_Printer | None") -> None:
    """Build whenever something has changed and then stood still for a moment."""
    built: tuple[changes.Times, changes.Times] | None = None
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


def _seen(here: Project) -> tuple[changes.Times, changes.Times]:
    """Return the state of what pages and what results are made of."""
    return changes.of_pages(here), changes.of_results(here)


@dataclass
class _Desk:
    """What is kept from one build to the next: code, results and converters are read again only when they changed."""

    here: Project
    document: str
    profile: str
    data: Path | None
    run: bool
    draft: bool
    workspace: Workspace | None = None
    wanted: Wish | None = None
    selection: Selection | None = None
    taken: frozenset[str] = frozenset()

    def again(self) -> list[str]:
        """Return the arguments of the command that makes the PDF of what is shown."""
        asked = ["build", self.document, "--no-run", "--to", "pdf"]
        asked += ["--profile", self.profile] if self.profile else []
        asked += ["--data", str(self.data)] if self.data else []
        return [*asked, *(["--draft"] if self.draft else [])]

    def build(self, preview: Preview, *, results: bool) -> None:
        """Show the page as it is now, or what is wrong; `results` says that code or runs may have changed."""
        began_s = wording.monotonic_s()
        try:
            built = self._built(results)
            preview.show(built.paths[0].read_bytes())
        except ReportError as error:
            self._fail(preview, error)
        except OSError as error:  # a file may go between being seen and being read
            self._fail(preview, of_machine(error) or ReportError(str(error)))
        else:
            warn(built.warnings)
            say(f"{self.document}: shown after {wording.monotonic_s() - began_s:.1f} s")

    def _built(self, results: bool) -> pages.Built:
        if results or self.workspace is None or self.wanted is None:
            self.selection = self.workspace = None
            self.workspace = open_workspace()
            self.wanted = wish(self.workspace, self.profile, self.data)
        experiments = self.workspace.experiments
        names = pages.survey(self.here, self.document, experiments).experiments
        if self.selection is None or not self.taken.issuperset(names):
            self.selection = bring_up_to_date(
                self.workspace, self.wanted, sorted(names), not self.run, self.draft, False
            )
            self.taken = frozenset(names)
        return pages.build(
            self.workspace.project,
            self.document,
            self.selection,
            experiments,
            formats=("html",),
            draft=self.draft,
            profile=self.wanted.profile,
        )

    def _fail(self, preview: Preview, error: ReportError) -> None:
        text = error_text(error)
        preview.fail(text)
        say(text)


@dataclass
class _Printer:
    """Makes the PDF in a process of its own, which the next edit ends."""

    here: Project
    arguments: Sequence[str]
    asked_s: float | None = None
    process: Again | None = None

    def ask(self) -> None:
        """Have the PDF made when it has been quiet for long enough from now on."""
        self.asked_s = wording.monotonic_s()

    def go_on(self, preview: Preview) -> None:
        """Start when it has been quiet for long enough, and say how it ended."""
        if self.asked_s is not None and wording.monotonic_s() - self.asked_s > QUIET_S:
            self.asked_s, self.process = None, Again(self.arguments)
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
