"""Several CIFAR-10 networks in one run: all of them are trained first, and then tested in one pass."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments import cifar_training
from experiments.cifar_training import Params
from report_cli.experiment import Record

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from report_cli.datasets.images import ImageData, Part
    from report_cli.training.series import Finished, Training


@dataclass(frozen=True)
class Trial:
    """One of the networks: how it is built, and with how many images.

    It is trained on `train` of the training images, and predicts `validation` of the validation images every epoch.
    """

    build: "Callable[..., keras.Model]"
    train: int
    validation: int


def measure(
    trials: Mapping[str, Trial], params: Params, images: "ImageData", record: Record
) -> "dict[str, dict[str, NDArray[Any]]]":
    """Train the network of each trial; then look at the test images, for the first and only time, with all of them.

    Goes on where an interrupted run stopped; the test is a pure function of the trained weights and begins anew.

    Returns by name the predicted classes (N,) with ids and labels of the test images, and single numbers: loss,
    accuracy, parameters, multiply_adds, and train_accuracy, validation_accuracy of the last epoch.
    """
    from report_cli.training.series import in_turn

    parts = cifar_training.split(params, images)
    shape, classes = images.train.pixels.shape[1:], len(images.classes)
    builders = {name: _builder(trial, shape, classes, params) for name, trial in trials.items()}
    trainings = [_training(name, builders[name], trial, params, parts) for name, trial in trials.items()]
    finished = in_turn(trainings, record)
    part = cifar_training.test_part(params, images)
    return {name: _test(builders[name], done, part, record.seed) for name, done in finished.items()}


def _builder(trial: Trial, shape: tuple[int, ...], classes: int, params: Params) -> "Callable[[int], keras.Model]":
    def build(seed: int) -> "keras.Model":
        from report_cli.training import backend

        # Layers without a name of their own are numbered from here, so the weights have the same names every time.
        backend.start(seed)
        return trial.build(shape, classes, params.dropout)

    return build


def _training(
    name: str, build: "Callable[[int], keras.Model]", trial: Trial, params: Params, parts: "dict[str, Part]"
) -> "Training":
    from report_cli.training.series import Training

    def run(record: Record) -> "dict[str, NDArray[Any]]":
        import numpy as np

        from report_cli.datasets import split
        from report_cli.training import fit
        from report_cli.training.cost import multiply_adds

        model = build(record.seed)
        train = split.take(parts["train"], trial.train, params.split_seed)
        validation = split.take(parts["validation"], trial.validation, params.split_seed)
        learned = cifar_training.prepare(train, validation)
        last = cifar_training.train(model, params, learned, record)[-1]
        record.weights(fit.weights(model))
        return {
            "mean": learned.normalisation.mean,
            "std": learned.normalisation.std,
            "train_accuracy": np.asarray(last["accuracy"]),
            "validation_accuracy": np.asarray(last["validation_accuracy"]),
            "parameters": np.asarray(model.count_params()),
            "multiply_adds": np.asarray(multiply_adds(model)),
        }

    return Training(name, params.epochs, run)


def _test(
    build: "Callable[[int], keras.Model]", done: "Finished", part: "Part", seed: int
) -> "dict[str, NDArray[Any]]":
    import numpy as np

    from report_cli.datasets.normalise import Normalisation
    from report_cli.training import transfer

    model = build(seed)
    transfer.load(model, done.weights())
    tested = cifar_training.test(model, part, Normalisation(done.results["mean"], done.results["std"]))
    return {
        **done.results,
        "ids": part.ids,
        "labels": part.labels,
        "predicted": tested.logits.argmax(axis=1),
        "loss": np.asarray(tested.loss),
        "accuracy": np.asarray(tested.accuracy),
    }
