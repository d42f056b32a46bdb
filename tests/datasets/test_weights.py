"""Pretrained weights: known by their arrays, wherever they lie, and read without following anything."""

import os
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from experiments.datasets import VGG16
from report_cli.datasets import weights
from report_cli.datasets.spec import Weights
from report_cli.errors import AbsentError, DataError

# Read here, because the tests themselves see no variables of the person who runs them.
REAL = os.environ.get("REPORT_DATA")
SHAPES = {
    "block1_conv1/kernel": (3, 3, 3, 8),
    "block1_conv1/bias": (8,),
    "block1_conv2/kernel": (3, 3, 8, 8),
    "block1_conv2/bias": (8,),
}
RNG = np.random.default_rng(0)
ARRAYS = {name: RNG.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}
SMALL = Weights("small", "Small", "small.h5", weights.digest(ARRAYS))


def write(path: Path, arrays: dict[str, np.ndarray], names: str = "W b") -> Path:
    """Write `arrays` as Keras lays them out, under names of the publisher's own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.create_group("block1_pool").attrs["weight_names"] = []
        for name, array in arrays.items():
            layer, weight = name.split("/")
            group = file.require_group(layer)
            stored = f"{layer}_{names.split()[weight == 'bias']}_1:0"
            group[stored] = array
            group.attrs["weight_names"] = [*group.attrs.get("weight_names", []), stored]
    return path


def test_the_same_arrays_in_other_bytes_are_the_same_weights(tmp_path: Path) -> None:
    """A file of another name, with other names inside, is found in the folder, and before the cache."""
    cache = tmp_path / "cache"
    fetched = write(cache / "archives" / SMALL.file, ARRAYS)
    assert weights.find(SMALL, None, cache) == fetched
    given = write(tmp_path / "given" / "other.h5", ARRAYS, names="kernel bias")
    assert given.read_bytes() != fetched.read_bytes()
    for place in (given, given.parent):
        assert weights.find(SMALL, place, cache) == given
    found = weights.load(SMALL, given.parent, cache)
    assert found.keys() == SHAPES.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


def test_absent_weights_say_how_to_get_them(tmp_path: Path) -> None:
    """Without the file the error names it and the places, and the hint the command that fetches it."""
    with pytest.raises(AbsentError, match="is not there") as caught:
        weights.load(SMALL, tmp_path, tmp_path / "cache")
    assert str(tmp_path / "cache" / "archives") in caught.value.message
    with pytest.raises(AbsentError) as caught:
        weights.load(VGG16, None, tmp_path)
    assert "report data fetch vgg16-imagenet" in caught.value.hint


def test_other_arrays_under_the_name_are_an_error(tmp_path: Path) -> None:
    """One value, one shape or one name more or less makes other weights; a foreign file beside is no concern."""
    for name, array in {
        "block1_conv1/bias": ARRAYS["block1_conv1/bias"] + 1,
        "block1_conv2/bias": np.ones(9, np.float32),
        "block1_conv3/bias": np.ones(8, np.float32),
    }.items():
        others = {**ARRAYS, name: array} if name in ARRAYS else {**ARRAYS, name: array, name[:-4] + "kernel": array}
        write(tmp_path / SMALL.file, others)
        with pytest.raises(DataError, match="does not hold the weights of Small"):
            weights.find(SMALL, tmp_path, tmp_path / "cache")
        (tmp_path / SMALL.file).rename(tmp_path / "foreign.h5")
        with pytest.raises(AbsentError):
            weights.find(SMALL, tmp_path, tmp_path / "cache")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"block1_conv1/kernel": ARRAYS["block1_conv1/kernel"]}, "layer block1_conv1 has 1 weights"),
        ({**ARRAYS, "block1_conv1/bias": np.ones(8)}, "block1_conv1/bias is float64"),
    ],
)
def test_other_layouts_are_refused(arrays: dict[str, np.ndarray], message: str, tmp_path: Path) -> None:
    """A layer without a bias, and another type of numbers, are one clear error each."""
    with pytest.raises(DataError, match=message):
        weights.read(write(tmp_path / "a.h5", arrays))


@pytest.mark.parametrize("lead", ["link", "soft link", "virtual", "external"])
def test_what_leads_to_other_files_is_refused(tmp_path: Path, lead: str) -> None:
    """Links, and arrays whose content lies in other files, are never followed."""
    path, elsewhere = write(tmp_path / "a.h5", ARRAYS), write(tmp_path / "elsewhere.h5", ARRAYS)
    name, shape = "block1_conv1_W_1:0", SHAPES["block1_conv1/kernel"]
    with h5py.File(path, "a") as file:
        group = file["block1_conv1"]
        del group[name]
        if lead == "link":
            group[name] = h5py.ExternalLink(str(elsewhere), f"/block1_conv1/{name}")
        elif lead == "soft link":
            group[name] = h5py.SoftLink("/block1_conv2/block1_conv2_W_1:0")
        elif lead == "virtual":
            layout = h5py.VirtualLayout(shape, np.float32)
            layout[:] = h5py.VirtualSource(str(elsewhere), f"block1_conv1/{name}", shape)
            group.create_virtual_dataset(name, layout)
        else:
            size = int(np.prod(shape)) * 4
            group.create_dataset(name, shape, np.float32, external=[(str(elsewhere), 0, size)])
    with pytest.raises(DataError, match="block1_conv1/kernel is no array of this file"):
        weights.read(path)


def test_what_is_no_hdf5_is_refused(tmp_path: Path) -> None:
    """A file that is no HDF5, or half of one, is an error that names it."""
    path = write(tmp_path / "a.h5", ARRAYS)
    for content in (b"", b"no weights", path.read_bytes()[:3000]):
        path.write_bytes(content)
        with pytest.raises(DataError, match="no HDF5 file of weights"):
            weights.read(path)


def test_the_published_file_is_that_of_keras() -> None:
    """The installed Keras fetches the same file under the same checksum."""
    keras = pytest.importorskip("keras")
    text = (Path(keras.__file__).parent / "src" / "applications" / "vgg16.py").read_text()
    assert VGG16.published is not None
    assert VGG16.published.name == VGG16.file
    assert VGG16.published.name in text
    assert VGG16.published.checksum[1] in text


@pytest.mark.skipif(not REAL, reason="REPORT_DATA names no folder with pretrained weights")
def test_the_real_weights_are_found_by_their_arrays(tmp_path: Path) -> None:
    """A file of another name and other bytes has the published weights: 13 convolutions of 14,714,688 numbers."""
    found = weights.load(VGG16, Path(str(REAL)), tmp_path)
    assert len(found) == 26
    assert sum(array.size for array in found.values()) == 14_714_688
    with pytest.raises(AbsentError):
        weights.find(replace(VGG16, digest="0" * 64), Path(str(REAL)), tmp_path)
