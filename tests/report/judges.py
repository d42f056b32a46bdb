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
