"""Checkpoints of a run that was killed, damaged or forged."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from report_cli.keys.inputs import NOTHING
from tests.fault.malformed.case import Case, Place, cut, flipped
from tests.fault.malformed.pickles import Trap
from tests.fault.malformed.stored import RUNS

RESUME = ("run", "walk", "--set", "epochs=4")


def cases() -> list[Case]:
    """A checkpoint that can't be read counts as none: the run begins anew and comes out the same."""
    end = sum(np.random.default_rng([0, epoch]).normal(size=3).sum() for epoch in range(1, 5))
    return [
        Case(f"checkpoint: {name}", RESUME, spoil, (f"end {end:.4g}",), skipped=True, start="walk")
        for name, spoil in _spoilt().items()
    ]


def _spoilt() -> dict[str, Callable[[Place], None]]:
    position = np.zeros(3)
    state = json.dumps({"epoch": 2, "state": {"history": []}, "inputs": NOTHING}).encode()
    text = np.frombuffer(state, np.uint8)

    def npz(**arrays: object) -> bytes:
        content = io.BytesIO()
        np.savez(content, **{name.replace("_json", ".json"): np.asarray(a) for name, a in arrays.items()})
        return content.getvalue()

    def put(content: Callable[[Place], bytes]) -> Callable[[Place], None]:
        def spoil(place: Place) -> None:
            (folder,) = (place.root / RUNS).glob("*.checkpoint")
            for path in folder.glob("*.npz"):
                path.unlink()
            (folder / "epoch-00002.npz").write_bytes(content(place))

        return spoil

    whole = npz(position=position, state_json=text)
    other = np.frombuffer(json.dumps({"epoch": "two", "state": 0, "inputs": NOTHING}).encode(), np.uint8)
    listed = np.frombuffer(b"[1, 2]", np.uint8)
    odd = np.frombuffer(
        json.dumps({"epoch": 2, "state": {}, "inputs": {"files": [1], "secrets": 2}}).encode(), np.uint8
    )
    return {
        "nothing": put(lambda place: b""),
        "a login page": put(lambda place: b"<html></html>"),
        "cut": put(lambda place: cut(whole, 0.6)),
        "changed bits": put(lambda place: flipped(whole, 3, 9)),
        "without a state": put(lambda place: npz(position=position)),
        "a state that is no JSON": put(lambda place: npz(position=position, state_json=text[:-3])),
        "a state that is a list": put(lambda place: npz(position=position, state_json=listed)),
        "a state of other types": put(lambda place: npz(position=position, state_json=other)),
        "inputs of other types": put(lambda place: npz(position=position, state_json=odd)),
        "a state of floats": put(lambda place: npz(position=position, state_json=np.zeros(4))),
        "a pickled member": put(
            lambda place: npz(position=np.array([Trap(str(place.canary))], object), state_json=text)
        ),
        "a pickle": put(lambda place: pickle.dumps(Trap(str(place.canary)))),
        "a plain array": put(lambda place: _npy(position)),
        "an array of a terabyte": put(lambda place: _huge(text)),
    }


def _npy(array: Any) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def _huge(text: Any) -> bytes:
    """Return a checkpoint one of whose arrays says that it has 2 ** 40 elements."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)})
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("position.npy", header.getvalue())
        archive.writestr("state.json.npy", _npy(text))
    return content.getvalue()
