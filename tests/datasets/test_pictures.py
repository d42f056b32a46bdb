"""Photographs of any size: one identity in every layout, and what can't be read is left out and listed."""

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from experiments.datasets import CIFAR10, DOGS_VS_CATS
from report_cli.datasets import exclusions, layouts
from report_cli.datasets import load as reading
from report_cli.datasets import source as sources
from report_cli.datasets.images import ImageData
from report_cli.datasets.readers.pictures import strict_images
from report_cli.datasets.resize import resize
from report_cli.datasets.source import Source
from report_cli.errors import DataError
from tests.datasets.making import (
    MANY,
    PETS,
    PHOTO_LAYOUTS,
    Files,
    kaggle,
    microsoft,
    photo,
    photos,
    png,
    write_folder,
    write_zip,
)

# Read here, because the tests themselves see no variables of the person who runs them.
REAL = os.environ.get("REPORT_DATA")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "images"


@pytest.fixture
def read(cache: Path) -> Callable[[Path], Source]:
    return lambda path: reading.read_in(sources.choose(PETS, path, cache), cache)


@pytest.fixture
def load(cache: Path, read: Callable[[Path], Source]) -> Callable[[Path], ImageData]:
    return lambda path: reading.load(read(path), cache)


def write(path: Path, files: Files, zipped: bool) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return write_zip(path / "pets.zip", files) if zipped else write_folder(path / "pets", files)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("layout", PHOTO_LAYOUTS)
def test_every_layout_gives_the_photographs_that_were_written(
    layout: str, zipped: bool, tmp_path: Path, load: Callable[[Path], ImageData]
) -> None:
    """Kaggle's, Microsoft's and class folders, zipped or not, are found from above; all are one pool with names."""
    write(tmp_path / "given", PHOTO_LAYOUTS[layout](photos()), zipped)
    images = load(tmp_path / "given")
    assert images.classes == ("cat", "dog")
    assert (len(images.train), len(images.test)) == (8, 0)
    assert sorted(images.train.names.tolist()) == sorted(f"{name}.{number}" for name, number, _ in photos())
    for name, number, content in photos():
        (place,) = np.flatnonzero(images.train.names == f"{name}.{number}")
        label, pixels = images.train.labels[place], images.train.pixels[place]
        assert images.classes[label] == name
        assert (pixels == resize(np.asarray(Image.open(io.BytesIO(content)))[None], 8)[0]).all()


def test_neither_layout_nor_numbers_are_part_of_the_identity(tmp_path: Path, load: Callable[[Path], ImageData]) -> None:
    """The same pixels have the same ids and digest in every layout, and under other numbers and formats."""
    found = []
    renumbered = [(name, number + 70, content) for name, number, content in reversed(photos())]
    lossless = [(name, number, png(np.asarray(Image.open(io.BytesIO(content))))) for name, number, content in photos()]
    for place, (layout, album) in enumerate(
        [*((layout, photos()) for layout in PHOTO_LAYOUTS), ("kaggle", renumbered), ("microsoft", lossless)]
    ):
        images = load(write(tmp_path / str(place), PHOTO_LAYOUTS[layout](album), bool(place % 2)))
        found.append((images.digest, images.train.ids.tolist()))
    assert all(each == found[0] for each in found)


def test_the_stored_size_is_part_of_the_identity_of_the_set_alone(tmp_path: Path, cache: Path) -> None:
    """Squares of another size are other images to train on, of the same photographs."""
    path = write(tmp_path, kaggle(photos()), zipped=True)
    found = []
    for side in (8, 9):
        source = reading.read_in(sources.choose(replace(PETS, side=side), path, cache), cache)
        found.append(reading.load(source, cache))
    assert found[0].digest != found[1].digest
    assert found[0].train.ids.tolist() == found[1].train.ids.tolist()


def test_a_zip_with_one_folder_around_everything(tmp_path: Path, load: Callable[[Path], ImageData]) -> None:
    """The folder that many programs put around a zip's content is no obstacle, nor is what systems add."""
    files = {f"dogs-vs-cats/{name}": content for name, content in kaggle(photos()).items()}
    files |= {"__MACOSX/dogs-vs-cats/train/._cat.0.jpg": b"x", "dogs-vs-cats/train/.DS_Store": b"x"}
    assert len(load(write(tmp_path, files, zipped=True)).train) == 8


def test_the_format_is_that_of_the_content(tmp_path: Path, cache: Path, read: Callable[[Path], Source]) -> None:
    """A PNG called .jpg and a JPEG called .png are read and noted; a grey one counts as any other."""
    files = kaggle(photos())
    files["train/cat.0.jpg"] = photo(0, "PNG")
    files["train/dog.90.png"] = photo(901)
    files["train/dog.91.jpg"] = png(np.full((4, 6, 3), 90, np.uint8), "L")
    source = read(write(tmp_path, files, zipped=True))
    images = reading.load(source, cache)
    assert images.exclusions.mislabelled == ("train/cat.0.jpg", "train/dog.90.png", "train/dog.91.jpg")
    assert len(images.train) == 10
    assert (images.train.pixels[images.train.names == "dog.91"] == 90).all()
    assert exclusions.read(cache, str(source.digest)) == images.exclusions


@pytest.mark.parametrize("deeper", ["", "training_set/"])
def test_parts_of_any_name_are_one_pool(deeper: str, tmp_path: Path, load: Callable[[Path], ImageData]) -> None:
    """Where a set has been cut into training_set and test_set, both are read, as a folder and as a zip."""
    digests = set()
    for zipped in (True, False):
        files = {
            f"{part}_set/{deeper.replace('training', part)}{name}s/{name}.{number}.jpg": content
            for place, (name, number, content) in enumerate(photos(12))
            for part in [("training", "training", "test")[place % 3]]
        }
        images = load(write(tmp_path / str(zipped), files, zipped))
        assert len(images.train) == 12
        digests.add(images.digest)
    assert len(digests) == 1


def bomb() -> bytes:
    """Return a small PNG whose header promises more pixels than any photograph has."""
    content = bytearray(photo(1, "PNG"))
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    # The checksum of the header is behind it.
    import zlib

    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    return bytes(content)


def as_format(name: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (9, 9)).save(content, name)
    return content.getvalue()


UNREADABLE = {
    "is empty": b"",
    "is not a whole image": photo(1, width=90, height=90)[:900],
    "is no image in JPEG or PNG": as_format("BMP"),
    "has more pixels than any photograph": bomb(),
    "has colours of mode RGBA or transparency where RGB is needed": png(np.zeros((4, 4, 3), np.uint8), "RGBA"),
}


@pytest.mark.parametrize("reason", UNREADABLE)
@pytest.mark.parametrize("zipped", [True, False])
def test_what_cannot_be_read_is_left_out_and_listed(
    reason: str, zipped: bool, tmp_path: Path, cache: Path, read: Callable[[Path], Source]
) -> None:
    """An empty, cut, foreign, absurdly large or transparent file is skipped with its name and the reason."""
    files = {**microsoft(photos(MANY)), "PetImages/Dog/11702.jpg": UNREADABLE[reason]}
    source = read(write(tmp_path, files, zipped))
    images = reading.load(source, cache)
    assert [(name.rsplit("/", 1)[-1], why) for name, why in images.exclusions.skipped.items()] == [
        ("11702.jpg", reason)
    ]
    assert len(images.train) == MANY
    assert exclusions.read(cache, str(source.digest)) == images.exclusions


def test_an_animated_or_other_picture_is_listed_too(tmp_path: Path, load: Callable[[Path], ImageData]) -> None:
    """A file that was meant as an image but has another format's name is not passed over in silence."""
    images = load(write(tmp_path, {**microsoft(photos(MANY)), "PetImages/Cat/7000.gif": as_format("GIF")}, zipped=True))
    assert list(images.exclusions.skipped) == ["PetImages/Cat/7000.gif"]


def test_more_than_one_in_a_hundred_unreadable_is_an_error(tmp_path: Path, read: Callable[[Path], Source]) -> None:
    """Such a set is damaged, and the message names some of the files and how many there are."""
    files = microsoft(photos(MANY))
    for number in range(5):
        files[f"PetImages/Cat/{number}.jpg"] = b""
    with pytest.raises(DataError, match=r"5 of 400 images are unreadable .*PetImages/Cat/0.jpg is empty") as caught:
        read(write(tmp_path, files, zipped=True))
    assert "one in a hundred" in caught.value.hint


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({f"train/cat.{n}.jpg": photo(n) for n in range(9)}, "no images of dog where Dogs vs. Cats has cat and dog"),
        ({f"PetImages/Cat/{n}.jpg": photo(n) for n in range(9)}, "no images of dog where"),
        ({**kaggle(photos()), "copy/train/cat.0.jpg": photo(0)}, "in several folders: copy/train/, train/"),
        (
            {f"train/{name}/{n}.png": photo(n) for name in ("cat", "dog", "emu") for n in range(9)},
            "3 folders of images",
        ),
        ({"train.zip": b"x", "test1.zip": b"x"}, "holds train.zip: unpack it"),
        ({"a/notes.txt": b"x"}, "has no images of cat or dog"),
    ],
)
def test_what_is_no_set_of_cats_and_dogs(
    files: Files, says: str, tmp_path: Path, read: Callable[[Path], Source]
) -> None:
    """One class, more classes, two copies or a zip in a zip: the message says what was found and what is needed."""
    with pytest.raises(DataError) as caught:
        read(write(tmp_path, files, zipped=True))
    assert says in caught.value.message


def test_a_folder_of_one_class_says_what_is_missing(tmp_path: Path, read: Callable[[Path], Source]) -> None:
    """The same holds for a folder that is no zip."""
    with pytest.raises(DataError, match="no images of cat where"):
        read(write(tmp_path, {f"Dog/{n}.jpg": photo(n) for n in range(9)}, zipped=False))


def test_too_few_images_says_how_many_there_are(tmp_path: Path, cache: Path) -> None:
    """Twelve photographs are no set to train on."""
    path = write(tmp_path, kaggle(photos(12)), zipped=True)
    with pytest.raises(DataError, match="images: 6 of cat and 6 of dog") as caught:
        reading.read_in(sources.choose(DOGS_VS_CATS, path, cache), cache)
    assert "50 of each class" in caught.value.hint
    assert not list(cache.glob("decoded/*"))
    assert not list(cache.glob("tmp/*"))


def test_ten_classes_among_which_are_cats_and_dogs_are_another_kind(tmp_path: Path) -> None:
    """CIFAR-10 in class folders is not taken for photographs of pets, nor the other way round."""
    files = {f"train/{name}/{n}.png": photo(n, "PNG") for name in CIFAR10.classes for n in range(3)}
    write_zip(tmp_path / "cifar.zip", {**files, **{n.replace("train", "test"): c for n, c in files.items()}})
    with pytest.raises(DataError, match="10 folders of images"):
        sources.choose(DOGS_VS_CATS, tmp_path, tmp_path / "c")
    write_zip(tmp_path / "pets.zip", kaggle(photos()))
    assert sources.choose(DOGS_VS_CATS, tmp_path, tmp_path / "c").label == "Dogs vs. Cats from pets.zip"
    assert sources.choose(CIFAR10, tmp_path, tmp_path / "c").label == "CIFAR-10 from cifar.zip"


def with_exif(content: bytes, exif: bytes) -> bytes:
    return content[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + content[2:]


def test_orientation_and_profiles_beside_the_pixels_are_not_applied(
    tmp_path: Path, load: Callable[[Path], ImageData]
) -> None:
    """A photograph that says it lies on its side is read as it is stored."""
    upright = photo(50, width=12, height=8)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = with_exif(upright, exif.tobytes())
    assert Image.open(io.BytesIO(turned)).getexif()[0x0112] == 6
    found = []
    for number, content in enumerate((upright, turned)):
        images = load(write(tmp_path / str(number), {**kaggle(photos()), "train/cat.77.jpg": content}, zipped=True))
        found.append(images.digest)
    assert found[0] == found[1]


def test_a_damaged_header_beside_good_pixels_is_no_concern(tmp_path: Path, load: Callable[[Path], ImageData]) -> None:
    """Notes of a camera that can't be understood neither stop the reading nor lose the image."""
    content = with_exif(photo(50), b"Exif\0\0II*\0\xff\xff\xff\x7f broken")
    assert len(load(write(tmp_path, {**kaggle(photos()), "train/cat.77.jpg": content}, zipped=True)).train) == 9


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
@pytest.mark.parametrize(
    "name",
    ["train_pixels.bin", "train_labels.bin", "train_identities.bin", "names.json", "exclusions.json", "images.json"],
)
def test_a_damaged_decoded_cache_is_replaced(
    name: str, damage: str, tmp_path: Path, cache: Path, read: Callable[[Path], Source]
) -> None:
    """Whatever happens to a file of the cache, the same images come back."""
    source = read(write(tmp_path, kaggle(photos()), zipped=True))
    before = reading.load(source, cache)
    pixels, names = before.train.pixels.tobytes(), before.train.names.tolist()
    victim = cache / "decoded" / str(source.digest) / name
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.unlink()
    if damage != "remove":
        victim.write_bytes(bytes(content) if damage == "flip" else bytes(content[:-1]))
    after = reading.load(source, cache)
    assert (after.train.pixels.tobytes(), after.train.names.tolist()) == (pixels, names)


def test_loaded_pixels_stay_on_disk(tmp_path: Path, load: Callable[[Path], ImageData]) -> None:
    """The pixels are a view of the file in the cache, and can't be changed by mistake."""
    images = load(write(tmp_path, kaggle(photos()), zipped=True))
    assert isinstance(images.train.pixels.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        images.train.pixels[0] = 0


def test_reading_many_photographs_takes_little_memory(tmp_path: Path) -> None:
    """Memory doesn't grow with the number of images: 144 MB of squares are read in within 100 MB."""
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for number in range(300):
            archive.writestr(f"train/{('cat', 'dog')[number % 2]}.{number}.jpg", photo(number))
    code = (
        "import sys, resource; from pathlib import Path; from dataclasses import replace;"
        "from report_cli.datasets import load as reading, source as catalog;"
        "from experiments.datasets import DOGS_VS_CATS;"
        "data = replace(DOGS_VS_CATS, side=400);"
        "source = catalog.choose(data, Path(sys.argv[1]), Path(sys.argv[2]));"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "reading.read_in(source, Path(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "pets.zip"), str(tmp_path / "cache")]
    grown = int(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout)
    assert grown * (1 if sys.platform == "darwin" else 1024) < 100e6


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("train/cat.1275.jpg", ("train", "cat", 1275)),
        ("a/train/Dog.0007.JPG", ("a/train", "Dog", 7)),
        ("PetImages/Cat/666.jpg", ("PetImages", "Cat", 666)),
        ("x/train/cats/cat.3.jpeg", ("x", "cats", 3)),
        ("x/validation/dogs/dog_3.png", ("x", "dogs", 3)),
        ("train/dogs/cat.3.png", ("", "dogs", None)),
        ("train/dogs/rex.png", ("", "dogs", None)),
        ("training_set/cats/cat.3.jpg", ("", "cats", 3)),
        ("test_set/test_set/dogs/dog.3.jpg", ("", "dogs", 3)),
        ("train/cat.1.jpg~", None),
        ("test1/12.jpg", None),
        ("test/12.jpg", None),
        ("12.jpg", None),
        ("train/cat.1.txt", None),
        ("train/.cat.1.jpg", None),
        ("PetImages/Cat/Thumbs.db", None),
    ],
)
def test_names_say_class_and_number(name: str, expected: tuple[str, str, int | None] | None) -> None:
    """What is the prefix, the class's folder and the number in each way of naming files."""
    place = layouts.photo(name, ("cat", "dog"))
    assert (None if place is None else (place.prefix, place.folder, place.number)) == expected


@pytest.mark.skipif(not REAL, reason="REPORT_DATA names no folder with real images")
def test_the_real_photographs(cache: Path) -> None:
    """2,500 cats and 2,500 dogs, all readable, and cat 1275 is one of them."""
    source = reading.read_in(sources.choose(DOGS_VS_CATS, Path(str(REAL)), cache), cache)
    images = reading.load(source, cache)
    assert np.bincount(images.train.labels).tolist() == [2500, 2500]
    assert images.exclusions == exclusions.NOTHING_LEFT_OUT
    assert (images.train.names == "cat.1275").sum() == 1
    assert images.train.pixels.shape[1:] == (150, 150, 3)


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
