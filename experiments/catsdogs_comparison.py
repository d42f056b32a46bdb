"""The transfer steps against training from scratch and each other on the same test images; trains nothing."""

from dataclasses import dataclass

from experiments.catsdogs_images import CHOICES
from experiments.catsdogs_training import SEEDS
from report_cli.experiment import Record, experiment

STEPS = {step: f"catsdogs-vgg16-{step}" for step in ("frozen", "finetuned", "augmented")}
NETWORKS = {"scratch": "catsdogs-best", **STEPS}
PAIRS = (("scratch", "frozen"), ("frozen", "finetuned"), ("frozen", "augmented"), ("augmented", "finetuned"))


@dataclass(frozen=True)
class Params:
    """`test` counts the images that every network must have been tested on."""

    test: int


METRICS = {
    **{f"{name}_right": f"test images that {name} has right" for name in NETWORKS},
    **{f"{name}_low": f"lower end of the Wilson 95 % interval of the accuracy of {name}" for name in NETWORKS},
    **{f"{name}_high": f"upper end of the Wilson 95 % interval of the accuracy of {name}" for name in NETWORKS},
    **{f"{a}_{b}_only_first": f"test images that {a} has right and {b} has wrong" for a, b in PAIRS},
    **{f"{a}_{b}_only_second": f"test images that {b} has right and {a} has wrong" for a, b in PAIRS},
    **{f"{a}_{b}_difference": f"test accuracy of {b} minus that of {a}" for a, b in PAIRS},
    **{f"{a}_{b}_p": f"exact McNemar test of {a} and {b}, two-sided, adjusted by Holm" for a, b in PAIRS},
    "images": "test images that all networks have seen",
    "detectable": "difference of accuracies that the test finds with 80 % power, at the largest discordance seen",
}


@experiment(
    "catsdogs-transfer",
    title="Comparison of the transfer steps",
    metrics=METRICS,
    profiles={profile: Params(chosen["test"]) for profile, chosen in CHOICES.items()},
    needs=tuple(NETWORKS.values()),
    seeds=SEEDS,
    cost_s={"smoke": 1, "quick": 1, "full": 1},
)
def catsdogs_comparison(params: Params, data: None, record: Record) -> None:
    """Which of the trained networks differ by more than the choice of test images explains?

    The best network that was trained from scratch is compared with the first step, and the steps with each other,
    seed by seed. The test is about trained networks; what the steps are worth in general shows over the seeds.

    Command: report run catsdogs-transfer --profile full

    Expected (full): with the ImageNet base about 25 points over training from scratch, and 0 to 3 points between the
    steps. On 800 images about 3 points are found with 80 % power when two networks disagree about a tenth of them.

    Cost: a second, beside the four networks.
    """
    import numpy as np

    from report_cli import stats
    from report_cli.errors import RunError

    runs = {name: record.need(experiment) for name, experiment in NETWORKS.items()}
    for array, names, what in (
        ("test_ids", NETWORKS, "tested on the same images"),
        ("base", STEPS, "built on one base"),
    ):
        if not all(np.array_equal(runs["frozen"].array(array), runs[name].array(array)) for name in names):
            raise RunError(f"{', '.join(names)} were not {what}", "run all of them with the same settings")
    right = {
        name: (run.array("test_predictions") > 0.5) == (run.array("test_labels") == 1) for name, run in runs.items()
    }
    total = len(right["frozen"])
    if total != params.test:
        raise RunError(f"the networks were tested on {total} images, not {params.test}", f"--set test={total}")
    for name, answers in right.items():
        count = int(answers.sum())
        interval = stats.wilson(count, total)
        record.scalar(f"{name}_right", count, "count")
        record.scalar(f"{name}_low", interval.low, "fraction")
        record.scalar(f"{name}_high", interval.high, "fraction")
    tests = [stats.paired(right[a].tolist(), right[b].tolist()) for a, b in PAIRS]
    adjusted = stats.holm([test.p for test in tests])
    for (a, b), test, p in zip(PAIRS, tests, adjusted, strict=True):
        record.scalar(f"{a}_{b}_only_first", test.only_first, "count")
        record.scalar(f"{a}_{b}_only_second", test.only_second, "count")
        record.scalar(f"{a}_{b}_difference", test.difference, "fraction")
        record.scalar(f"{a}_{b}_p", p)
    discordant = max(float(np.mean(right[a] != right[b])) for a, b in PAIRS)
    record.scalar("images", total, "count")
    record.scalar("detectable", stats.detectable_difference(discordant, total), "fraction")
