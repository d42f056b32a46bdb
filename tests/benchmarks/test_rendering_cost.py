"""Rendering a document against the renderer's own time on the same page."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pikepdf
import pytest

from report_cli import api, files
from report_cli.report import build
from report_cli.report.page import render
from report_cli.report.pdf import pdf
from report_cli.report.text.context import Context
from tests.report.conftest import furnish

# The renderer leaves its colour profile open until it is collected.
pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
PARTS, REPEATS = 30, 3
PART = """
# Part {n}

{prose}

$$ y_{{{n}}} = \\sum_{{k=1}}^{{{n}}} \\frac{{x_k}}{{k + {n}}} $$ {{#eq-{n}}}

<< figure("net.curves", caption="The curve of part {n}.", label="fig-{n}") >>

| Model | Weights | Accuracy |
|:------|--------:|:--------:|
{rows}

: Scores of part {n}. {{#tbl-{n}}}
"""
ROW = '| model | << value("net.weights")|integer >> | << value("net.accuracy")|percent >> |\n'


def took_s(act: Callable[[], object]) -> float:
    """Return the processor time that `act` and the processes it starts take: others may use the machine meanwhile."""
    before = os.times()
    act()
    after = os.times()
    return sum(after[:4]) - sum(before[:4])


def alone(html: str, styles: list[str], assets: dict[str, bytes], *_: object) -> bytes:
    """Return the PDF that the renderer makes of a page, without a check and without attachments."""
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    fetcher, fonts = pdf._fetcher(assets), FontConfiguration()
    sheets = [
        weasyprint.CSS(string=style, base_url=pdf.ASSETS, url_fetcher=fetcher, font_config=fonts) for style in styles
    ]
    page = weasyprint.HTML(string=html, base_url=pdf.ASSETS, url_fetcher=fetcher)
    content: bytes = page.write_pdf(stylesheets=sheets, font_config=fonts, pdf_variant="pdf/a-3a")
    return content


def compare(
    make: Callable[[], object], what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Print what `make`, which renders a document in both formats, takes, and the renderer alone, in turns."""
    given: list[Any] = []
    real = pdf.to_pdf

    def noted(*arguments: Any) -> bytes:
        given[:] = arguments
        return real(*arguments)

    monkeypatch.setattr(pdf, "to_pdf", noted)
    make()  # the renderer is loaded, formulas and fonts are cached from here on
    pairs = [(took_s(make), took_s(lambda: alone(*given))) for _ in range(REPEATS)]
    ours, theirs = (median(times) for times in zip(*pairs, strict=True))
    ratio = median(our / their for our, their in pairs)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{what}: both formats {ours:.1f} s of processor time, WeasyPrint alone {theirs:.1f} s; ratio {ratio:.2f}"
            f" (median of {REPEATS}, interleaved)\n"
        )


def test_cost_of_homework4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints how long the real document takes from the store, and how much more that is than the renderer alone."""
    workspace = api.open_workspace(Path(__file__).parent)
    here, experiments = workspace.project, workspace.experiments
    if not (here.reports / "homework4.pdf").is_file():
        pytest.skip("there are no results yet: report build homework4")
    monkeypatch.chdir(here.root)
    request = api.request_of(workspace)
    names = api.documents(workspace, ["homework4"]).experiments

    def make() -> None:
        with api.open_runner(workspace) as runner:
            made = api.plan(workspace, workspace.registry.select(names), request)
            selection = api.select(workspace, runner, made, names, request, run=False)
        rendered = render(
            here, "homework4", Context(experiments, selection), build.FORMATS, {"view": "solution", "draft": False}
        )
        for name, content in rendered.contents.items():
            files.write_bytes(tmp_path / f"homework4.{name}", content)

    compare(make, "homework4", monkeypatch, capsys)


def test_cost_of_a_long_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prints the same for a document of many parts with a figure, a table and a formula each."""
    desk = furnish(tmp_path)
    prose = "The layer sums to << value('facts.sum') >> where $x$ is small. " * 24
    desk.write("".join(PART.format(n=n, prose=prose, rows=ROW * 8) for n in range(1, PARTS + 1)))

    def make() -> None:
        (desk.project.reports / "paper.json").unlink(missing_ok=True)
        desk.build()

    make()
    with pikepdf.open(desk.project.reports / "paper.pdf") as document:
        pages = len(document.pages)
    compare(make, f"{pages} pages", monkeypatch, capsys)
