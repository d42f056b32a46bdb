import dataclasses

import pytest

from report_cli.errors import ReportError
from report_cli.report import provenance
from tests.report.conftest import Desk


def test_profiles_are_never_mixed(desk: Desk) -> None:
    """Runs of two profiles make no report, only a draft that names both."""
    desk.store("idle", {"accuracy": (0.5, "")}, profile="full")
    desk.write('<< value("net.accuracy") >> << value("idle.accuracy") >>')
    with pytest.raises(ReportError, match=r"never mixes profiles: idle \(full\), net \(quick\)"):
        desk.build(formats=("html",))


def test_full_runs_on_real_images_carry_no_label(desk: Desk) -> None:
    """Only a report of full runs on real images goes without a label; computed facts don't matter."""
    real = {"name": "cifar10", "label": "CIFAR-10", "origin": "real"}
    full = desk.store("idle", {"accuracy": (0.5, "")}, profile="full", images=real)
    drawn = desk.store("idle", {"accuracy": (0.5, "")}, seed=1, profile="full")
    facts = desk.runs["facts"][0]
    assert provenance.label([full, facts], draft=False) == ""
    assert provenance.label([full, drawn], draft=False) == "embedded images"
    assert provenance.label([desk.runs["net"][0], full], draft=True) == "quick profile · embedded images"


def test_a_shared_environment_is_told_once(desk: Desk) -> None:
    """Where all runs come from one environment the appendix names it once, else with each run."""
    (run,) = desk.runs["net"]
    here = provenance.appendix([run, run], desk.experiments)
    assert here.environment
    assert all(name != "Computed with" for entry in here.entries for name, _ in entry.facts)
    other = dataclasses.replace(run, manifest={**run.manifest, "environment": {"python": "3.99"}})
    both = provenance.appendix([run, other], desk.experiments)
    assert not both.environment
    assert [dict(entry.facts)["Computed with"] for entry in both.entries][1] == "python 3.99"
