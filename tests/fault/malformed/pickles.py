"""Python archives whose batches are other programs than those that describe images."""

import os
import pickle
import pickletools
from typing import Any

import numpy as np

from report_cli.datasets.readers.cifar import BATCHES
from report_cli.datasets.spec import PICKLED_FOLDER
from tests.datasets.making import batch
from tests.fault.malformed.archives import CLASSES, packed
from tests.fault.malformed.case import CHECK, Case, Place, cut, flipped

NAME = "cifar-10-python.tar.gz"
FIRST = f"{PICKLED_FOLDER}/data_batch_1"
ROW = 3 * 32 * 32
PIXELS = np.zeros((2, ROW), np.uint8)


class Trap:
    """Makes the canary when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def whole() -> dict[str, bytes]:
    """Return the files of an archive in which all is right but the number of images."""
    meta = {b"label_names": [name.encode() for name in CLASSES]}
    found = {f"{PICKLED_FOLDER}/batches.meta": pickle.dumps(meta, 2)}
    return found | {f"{PICKLED_FOLDER}/{name}": pickle.dumps(batch([0, 1], PIXELS), 2) for name in BATCHES}


def cases() -> list[Case]:
    found = [_trapped(protocol, where) for protocol in range(6) for where in ("data", "labels", "key", "batch")]
    found += [_given(name, pickle.dumps(content, 2), FIRST, says) for name, (content, says) in _batches().items()]
    found += [_given(f"program {n}", program, FIRST) for n, program in enumerate(_programs())]
    content = whole()[FIRST]
    found += [_given(f"cut at {n}/8", cut(content, n / 8), FIRST) for n in range(8)]
    return found + [_given(f"bits changed, {n}", flipped(content[:400], n, 4), FIRST) for n in range(8)]


def _given(name: str, content: bytes, *says: str) -> Case:
    def spoil(place: Place) -> None:
        place.write(f"given/{NAME}", packed({**whole(), FIRST: content}))

    return Case(f"pickle: {name}", CHECK, spoil, says)


def _trapped(protocol: int, where: str) -> Case:
    def spoil(place: Place) -> None:
        trap = Trap(str(place.canary))
        content: Any = {
            "data": batch([0, 1], trap),
            "labels": batch([0, trap], PIXELS),
            "key": {trap: 1, **batch([0, 1], PIXELS)},
            "batch": trap,
        }[where]
        place.write(f"given/{NAME}", packed({**whole(), FIRST: pickle.dumps(content, protocol)}))

    return Case(
        f"pickle: a call in {where}, protocol {protocol}", CHECK, spoil, (FIRST, "mkdir", "nothing in it was run")
    )


def _batches() -> dict[str, tuple[object, str]]:
    return {
        "label 10": (batch([0, 10], PIXELS), "label 10 where labels are 0 to 9"),
        "a negative label": (batch([0, -1], PIXELS), "whole numbers"),
        "a label that is text": (batch([0, "1"], PIXELS), "whole numbers"),
        "a label that is true": (batch([0, True], PIXELS), "whole numbers"),
        "labels in text": (batch("01", PIXELS), "whole numbers"),
        "too few labels": (batch([0], PIXELS), "1 labels for 2 images"),
        "too many labels": (batch([0] * 9, PIXELS), "9 labels for 2 images"),
        "a huge label": (batch([0, 1 << 200], PIXELS), "whole numbers"),
        "no data": ({b"labels": [0]}, "'data'"),
        "no labels": ({b"fine_labels": [0], b"data": PIXELS}, "'labels'"),
        "a list": ([0, 1], "no dictionary"),
        "sixteen bits": (batch([0, 1], PIXELS.astype(np.uint16)), "numpy array of bytes"),
        "floats": (batch([0, 1], PIXELS.astype(np.float32)), "numpy array of bytes"),
        "narrow rows": (batch([0, 1], PIXELS[:, :-1]), "rows have 3072"),
        "three axes": (batch([0, 1], PIXELS.reshape(2, 3, -1)), "rows have 3072"),
        "lists for arrays": (batch([0, 1], [[0] * ROW] * 2), "numpy array of bytes"),
        "objects": (batch([0, 1], np.array([["a", None]], object)), FIRST),
    }


def _programs() -> list[bytes]:
    return [
        b"cos\nsystem\n(S'touch canary'\ntR.",
        b"(S'touch canary'\nios\nsystem\n.",
        b"\x80\x02cbuiltins\nexec\nX\x01\x00\x00\x001\x85R.",
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.",
        b"\x80\x02cnumpy\nndarray\n)\x81.",
        b"\x80\x02\x82\x01.",
        b"\x80\x02Q.",
        b"\x80\x02X\xff\xff\xff\xff.",
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"\x80\x02K\x01r\xff\xff\xff\xff.",
        b"\x80\x05\x96\xff\xff\xff\xff\x02\x00\x00\x00.",
        b"(" * 100_000 + b".",
        b"\x80\x02]" + b"2" * 100_000 + b".",
        b"(I" + b"9" * 100_000 + b"\n.",
        b"",
        b".",
        pickletools.optimize(pickle.dumps([1] * 50_000, 2)),
    ]
