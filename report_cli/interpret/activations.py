"""The outputs of a layer: its channel maps for one image, and what each channel ever reaches over many."""

import keras
import numpy as np
from numpy.typing import NDArray

from report_cli.interpret import receptive_field

# Few enough that the first maps of large images fit into memory.
BATCH = 50


def maps(model: keras.Model, name: str, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the output of layer `name` for inputs (N, H, W, C) in inference mode, (N, h, w, K)."""
    below = receptive_field.up_to(model, name)
    batches = [below.predict_on_batch(inputs[start : start + BATCH]) for start in range(0, len(inputs), BATCH)]
    return np.concatenate(batches)


def peaks(model: keras.Model, name: str, inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return each channel's largest activation in each image, (N, K), and its row and column, (N, K, 2)."""
    below = receptive_field.up_to(model, name)
    heights, places = [], []
    for start in range(0, len(inputs), BATCH):
        batch = below.predict_on_batch(inputs[start : start + BATCH])
        flat = batch.reshape(len(batch), -1, batch.shape[-1])
        where = flat.argmax(axis=1)
        heights.append(np.take_along_axis(flat, where[:, None], axis=1)[:, 0])
        places.append(np.stack(np.divmod(where, batch.shape[2]), axis=-1))
    return np.concatenate(heights), np.concatenate(places)


def patch(
    pixels: NDArray[np.uint8], place: NDArray[np.int64], field: receptive_field.ReceptiveField, at_least: int = 1
) -> NDArray[np.uint8]:
    """Return the pixels of one image (H, W, 3) that the unit at `place` (row, column) sees, (s, s, 3).

    A field smaller than `at_least` pixels is shown with its surroundings, moved into the image at its border.
    """
    side = min(max(field.size, at_least), pixels.shape[0])
    corner = field.first + field.stride * place - (side - field.size) // 2
    top, left = np.clip(corner, 0, np.array(pixels.shape[:2]) - side).tolist()
    return pixels[top : top + side, left : left + side]
