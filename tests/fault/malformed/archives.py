"""Official archives (tar.gz) with what doesn't belong, cut short, damaged, or no archives at all."""

import gzip
import io
import tarfile
from collections.abc import Mapping

from experiments.datasets import CIFAR10
from report_cli.datasets.readers.cifar import BATCHES
from report_cli.datasets.spec import BINARY_FOLDER
from tests.datasets.making import write_tar
from tests.fault.malformed.case import CHECK, Case, Place, cut, flipped

NAME = "cifar-10-binary.tar.gz"
RECORD = 1 + 3 * 32 * 32
CLASSES = CIFAR10.classes
FIRST = f"{BINARY_FOLDER}/data_batch_1.bin"
HTML = b"<!doctype html><html><head><title>Log in</title></head><body>Please log in.</body></html>"


def whole() -> dict[str, bytes]:
    """Return the files of an archive in which all is right but the number of images."""
    found = {f"{BINARY_FOLDER}/batches.meta.txt": ("\n".join(CLASSES) + "\n").encode()}
    for number, batch in enumerate(BATCHES):
        found[f"{BINARY_FOLDER}/{batch}.bin"] = bytes([number]) + bytes(RECORD - 1)
    return found


def packed(files: Mapping[str, bytes], extra: tuple[tarfile.TarInfo, ...] = ()) -> bytes:
    """Return a tar.gz of `files`, then of the headers `extra`."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", compresslevel=1) as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
        for info in extra:
            archive.addfile(info)
    return content.getvalue()


def cases() -> list[Case]:
    found = [*_members(), *_contents(), *_bombs()]
    content = packed(whole())
    found += [_given(f"cut at {n}/16", cut(content, n / 16), NAME) for n in range(16)]
    found += [_given(f"bits changed, {n}", flipped(content, n, 3), NAME) for n in range(24)]
    found += [
        _given("a login page", HTML, NAME, "can't be read"),
        _given("a login page in gzip", gzip.compress(HTML), NAME, "can't be read"),
        _given("gzip of zeros", gzip.compress(bytes(10_240)), "has no cifar-10-batches-bin/data_batch_1.bin"),
        _given("its checksum is wrong", content[:-8] + bytes(4) + content[-4:], NAME, "CRC"),
        _given("text behind it", content + b"more", NAME, "can't be read"),
        _given("a tar that isn't packed", gzip.decompress(content), NAME, "can't be read"),
        _given("an archive in an archive", packed({NAME: content}), NAME, "has no"),
    ]
    return found


def _given(name: str, content: bytes, *says: str) -> Case:
    def spoil(place: Place) -> None:
        place.write(f"given/{NAME}", content)

    return Case(f"tar: {name}", CHECK, spoil, says)


def _members() -> list[Case]:
    kinds = {
        "link": tarfile.SYMTYPE,
        "hard link": tarfile.LNKTYPE,
        "pipe": tarfile.FIFOTYPE,
        "character device": tarfile.CHRTYPE,
        "block device": tarfile.BLKTYPE,
    }
    found = []
    for name, kind in kinds.items():
        info = tarfile.TarInfo(f"{BINARY_FOLDER}/extra")
        info.type, info.linkname = kind, "/etc/passwd"
        found.append(_given(f"a {name}", packed(whole(), (info,)), NAME, "extra is no regular file"))
    # Contiguous files are regular ones to tarfile, as to POSIX: this one is read, and is no batch.
    info.type, info.linkname = tarfile.CONTTYPE, ""
    return [*found, _given("a contiguous file", packed(whole(), (info,)), NAME, "5 images in train")]


def _contents() -> list[Case]:
    record = bytes(RECORD)
    wrong = {
        "half a record": (record[:-1], "not a whole number of records"),
        "one byte more": (record + b"\0", "not a whole number of records"),
        "label 10": (b"\x0a" + record[1:], "label 10 where labels are 0 to 9"),
        "label 255 at the end": (record * 9 + b"\xff" + record[1:], "label 255"),
        "a login page for a batch": (HTML, "not a whole number of records"),
    }
    found = [_given(name, packed({**whole(), FIRST: content}), FIRST, says) for name, (content, says) in wrong.items()]
    for batch in BATCHES:
        missing = f"{BINARY_FOLDER}/{batch}.bin"
        files = {name: content for name, content in whole().items() if name != missing}
        found.append(_given(f"without {batch}", packed(files), NAME, f"has no {missing}"))
    names = f"{BINARY_FOLDER}/batches.meta.txt"
    for name, text, says in (
        ("names that are no text", b"\xff\xfe\x00", "not text"),
        ("no names", b"", "0 classes"),
        ("nine names", "\n".join(CLASSES[:9]).encode(), "9 classes"),
        ("other names", "\n".join((*CLASSES[:9], "owl")).encode(), "hasn't: owl"),
        ("a name twice", "\n".join((*CLASSES[:9], "cat")).encode(), "classes"),
    ):
        found.append(_given(name, packed({**whole(), names: text}), NAME, says))
    found.append(_given("an empty batch", packed({**whole(), FIRST: b""}), NAME, "4 images in train"))
    return found


def _bombs() -> list[Case]:
    def header(place: Place) -> None:
        info = tarfile.TarInfo(FIRST)
        info.size = 1 << 40
        write_tar(place.write(f"given/{NAME}", b""), {}, (info,))

    def batch(place: Place) -> None:
        place.write(f"given/{NAME}", packed({FIRST: bytes(400 << 20)}))

    return [
        Case("tar: a batch of 400 MB", CHECK, batch, (FIRST, "unpacks to")),
        Case("tar: a header of a terabyte", CHECK, header, (FIRST, "unpacks to")),
    ]
