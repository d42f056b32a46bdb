"""Rendering a document against the renderer's own time on the same page."""

import time
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from report_cli.report import pdf
from tests.report.conftest import furnish

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


@pytest.mark.benchmark
def test_cost_of_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prints how long both formats take from the store, and how much more that is than WeasyPrint's own time."""
    desk, inside, outside = furnish(tmp_path), [], []
    real = pdf.to_pdf

    def timed(*arguments: Any) -> bytes:
        began = time.perf_counter()
        content = real(*arguments)
        inside.append(time.perf_counter() - began)
        return content

    monkeypatch.setattr(pdf, "to_pdf", timed)
    prose = "The layer sums to << value('facts.sum') >> where $x$ is small. " * 24
    desk.write("".join(PART.format(n=n, prose=prose, rows=ROW * 8) for n in range(1, PARTS + 1)))
    desk.build()  # formulas and fonts are cached from here on
    inside.clear()
    for _ in range(REPEATS):
        stamp = desk.project.reports / "paper.json"
        stamp.unlink()
        began = time.perf_counter()
        built = desk.build()
        outside.append(time.perf_counter() - began)
    with pikepdf.open(built.paths[1]) as document:
        len(document.pages)
    with capsys.disabled():
        pass
