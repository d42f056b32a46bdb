"""What a number rests on counts at any distance: random graphs of experiments against an oracle."""

import html
import json
import re
import shlex
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import fmean
from typing import Any

import pikepdf
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from report_cli import api
from tests.conftest import edit

EXAMPLES = {"few": 6, "many": 150}
HEAD = """
import warnings

import report_cli as report

METRICS = {"x": report.Metric("count", "x")}
"""
EXPERIMENT = """

@report.experiment("e{number}", title="E", metrics=METRICS, profiles={profiles}, seeds={seeds}, needs={needs})
def e{number}({arguments}):
    {body}
    record(x={own} + record.seed + sum(sum(record.need(name).metric("x")) for name in {needs}))
"""
BUDGET = {"smoke": {"n": 100}, "quick": {"n": 200}, "full": {"n": 300}}
PAPER = '+++\ntitle = "P"\n+++\n\n# A\n\nIt is << value("{name}.x")|decimals(1) >>.\n'


@dataclass(frozen=True)
class Node:
    """An experiment: whether it has a budget of its own, how many seeds, which earlier ones it needs, whether it
    computes with numpy, and how often it warns."""

    budget: bool
    seeds: int
    needs: tuple[int, ...]
    numpy: bool
    warnings: int


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    """Draw a graph of one to five experiments."""
    nodes: list[Node] = []
    for number in range(draw(st.integers(1, 5))):
        needs = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        own = draw(st.booleans()), draw(st.integers(1, 2)), tuple(sorted(needs))
        nodes.append(Node(*own, draw(st.booleans()), draw(st.integers(0, 2))))
    return nodes


def needed(nodes: list[Node], number: int, seed: int) -> list[tuple[int, int]]:
    """Return the runs that a run needs itself: those of its seed where both have several, else all."""
    own = nodes[number]
    return [
        (need, other)
        for need in own.needs
        for other in range(nodes[need].seeds)
        if own.seeds == 1 or nodes[need].seeds == 1 or other == seed
    ]


def behind(nodes: list[Node], number: int, seed: int) -> set[tuple[int, int]]:
    """Return a run and all that it rests on."""
    return {(number, seed)}.union(*(behind(nodes, *run) for run in needed(nodes, number, seed)))


def x(nodes: list[Node], number: int, seed: int, profile: str) -> int:
    """Return what a run measures."""
    own = BUDGET[profile]["n"] if nodes[number].budget else 1
    return own + seed + sum(x(nodes, *run, profile) for run in needed(nodes, number, seed))


def write(root: Path, nodes: list[Node]) -> None:
    (root / "experiments").mkdir(parents=True)
    (root / "templates" / "documents").mkdir(parents=True)
    (root / "pyproject.toml").write_text('[tool.report]\nauthor = "A"\ndate = 2026-01-02\n')
    texts = [HEAD]
    for number, node in enumerate(nodes):
        texts.append(
            EXPERIMENT.format(
                number=number,
                profiles=BUDGET if node.budget else {},
                seeds=node.seeds,
                needs=tuple(f"e{need}" for need in node.needs),
                arguments="params, record" if node.budget else "record",
                own="params.n" if node.budget else "1",
                body="\n    ".join(
                    [
                        *(["import numpy"] * node.numpy),
                        *(["warnings.warn('odd', stacklevel=1)"] * node.warnings),
                        "pass",
                    ]
                ),
            )
        )
        (root / "templates" / "documents" / f"d{number}.md").write_text(PAPER.format(name=f"e{number}"))
    (root / "experiments" / "all.py").write_text("".join(texts))


@pytest.mark.parametrize("examples", ["few", pytest.param("many", marks=pytest.mark.fault)])
def test_label_appendix_provenance_and_key_agree_with_an_oracle(
    examples: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Number, label, appendix and provenance name every run behind a number; an edit makes stale what rests on it."""
    numbers = count()

    @settings(
        max_examples=EXAMPLES[examples],
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(graphs(), st.sampled_from(["smoke", "quick"]), st.data())
    def check(nodes: list[Node], profile: str, data: st.DataObject) -> None:
        root = tmp_path_factory.mktemp("graph") / str(next(numbers))
        write(root, nodes)
        shown = data.draw(st.integers(0, len(nodes) - 1), "shown")
        api.build(f"d{shown}", profile=profile, folder=root)
        rests = set().union(*(behind(nodes, shown, seed) for seed in range(nodes[shown].seeds)))

        with pikepdf.open(root / "build" / "report" / f"d{shown}.pdf") as pdf:
            provenance = json.loads(pdf.attachments["provenance.json"].get_file().read_bytes())
        page = (root / "build" / "report" / f"d{shown}.html").read_text()
        assert names(provenance) == {(f"e{number}", seed) for number, seed in rests}
        (value,) = provenance["values"]
        assert value["number"] == fmean(x(nodes, shown, seed, profile) for seed in range(nodes[shown].seeds))
        is_short = profile != "full" and any(nodes[number].budget for number, _ in rests)
        assert ('<p class="label">short runs' in page) == is_short
        told = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page, re.DOTALL))
        assert ("numpy" in told["Computed with"]) == any(nodes[number].numpy for number, _ in rests)
        packages = {name for run in listed(provenance) for name in run["environment"]}
        assert ("package numpy" in packages) == any(nodes[number].numpy for number, _ in rests)
        warned = sum(nodes[number].warnings for number, _ in rests)
        assert int(told.get("Warnings", "0").partition(",")[0]) == warned
        assert sum(each["count"] for run in listed(provenance) for each in run["warnings"]) == warned
        rests_on_budget = any(nodes[number].budget for number, _ in rests)
        assert told.get("Profile") == (profile if rests_on_budget else None)
        # The command computes the very runs, whatever the project's own profile is.
        command = shlex.split(html.unescape(re.sub("<.*?>", "", told["Command"])))
        assert command[:3] == ["report", "run", f"e{shown}"]
        asked = command[command.index("--profile") + 1] if "--profile" in command else ""
        same = {status.key for status in api.status(f"e{shown}", profile=asked, folder=root)}
        assert {run["key"] for run in provenance["runs"]} <= same
        keys = {status.key for status in api.status(profile=profile, folder=root) if status.state == "fresh"}
        assert len(keys) == len(rests), "nothing else was run"
        assert all(key in page for key in keys)

        api.run("all", profile=profile, folder=root)
        changed = data.draw(st.integers(0, len(nodes) - 1), "changed")
        edit(root / "experiments" / "all.py", f"def e{changed}(", f"def e{changed}(*, _=0, ")
        stale = {
            (status.step.experiment.name, status.step.seed)
            for status in api.status(profile=profile, folder=root)
            if status.state != "fresh"
        }
        assert stale == {
            (f"e{number}", seed)
            for number, node in enumerate(nodes)
            for seed in range(node.seeds)
            if any(run[0] == changed for run in behind(nodes, number, seed))
        }

    check()


def names(provenance: dict[str, Any]) -> set[tuple[str, int]]:
    """Return experiment and seed of every run that a provenance names, and of those behind them."""
    behind = {(each["experiment"], each["seed"]) for run in provenance["runs"] for each in run["behind"]}
    assert {(run["experiment"], run["seed"]) for run in provenance["behind"]} == behind
    return {(run["experiment"], run["seed"]) for run in listed(provenance)}


def listed(provenance: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the runs of a provenance, and those behind them."""
    return [*provenance["runs"], *provenance["behind"]]
