"""A build is killed at every change of the disk: its page is the old one or the new one."""

import contextlib
import os
from pathlib import Path

import pytest

from report_cli import files
from tests.fault.disk import Disk, Killed
from tests.report.conftest import furnish


def torn_pages(root: Path) -> int:
    """Kill the writing of a page at each change; return how often it was neither the old page nor the new one."""
    desk, torn = furnish(root), 0
    desk.write("Old.")
    (path,) = desk.build(formats=("html",)).paths
    old = path.read_bytes()
    desk.write("New, and longer.")
    desk.build(formats=("html",))
    new = path.read_bytes()
    for at in range(1, 100):
        path.write_bytes(old)
        disk = Disk(root, at=at, torn=True)
        with disk.watched(), contextlib.suppress(Killed):
            desk.build(formats=("html",))
        if not disk.happened:
            return torn
        torn += path.read_bytes() not in (old, new)
    raise AssertionError("a build makes more changes than that")


def in_place(path: Path, content: bytes) -> None:
    """Write as a careless program would: over what is there."""
    files.make_folder(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.write(descriptor, content)
    os.fsync(descriptor)
    os.close(descriptor)


def test_a_killed_build_leaves_a_page(tmp_path: Path) -> None:
    """Whenever a build is killed, the page is the old one or the new one."""
    assert torn_pages(tmp_path) == 0


def test_writing_in_place_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were files written over, some kill would leave a torn page."""
    monkeypatch.setattr(files, "write_bytes", in_place)
    assert torn_pages(tmp_path) > 0
