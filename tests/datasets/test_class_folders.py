"""Class folders of images of one size, zipped or not: what doesn't belong is one clear error."""

import io
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from report_cli.datasets import load
from report_cli.datasets import source as sources
from tests.datasets.making import CLASSES, TINY, Files, class_files, pictures, png, write_folder, write_zip

CAT = "train/cat/0000.png"


def images_zip(tmp_path: Path, change: Mapping[str, bytes | None]) -> Path:
    """Return a zip of the images with some files exchanged, added or (None) left out."""
    files = {**class_files(pictures()), **change}
    return write_zip(tmp_path / "a.zip", {name: content for name, content in files.items() if content is not None})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({CAT: png(np.zeros((4, 5, 3), np.uint8))}, "0000.png has 5x4 pixels where the others have 4x4"),
        ({CAT: b"this is no image"}, "0000.png is no image in PNG"),
        ({CAT: b""}, "0000.png is empty"),
        ({CAT: png(np.zeros((4, 4, 3), np.uint8))[:40]}, "0000.png is"),
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

    content = io.BytesIO()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(content, "JPEG")
    assert "is no image in PNG" in refused(images_zip(tmp_path, {CAT: content.getvalue()}))


def test_other_classes_than_those_of_the_kind(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """Class folders of the right number with another name are not images of the kind."""
    files = {name.replace("/cat/", "/owl/"): content for name, content in class_files(pictures()).items()}
    assert "hasn't: owl" in refused(write_zip(tmp_path / "a.zip", files))


def test_a_pipe_among_the_images(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    """A named pipe in a class folder is refused; opening it would wait for ever."""
    folder: Files = class_files(pictures())
    path = write_folder(tmp_path / "folder", folder)
    os.mkfifo(path / "train" / CLASSES[0] / "pipe.png")
    assert "pipe.png is no regular file" in refused(path)


def test_what_systems_and_editors_leave_is_ignored(tmp_path: Path) -> None:
    """Hidden files, backups and links that lead nowhere are in no one's way."""
    folder = write_folder(tmp_path / "folder", class_files(pictures()))
    for name in ("._0000.png", ".DS_Store", "0000.png~"):
        (folder / "train" / "cat" / name).write_bytes(b"no image")
    (folder / "train" / "cat" / "gone.png").symlink_to(tmp_path / "gone.png")
    source = sources.choose(TINY, folder, tmp_path / "images")
    assert load.read_in(source, tmp_path / "images").digest
