"""Images have one identity in every layout, and what is loaded is what was read in."""

import itertools
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments.datasets import CIFAR10
from report_cli.datasets import index, load
from report_cli.datasets import source as sources
from report_cli.datasets.images import ImageData
from report_cli.datasets.source import Source
from report_cli.errors import DataError
from tests.datasets.making import CLASSES, TINY, Pictures, pictures, write_layout

# Read here, because the tests themselves see no variables of the person who runs them.
REAL = os.environ.get("REPORT_DATA")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "images"


def read(folder: Path, cache: Path) -> Source:
    return load.read_in(sources.choose(TINY, folder, cache), cache)


def stored(images: ImageData) -> set[tuple[str, bytes]]:
    parts = (("train", images.train), ("test", images.test))
    return {
        (f"{name} {images.classes[label]}", pixels.tobytes())
        for name, part in parts
        for label, pixels in zip(part.labels.tolist(), part.pixels, strict=True)
    }


def made_of(made: Pictures) -> set[tuple[str, bytes]]:
    return {
        (f"{part} {CLASSES[label]}", pixels.tobytes())
        for part in ("train", "test")
        for label, pixels in zip(made.labels[part], made.pixels[part], strict=True)
    }


@pytest.mark.parametrize("layout", TINY.layouts)
def test_every_layout_gives_the_pictures_that_were_written(layout: str, tmp_path: Path, cache: Path) -> None:
    """Each layout is recognised, and class, part and pixels of every image come back."""
    path = write_layout(layout, tmp_path / "given", pictures())
    source = read(tmp_path / "given", cache)
    assert (source.layout, source.path) == (layout, path)
    assert stored(load.load(source, cache)) == made_of(pictures())


def test_order_and_layout_do_not_change_the_identity(tmp_path: Path, cache: Path) -> None:
    """The same pixels in another order and layout have the same digest and ids; other pixels have others."""
    digests, ids = set(), set()
    for order, layout in enumerate(TINY.layouts):
        write_layout(layout, tmp_path / layout, pictures(order=order))
        source = read(tmp_path / layout, cache)
        digests.add(source.digest)
        ids.add(tuple(load.load(source, cache).train.ids.tolist()))
    write_layout("binary archive", tmp_path / "other", pictures(seed=1))
    assert len(digests) == len(ids) == 1
    assert read(tmp_path / "other", cache).digest not in digests


def test_ids_are_sorted_and_belong_to_the_pixels(tmp_path: Path, cache: Path) -> None:
    """Parts are in the order of their ids, and an image keeps its id when all others change."""
    made, other = pictures(), pictures(seed=1)
    other.pixels["train"][0], other.labels["train"][0] = made.pixels["train"][3], made.labels["train"][3]
    other.labels["train"][3] = pictures(seed=1).labels["train"][0]
    loaded = []
    for number, each in enumerate((made, other)):
        write_layout("binary archive", tmp_path / str(number), each)
        loaded.append(load.load(read(tmp_path / str(number), cache), cache))
    assert all(loaded[0].train.ids[:-1] < loaded[0].train.ids[1:])
    (same,) = set(loaded[0].train.ids.tolist()) & set(loaded[1].train.ids.tolist())
    assert (loaded[0].train.pixels[loaded[0].train.ids == same] == made.pixels["train"][3]).all()


def test_the_part_belongs_to_the_identity(tmp_path: Path, cache: Path) -> None:
    """Exchanging a training image with a test image of the same class gives another digest."""
    made = pictures()
    swapped = pictures()
    i, j = swapped.labels["train"].index(0), swapped.labels["test"].index(0)
    swapped.pixels["train"][i], swapped.pixels["test"][j] = made.pixels["test"][j], made.pixels["train"][i]
    write_layout("binary archive", tmp_path / "a", made)
    write_layout("binary archive", tmp_path / "b", swapped)
    assert read(tmp_path / "a", cache).digest != read(tmp_path / "b", cache).digest


@pytest.mark.parametrize("name", ["train_pixels.bin", "train_labels.bin", "test_pixels.bin", "images.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_decoded_cache_is_replaced(name: str, damage: str, tmp_path: Path, cache: Path) -> None:
    """Whatever happens to a file of the decoded cache, the right images are loaded, from the cache again afterwards."""
    path = write_layout("binary archive", tmp_path / "given", pictures())
    source = read(tmp_path / "given", cache)
    victim = cache / "decoded" / str(source.digest) / name
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(bytes(content) if damage == "flip" else bytes(content[:-1]))
    if damage == "remove":
        victim.unlink()
    assert stored(load.load(source, cache)) == made_of(pictures())
    path.unlink()
    assert stored(load.load(source, cache)) == made_of(pictures())


def test_every_flipped_byte_of_the_decoded_cache_is_noticed(tmp_path: Path, cache: Path) -> None:
    """No single changed byte of the decoded cache is loaded as if it were the images."""
    path = write_layout("binary archive", tmp_path / "given", pictures())
    source = read(tmp_path / "given", cache)
    path.unlink()
    folder = cache / "decoded" / str(source.digest)
    for victim in sorted(folder.iterdir()):
        content = victim.read_bytes()
        for place in range(0, len(content), 7):
            victim.write_bytes(content[:place] + bytes([content[place] ^ 0x11]) + content[place + 1 :])
            try:
                images = load.load(source, cache)
            except DataError:
                continue
            assert stored(images) == made_of(pictures())
        victim.write_bytes(content)


def test_images_that_were_exchanged_are_not_loaded_under_the_old_digest(tmp_path: Path, cache: Path) -> None:
    """When the decoded cache is gone and the source holds other images by now, loading fails and says so."""
    path = write_layout("binary archive", tmp_path / "given", pictures())
    source = read(tmp_path / "given", cache)
    write_layout("binary archive", tmp_path / "given", pictures(seed=1))
    (cache / "decoded" / str(source.digest) / "images.json").unlink()
    with pytest.raises(DataError, match="no longer those") as caught:
        load.load(source, cache)
    assert str(path.parent) not in caught.value.message


def test_loading_reads_in_what_was_not_read_in_yet(tmp_path: Path, cache: Path) -> None:
    """A source without a digest can be loaded as well."""
    write_layout("class folders", tmp_path / "given", pictures())
    source = sources.choose(TINY, tmp_path / "given", cache)
    assert source.digest is None
    assert stored(load.load(source, cache)) == made_of(pictures())


def test_reading_in_again_notices_damage_behind_an_unchanged_signature(tmp_path: Path, cache: Path) -> None:
    """A check really reads: an archive whose bytes rotted without a new size or time is found out."""
    path = write_layout("binary archive", tmp_path / "given", pictures())
    source = read(tmp_path / "given", cache)
    times = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert sources.choose(TINY, path, cache).digest == source.digest
    with pytest.raises(DataError):
        load.read_in(replace(source, digest=None), cache)
    assert stored(load.load(source, cache)) == made_of(pictures())


def test_an_archive_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is stored when the signature after reading isn't the one before."""
    path = write_layout("binary archive", tmp_path / "given", pictures())
    source = sources.choose(TINY, path, cache)
    before = sorted(cache.rglob("*"))
    numbers = itertools.count()
    monkeypatch.setattr(index, "signature", lambda *_: f"signature {next(numbers)}")
    with pytest.raises(DataError, match="changed while it was read"):
        load.read_in(source, cache)
    assert {p.name for p in set(cache.rglob("*")) - set(before)} <= {"reading.lock", "tmp"}


def test_a_cache_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    """Where the cache should be there is a file: reading in fails with the place, not with a traceback."""
    write_layout("binary archive", tmp_path / "given", pictures())
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DataError, match="can't be stored"):
        read(tmp_path / "given", tmp_path / "taken")


def test_embedded_images_need_no_files(cache: Path) -> None:
    """Embedded images are loaded without a folder, and nothing is written for them."""
    source = sources.choose(TINY, None, cache)
    assert load.read_in(source, cache) == source
    images = load.load(source, cache)
    assert (images.origin, images.label, source.digest) == ("drawn", "drawn toy-objects", None)
    assert not cache.exists()


@pytest.mark.skipif(not REAL, reason="REPORT_DATA names no folder with real images")
def test_the_real_images_are_those_that_were_published(cache: Path) -> None:
    """CIFAR-10 has 50,000 and 10,000 images in ten equal classes and the published channel means."""
    source = load.read_in(sources.choose(CIFAR10, Path(str(REAL)), cache), cache)
    images = load.load(source, cache)
    means = [round(float(images.train.pixels[..., channel].mean() / 255), 4) for channel in range(3)]
    assert means == [0.4914, 0.4822, 0.4465]
    assert np.bincount(images.train.labels).tolist() == [5000] * 10
    assert np.bincount(images.test.labels).tolist() == [1000] * 10
    assert source.digest == "b412f80772f680777420d96cd85f0c3fc4a5a7376bf1d5481ef433c113e2fd4d"
