"""What the training of a classifier records and shows. Standard library only: experiments are listed with it."""

from typing import TYPE_CHECKING, Any

from report_cli.experiment import Figures, Metric

if TYPE_CHECKING:
    from report_cli.store.run import Results


def draw_training(results: "Results", figures: Figures) -> None:
    """Draw the learning curves of the first seed."""
    from report_cli.figures import curves

    figures.add("curves", *curves.learning_curves(results.run(seed=0).history))


def draw_classifier(results: "Results", figures: Figures) -> None:
    """Draw the learning curves, the confusion matrix and what the predictions say, of the first seed."""
    draw_training(results, figures)
    draw_confusion(results, figures)
    draw_predictions(results, figures)


def draw_confusion(results: "Results", figures: Figures) -> None:
    """Draw the confusion matrix of the first seed."""
    from report_cli.figures import confusion

    run = results.run(seed=0)
    counts, classes = run.array("confusion"), [str(name) for name in run.array("classes")]
    figures.add("confusion", *confusion.matrix(counts, classes))


def draw_predictions(results: "Results", figures: Figures) -> None:
    """Draw how far the network of the first seed is to be trusted, and its surest mistakes."""
    from report_cli.figures import predictions

    run = results.run(seed=0)
    logits, labels, wrong = run.array("test_logits"), run.array("test_labels"), run.array("errors")
    figures.add("reliability", *predictions.reliability(logits, labels))
    classes, said = run.array("classes"), predictions.probabilities(logits[wrong])
    facts = classes[labels[wrong]].tolist(), classes[said.argmax(axis=1)].tolist(), said.max(axis=1)
    figures.add("errors", *predictions.errors(run.array("error_pixels"), *facts))


_TRAINING = {
    "train_images": Metric("count", "images that the network was trained on"),
    "train_loss": Metric("nat", "mean cross-entropy on the training images in the last epoch, dropout active"),
    "train_accuracy": Metric("fraction", "training images classified correctly in the last epoch, dropout active"),
    "validation_images": Metric("count", "images that were predicted after every epoch"),
    "validation_loss": Metric("nat", "mean cross-entropy on the validation images after the last epoch"),
    "validation_accuracy": Metric(
        "fraction", "validation images classified correctly after the last epoch", of="validation_images"
    ),
    "best_epoch": Metric("count", "epoch with the lowest validation loss"),
    "best_validation_loss": Metric("nat", "validation loss after that epoch"),
    "best_validation_accuracy": Metric(
        "fraction", "validation images classified correctly after that epoch", of="validation_images"
    ),
    "learning_rate": Metric("", "learning rate at the end of the last epoch"),
    "chance_loss": Metric(
        "nat", "cross-entropy of giving every class the same probability: the logarithm of their number"
    ),
    "chance_accuracy": Metric("fraction", "images classified correctly by guessing, the classes in equal shares"),
    "parameters": Metric("count", "weights and biases of the network, with the averages of its normalisation"),
    "multiply_adds": Metric("count", "multiplications with an addition each, for one image, forward"),
}
_TEST = {
    "test_images": Metric("count", "images that the trained network was tested on"),
    "test_loss": Metric("nat", "mean cross-entropy on the test images"),
    "test_accuracy": Metric("fraction", "test images classified correctly", of="test_images"),
    "best_test_loss": Metric("nat", "test loss with the weights of the epoch with the lowest validation loss"),
    "best_test_accuracy": Metric(
        "fraction",
        "test images classified correctly with the weights of the epoch with the lowest validation loss",
        of="test_images",
    ),
}
# What `record.classifier` records of a network, to be declared with `**`: with test images, and without.
CLASSIFIER: dict[str, Any] = {
    "metrics": {**_TRAINING, **_TEST},
    "figures": ("curves", "confusion", "reliability", "errors"),
    "draw": draw_classifier,
}
TRAINING: dict[str, Any] = {"metrics": _TRAINING, "figures": ("curves",), "draw": draw_training}
