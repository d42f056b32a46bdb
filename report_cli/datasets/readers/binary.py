"""The encoding of the official binary archive: records of one label byte and the pixels."""

import numpy as np
from numpy.typing import NDArray

from report_cli.datasets.readers.cifar import Encoding
from report_cli.datasets.spec import BINARY_FOLDER
from report_cli.errors import DataError


def _names(content: bytes) -> list[str]:
    try:
        return content.decode().split()
    except UnicodeDecodeError as error:
        raise DataError("the class names are not text") from error


def _batch(content: bytes, record_bytes: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    if len(content) % (record_bytes + 1):
        raise DataError(f"{len(content)} bytes are not a whole number of records of {record_bytes + 1} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, record_bytes + 1)
    return records[:, 0].astype(np.int64), records[:, 1:]


BINARY = Encoding(BINARY_FOLDER, ".bin", "batches.meta.txt", _names, _batch)
