"""Two results against each other, as templates compare them."""

import re
from typing import Any

import lxml.html
import numpy as np
import pytest

from report_cli.errors import ReportError, UsageError
from report_cli.report.text.context import Context
from report_cli.report.text.values import Value
from tests.report.conftest import Desk

LABELS = np.arange(400) % 10


def store(
    desk: Desk, name: str, accuracy: float, seed: int = 0, ids: Any = None, data: str = "one", arrays: bool = True
) -> None:
    """Store a run that names this share of 400 images right, at random places."""
    predicted = np.where(np.random.default_rng([seed, len(name)]).random(400) < accuracy, LABELS, (LABELS + 1) % 10)
    ids = np.arange(400, dtype=np.uint64) if ids is None else ids
    # The runs list the images in orders of their own.
    order = np.random.default_rng(len(name)).permutation(400)
    stored = {"test_ids": ids[order], "test_labels": LABELS[order], "test_predicted": predicted[order]}
    share = float((predicted == LABELS).mean())
    recipe = {"parameters": {}, "data": {"content": data}}
    metrics = {"test_accuracy": (share, "fraction"), "test_f1": (share / 2, "fraction"), "accuracy": (share, "")}
    desk.store(name, metrics, seed=seed, arrays=stored if arrays else {}, recipe=recipe)


def paired(desk: Desk, first: float, second: float, seeds: int = 1, **options: Any) -> Context:
    for seed in range(seeds):
        store(desk, "net", first, seed, **options)
        store(desk, "idle", second, seed, **options)
    return desk.context()


PAIR = ("net.test_accuracy", "idle.test_accuracy")


def test_one_run_each_is_compared_image_by_image(desk: Desk) -> None:
    """With one seed McNemar's exact test says whether two networks differ, on predictions matched by image id."""
    from scipy.stats import binomtest

    comparison = paired(desk, 0.8, 0.6).compare(*PAIR)
    right = {}
    for name in ("net", "idle"):
        run = desk.runs[name].runs[0]
        order = np.argsort(run.array("test_ids"))
        right[name] = (run.array("test_predicted") == run.array("test_labels"))[order]
    only_net, only_idle = (right["net"] & ~right["idle"]).sum(), (~right["net"] & right["idle"]).sum()
    assert comparison.p.number == pytest.approx(binomtest(int(only_net), int(only_net + only_idle)).pvalue)
    assert comparison.difference.number == pytest.approx((only_net - only_idle) / 400)
    assert (comparison.over, comparison.n.number, comparison.verdict) == ("images", 400, "greater")
    assert comparison.low.number < comparison.difference.number < comparison.high.number


def test_several_seeds_are_paired(desk: Desk) -> None:
    """With several seeds the differences of the pairs are what is tested."""
    from scipy.stats import ttest_rel

    comparison = paired(desk, 0.8, 0.78, seeds=4).compare(*PAIR)
    samples = [desk.runs[name].metric("test_accuracy") for name in ("net", "idle")]
    expected = ttest_rel(*samples)
    assert comparison.p.number == pytest.approx(expected.pvalue)
    ends = expected.confidence_interval()
    assert (comparison.low.number, comparison.high.number) == pytest.approx((ends.low, ends.high))
    assert (comparison.over, comparison.n.number) == ("seeds", 4)


def test_only_common_seeds_are_pairs(desk: Desk) -> None:
    """Where one experiment has more seeds than the other, those that both have are compared."""
    paired(desk, 0.8, 0.6, seeds=2)
    store(desk, "net", 0.1, seed=2)
    comparison = desk.context().compare(*PAIR)
    assert comparison.n.number == 2
    for shown in (comparison.difference, comparison.low, comparison.p, comparison.n):
        assert sorted(shown.runs) == ["idle-0abc", "idle-1abc", "net-0abc", "net-1abc"]


def test_losses_are_compared_image_by_image(desk: Desk) -> None:
    """A loss with one seed is tested over what each image costs, by the stored logits."""
    from scipy.special import log_softmax
    from scipy.stats import ttest_rel

    costs = []
    for name, scale in (("net", 3.0), ("idle", 1.0)):
        logits = np.random.default_rng(1).normal(size=(400, 10)).astype(np.float32)
        logits[np.arange(400), LABELS] += scale
        costs.append(-log_softmax(logits.astype(float), axis=1)[np.arange(400), LABELS])
        arrays = {"test_ids": np.arange(400), "test_labels": LABELS, "test_logits": logits}
        desk.store(name, {"test_loss": (float(costs[-1].mean()), "nats"), "accuracy": (0, "")}, arrays=arrays)
    comparison = desk.context().compare("net.test_loss", "idle.test_loss")
    assert comparison.p.number == pytest.approx(ttest_rel(*costs).pvalue)
    assert (comparison.over, comparison.verdict) == ("losses", "smaller")


def test_two_class_logits_may_be_a_list(desk: Desk) -> None:
    """Logits of one axis are those of two classes."""
    for name, sign in (("net", 1), ("idle", -1)):
        logits = sign * np.array([1.0, -2.0, 3.0, 0.5])
        arrays = {"test_ids": np.arange(4), "test_labels": np.array([1, 0, 1, 0]), "test_logits": logits}
        desk.store(name, {"test_accuracy": (0.75 if sign > 0 else 0.25, "fraction")}, arrays=arrays)
    comparison = desk.context().compare(*PAIR)
    assert (comparison.difference.number, comparison.over) == (0.5, "images")


def test_a_family_is_adjusted_together(desk: Desk) -> None:
    """The p-values of a family are adjusted by Holm's method, and a pair outside of it is an error."""
    context = paired(desk, 0.8, 0.76, seeds=3)
    alone = context.compare(*PAIR)
    other = (context.value("net.accuracy"), context.value("idle.accuracy"))
    together = context.compare(*PAIR, family=[PAIR, other])
    assert together.p.number == pytest.approx(min(1, 2 * alone.p.number))
    with pytest.raises(UsageError, match="no pair of the family"):
        context.compare(*PAIR, family=[other])
    assert context.compare(*PAIR, family=[PAIR, PAIR[::-1]]).p.number == pytest.approx(alone.p.number)


def test_constants_of_a_family_are_told_apart(desk: Desk) -> None:
    """Two published numbers are two pairs, each with its own place in Holm's order."""
    context = desk.context()
    ours, low, high = (context.constant(share, "fraction", of=400) for share in (0.75, 0.60, 0.68))
    family = [(ours, low), (ours, high)]
    alone = context.compare(ours, high)
    assert context.compare(ours, high, family=family).p.number == pytest.approx(alone.p.number)
    with pytest.raises(UsageError, match="no pair of the family"):
        context.compare(ours, context.constant(0.9, "fraction", of=400), family=family)
    fewer = context.constant(0.6, "fraction", of=20)
    together = context.compare(ours, fewer, family=[(ours, fewer), (ours, low)])
    assert together.p.number == pytest.approx(context.compare(ours, fewer).p.number)
    assert (
        context.compare(ours, low, family=[(ours, fewer), (ours, low)]).p.number > context.compare(ours, low).p.number
    )


@pytest.mark.parametrize(
    "unit", ["s", "s/epoch", "ms/image", "ns", "\N{MICRO SIGN}s", "\N{GREEK SMALL LETTER MU}s", "images/s"]
)
def test_every_unit_of_time_is_one_of_a_machine(desk: Desk, unit: str) -> None:
    """Times of two machines aren't compared, however they are written."""
    for name, threads in (("net", "2"), ("idle", "8")):
        for seed in range(2):
            desk.store(name, {"pace": (1.0 + seed, unit)}, seed=seed, environment={"threads": threads})
    with pytest.raises(ReportError, match="times of different machines"):
        desk.context().compare("net.pace", "idle.pace")


def test_a_margin_makes_equivalent(desk: Desk) -> None:
    """What differs by less than a stated margin is equivalent; without one nothing is."""
    for seed, shift in enumerate((0.001, -0.001, 0.0005)):
        desk.store("net", {"accuracy": (0.7 + shift, "fraction")}, seed=seed)
        desk.store("idle", {"accuracy": (0.7, "fraction")}, seed=seed)
    for wrong in (-0.01, 1):
        with pytest.raises(UsageError, match=r"a margin of \S+ is none"):
            desk.context().compare("net.accuracy", "idle.accuracy", margin=wrong)
    context = desk.context()
    comparison = context.compare("net.accuracy", "idle.accuracy", margin=0.01)
    assert comparison.verdict == "equivalent"
    assert comparison.equivalent
    assert comparison.different.verdict == "refuted"
    without = context.compare("net.accuracy", "idle.accuracy")
    assert without.undecided
    with pytest.raises(UsageError, match="needs a margin"):
        _ = without.equivalent


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ids": np.arange(1, 401, dtype=np.uint64)}, "not measured on the same images"),
        ({"data": "another"}, "measured on other data"),
    ],
)
def test_other_images_are_no_pairs(desk: Desk, change: dict[str, Any], message: str) -> None:
    """Results on other images, or on another data set, are not compared, with one seed or several."""
    for seed in range(2):
        store(desk, "net", 0.8, seed)
        store(desk, "idle", 0.6, seed, **change)
        for pair in (PAIR, ("net.test_f1", "idle.test_f1")):
            with pytest.raises(ReportError, match=message):
                desk.context().compare(*pair)


def test_one_run_without_predictions_is_an_error(desk: Desk) -> None:
    """With one seed, and nothing stored that gives the metric, there is nothing to tell chance by."""
    context = paired(desk, 0.8, 0.6, arrays=False)
    with pytest.raises(ReportError, match="no stored predictions"):
        context.compare(*PAIR)
    with pytest.raises(ReportError, match="no stored predictions"):
        paired(desk, 0.8, 0.6).compare("net.test_f1", "idle.test_f1")


def test_unlike_units_are_an_error(desk: Desk) -> None:
    """An accuracy and a time are not compared."""
    with pytest.raises(UsageError, match=r"is in fraction, net\.time in s"):
        desk.context().compare("net.accuracy", "net.time")


def test_published_numbers_are_compared_as_shares(desk: Desk) -> None:
    """Two given shares of so many images are compared by the score test: 78 % against 73.83 % of 10,000 differ."""
    context = desk.context()
    first, second = (context.constant(share, "fraction", of=10000) for share in (0.78, 0.7383))
    comparison = context.compare(first, second)
    assert (comparison.over, comparison.verdict) == ("shares", "greater")
    assert comparison.p.number == pytest.approx(5e-12, rel=0.5)
    small = context.compare(*(context.constant(share, "fraction", of=600) for share in (0.89, 0.87)))
    assert small.undecided


@pytest.mark.parametrize(("second", "told"), [(0.7383, "p<0.001"), (0.77, "p=0.090")])
def test_a_p_value_is_written_in_one_way(desk: Desk, second: float, told: str) -> None:
    """In prose, in a formula and in the list of claims it has three decimals, or the sign that it is smaller."""
    desk.write(
        f"""<% set gain = compare(constant(0.78, "fraction", of=10000), constant({second}, "fraction", of=10000)) %>
*p* = << gain.p >>, $p = << gain.p >>$

<% claim "more", gain.greater %>It is more, p = << gain.p >>.<% endclaim %>
"""
    )
    (main,) = lxml.html.parse(desk.build(formats=("html",)).paths[0]).xpath("//main")
    written = re.findall(r"p[=<]+[\d.]*\d", re.sub(r"\s", "", main.text_content()))
    assert set(written) == {told}
    assert len(written) > 4


def test_differences_of_the_same_seeds_stay_paired(desk: Desk) -> None:
    """Arithmetic between values of runs with the same seeds keeps the seeds, so its spread is that of the pairs."""
    for seed in range(3):
        desk.store("net", {"accuracy": (0.7 + seed / 10, "fraction")}, seed=seed)
        desk.store("idle", {"accuracy": (0.6 + seed / 10, "fraction")}, seed=seed)
    difference: Value = desk.context().value("net.accuracy") - desk.context().value("idle.accuracy")
    assert difference.n == 3
    assert difference.spread.number == pytest.approx(0, abs=1e-12)


def test_the_interval_of_a_mean_over_seeds_counts_each_image_once(desk: Desk) -> None:
    """Seeds that see the same images don't make the interval of their share narrower."""
    from dataclasses import replace

    from report_cli.stats import wilson

    for seed in range(3):
        desk.store("net", {"accuracy": (0.7, "fraction"), "weights": (100, "count")}, seed=seed)
    declared = desk.experiments["net"]
    share = replace(declared.metrics["accuracy"], of="weights")
    desk.experiments["net"] = replace(declared, metrics={**declared.metrics, "accuracy": share})
    value = desk.context().value("net.accuracy")
    assert (value.low.number, value.high.number) == (wilson(70, 100).low, wilson(70, 100).high)


def test_a_missing_result_leaves_a_draft_undecided(desk: Desk) -> None:
    """In a draft a comparison with what was never run is undecided."""
    comparison = desk.context(draft=True).compare("net.loss", "idle.accuracy")
    assert comparison.greater.verdict == comparison.undecided.verdict == "undecided"
