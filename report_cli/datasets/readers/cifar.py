"""Reads the six batches and the class names that an official CIFAR-10 archive consists of, in either encoding."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from report_cli.datasets.images import Raw
from report_cli.datasets.readers.archive import Member
from report_cli.datasets.spec import Images
from report_cli.errors import DataError

BATCHES = {
    "data_batch_1": "train",
    "data_batch_2": "train",
    "data_batch_3": "train",
    "data_batch_4": "train",
    "data_batch_5": "train",
    "test_batch": "test",
}


class Encoding(NamedTuple):
    """How an archive writes what is in it; both functions raise DataError without a place, which is added here.

    `batch` returns labels (N,) int64 and records (N, 3 * H * W) uint8, each red, green and blue in rows.
    """

    folder: str
    suffix: str
    names_file: str
    names: Callable[[bytes], list[str]]
    batch: Callable[[bytes, int], tuple[NDArray[np.int64], NDArray[np.uint8]]]


def read(
    encoding: Encoding, members: Iterable[Member], archive: str, kind: Images
) -> tuple[tuple[str, ...], dict[str, Raw]]:
    """Return the class names and the images of each part.

    Raises:
        DataError: a file is missing or is not what its name says.
    """
    files = {name + encoding.suffix: part for name, part in BATCHES.items()}
    missing = [*files, encoding.names_file]
    classes: tuple[str, ...] = ()
    found: dict[str, list[Raw]] = {"train": [], "test": []}
    for member in members:
        name = member.name.removeprefix(encoding.folder + "/")
        if name not in missing:
            continue
        missing.remove(name)
        content = member.read()
        try:
            if name == encoding.names_file:
                classes = tuple(encoding.names(content))
            else:
                found[files[name]].append(_batch(encoding, content, kind))
        except DataError as error:
            raise DataError(f"{archive}: {member.name}: {error.message}", error.hint) from error
    if missing:
        raise DataError(
            f"{archive} has no {encoding.folder}/{missing[0]}", "it is not the official archive of its name"
        )
    return classes, {part: _joined(batches) for part, batches in found.items()}


def _batch(encoding: Encoding, content: bytes, kind: Images) -> Raw:
    assert kind.height, f"official archives hold images of one size: {kind.name}"
    assert kind.width
    labels, records = encoding.batch(content, 3 * kind.height * kind.width)
    if len(labels) != len(records):
        raise DataError(f"{len(labels)} labels for {len(records)} images")
    wrong = labels[(labels < 0) | (labels >= kind.class_count)]
    if len(wrong):
        raise DataError(f"label {wrong[0]} where labels are 0 to {kind.class_count - 1}")
    planes = records.reshape(len(records), 3, kind.height, kind.width)
    return Raw(labels, np.ascontiguousarray(planes.transpose(0, 2, 3, 1)))


def _joined(batches: list[Raw]) -> Raw:
    return Raw(np.concatenate([batch.labels for batch in batches]), np.concatenate([batch.pixels for batch in batches]))
