"""The frozen beginning of a network: what it makes of the images is computed once, kept on disk, and never trained."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli import files, wording
from report_cli.errors import RunError
from report_cli.experiment import Record
from report_cli.training import backend
from report_cli.training.backend import Prepare
from report_cli.training.fit import Inputs, weights

# Images at once: few enough that the activations of large ones fit into memory.
BATCH = 50
_ABOUT, _VALUES = "about.json", "features.bin"
_WORTH_SAYING_BYTES = 10_000_000


def cut(model: keras.Model) -> tuple[keras.Model | None, keras.Model]:
    """Return the frozen beginning of `model`, None where there is none, and the rest of it, which shares its weights.

    The beginning is as long as nothing of it is trained or computes otherwise in training, and as one tensor alone goes
    on from it.
    """
    graph = model._functional if isinstance(model, keras.Sequential) else model
    depths = sorted(graph._nodes_by_depth, reverse=True)
    nodes = [node for depth in depths for node in graph._nodes_by_depth[depth] if not node.is_input]
    end = 0
    while end < len(nodes) and _is_fixed(nodes[end].operation):
        end += 1
    for last in range(end - 1, -1, -1):
        made = {id(tensor) for node in nodes[: last + 1] for tensor in (*node.input_tensors, *node.outputs)}
        used = {id(tensor) for node in nodes[last + 1 :] for tensor in node.input_tensors} & made
        output = nodes[last].outputs[0]
        if used == {id(output)} and any(getattr(node.operation, "weights", ()) for node in nodes[: last + 1]):
            return keras.Model(graph.input, output), keras.Model(output, graph.output)
    return None, model


def _is_fixed(operation: keras.Operation) -> bool:
    """Return whether nothing of a layer changes in training, and it computes the same then as in inference.

    That it was called with training=False says nothing: Keras overrules it when the whole model is trained.
    """
    if not isinstance(operation, keras.layers.Layer):
        return True
    parts = list(operation._flatten_layers())
    averaging = any(isinstance(part, keras.layers.BatchNormalization) and part.trainable for part in parts)
    return not (operation.trainable_variables or averaging or any(part._seed_generators for part in parts))


def features(
    base: keras.Model,
    inputs: Inputs,
    prepare: Prepare,
    record: Record,
    *,
    keep: bool = True,
    predict: Callable[[NDArray[Any]], NDArray[Any]] | None = None,
) -> Inputs:
    """Return what `base` makes of `inputs` (N, ...) after `prepare`: (N, ...), of the type that it computes in.

    They are kept in the user's cache under all that decides them: layers, weights, precision and prepared inputs, on
    this kind of machine. What lies there is checked, and stays on disk until it is asked for. Without `keep` they are
    computed and stay in memory. `predict` is the `backend.predictor` of `base`, where there is one already.

    Raises:
        RunError: the disk has less room than they take.
    """
    predict = predict or backend.predictor(base, prepare, inputs)
    batches = (inputs[start : start + BATCH] for start in range(0, inputs.shape[0], BATCH))
    if not keep:
        return np.concatenate([predict(batch) for batch in batches])
    name = _name(base, inputs, prepare)
    folder = record.cache / "features" / name
    # Another run at the same time may want the same ones.
    with files.locked(record.cache / "locks" / name, waiting=lambda: None):
        kept = _read(folder)
        if kept is None:
            _write(folder, record, inputs.shape[0], (predict(batch) for batch in batches))
            kept = _read(folder)
            assert kept is not None
    return kept


def _name(base: keras.Model, inputs: Inputs, prepare: Prepare) -> str:
    """Return the digest of all that decides the features but the machine."""
    digest = sha256(f"{BATCH} {base.to_json()}".encode())
    for array in weights(base).values():
        digest.update(array.tobytes())
    for start in range(0, inputs.shape[0], BATCH):
        digest.update(np.asarray(prepare(inputs[start : start + BATCH])).tobytes())
    return digest.hexdigest()


def _write(folder: Path, record: Record, images: int, batches: Iterator[NDArray[Any]]) -> None:
    first = next(batches)
    size_bytes = images * first[0].nbytes
    if files.free_bytes(folder) < 2 * size_bytes:
        raise RunError(f"the features of {images} images take {wording.size(size_bytes)}", "make room: report gc")
    if size_bytes > _WORTH_SAYING_BYTES:
        record.note(f"keeping the features of {images:,} images on disk: {wording.size(size_bytes)}")
    with files.staged_folder(record.cache / "tmp", folder) as staging:
        with files.staged(staging / _VALUES) as file:
            file.write(first.tobytes())
            for batch in batches:
                file.write(batch.tobytes())
        about = {"shape": [images, *first.shape[1:]], "dtype": str(first.dtype)}
        files.write_json(staging / _ABOUT, {**about, "sha256": files.digest(staging / _VALUES)})


def _read(folder: Path) -> Inputs | None:
    """Return the features that lie in `folder`, None where there are none or they are not what was written."""
    try:
        about = files.read_json(folder / _ABOUT)
        shape = tuple(int(size) for size in about["shape"])
        if files.digest(folder / _VALUES) != about["sha256"]:
            return None
        return np.memmap(folder / _VALUES, np.dtype(about["dtype"]), "r", shape=shape)
    except (OSError, ValueError, KeyError, TypeError):
        return None
