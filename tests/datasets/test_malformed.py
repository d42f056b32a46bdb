"""Images that are not what they claim to be: each is one clear error, and nothing of them is kept."""

import io
import os
import pickle
import random
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from report_cli import files
from report_cli.datasets import load, spec
from report_cli.datasets.readers import archive as members
from report_cli.datasets.spec import BINARY_FOLDER, PICKLED_FOLDER
from report_cli.errors import DataError
from tests.datasets.making import (
    CLASSES,
    SIDE,
    TINY,
    Files,
    batch,
    batches,
    binary_files,
    class_files,
    pickled_files,
    pictures,
    png,
    write_folder,
    write_layout,
    write_tar,
    write_zip,
)

RECORD = 3 * SIDE * SIDE
FIRST = f"{PICKLED_FOLDER}/data_batch_1"
CAT = "train/cat/0000.png"


@pytest.fixture
def refused(tmp_path: Path) -> Callable[[Path], str]:
    """Return a function that reads in what must be refused, and gives the message.

    It also checks that the cache knows nothing of it afterwards.
    """
    cache = tmp_path / "images"

    def refuse(path: Path) -> str:
        with pytest.raises(DataError) as caught:
            load.read_in(spec.choose(TINY, path, cache), cache)
        assert not list(cache.glob("decoded/*"))
        assert not list(cache.glob("tmp/*"))
        assert all(files.read_json(entry)["digest"] is None for entry in cache.glob("index/*.json"))
        return caught.value.message

    return refuse


def images_zip(tmp_path: Path, change: Mapping[str, bytes | None]) -> Path:
    """Return a zip of the images with some files exchanged, added or (None) left out."""
    files = {**class_files(pictures()), **change}
    return write_zip(tmp_path / "a.zip", {name: content for name, content in files.items() if content is not None})


def python_tar(tmp_path: Path, name: str, content: bytes) -> Path:
    return write_tar(tmp_path / "cifar-10-python.tar.gz", {**pickled_files(pictures()), name: content})


def first_batch() -> tuple[list[int], np.ndarray[Any, np.dtype[np.uint8]]]:
    return batches(pictures())["data_batch_1"]


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
    wanted = load.read_in(spec.choose(TINY, path, tmp_path / "c"), tmp_path / "c")
    dice = random.Random(0)
    for number in range(60):
        damaged = bytearray(content)
        damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        path.write_bytes(damaged)
        cache = tmp_path / str(number)
        try:
            source = load.read_in(spec.choose(TINY, path, cache), cache)
        except DataError:
            continue
        assert source.digest == wanted.digest


def test_a_pickle_that_wants_to_run_code(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """A batch whose unpickling would call something is refused with the name of what it asks for, and runs nothing."""
    canary = tmp_path / "canary"

    class Trap:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
            return os.mkdir, (str(canary),)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        content = pickle.dumps(batch(first_batch()[0], Trap()), protocol)
        message = refused(python_tar(tmp_path, FIRST, content))
        assert "mkdir" in message
        assert "data_batch_1" in message
    assert not canary.exists()


@pytest.mark.parametrize(
    "program",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"\x80\x02cbuiltins\neval\nq\x00X\x01\x00\x00\x001\x85R.",
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.",
        b"\x80\x02cnumpy\nndarray\n)\x81.",
        b"\x80\x02\x82\x01.",
        b"\x80\x02Q.",
        b"\x80\x02cnumpy.core.multiarray\nfromfile\n(S'/etc/passwd'\ntR.",
        b"]" + b"\x85" * 200_000 + b"}q\x00h\x00s.",
        b"\x80\x02(K\x01" + b"t" + b".",
        b"\x80\x02}" + b"(" * 50 + b"u.",
        b"\x80\x02X\xff\xff\xff\xff.",
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"\x80\x02K\x01r\xff\xff\xff\xff.",
        b"\x80\x02]q\x00h\x00a.",
        b"cnumpy\\s\ndtype\n.",
        b"",
        b".",
        b"garbage",
    ],
)
def test_pickles_that_are_no_batches(program: bytes, tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """Other pickle programs, among them such as exhaust memory or the stack elsewhere, are refused."""
    assert f"cifar-10-python.tar.gz: {FIRST}" in refused(python_tar(tmp_path, FIRST, program))


@pytest.mark.parametrize(
    ("labels", "data", "says"),
    [
        ([0, 1, 2, 0, 1, 3], None, "label 3 where labels are 0 to 2"),
        ([0, 1, 2, 0, 1, -1], None, "whole numbers"),
        ([0, 1, 2, 0, 1, True], None, "whole numbers"),
        ([0, 1, 2, 0, 1, 2.0], None, "whole numbers"),
        ([0, 1, 2, 0, 1, 1 << 80], None, "whole numbers"),
        ("012012", None, "whole numbers"),
        ([0, 1, 2], None, "3 labels for 6 images"),
        (None, np.zeros((6, RECORD), np.uint16), "dtype u2"),
        (None, np.zeros((6, RECORD), np.int8), "dtype i1"),
        (None, np.zeros((6, RECORD), np.float32), "dtype f4"),
        (None, np.zeros((6, RECORD - 3), np.uint8), "rows have 48"),
        (None, np.zeros((6, 3, RECORD // 3), np.uint8), "two axes"),
        (None, np.asfortranarray(np.zeros((6, RECORD), np.uint8)), "rows have 48"),
        (None, b"\x00" * 6 * RECORD, "two axes"),
        (None, [[0] * RECORD] * 6, "two axes"),
    ],
)
def test_batches_of_the_wrong_shape_or_type(
    labels: object, data: object, says: str, tmp_path: Path, refused: Callable[[Path], str]
) -> None:
    """Labels out of range, other types of pixels and other shapes are named."""
    right = first_batch()
    content = batch(right[0] if labels is None else labels, right[1] if data is None else data)
    message = refused(python_tar(tmp_path, FIRST, pickle.dumps(content, 2)))
    assert says in message
    assert FIRST in message


def test_a_batch_without_pixels(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """A dictionary that lacks an entry is refused with the name of the entry."""
    assert "no 'data'" in refused(python_tar(tmp_path, FIRST, pickle.dumps({b"labels": [0]}, 2)))
    assert "no 'labels'" in refused(python_tar(tmp_path, FIRST, pickle.dumps({b"coarse_labels": [0]}, 2)))
    assert "not a dictionary" in refused(python_tar(tmp_path, FIRST, pickle.dumps([0], 2)))
    meta = f"{PICKLED_FOLDER}/batches.meta"
    assert "label_names" in refused(python_tar(tmp_path, meta, pickle.dumps({b"label_names": 3}, 2)))


def change_binary(tmp_path: Path, change: Mapping[str, bytes | None]) -> Path:
    files: dict[str, bytes | None] = {**binary_files(pictures())}
    files.update({f"{BINARY_FOLDER}/{name}": content for name, content in change.items()})
    kept = {name: content for name, content in files.items() if content is not None}
    return write_tar(tmp_path / "cifar-10-binary.tar.gz", kept)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"data_batch_2.bin": b"\x00" * 6 * RECORD}, "not a whole number of records of 49 bytes"),
        ({"data_batch_2.bin": b"\x03" + b"\x00" * RECORD}, "label 3 where"),
        ({"data_batch_2.bin": None}, "has no cifar-10-batches-bin/data_batch_2.bin"),
        ({"batches.meta.txt": None}, "has no cifar-10-batches-bin/batches.meta.txt"),
        ({"batches.meta.txt": b"\xff\xfe"}, "not text"),
        ({"batches.meta.txt": b"cat\ndog\n"}, "2 classes"),
        ({"batches.meta.txt": b"cat\ndog\ndog\n"}, "3 classes"),
        ({"batches.meta.txt": b"cat\ndog\nfox\nowl\n"}, "4 classes"),
        ({"batches.meta.txt": b"cat\ndog\nowl\n"}, "hasn't: owl"),
        ({"data_batch_2.bin": b""}, "24 images in train where Tiny has 30"),
        ({"test_batch.bin": (b"\x00" + b"\x00" * RECORD) * 7}, "7 images in test where Tiny has 6"),
        ({"test_batch.bin": (b"\x00" + b"\x00" * RECORD) * 6}, "no images of dog, fox in test"),
    ],
)
def test_binary_archives_that_are_not_the_official_one(
    change: Mapping[str, bytes | None], says: str, tmp_path: Path, refused: Callable[[Path], str]
) -> None:
    """Wrong record length, labels, names and numbers of images are each named."""
    assert says in refused(change_binary(tmp_path, change))


def member(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = "/etc/passwd"
    return info


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        (member("cifar-10-batches-bin/data_batch_1.bin"), "data_batch_1.bin occurs twice"),
        (member("./cifar-10-batches-bin/data_batch_1.bin"), "data_batch_1.bin occurs twice"),
        (member("cifar-10-batches-bin/more", tarfile.SYMTYPE), "more is no regular file"),
        (member("cifar-10-batches-bin/more", tarfile.LNKTYPE), "more is no regular file"),
        (member("cifar-10-batches-bin/more", tarfile.CHRTYPE), "more is no regular file"),
        (member("cifar-10-batches-bin/more", tarfile.FIFOTYPE), "more is no regular file"),
        (member("../more"), "'../more' does not stay inside"),
        (member("cifar-10-batches-bin/../../more"), "does not stay inside"),
        (member("/etc/more"), "'/etc/more' does not stay inside"),
        (member("C:/more"), "does not stay inside"),
        (member("a\\..\\more"), "does not stay inside"),
        (member("a\x1b[2Jmore"), "does not stay inside"),
    ],
)
def test_members_no_image_archive_has(
    extra: tarfile.TarInfo, says: str, tmp_path: Path, refused: Callable[[Path], str]
) -> None:
    """Links, devices, doubled names and names that lead out of the archive are refused, though nothing is unpacked."""
    path = write_tar(tmp_path / "cifar-10-binary.tar.gz", binary_files(pictures()), (extra,))
    assert says in refused(path)


def test_links_and_doubled_names_in_a_zip(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """The same holds in a zip."""
    path = images_zip(tmp_path, {})
    whole = path.read_bytes()
    link = zipfile.ZipInfo("train/cat/link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    for info, says in (
        (link, "link.png is no regular file"),
        (zipfile.ZipInfo("../train/cat/more.png"), "does not stay inside"),
        (zipfile.ZipInfo("train/./cat/0000.png"), "occurs twice"),
        (zipfile.ZipInfo("train/cat/0000.PNG"), "differ only in capital letters"),
    ):
        path.write_bytes(whole)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(info, b"/etc/passwd")
        assert says in refused(path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({CAT: png(np.zeros((4, 5, 3), np.uint8))}, "0000.png has 5x4 pixels where the others have 4x4"),
        ({CAT: b"this is no image"}, "0000.png is not a whole PNG"),
        ({CAT: b""}, "0000.png is not a whole PNG"),
        ({CAT: png(np.zeros((4, 4, 3), np.uint8))[:40]}, "0000.png is not a whole PNG"),
        ({CAT: png(np.zeros((4, 4, 3), np.uint8), "RGBA")}, "mode RGBA"),
        ({"train/cat/notes.txt": b"text"}, "notes.txt is not a .png file"),
        ({"train/0000.png": b""}, "0000.png is not in train/<class>/"),
        ({"copy/train/cat/0000.png": png(np.ones((4, 4, 3), np.uint8))}, "in another folder"),
        ({CAT: None}, "29 images in train where Tiny has 30"),
        ({"test/cat/9999.png": png(np.ones((4, 4, 3), np.uint8))}, "7 images in test where Tiny has 6"),
        ({"train/owl/0000.png": png(np.ones((4, 4, 3), np.uint8))}, "4 class folders in train/ where Tiny has 3"),
        ({"test/cat/0000.png": None, "test/cat/0003.png": None}, "2 class folders in test/ where Tiny has 3"),
    ],
)
def test_class_folders_with_what_does_not_belong(
    change: Mapping[str, bytes | None], says: str, tmp_path: Path, refused: Callable[[Path], str]
) -> None:
    """Wrong sizes, files that are no images, and missing or extra images and classes are named, zipped and not."""
    path = images_zip(tmp_path, change)
    assert says in refused(path)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    # Beside train/ and test/ nothing in a folder is looked at.
    if "copy/train/cat/0000.png" not in change:
        assert says in refused(write_folder(tmp_path / "folder", files))


def test_folders_among_the_images(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """An image that lies deeper than its class is not overlooked, zipped or not."""
    files = {**class_files(pictures()), "train/cat/more/0000.png": b""}
    assert "more/0000.png is not in train/<class>/" in refused(write_zip(tmp_path / "a.zip", files))
    assert "train/cat/more is no regular file" in refused(write_folder(tmp_path / "folder", files))


def test_a_jpeg_called_png(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """Only the PNG decoder is ever used, whatever the content asks for."""
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(content, "JPEG")
    assert "not a whole PNG" in refused(images_zip(tmp_path, {CAT: content.getvalue()}))


def test_other_classes_than_those_of_the_kind(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """Class folders of the right number with another name are not images of the kind."""
    files = {name.replace("/cat/", "/owl/"): content for name, content in class_files(pictures()).items()}
    assert "hasn't: owl" in refused(write_zip(tmp_path / "a.zip", files))


@pytest.mark.parametrize("name", [CAT, "notes.txt"])
def test_a_zip_that_unpacks_to_far_more(name: str, tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """A member larger than any image of the kind is refused by its size alone, before it is unpacked."""
    path = images_zip(tmp_path, {name: bytes(30 << 20)})
    assert path.stat().st_size < 1 << 20
    assert f"{name} unpacks to {30 << 20} bytes" in refused(path)


def test_a_zip_whose_size_lies(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """A member that has more content than its header says is refused."""
    files = class_files(pictures())
    size = len(files[CAT])
    path = write_zip(tmp_path / "a.zip", {CAT: bytes(30 << 20), **{k: v for k, v in files.items() if k != CAT}})
    lie = path.read_bytes().replace((30 << 20).to_bytes(4, "little"), size.to_bytes(4, "little"))
    path.write_bytes(lie)
    assert "0000.png can't be read" in refused(path)


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_tar_that_unpacks_to_far_more(kind: bytes, tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """Neither a huge member nor a huge header is unpacked into memory."""
    path = tmp_path / "cifar-10-binary.tar.gz"
    info = member("cifar-10-batches-bin/data_batch_1.bin", kind)
    info.size = 30 << 20
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        archive.addfile(info, io.BytesIO(bytes(30 << 20)))
    assert "bytes" in refused(path)


def test_a_member_without_a_name(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """A zip whose directory has an entry without a name is refused."""
    path = images_zip(tmp_path, {"a": b""})
    content = path.read_bytes()
    # The last entry of the directory, 46 bytes and a name of one; both lengths and the name go.
    at = content.rindex(b"PK\1\2")
    entry = content[at : at + 28] + b"\0\0" + content[at + 30 : at + 46]
    end = bytearray(content[at + 47 :])
    size = int.from_bytes(end[12:16], "little") - 1
    end[12:16] = size.to_bytes(4, "little")
    path.write_bytes(content[:at] + entry + end)
    assert "a.zip" in refused(path)


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of files is limited as well."""
    path = write_zip(tmp_path / "a.zip", {f"{number}.txt": b"" for number in range(20)})
    few = replace(members.limits(TINY, "zip of class folders"), members=10)
    monkeypatch.setattr(members, "limits", lambda *_: few)
    with pytest.raises(DataError, match="more than 10 files"):
        list(members.members(TINY, path, "zip of class folders"))


def test_a_damaged_archive_does_not_hide_what_was_read_before(tmp_path: Path) -> None:
    """After a failed reading the images that were stored before can still be loaded."""
    cache = tmp_path / "images"
    path = write_layout("binary archive", tmp_path / "given", pictures())
    before = load.read_in(spec.choose(TINY, path, cache), cache)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError):
        load.read_in(spec.choose(TINY, path, cache), cache)
    assert len(load.load(before, cache).train) == 30


def test_a_pipe_among_the_images(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """A named pipe in a class folder is refused; opening it would wait for ever."""
    folder: Files = class_files(pictures())
    path = write_folder(tmp_path / "folder", folder)
    os.mkfifo(path / "train" / CLASSES[0] / "pipe.png")
    assert "pipe.png is no regular file" in refused(path)


def test_a_png_with_too_few_rows(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """Rows that are missing are not black: the image isn't whole, be its chunks in order."""
    whole = png(np.full((4, 4, 3), 9, np.uint8))
    at = whole.index(b"IDAT")
    rows = zlib.compress(bytes(13 * 3))
    chunk = b"IDAT" + rows
    end = at + 8 + int.from_bytes(whole[at - 4 : at], "big")
    short = whole[: at - 4] + len(rows).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big") + whole[end:]
    assert "0000.png is not a whole PNG" in refused(images_zip(tmp_path, {CAT: short}))
