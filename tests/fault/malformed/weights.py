"""Weights that are not those of the architecture, or HDF5 files that lead elsewhere."""

import io
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from report_cli.datasets import weights
from tests.fault.malformed.case import Case, Place, cut, flipped

RUN = ("run", "weights")
FILE = "small.h5"
KERNEL, BIAS = (3, 3, 3, 8), (8,)
ARRAYS = {"block1_conv1/kernel": np.ones(KERNEL, np.float32), "block1_conv1/bias": np.ones(BIAS, np.float32)}
DIGEST = weights.digest(ARRAYS)
OTHER = "does not hold the weights"
Change = Callable[[Any], None]


def whole(change: Change = lambda file: None) -> bytes:
    """Return a file of weights in the published layout, changed."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        layer = file.create_group("block1_conv1")
        layer["W"], layer["b"] = ARRAYS.values()
        layer.attrs["weight_names"] = ["W", "b"]
        change(file)
    return content.getvalue()


def cases() -> list[Case]:
    content = whole()
    found = [_given(name, whole(change), FILE, says) for name, (change, says) in _changes().items()]
    found += [_given(f"cut at {n}/6", cut(content, n / 6), FILE) for n in range(6)]
    found += [_given(f"bits changed, {n}", flipped(content[:2000], n, 3) + content[2000:]) for n in range(8)]
    found += [
        _given("a login page", b"<html></html>", "no HDF5 file of weights"),
        _given("a pickle", b"\x80\x04N.", "no HDF5 file of weights"),
        _given("a zip", b"PK\3\4" + bytes(40), "no HDF5 file of weights"),
        Case("weights: none", RUN, lambda place: None, ("not there", FILE), start="weights"),
    ]
    return found


def _given(name: str, content: bytes, *says: str) -> Case:
    def spoil(place: Place) -> None:
        archives = place.cache / "archives"
        archives.mkdir(parents=True)
        (archives / FILE).write_bytes(content)

    skipped = None if name.startswith("bits changed") else False
    return Case(f"weights: {name}", RUN, spoil, says, start="weights", skipped=skipped)


def _replaced(name: str, value: Any) -> Change:
    def change(file: Any) -> None:
        del file[f"block1_conv1/{name}"]
        file[f"block1_conv1/{name}"] = value

    return change


def _attribute(value: Any) -> Change:
    def change(file: Any) -> None:
        del file["block1_conv1"].attrs["weight_names"]
        if value is not None:
            file["block1_conv1"].attrs["weight_names"] = value

    return change


def _renamed(file: Any) -> None:
    file.move("block1_conv1", "block9_conv9")


def _grouped(file: Any) -> None:
    del file["block1_conv1/W"]
    file.create_group("block1_conv1/W")


def _single(file: Any) -> None:
    del file["block1_conv1"]
    file["block1_conv1"] = np.ones(3, np.float32)


def _huge(file: Any) -> None:
    del file["block1_conv1/W"]
    file.create_dataset("block1_conv1/W", (1 << 20, 1 << 20), np.float32, chunks=(1024, 1024))


def _virtual(file: Any) -> None:
    del file["block1_conv1/W"]
    layout = h5py.VirtualLayout(KERNEL, np.float32)
    layout[:] = h5py.VirtualSource("elsewhere.h5", "W", KERNEL)
    file["block1_conv1"].create_virtual_dataset("W", layout)


def _external(file: Any) -> None:
    del file["block1_conv1/W"]
    size = int(np.prod(KERNEL)) * 4
    file.create_dataset("block1_conv1/W", KERNEL, np.float32, external=[("/etc/passwd", 0, size)])


def _model(file: Any) -> None:
    file.attrs["model_config"] = '{"class_name": "Lambda", "config": {"function": "mkdir canary"}}'
    del file["block1_conv1/b"]


def _changes() -> dict[str, tuple[Change, str]]:
    wide = np.ones((3, 3, 3, 9), np.float32)
    return {
        "another shape": (_replaced("W", wide), OTHER),
        "doubles": (_replaced("W", np.ones(KERNEL)), "block1_conv1/kernel is float64"),
        "numbers in text": (_replaced("b", np.array([b"1"] * 8)), "block1_conv1/bias"),
        "a single number": (_replaced("b", np.float32(1)), OTHER),
        "objects": (_replaced("b", "text"), "block1_conv1/bias"),
        "without names": (_attribute(None), OTHER),
        "names that are numbers": (_attribute([1, 2]), ""),
        "one name": (_attribute(["W"]), "has 1 weights"),
        "a thousand names": (_attribute([f"w{n}" for n in range(1000)]), "has 1000 weights"),
        "a name that is no text": (_attribute([b"\xff\xff", b"b"]), ""),
        "a name that leads up": (_attribute(["../W", "b"]), "block1_conv1"),
        "a name from the top": (_attribute(["/block1_conv1/W", "b"]), "block1_conv1"),
        "another layer": (_renamed, OTHER),
        "a group for an array": (_grouped, "block1_conv1/kernel"),
        "an array for a layer": (_single, OTHER),
        "four terabytes": (_huge, "no HDF5 file of weights"),
        "a link to another file": (_replaced("W", h5py.ExternalLink("/etc/passwd", "/W")), "block1_conv1"),
        "a link inside": (_replaced("W", h5py.SoftLink("/block1_conv1/b")), "block1_conv1"),
        "a link to itself": (_replaced("W", h5py.SoftLink("/block1_conv1/W")), "block1_conv1"),
        "parts of another file": (_virtual, "block1_conv1/kernel"),
        "content in another file": (_external, "block1_conv1/kernel"),
        "a model with code": (_model, ""),
    }
