"""Pretrained weights from a local file: looked for where images are, read without running anything.

A stored model can hold code; these are arrays that are read one by one into an architecture of our own.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from report_cli.datasets.spec import Weights
from report_cli.errors import AbsentError, DataError

Arrays = dict[str, NDArray[np.float32]]
_KINDS = ("kernel", "bias")


def digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return the identity of weights (sha256, hex): over names, shapes and values as float32, in order of the names."""
    state = sha256()
    for name, array in sorted(arrays.items()):
        state.update(f"{name}:{array.shape}:".encode())
        state.update(np.ascontiguousarray(array, "<f4").tobytes())
    return state.hexdigest()


def find(weights: Weights, folder: Path | None, cache: Path) -> Path:
    """Return the file with these weights: in `folder` (or `folder` itself), else among the archives of `cache`.

    A file of another name counts when its arrays are these.

    Raises:
        AbsentError: there is none; DataError: one of the name of `weights` is there, with other arrays.
    """
    faults = []
    for path in _candidates(weights, folder, cache):
        try:
            if digest(read(path)) == weights.digest:
                return path
            fault = DataError(f"{path} does not hold the weights of {weights.title}", "fetch it again")
        except DataError as error:
            fault = error
        if path.name == weights.file:
            faults.append(fault)
    if faults:
        raise faults[0]
    where = " and ".join(str(place) for place in (folder, cache / "archives") if place is not None)
    fetched = f"report data fetch {weights.name}" if weights.published else f"put {weights.file} there"
    raise AbsentError(f"{weights.file} is not there, nor a file with the same weights: looked for in {where}", fetched)


def load(weights: Weights, folder: Path | None, cache: Path) -> Arrays:
    """Return the weights by name ("block1_conv1/kernel"), float32, from the file that `find` finds.

    Raises:
        DataError: there is no such file, or it doesn't hold these weights.
    """
    return read(find(weights, folder, cache))


def read(path: Path) -> Arrays:
    """Return every kernel and bias in the HDF5 file at `path`, by layer.

    Raises:
        DataError: it can't be read, or isn't laid out as Keras does it: a group a layer, whose attribute
            `weight_names` lists its kernel and its bias, in this order.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            layers = {layer: _own(file, layer) for layer in file}
            return {name: array for layer, group in layers.items() for name, array in _layer(group, layer, path)}
    except (OSError, LookupError, ValueError, RuntimeError, TypeError, AttributeError, MemoryError) as error:
        raise DataError(f"{path} is no HDF5 file of weights: {error}", "fetch it again") from error


def _candidates(weights: Weights, folder: Path | None, cache: Path) -> Iterator[Path]:
    for place in (folder, cache / "archives"):
        if place is not None and place.is_file():
            yield from (place,) if place.suffix == ".h5" else ()
        elif place is not None and place.is_dir():
            found = [path for path in place.glob("*.h5") if path.is_file()]
            yield from sorted(found, key=lambda path: (path.name != weights.file, path.name))


def _layer(group: Any, layer: str, path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield (name, array) of the weights of one layer, where it has any."""
    if group is None:
        raise DataError(f"{path}: {layer} is no group of this file but a link")
    names = [text.decode() if isinstance(text, bytes) else str(text) for text in group.attrs.get("weight_names", ())]
    if len(names) not in (0, len(_KINDS)):
        raise DataError(f"{path}: layer {layer} has {len(names)} weights, not a kernel and a bias")
    for kind, name in zip(_KINDS, names, strict=False):
        stored = _own(group, name)
        if not hasattr(stored, "dtype"):
            raise DataError(f"{path}: {layer}/{kind} is no array of this file but a link, a group or parts of others")
        if stored.dtype != np.float32:
            raise DataError(f"{path}: {layer}/{kind} is {stored.dtype}, not float32")
        yield f"{layer}/{kind}", np.asarray(stored[()])


def _own(group: Any, name: str) -> Any:
    """Return what is stored as `name` in `group` itself; None where a link, or parts of other files, lead elsewhere."""
    import h5py

    for part in name.split("/"):
        hard = isinstance(group, h5py.Group) and isinstance(group.get(part, getlink=True), h5py.HardLink)
        if part in ("", ".", "..") or not hard:
            return None
        group = group[part]
    borrowed = isinstance(group, h5py.Dataset) and (group.is_virtual or group.external is not None)
    return None if borrowed else group
