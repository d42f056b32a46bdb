"""Images that are not what they claim to be: each is one clear error, and nothing of them is kept."""

import random
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from report_cli.datasets import load
from report_cli.datasets import source as sources
from report_cli.datasets.readers import archive as members
from report_cli.datasets.spec import BINARY_FOLDER, PICKLED_FOLDER
from report_cli.errors import DataError
from tests.datasets.making import (
    SIDE,
    TINY,
    binary_files,
    class_files,
    pictures,
    write_layout,
    write_tar,
    write_zip,
)

RECORD = 3 * SIDE * SIDE
FIRST = f"{PICKLED_FOLDER}/data_batch_1"
CAT = "train/cat/0000.png"


@pytest.mark.parametrize("layout", ["binary archive", "python archive", "zip of class folders"])
def test_archives_cut_short_anywhere(layout: str, tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """An archive of which the end is missing is an error that names it, wherever it is cut."""
    path = write_layout(layout, tmp_path / "given", pictures())
    content = path.read_bytes()
    for sixteenth in range(16):
        path.write_bytes(content[: len(content) * sixteenth // 16])
        assert path.name in refused(path)
    path.write_bytes(content[:-1])
    assert path.name in refused(path)


@pytest.mark.parametrize("layout", ["binary archive", "python archive", "zip of class folders"])
def test_damaged_archives_are_refused_or_still_whole(layout: str, tmp_path: Path) -> None:
    """Random changed bytes lead to a DataError or to exactly the same images, never to others or to a crash."""
    path = write_layout(layout, tmp_path / "given", pictures())
    content = path.read_bytes()
    wanted = load.read_in(sources.choose(TINY, path, tmp_path / "c"), tmp_path / "c")
    dice = random.Random(0)
    for number in range(60):
        damaged = bytearray(content)
        damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        path.write_bytes(damaged)
        cache = tmp_path / str(number)
        try:
            source = load.read_in(sources.choose(TINY, path, cache), cache)
        except DataError:
            continue
        assert source.digest == wanted.digest


def member(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = "/etc/passwd"
    return info


def test_a_damaged_archive_does_not_hide_what_was_read_before(tmp_path: Path) -> None:
    """After a failed reading the images that were stored before can still be loaded."""
    cache = tmp_path / "images"
    path = write_layout("binary archive", tmp_path / "given", pictures())
    before = load.read_in(sources.choose(TINY, path, cache), cache)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError):
        load.read_in(sources.choose(TINY, path, cache), cache)
    assert len(load.load(before, cache).train) == 30


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar(kind: bytes, tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """What is no regular file is refused, though nothing is unpacked."""
    extra = member(f"{BINARY_FOLDER}/more", kind)
    path = write_tar(tmp_path / "cifar-10-binary.tar.gz", binary_files(pictures()), (extra,))
    assert "more is no regular file" in refused(path)


def test_links_in_a_zip(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """The same holds in a zip."""
    path = write_zip(tmp_path / "a.zip", class_files(pictures()))
    link = zipfile.ZipInfo("train/cat/link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, b"/etc/passwd")
    assert "link.png is no regular file" in refused(path)


def test_a_member_that_unpacks_to_far_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a member larger than any image or batch no more is unpacked than shows that it is."""
    monkeypatch.setattr(members, "_LARGEST_BYTES", 1 << 16)
    path = write_zip(tmp_path / "a.zip", {"train/cat/0.png": bytes(1 << 20)})
    member = next(found := members.members(TINY, path, "zip of class folders"))
    with pytest.raises(DataError, match="unpacks to more than 65536 bytes"):
        member.read()
    found.close()
