"""Outside judges of pages: programs in the folder that REPORT_JUDGES names."""

import os
import subprocess
from pathlib import Path

import pytest


def judge(name: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Return what the judge `name` says of a file; skip the test where there is no judge."""
    folder = os.environ.get("REPORT_JUDGES")
    if not folder:
        pytest.skip("REPORT_JUDGES names no folder with verapdf.sh and htmlcheck.sh")
    command = [str(Path(folder) / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def assert_valid(report: Path) -> None:
    """Both formats of a report, its path without suffix: valid HTML and CSS, and valid PDF/UA-1 and PDF/A-3a."""
    html, pdf = report.with_suffix(".html"), report.with_suffix(".pdf")
    for judged in (judge("htmlcheck.sh", html), judge("verapdf.sh", "ua1", pdf), judge("verapdf.sh", "3a", pdf)):
        assert judged.returncode == 0, (judged.stdout + judged.stderr)[:2000]
