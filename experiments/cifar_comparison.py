"""The CIFAR-10 networks against each other on the same test images; trains nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.cifar_training import SEEDS, pair_metrics, record_pairs
from report_cli import stats
from report_cli.experiment import Record, every_profile, experiment

if TYPE_CHECKING:
    from numpy.typing import NDArray

NETWORKS = ("control", "inception", "residual")
PAIRS = (("control", "inception"), ("control", "residual"), ("inception", "residual"))
DEEPER = (("inception", "inception-deep"), ("residual", "residual-deep"))


@dataclass(frozen=True)
class Params:
    """Nothing to set: the runs that are compared have their own settings."""


def _metrics(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {
        **pair_metrics(pairs),
        "test_images": "test images that all networks of the comparison have seen",
        "detectable": "difference of accuracies that the test finds with 80 % power, at the discordance seen",
    }


@experiment(
    "cifar-comparison",
    title="Three networks on the same test images",
    metrics=_metrics(PAIRS),
    profiles=every_profile(Params()),
    needs=("cifar-control", "cifar-inception", "cifar-residual"),
    seeds=SEEDS,
    cost_s={"smoke": 1, "quick": 1, "full": 1},
)
def cifar_comparison(params: Params, data: None, record: Record) -> None:
    """Which of the three trained networks differ by more than the choice of test images explains?

    Command: report run cifar-comparison --profile full

    Expected (full, CIFAR-10): differences of 0 to 3 points; 0.9 points are found with 80 % power when the two
    networks disagree about a tenth of the images. The test is about two trained networks; what their recipes are
    worth shows over the seeds.

    Cost: a second, beside the three networks.
    """
    _compare(PAIRS, record)


@experiment(
    "cifar-deeper",
    title="More complicated structures on the same test images",
    metrics=_metrics(DEEPER),
    profiles=every_profile(Params()),
    needs=("cifar-inception", "cifar-inception-deep", "cifar-residual", "cifar-residual-deep"),
    seeds=SEEDS,
    cost_s={"smoke": 1, "quick": 1, "full": 1},
)
def cifar_deeper(params: Params, data: None, record: Record) -> None:
    """Do the more complicated blocks change what the inception and the residual network get right?

    Command: report run cifar-deeper --profile full

    Expected (full, CIFAR-10): nothing published. The comparison says something about the blocks only where both
    networks of a pair had the same training, which is so in the full profile.

    Cost: a second, beside the four networks.
    """
    _compare(DEEPER, record)


def _compare(pairs: tuple[tuple[str, str], ...], record: Record) -> None:
    import numpy as np

    from report_cli.errors import RunError

    runs = {name: record.need(f"cifar-{name}") for name in dict.fromkeys(name for pair in pairs for name in pair)}
    ids = [run.array("test_ids") for run in runs.values()]
    if not all(np.array_equal(ids[0], other) for other in ids):
        raise RunError(
            f"the runs of {', '.join(runs)} were tested on different images",
            "give them the same number of test images and the same split_seed",
        )
    right: dict[str, NDArray[Any]] = {
        name: run.array("test_predictions").argmax(axis=1) == run.array("test_labels") for name, run in runs.items()
    }
    record_pairs(right, pairs, record)
    discordant = max(float(np.mean(right[first] != right[second])) for first, second in pairs)
    record.scalar("test_images", len(ids[0]), "count")
    record.scalar("detectable", stats.detectable_difference(discordant, len(ids[0])), "fraction")
