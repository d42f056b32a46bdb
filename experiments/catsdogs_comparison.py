"""The transfer steps against training from scratch and each other on the same test images; trains nothing."""

import report_cli as report
from experiments import pairs
from experiments.catsdogs import SEEDS
from report_cli.errors import RunError

STEPS = {step: f"catsdogs-vgg16-{step}" for step in ("frozen", "finetuned", "augmented")}
NETWORKS = {"scratch": "catsdogs-best", **STEPS}
PAIRS = (("scratch", "frozen"), ("frozen", "finetuned"), ("frozen", "augmented"), ("augmented", "finetuned"))


@report.experiment(
    "catsdogs-transfer",
    title="Comparison of the transfer steps",
    metrics=pairs.metrics(PAIRS),
    profiles={},
    needs=tuple(NETWORKS.values()),
    seeds=SEEDS,
    cost_s=1,
)
def catsdogs_comparison(record: report.Record) -> None:
    """Which of the trained networks differ by more than the choice of test images explains?

    The best network that was trained from scratch is compared with the first step, and the steps with each other,
    seed by seed. The test is about trained networks; what the steps are worth in general shows over the seeds.

    Command: report run catsdogs-transfer --profile full

    Expected (full): with the ImageNet base about 25 points over training from scratch, and 0 to 3 points between the
    steps. On 800 images about 3 points are found with 80 % power when two networks disagree about a tenth of them.

    Cost: a second, beside the four networks.
    """
    runs = {name: record.need(experiment).run() for name, experiment in NETWORKS.items()}
    if len({runs[step].parameters["base"] for step in STEPS}) > 1:
        raise RunError(f"{', '.join(STEPS)} were not built on one base", "run all of them with the same settings")
    pairs.compare(runs, PAIRS, record)
