"""How pictures are opened: what is cut short, or unpacks to far more than its size, is an error."""

import warnings
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
