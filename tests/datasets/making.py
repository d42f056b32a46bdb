"""Makes small sets of images in every layout that is read, whole and broken."""

import io
import pickle
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from experiments.datasets import CIFAR10, DOGS_VS_CATS
from report_cli.datasets.readers.cifar import BATCHES
from report_cli.datasets.spec import BINARY_FOLDER, PICKLED_FOLDER, Images

SIDE = 4
CLASSES = ("cat", "dog", "fox")
TINY = Images("tiny", "Tiny", len(CLASSES), SIDE, SIDE, 30, 6, CLASSES, drawn="toy-objects", draw=CIFAR10.draw)
Files = dict[str, bytes]


@dataclass
class Pictures:
    """Images in some order, by part: labels into CLASSES and pixels (N, SIDE, SIDE, 3)."""

    labels: dict[str, list[int]]
    pixels: dict[str, NDArray[np.uint8]]


def pictures(seed: int = 0, order: int = 0) -> Pictures:
    """Return the images of `seed`: 30 for training and 6 for testing, shuffled by `order` unless it is 0."""
    dice = np.random.default_rng(seed)
    made = Pictures({}, {})
    for part, count in (("train", 30), ("test", 6)):
        pixels = dice.integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
        shuffled = np.random.default_rng(order).permutation(count) if order else np.arange(count)
        made.labels[part] = [int(i) % len(CLASSES) for i in shuffled]
        made.pixels[part] = pixels[shuffled]
    return made


def batches(made: Pictures) -> dict[str, tuple[list[int], NDArray[np.uint8]]]:
    """Return labels and records (red, green and blue in rows) of each of the six batches."""
    cut = {}
    for name, part in BATCHES.items():
        rows = slice(None) if part == "test" else slice(6 * (int(name[-1]) - 1), 6 * int(name[-1]))
        pixels = made.pixels[part][rows]
        cut[name] = made.labels[part][rows], pixels.transpose(0, 3, 1, 2).reshape(len(pixels), -1)
    return cut


def binary_files(made: Pictures) -> Files:
    """Return the files of the binary archive."""
    files = {f"{BINARY_FOLDER}/batches.meta.txt": ("\n".join(CLASSES) + "\n\n").encode()}
    for name, (labels, records) in batches(made).items():
        files[f"{BINARY_FOLDER}/{name}.bin"] = np.hstack([np.array(labels, np.uint8)[:, None], records]).tobytes()
    return files


def pickled_files(made: Pictures, protocol: int = 2) -> Files:
    """Return the files of the python archive."""
    meta = {b"label_names": [name.encode() for name in CLASSES], b"num_vis": 3 * SIDE * SIDE}
    files = {f"{PICKLED_FOLDER}/batches.meta": pickle.dumps(meta, protocol)}
    for name, (labels, records) in batches(made).items():
        files[f"{PICKLED_FOLDER}/{name}"] = pickle.dumps(batch(labels, records), protocol)
    return files


def batch(labels: object, data: object) -> dict[bytes, object]:
    """Return what a pickled batch holds."""
    return {b"batch_label": b"a batch", b"labels": labels, b"data": data, b"filenames": [b"a.png", b"b.png"]}


def class_files(made: Pictures) -> Files:
    """Return the images as PNG files in class folders."""
    files = {}
    for part, labels in made.labels.items():
        for number, label in enumerate(labels):
            files[f"{part}/{CLASSES[label]}/{number:04}.png"] = png(made.pixels[part][number])
    return files


def png(pixels: NDArray[np.uint8], mode: str = "RGB") -> bytes:
    """Return `pixels` as a PNG file."""
    content = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(content, "PNG")
    return content.getvalue()


def write_tar(path: Path, files: Mapping[str, bytes], extra: tuple[tarfile.TarInfo, ...] = ()) -> Path:
    """Write a tar.gz of `files`, then the headers `extra`, which have no content."""
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return path


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a zip of `files`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_folder(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write `files` below the folder `path`."""
    for name, content in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return path


def write_layout(layout: str, folder: Path, made: Pictures) -> Path:
    """Write `made` in `layout` into `folder` and return the path of the archive, or of the folder of images."""
    folder.mkdir(parents=True, exist_ok=True)
    match layout:
        case "binary archive":
            return write_tar(folder / "cifar-10-binary.tar.gz", binary_files(made))
        case "python archive":
            return write_tar(folder / "cifar-10-python.tar.gz", pickled_files(made))
        case "binary folder":
            return write_folder(folder, binary_files(made)) / BINARY_FOLDER
        case "python folder":
            return write_folder(folder, pickled_files(made)) / PICKLED_FOLDER
        case "zip of class folders":
            return write_zip(folder / "pictures.zip", class_files(made))
        case _:
            return write_folder(folder / "pictures", class_files(made))


PETS = replace(DOGS_VS_CATS, name="pets", fewest=3, side=8)
# Four hundred photographs: two that can't be read are then less than one in a hundred.
MANY = 400


def photo(number: int, format_: str = "JPEG", width: int = 0, height: int = 0) -> bytes:
    """Return the photograph `number`, of a size of its own unless one is given."""
    dice = np.random.default_rng(number)
    size = (height or 9 + number % 5, width or 7 + number % 7, 3)
    content = io.BytesIO()
    Image.fromarray(dice.integers(0, 256, size, np.uint8)).save(content, format_)
    return content.getvalue()


def photos(count: int = 8) -> list[tuple[str, int, bytes]]:
    """Return (class, number, file) of as many cats as dogs."""
    return [(name, n, photo(n * 2 + (name == "dog"))) for n in range(count // 2) for name in ("cat", "dog")]


def kaggle(pictures: list[tuple[str, int, bytes]]) -> Files:
    """Return photographs as the competition lays them out, with its unlabelled ones."""
    files = {f"train/{name}.{number}.jpg": content for name, number, content in pictures}
    return {**files, "test1/1.jpg": photo(999), "sampleSubmission.csv": b"id,label"}


def microsoft(pictures: list[tuple[str, int, bytes]]) -> Files:
    """Return photographs as the published archive lays them out, with what lies among them."""
    files = {f"PetImages/{name.title()}/{number}.jpg": content for name, number, content in pictures}
    return {**files, "readme[1].txt": b"read me", "PetImages/Cat/Thumbs.db": b"no image"}


def class_folders(pictures: list[tuple[str, int, bytes]]) -> Files:
    """Return photographs in class folders, some of them for testing."""
    files = {}
    for place, (name, number, content) in enumerate(pictures):
        part = "validation" if place % 3 == 2 else "train"
        files[f"{part}/{name}s/{name}.{number}.jpg"] = content
    return files


PHOTO_LAYOUTS = {"kaggle": kaggle, "microsoft": microsoft, "class folders": class_folders}
