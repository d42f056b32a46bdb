"""The published ImageNet weights of VGG16's convolutions, from a local file, and the inputs they were trained on.

The file is checked against the checksum that Keras publishes before anything of it is interpreted, and it is read array
by array into an architecture of our own: a stored model can hold code, these can't.
"""

import io
import os
from collections.abc import Mapping
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from report_cli.errors import DataError

FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
ADDRESS = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{FILE}"
# As keras.applications.VGG16 checks it.
CHECKSUM = "6d6bbae143d832006294945121d1f1fc"
# Mean blue, green and red of the training images of ImageNet, 0 to 255.
MEAN_BGR = (103.939, 116.779, 123.68)

Arrays = dict[str, NDArray[Any]]


def archives() -> Path:
    """Return the folder of fetched files in the user's cache."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "report"
    return Path(os.environ.get("REPORT_CACHE") or default) / "archives"


def imagenet(shapes: Mapping[str, tuple[int, ...]], folder: Path | None = None, checksum: str = CHECKSUM) -> Arrays:
    """Return the published weights by name ("block1_conv1/kernel"), float32, with exactly these `shapes`.

    They are read from FILE in `folder`, by default `archives()`.

    Raises:
        DataError: there is no such file, it isn't the published one, or it doesn't hold these weights.
    """
    path = (archives() if folder is None else folder) / FILE
    hint = f"fetch {ADDRESS} and put it into {path.parent}"
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"the ImageNet weights of VGG16 are not there: no {path}", hint) from error
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror}", hint) from error
    found = md5(content, usedforsecurity=False).hexdigest()
    if found != checksum:
        raise DataError(f"{path} is not the published file: its MD5 is {found}, not {checksum}", f"{hint} again")
    return _read(content, path, shapes)


def caffe(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return images (N, H, W, 3) as the published weights know them: blue, green, red, each without its mean."""
    result: NDArray[np.float32] = pixels[..., ::-1].astype(np.float32) - np.array(MEAN_BGR, np.float32)
    return result


def _read(content: bytes, path: Path, shapes: Mapping[str, tuple[int, ...]]) -> Arrays:
    import h5py

    hint = f"the file must have the layout of {FILE}"
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            return {name: _array(file, name, shape, path) for name, shape in shapes.items()}
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise DataError(f"{path} is no HDF5 file of weights: {error}", hint) from error


def _array(file: Any, name: str, shape: tuple[int, ...], path: Path) -> NDArray[np.float32]:
    """Return one weight. A layer is a group whose attribute lists its kernel and its bias, in this order."""
    layer, _, weight = name.partition("/")
    hint = f"the file must have the layout of {FILE}"
    group = _own(file, layer)
    if group is None:
        raise DataError(f"{path} has no layer {layer}", hint)
    try:
        stored = group.attrs["weight_names"]
        names = [text.decode() if isinstance(text, bytes) else str(text) for text in stored]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: layer {layer} has no weight_names that are text", hint) from error
    if len(names) != 2:
        raise DataError(f"{path}: layer {layer} has {len(names)} weights, not a kernel and a bias", hint)
    stored = _own(group, names[("kernel", "bias").index(weight)])
    if not hasattr(stored, "dtype"):
        raise DataError(f"{path}: {name} is no array of this file but a link, a group or parts of other files", hint)
    if stored.shape != shape or stored.dtype != np.float32:
        raise DataError(f"{path}: {name} is {stored.dtype} of shape {stored.shape}, not float32 of shape {shape}", hint)
    return np.asarray(stored[()])


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
