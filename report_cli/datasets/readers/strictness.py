"""How pictures are opened: what is cut short, or unpacks to far more than its size, is an error."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageFile


@contextmanager
def strict_images() -> Iterator[None]:
    """Within the block Pillow refuses truncated images and decompression bombs, whatever another library has set.

    WeasyPrint, for one, allows truncated images in the whole process as soon as it is imported.
    """
    allowed, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        with warnings.catch_warnings():
            # What else is odd in a header is no one's concern.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = allowed


def check_rows(png: bytes) -> None:
    """Raise ValueError unless the whole PNG has every row that its header announces: Pillow leaves missing ones black.

    Interlaced ones, which have more bytes than that, are only known to have no fewer.
    """
    width, height, depth, colours = struct.unpack(">IIBB", png[16:26])
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colours]
    wanted = height * (1 + (width * depth * samples + 7) // 8)
    unpacker, got = zlib.decompressobj(), 0
    for packed in _image_data(png):
        while packed and got < wanted:
            got += len(unpacker.decompress(packed, 1 << 20))
            packed = unpacker.unconsumed_tail
    if got < wanted:
        raise ValueError("it has fewer rows than its header says")


def _image_data(png: bytes) -> Iterator[bytes]:
    """Yield the content of each chunk of pixels."""
    at = 8
    while at + 8 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            yield png[at + 8 : at + 8 + length]
        at += 12 + length
