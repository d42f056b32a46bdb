"""What the transfer experiments share: a frozen part whose features are computed, and a part on top that is trained."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from experiments.datasets import VGG16
from report_cli.experiment import Record, StoredRun

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

    from report_cli.datasets.images import Part
    from report_cli.training.augment import Augmentation
    from report_cli.training.fit import Examples
    from report_cli.training.transfer import Prepare

# Views of a training image that are kept to be shown: those of as many epochs.
SAMPLED = 7


class Training(Protocol):
    """The parameters of a training."""

    @property
    def epochs(self) -> int: ...

    @property
    def batch_size(self) -> int: ...

    @property
    def learning_rate(self) -> float: ...


@dataclass(frozen=True, eq=False)
class Base:
    """Pretrained convolutions: weights by name, the factor on their filters, and how pixels become their inputs."""

    weights: "dict[str, NDArray[Any]]"
    width: float
    prepare: "Prepare"


@dataclass(frozen=True, eq=False)
class Network:
    """`frozen` turns inputs into features, `trained` features into a logit; `start` are its weights before training."""

    base: Base
    frozen: "keras.Model"
    trained: "keras.Model"
    start: "dict[str, NDArray[Any]]"

    def examples(self, part: "Part") -> "Examples":
        """Return the features of the images with their labels."""
        from report_cli.training.fit import Examples
        from report_cli.training.transfer import features

        return Examples(features(self.frozen, part.pixels, self.base.prepare), part.labels)


@dataclass(frozen=True)
class Validated:
    """How many validation images the trained network has right, of how many."""

    right: int
    images: int


def base_of(name: str, record: Record) -> Base:
    """Return the base "cifar10", from the run of vgg16-pretrain, or "imagenet", from the published file."""
    from functools import partial

    from experiments.models import vgg16
    from report_cli.datasets import normalise

    if name == "imagenet":
        return Base(record.pretrained(VGG16), 1.0, vgg16.imagenet_inputs)
    run = record.need("vgg16-pretrain")
    weights = run.weights()
    # Images of another kind are brought to the same scale, by the mean and deviation of the pretraining images.
    prepare = partial(normalise.apply, normalise.Normalisation(run.array("mean"), run.array("std")))
    return Base(weights, weights["block1_conv1/bias"].size / vgg16.BLOCKS[0][1], prepare)


def build(
    base: Base, size: int, dropout: float, tuned: int | None = None, head: "dict[str, NDArray[Any]] | None" = None
) -> Network:
    """Return the network on images of `size` pixels, its blocks from `tuned` on to be trained with the head.

    `head` are the weights of a trained head; without them it starts at random.
    """
    from experiments.models import vgg16
    from report_cli.training import fit
    from report_cli.training import transfer as frozen

    last = vgg16.LAST if tuned is None else tuned - 1
    below = vgg16.build((size, size, 3), base.width, last)
    below.trainable = False
    frozen.load(below, base.weights)
    above = vgg16.classifier(below.output_shape[1:], base.width, dropout, tuned)
    if tuned is not None:
        frozen.load(above, base.weights)
    if head is not None:
        frozen.load(above, head)
    return Network(base, below, above, fit.weights(above))


def head_of(run: StoredRun, base: str, test: "Part") -> "dict[str, NDArray[Any]]":
    """Return the weights of the head that `run` trained.

    Raises:
        RunError: it was trained on another base, or with another split of the images.
    """
    import numpy as np

    from report_cli.errors import RunError

    if str(run.array("base")) != base:
        raise RunError(f"the head was trained on the base {run.array('base')}, not {base}", "give both the same base")
    if not np.array_equal(run.array("test_ids"), test.ids):
        raise RunError("the head was trained with another split", "give both the same numbers of images")
    return {name: array for name, array in run.weights().items() if not name.startswith("block")}


def train(
    network: Network,
    examples: "Examples | Callable[[int], Examples]",
    validation: "Part",
    params: Training,
    record: Record,
) -> Validated:
    """Train the upper part, see that it moved and the frozen part did not, and record the training and the sizes.

    Returns how many of the validation images are right after the last epoch.

    Raises:
        RunError: a frozen weight changed, or one that was to be trained did not.
    """
    from report_cli.training import fit
    from report_cli.training import transfer as frozen
    from report_cli.training.binary import compile_binary
    from report_cli.training.losses import binary

    compile_binary(network.trained, params.learning_rate)
    history = fit.fit(
        network.trained,
        examples,
        network.examples(validation),
        record,
        epochs=params.epochs,
        batch_size=params.batch_size,
        score=binary,
    )
    frozen.check_frozen(network.frozen, network.base.weights)
    frozen.check_tuned(network.trained, network.start)
    record.weights(fit.weights(network.trained))
    _record_history(history, record)
    _record_sizes(network, record)
    return Validated(round(history[-1]["validation_accuracy"] * len(validation)), len(validation))


def test(
    network: Network, part: "Part", classes: tuple[str, ...], validated: Validated, base: str, record: Record
) -> None:
    """Look at the test images, for the first and only time, and record the result."""
    import numpy as np

    from report_cli import stats
    from report_cli.training import losses

    examples = network.examples(part)
    logits = losses.predict(network.trained, examples.inputs)
    score = losses.binary(logits, examples.labels)
    losses.check_floor(score)
    record.scalar("test_loss", score.loss, "nat")
    record.scalar("test_accuracy", score.accuracy, "fraction")
    right = round(score.accuracy * len(part))
    z = stats.two_shares_z(validated.right, validated.images, right, len(part))
    record.scalar("test_validation_z", z)
    record.array("base", np.array(base))
    record.array("test_ids", part.ids)
    record.array("test_labels", part.labels)
    # The probability of class 1.
    record.array("test_predictions", np.exp(-np.logaddexp(0.0, -logits[:, 0])))
    record.array("confusion", losses.confusion((logits[:, 0] > 0).astype(np.int64), part.labels, len(classes)))
    record.array("classes", np.array(classes))


def record_samples(part: "Part", classes: tuple[str, ...], augmentation: "Augmentation", record: Record) -> None:
    """Record one image of each class with the views of it that the first epochs saw."""
    import numpy as np

    from report_cli.training.augment import show, view

    images, views = [], []
    for label in range(len(classes)):
        place = int(np.flatnonzero(part.labels == label)[0])
        image, name = part.pixels[place], str(part.ids[place])
        drawn = [view(name, record.seed, epoch, augmentation) for epoch in range(1, SAMPLED + 1)]
        images.append(np.stack([image, *(show(image, each) for each in drawn)]))
        views.append([[each.mirrored, each.right, each.down, each.turn, each.scale] for each in drawn])
    record.array("sample_images", np.stack(images))
    record.array("sample_views", np.array(views, np.float64))
    record.array("sample_classes", np.array(classes))


def _record_history(history: list[dict[str, float]], record: Record) -> None:
    last, best = history[-1], min(history, key=lambda row: row["validation_loss"])
    record.scalar("train_loss", last["loss"], "nat")
    record.scalar("train_accuracy", last["accuracy"], "fraction")
    record.scalar("validation_loss", last["validation_loss"], "nat")
    record.scalar("validation_accuracy", last["validation_accuracy"], "fraction")
    record.scalar("best_epoch", best["epoch"], "count")
    record.scalar("best_validation_loss", best["validation_loss"], "nat")


def _record_sizes(network: Network, record: Record) -> None:
    from report_cli.training.cost import multiply_adds

    tuned = sum(a.size for name, a in network.start.items() if name.startswith("block"))
    record.scalar("width", network.base.width)
    record.scalar("base_parameters", network.frozen.count_params() + tuned, "count")
    record.scalar("tuned_parameters", tuned, "count")
    record.scalar("head_parameters", network.trained.count_params() - tuned, "count")
    record.scalar("parameters", network.frozen.count_params() + network.trained.count_params(), "count")
    record.scalar("multiply_adds", multiply_adds(network.frozen) + multiply_adds(network.trained), "count")
