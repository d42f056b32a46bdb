import pytest

from report_cli.errors import ReportError
from report_cli.report import provenance
from report_cli.report.text import words
from tests.report.conftest import Desk

ENGLISH = words.of("en")


def test_profiles_are_never_mixed(desk: Desk) -> None:
    """Runs of two profiles make no report, only a draft that names both."""
    desk.store("idle", {"accuracy": (0.5, "")}, profile="full")
    desk.write('<< value("net.accuracy") >> << value("idle.accuracy") >>')
    with pytest.raises(ReportError, match=r"never mixes profiles: idle \(full\), net \(quick\)"):
        desk.build(formats=("html",))


def test_full_runs_on_real_images_carry_no_label(desk: Desk) -> None:
    """Only a report of full runs on real images goes without a label; computed facts don't matter."""
    real = {"name": "cifar10", "label": "CIFAR-10", "origin": "real"}
    full = desk.store("idle", {"accuracy": (0.5, "")}, profile="full", data=real)
    drawn = desk.store("idle", {"accuracy": (0.5, "")}, seed=1, profile="full")
    (facts,) = desk.runs["facts"]
    assert provenance.label([full, facts], draft=False, language=ENGLISH, behind={}) == ""
    assert provenance.label([full, drawn], draft=False, language=ENGLISH, behind={}) == "drawn images"
    (net,) = desk.runs["net"]
    assert provenance.label([net, full], draft=True, language=ENGLISH, behind={}) == "short trainings on drawn images"


def test_a_shared_environment_is_told_once(desk: Desk) -> None:
    """What all runs agree on is told once for all of them, what differs with each."""
    net = desk.store("net", {"accuracy": (0.5, "")}, environment={"python": "3.11", "package keras": "3.15.1"})
    same = provenance.appendix([net], desk.experiments, ENGLISH, {}, {})
    assert dict(same.shared)["Computed with"] == "keras 3.15.1, python 3.11"
    assert not {"python", "keras"} & {name for entry in same.entries for name, _ in entry.facts}
    other = desk.store("idle", {"accuracy": (0.5, "")}, environment={"python": "3.99"})
    both = provenance.appendix([net, other], desk.experiments, ENGLISH, {}, {})
    assert dict(both.shared)["Computed with"] == "keras 3.15.1"
    assert [dict(entry.facts)["python"] for entry in both.entries] == ["3.11", "3.99"]


def test_what_a_run_rests_on_counts(desk: Desk) -> None:
    """A run without a budget or images of its own says those of the runs behind it, at any distance."""
    behind = {"experiment": "net", "key": "k", "seed": 0, "point": {}, "outputs": "o", "profile": "smoke"}
    behind |= {"overrides": {"epochs": 1}, "data": {"name": "x", "label": "drawn x", "origin": "drawn"}}
    facts = desk.store("facts", {"sum": (1, "count")}, profile=None, data=None, behind=[behind])
    label = provenance.label([facts], draft=False, language=ENGLISH, behind={})
    assert label == "short trainings on drawn images · changed parameters"


def test_everything_behind_a_number_is_told(desk: Desk) -> None:
    """Packages, files, warnings, profile, data and seeds of runs behind count; one that isn't stored is called so."""
    environment = {"python": "3.11", "package numpy": "2.9"}
    noted = {"files": {"experiments/x.csv": "5e"}, "folders": {}, "variables": {}}
    warned = [{"category": "UserWarning", "message": "odd", "count": 5}]
    net = desk.store(
        "net", {"accuracy": (0.5, "")}, seed=3, environment=environment, inputs=noted, warnings=warned, unwatched=["a"]
    )
    behind = [
        {"experiment": "net", "key": key, "seed": 3, "point": {}, "outputs": "o", "profile": "quick"}
        | {"overrides": {"epochs": 1}, "data": {"name": "x", "label": "photographs", "origin": "real"}}
        for key in (net.key, "gone")
    ]
    bare = {"environment": {"python": "3.11"}, "profile": None, "data": None}
    facts = desk.store("facts", {"sum": (1, "count")}, behind=behind, **bare)
    appendix = provenance.appendix([facts], desk.experiments, ENGLISH, {}, {net.key: net})
    (entry,) = appendix.entries
    told = dict(entry.facts)
    assert dict(appendix.shared) == {"Profile": "quick", "Computed with": "numpy 2.9, python 3.11"}
    assert told["Computed from"] == f"net, seed 3: {net.key[:8]}, gone (not stored)"
    assert told["Files read"] == "experiments/x.csv"
    assert told["Not watched"] == "a"
    assert told["Warnings"] == "5, the first: UserWarning: odd"
    assert "net: epochs" in told["Overridden"]
    assert entry.data == "photographs"
    assert entry.command == "report run facts --profile quick --data FOLDER --force"
    attached = provenance.attachment("paper", [facts], desk.context().ledger, {}, {}, {net.key: net})
    assert [run["key"] for run in attached["behind"]] == [net.key]
    assert attached["behind"][0]["warnings"] == warned
    assert "package numpy" in attached["behind"][0]["environment"]


def test_runs_behind_are_told_by_experiment(desk: Desk) -> None:
    """Points are counted, seeds named, and keys begun; seeds with gaps are named one by one."""

    def one(experiment: str, seed: int, **point: int) -> dict[str, object]:
        key = f"{experiment}{point.get('width', '')}{seed}-and-so-on"
        bare = {"outputs": "o", "profile": "quick", "overrides": {}, "data": None}
        return {"experiment": experiment, "key": key, "seed": seed, "point": point, **bare}

    sweep = [one("wide", seed, width=width) for width in (1, 2) for seed in (0, 1)]
    facts = desk.store("facts", {"sum": (1, "count")}, behind=[*sweep, one("net", 0), one("net", 2)], data=None)
    there = {each["key"]: facts for each in (*sweep, one("net", 0))}
    (entry,) = provenance.appendix([facts], desk.experiments, ENGLISH, {}, there).entries
    assert dict(entry.facts)["Computed from"].split("; ") == [
        "wide, 2 points, seeds 0 to 1: wide10-a, wide11-a, wide20-a, wide21-a",
        "net, seed 0, seed 2: net0-and, net2-and (not stored)",
    ]


def test_short_runs_without_a_training_are_no_trainings(desk: Desk) -> None:
    """Only what trains is called a training."""
    desk.store("facts", {"sum": (1, "count")}, data=None)
    (facts,) = desk.runs["facts"]
    assert provenance.label([facts], draft=False, language=ENGLISH, behind={}) == "short runs"
    times = {"started": "2026", "finished": "2026", "duration_s": 1.0, "epochs": [{"seconds": 1.0, "images": 2}]}
    net = desk.store("net", {"accuracy": (0.5, "")}, data=None, times=times)
    assert provenance.label([facts, net], draft=False, language=ENGLISH, behind={}) == "short trainings"


def test_the_command_that_repeats_a_run_can_be_typed(desk: Desk) -> None:
    """Values are written as --set takes them; a folder is asked for where there are images, which a table has not."""
    table = {"name": "t", "label": "a table", "origin": "project"}
    overrides = {"widths": [32, 64], "augment": False, "limit": None}
    net = desk.store("net", {"accuracy": (0.5, "")}, data=table, overrides=overrides)
    (entry,) = provenance.appendix([net], desk.experiments, ENGLISH, {}, {}).entries
    settings = "--set augment=false --set limit=none --set widths=32,64"
    assert entry.command == f"report run net --profile quick {settings} --force"
    real = desk.store("net", {"accuracy": (0.5, "")}, data=table | {"origin": "real"})
    (entry,) = provenance.appendix([real], desk.experiments, ENGLISH, {}, {}).entries
    assert entry.command == "report run net --profile quick --data FOLDER --force"
    other = desk.store("net", {"accuracy": (0.5, "")}, seed=1)
    (entry,) = provenance.appendix([net, other], desk.experiments, ENGLISH, {}, {}).entries
    assert entry.command == f"report run net --profile quick {settings} --seeds 2 --force"
