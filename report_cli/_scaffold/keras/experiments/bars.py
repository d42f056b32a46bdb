"""A small network that tells lying bars from standing ones."""

import keras
import numpy as np

import report_cli as report
from report_cli.datasets.images import Raw, assemble

SIDE = 16


def toy_bars():
    """Return 400 training and 200 test images of grey bars on noise, for whoever has no photographs at hand."""
    random = np.random.default_rng(0)
    labels = np.arange(600) % 2
    pixels = random.integers(0, 150, (600, SIDE, SIDE, 3))
    for image, label in zip(pixels, labels, strict=True):
        top, left = random.integers(0, SIDE - 6, 2)
        height, width = (2, 6) if label == 0 else (6, 2)
        image[top : top + height, left : left + width] += random.integers(20, 60)
    pixels = pixels.astype(np.uint8)
    train, test = Raw(labels[:400], pixels[:400]), Raw(labels[400:], pixels[400:])
    return assemble("bars", "toy-bars", "drawn", "drawn toy-bars", ("lying", "standing"), train, test)


# `--data FOLDER` takes real images instead: train/<class>/*.png and test/<class>/*.png.
BARS = report.Images(
    "bars",
    "Bars",
    class_count=2,
    height=SIDE,
    width=SIDE,
    train_count=None,
    test_count=None,
    drawn="toy-bars",
    draw=toy_bars,
)


@report.experiment(
    "bars",
    title="A network for bars",
    data=BARS,
    profiles={
        "smoke": {"train": 60, "validation": 20, "test": 40, "epochs": 2},
        "quick": {"epochs": 10},
        "full": {"train": 300, "validation": 100, "test": 200, "epochs": 30, "batch_size": 10, "learning_rate": 3e-3},
    },
    **report.CLASSIFIER,
)
def bars(params, data, record):
    """Does one convolution tell lying bars from standing ones?

    Command: report run bars. Expected: a test accuracy above 0.9. Cost: seconds.
    """
    split = data.split(train=params.train, validation=params.validation, test=params.test)
    layers = keras.layers
    stack = [
        keras.Input(split.shape),
        layers.Conv2D(16, 5, activation="relu"),
        layers.GlobalMaxPooling2D(),
        layers.Dense(1),
    ]
    record.classifier(keras.Sequential(stack), split, params)
