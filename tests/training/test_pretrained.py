from hashlib import md5
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from report_cli.errors import DataError
from report_cli.execution.workspace import Workspace
from report_cli.project import Project, Settings
from report_cli.training import pretrained

SHAPES = {
    "block1_conv1/kernel": (3, 3, 3, 8),
    "block1_conv1/bias": (8,),
    "block1_conv2/kernel": (3, 3, 8, 8),
    "block1_conv2/bias": (8,),
}


def _arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}


def _write(folder: Path, arrays: dict[str, np.ndarray]) -> str:
    """Write the published file's layout and return its checksum."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / pretrained.FILE
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            layer, weight = name.split("/")
            group = file.require_group(layer)
            stored = f"{layer}_{'W' if weight == 'kernel' else 'b'}_1:0"
            group[stored] = array
            group.attrs["weight_names"] = [*group.attrs.get("weight_names", []), stored]
    return md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def test_weights_are_read_by_name(tmp_path: Path) -> None:
    """A file in the published layout gives exactly its arrays, from the user's cache unless another folder is named."""
    arrays = _arrays()
    checksum = _write(tmp_path, arrays)
    found = pretrained.imagenet(SHAPES, tmp_path, checksum)
    assert list(found) == list(SHAPES)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
    _write(pretrained.archives(), arrays)
    assert list(pretrained.imagenet(SHAPES, checksum=checksum)) == list(SHAPES)


def test_a_missing_file_says_what_to_fetch_and_where_to_put_it() -> None:
    """Without the file the error names its address and the folder."""
    with pytest.raises(DataError, match="not there") as caught:
        pretrained.imagenet(SHAPES)
    assert pretrained.ADDRESS in caught.value.hint
    assert str(pretrained.archives()) in caught.value.hint


def test_another_file_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with another checksum is never opened as HDF5, even where it holds the right arrays."""
    _write(tmp_path, _arrays())
    monkeypatch.setattr(h5py, "File", None)
    with pytest.raises(DataError, match="is not the published file: its MD5 is"):
        pretrained.imagenet(SHAPES, tmp_path)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("block1_conv2/kernel", np.ones((3, 3, 8, 9), np.float32), r"block1_conv2/kernel is float32 of shape"),
        ("block1_conv1/bias", np.ones(8, np.float64), "block1_conv1/bias is float64"),
        ("block1_conv1/bias", None, "layer block1_conv1 has 1 weights"),
        ("block1_conv2", None, "has no layer block1_conv2"),
    ],
)
def test_other_contents_are_refused(tmp_path: Path, name: str, array: np.ndarray | None, message: str) -> None:
    """A wrong shape or type, a missing weight and a missing layer are one clear error each."""
    arrays = {key: value for key, value in _arrays().items() if array is not None or not key.startswith(name)}
    if array is not None:
        arrays[name] = array
    checksum = _write(tmp_path, arrays)
    with pytest.raises(DataError, match=message) as caught:
        pretrained.imagenet(SHAPES, tmp_path, checksum)
    assert pretrained.FILE in caught.value.hint


@pytest.mark.parametrize("lead", ["link", "soft link", "virtual", "external"])
def test_what_leads_to_other_files_is_refused(tmp_path: Path, lead: str) -> None:
    """Links, and arrays whose content lies in other files, are never followed."""
    _write(tmp_path, _arrays())
    elsewhere, name, shape = tmp_path / "elsewhere.h5", "block1_conv1_W_1:0", SHAPES["block1_conv1/kernel"]
    elsewhere.write_bytes((tmp_path / pretrained.FILE).read_bytes())
    with h5py.File(tmp_path / pretrained.FILE, "a") as file:
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
    checksum = md5((tmp_path / pretrained.FILE).read_bytes(), usedforsecurity=False).hexdigest()
    with pytest.raises(DataError, match="block1_conv1/kernel is no array of this file"):
        pretrained.imagenet(SHAPES, tmp_path, checksum)


def test_what_is_no_hdf5_is_refused(tmp_path: Path) -> None:
    """A file that has the checksum and is no HDF5, or half of one, is an error of the program's own kind."""
    _write(tmp_path, _arrays())
    path = tmp_path / pretrained.FILE
    for content in (b"", b"no weights", path.read_bytes()[:3000]):
        path.write_bytes(content)
        with pytest.raises(DataError, match="no HDF5 file of weights"):
            pretrained.imagenet(SHAPES, tmp_path, md5(content, usedforsecurity=False).hexdigest())


def test_address_and_checksum_are_those_of_keras() -> None:
    """The installed Keras fetches the same file under the same checksum."""
    source = Path(keras.__file__).parent / "src" / "applications" / "vgg16.py"
    text = source.read_text()
    assert pretrained.CHECKSUM in text
    assert pretrained.FILE in text


def test_inputs_are_those_of_keras() -> None:
    """Images become what `preprocess_input` of Keras makes of them, to the last bit."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.uint8)
    expected = keras.applications.vgg16.preprocess_input(pixels.astype(np.float32))
    np.testing.assert_array_equal(pretrained.caffe(pixels), expected)


@pytest.mark.parametrize("name", ["REPORT_CACHE", "XDG_CACHE_HOME", ""])
def test_the_folder_is_in_the_cache_of_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The weights are looked for where the program keeps what was fetched."""
    monkeypatch.delenv("REPORT_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if name:
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    workspace = Workspace.open(Project(tmp_path, Settings()), lambda text: None)
    assert pretrained.archives() == workspace.cache / "archives"
