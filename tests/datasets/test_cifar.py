"""Images that are not what they claim to be: each is one clear error, and nothing of them is kept."""

import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from report_cli.datasets.spec import BINARY_FOLDER, PICKLED_FOLDER
from tests.datasets.making import (
    SIDE,
    batch,
    batches,
    binary_files,
    pickled_files,
    pictures,
    write_tar,
)

RECORD = 3 * SIDE * SIDE
FIRST = f"{PICKLED_FOLDER}/data_batch_1"
CAT = "train/cat/0000.png"


def python_tar(tmp_path: Path, name: str, content: bytes) -> Path:
    return write_tar(tmp_path / "cifar-10-python.tar.gz", {**pickled_files(pictures()), name: content})


def first_batch() -> tuple[list[int], np.ndarray[Any, np.dtype[np.uint8]]]:
    return batches(pictures())["data_batch_1"]


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
        b"\x80\x02(K\x01" + b"t" + b".",
        b"\x80\x02}" + b"(" * 50 + b"u.",
        b"\x80\x02X\xff\xff\xff\xff.",
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"\x80\x02K\x01r\xff\xff\xff\xff.",
        b"\x80\x05\x96\xff\xff\xff\xff\x02\x00\x00\x00.",
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
        (None, np.zeros((6, RECORD), np.uint16), "numpy array of bytes"),
        (None, np.zeros((6, RECORD), np.int8), "numpy array of bytes"),
        (None, np.zeros((6, RECORD), np.float32), "numpy array of bytes"),
        (None, np.zeros((6, RECORD - 3), np.uint8), "rows have 48"),
        (None, np.zeros((6, 3, RECORD // 3), np.uint8), "rows have 48"),
        (None, b"\x00" * 6 * RECORD, "numpy array of bytes"),
        (None, [[0] * RECORD] * 6, "numpy array of bytes"),
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
    assert "'data'" in refused(python_tar(tmp_path, FIRST, pickle.dumps({b"labels": [0]}, 2)))
    assert "'labels'" in refused(python_tar(tmp_path, FIRST, pickle.dumps({b"coarse_labels": [0]}, 2)))
    assert "no dictionary" in refused(python_tar(tmp_path, FIRST, pickle.dumps([0], 2)))
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
