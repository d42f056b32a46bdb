"""What was asked: the recipe of a run, and the names under which runs and figures are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from report_cli.experiment import MADE, PROFILES, Experiment, parameters
from report_cli.keys import environment as environments
from report_cli.keys.canonical import digest
from report_cli.keys.dependencies import reach
from report_cli.keys.sources import Reach, Sources

SCHEMA = 2


@dataclass(frozen=True)
class Recipe:
    """What was asked, part by part, and the code behind it; equal digests mean the same question."""

    parts: Mapping[str, Any]
    code: Reach = field(repr=False)

    @cached_property
    def digest(self) -> str:
        return digest(self.parts)

    @property
    def environment(self) -> dict[str, str]:
        """Where a run of it would be computed if it started now."""
        return environments.environment(self.code.packages, self.parts["parameters"].get("precision", "auto"))


def recipe(
    experiment: Experiment,
    params: Any,
    seed: int,
    sources: Sources,
    content: str | None,
    needs: Mapping[str, Any],
) -> Recipe:
    """Return the recipe of one run.

    `content` is the digest of its real data, None for drawn images or without data; `needs` maps each needed experiment
    to the recipe digests of its runs.
    """
    data, reached = experiment.data, code(experiment, sources)
    parts = {
        "schema": SCHEMA,
        "experiment": experiment.name,
        "parameters": parameters(params),
        "code": dict(reached.digests),
        "data": data and data_identity(data.name, getattr(data, "draw", None), content, sources),
        "needs": dict(needs),
        "seed": seed,
    }
    return Recipe(parts, reached)


def code(experiment: Experiment, sources: Sources) -> Reach:
    """Return the code that `experiment` measures with: its own, that of its parameters and that of its data."""
    params = type(experiment.params[PROFILES[0]])
    roots = [(experiment.measure.__module__, experiment.measure.__qualname__)]
    if params.__name__ != MADE:
        roots.append((params.__module__, params.__qualname__))
    if experiment.data is not None:
        roots.append(experiment.data.loaded)
    return reach(sources, *roots)


def figure_key(experiment: Experiment, outputs: Mapping[str, str], sources: Sources, fonts: Mapping[str, str]) -> str:
    """Return the key of the figures that `experiment`, which has a `draw`, makes of runs with these `outputs`.

    `fonts` are the digests of those of the project.
    """
    facts = {
        "runs": dict(outputs),
        "code": dict(drawing_code(experiment, sources).digests),
        "figures": experiment.figures,
        "fonts": dict(fonts),
        "matplotlib": environments.version("matplotlib"),
    }
    return digest(facts)


def drawing_code(experiment: Experiment, sources: Sources) -> Reach:
    """Return the code that `experiment` draws with; what makes files of figures decides them as much as draw does."""
    assert experiment.draw is not None
    draw = (experiment.draw.__module__, experiment.draw.__qualname__)
    return reach(sources, draw, ("report_cli.figures.screen", "forms"))


def drawing_identity(experiment: Experiment, sources: Sources) -> str:
    """Return a digest of all that `experiment` draws with, whatever it shows."""
    code = dict(drawing_code(experiment, sources).digests)
    return digest({"code": code, "matplotlib": environments.version("matplotlib")})


def data_identity(name: str, draw: Any, content: str | None, sources: Sources) -> dict[str, Any]:
    """Return what decides the data: its digest, or for drawn images (no `content`) the code that draws them."""
    if content is not None:
        return {"name": name, "content": content}
    drawn = reach(sources, (draw.__module__, draw.__qualname__))
    return {"name": name, "drawn": f"{draw.__module__}:{draw.__qualname__}", "code": dict(drawn.digests)}


def computed(cache: Path) -> Path:
    """Return where in the user's `cache` lies what this machine with these packages can compute again."""
    return cache / "computed" / digest(environments.environment({"keras"}))[:16]


def lock_name(recipe_digest: str, where: Mapping[str, str]) -> str:
    """Return the name by which lock, checkpoints and failures of a run are kept."""
    return f"{recipe_digest[:16]}-{digest(where)[:8]}"


def run_name(recipe_digest: str, where: Mapping[str, str], inputs: Mapping[str, Any]) -> str:
    """Return the name of a run's folder."""
    return f"{lock_name(recipe_digest, where)}-{digest(inputs)[:8]}"
