"""How long training and prediction take, networks side by side in one process."""

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from report_cli.training.fit import Trainer


@dataclass(frozen=True)
class Machine:
    """Where times were measured: names of processor and GPU ("none" without), cores to run on, and threads of a sum."""

    processor: str
    cores: int
    threads: int
    gpu: str


@dataclass(frozen=True, eq=False)
class Times:
    """Seconds per image, (repeats, networks): of a training step, and of a prediction."""

    train: NDArray[np.float64]
    predict: NDArray[np.float64]


def interleaved(
    trainers: Sequence[Trainer],
    pixels: NDArray[np.uint8],
    labels: NDArray[np.int64],
    *,
    batch_size: int,
    steps: int,
    repeats: int,
    seconds: Callable[[], float] = time.monotonic,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Times:
    """Return the times of the `trainers`, measured in turns, so that none has the quieter machine.

    In a turn a network makes `steps` training steps on batches of `pixels`, and then predicts all of them. Every repeat
    begins with another network. A turn of each comes before, untimed: it compiles them.
    """
    places = np.arange(steps * batch_size).reshape(steps, batch_size) % len(pixels)
    times = Times(np.zeros((repeats, len(trainers))), np.zeros((repeats, len(trainers))))
    for repeat in range(-1, repeats):
        for turn in range(len(trainers)):
            number = (repeat + turn) % len(trainers)
            start = seconds()
            trainers[number].steps(pixels, labels, places)
            middle = seconds()
            trainers[number].predict(pixels)
            if repeat >= 0:
                times.train[repeat, number] = (middle - start) / places.size
                times.predict[repeat, number] = (seconds() - middle) / len(pixels)
        progress(max(repeat + 1, 0), repeats)
    return times


def machine() -> Machine:
    """Return where this process computes."""
    import tensorflow

    gpus = [
        tensorflow.config.experimental.get_device_details(gpu).get("device_name", "unknown")
        for gpu in tensorflow.config.list_physical_devices("GPU")
    ]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = tensorflow.config.threading.get_intra_op_parallelism_threads()
    return Machine(_processor(), cores, threads, gpus[0] if gpus else "none")


def _processor() -> str:
    """Return the name that the processor gives itself, or what kind it is where it has none."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
