"""Training from scratch and the transfer steps on the same test images; trains nothing."""

import report_cli as report
from experiments import overview
from experiments.catsdogs import SEEDS
from report_cli.errors import RunError

STEPS = {step: f"catsdogs-vgg16-{step}" for step in ("frozen", "finetuned", "augmented")}
NETWORKS = {"from scratch": "catsdogs-best", "frozen": STEPS["frozen"], "tuned": STEPS["finetuned"],
            "augmented": STEPS["augmented"]}  # fmt: skip


def draw(results: "report.Results", figures: report.Figures) -> None:
    """Draw the course of the trainings."""
    overview.draw_curves(results, figures, classes=2)


@report.experiment(
    "catsdogs-transfer",
    title="Comparison of the transfer steps",
    metrics=overview.METRICS,
    profiles={},
    needs=tuple(NETWORKS.values()),
    seeds=SEEDS,
    cost_s=1,
    figures=("curves",),
    draw=draw,
)
def catsdogs_comparison(record: report.Record) -> None:
    """Are the trained networks tested on the same images, and which difference would a test find on them?

    Command: report run catsdogs-transfer --profile full

    Expected (full): on 800 images about 3 points, with 80 % power, when two networks disagree about a tenth of them.

    Cost: a second, beside the four networks.
    """
    runs = {heading: record.need(name).run() for heading, name in NETWORKS.items()}
    if len({run.parameters["base"] for run in runs.values() if "base" in run.parameters}) > 1:
        raise RunError(f"{', '.join(STEPS)} were not built on one base", "run all of them with the same settings")
    overview.record_networks(runs, record)
