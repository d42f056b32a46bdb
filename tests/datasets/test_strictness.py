import io

import numpy as np
import pytest
from PIL import Image, ImageFile
from report_cli.datasets.readers.strictness import strict_images


def test_truncated_images_are_refused_whatever_another_library_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that allows truncated images in the whole process does not make half an image count as one."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    whole = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)).save(whole, "JPEG")
    cut = whole.getvalue()[:-300]

    def load() -> None:
        with Image.open(io.BytesIO(cut)) as image:
            image.load()

    load()
    with strict_images(), pytest.raises(OSError, match="truncated"):
        load()
    assert ImageFile.LOAD_TRUNCATED_IMAGES
