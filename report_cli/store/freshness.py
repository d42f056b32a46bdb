"""Whether a stored run answers a question: decided here alone, for plan, status, why, gc, accept and build."""

from ast import FunctionDef
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from report_cli import wording
from report_cli.experiment import PROFILES, Experiment, parameters
from report_cli.keys import difference, inputs, key
from report_cli.keys.canonical import digest
from report_cli.keys.environment import current
from report_cli.keys.key import Recipe, lock_name
from report_cli.keys.sources import Sources
from report_cli.store.manifest import Drawing
from report_cli.store.run import Run
from report_cli.store.store import Store

State = Literal["fresh", "missing", "stale", "failed", "forced"]
# The outputs of the runs that a run is computed from, by experiment; None where one is to be run first.
Outputs = Mapping[str, Sequence[str]] | None


class Verdict(msgspec.Struct, frozen=True):
    """What is stored for a question: `run` answers it where the state is fresh, and may where it is forced."""

    state: State
    reason: str
    run: Run | None = None


class Question(msgspec.Struct, frozen=True):
    """A recipe as it is asked: for an experiment, in a profile, with a seed, from runs with these outputs.

    `waits_for` names the experiments that are to be run first, `overrides` the parameters that aren't the profile's,
    `point` has those that the point of a sweep sets.
    """

    experiment: str
    recipe: Recipe
    profile: str
    seed: int
    needs: Outputs
    strict_env: bool = False
    waits_for: Sequence[str] = ()
    overrides: Collection[str] = ()
    point: Mapping[str, Any] = {}


class Judge(msgspec.Struct):
    """Judges the runs of a store by what the project in `root` declares, and by its code as it is now.

    Runs and inputs are those that were there when they were looked at first: a new judge looks anew. `content` gives
    the identity of a data set that lies in the project, None for one that is somewhere else; `fonts` has the digests
    of those of the project.
    """

    store: Store
    experiments: Mapping[str, Experiment]
    snapshot: Sources
    root: Path
    content: Callable[[Any], str | None]
    fonts: Mapping[str, str] = {}
    _code: dict[str, Mapping[str, str]] = {}
    _runs: dict[str, list[Run]] = {}
    _recipes: dict[str, dict[str, list[Run]]] = {}
    _changes: dict[str, list[str]] = {}
    _contents: dict[str, str | None] = {}

    def figure_key(self, experiment: Experiment, outputs: Mapping[str, str]) -> str:
        """Return the key of the figures that `experiment` draws of runs with these `outputs`."""
        return key.figure_key(experiment, outputs, self.snapshot, self.fonts)

    def is_current(self, drawing: Drawing) -> bool:
        """Whether all that drawing was seen to use beside runs and code is what it was."""
        return not inputs.changed(drawing.inputs, self.root)

    def answer(self, question: Question) -> Verdict:
        """Return the stored run that answers `question`, or why there is none.

        Of several, one from this environment comes first, then a kept one, then by key.
        """
        store, wanted = self.store, question.recipe.digest
        same = [run for run in self._stored(question.experiment, wanted) if run.key.startswith(wanted[:16])]
        changes = {run.folder: self._changed(run) for run in same}
        unchanged = [run for run in same if not changes[run.folder]]
        alike = [run for run in unchanged if question.needs is not None and uses(run, question.needs)]
        usable = [run for run in alike if run.is_own or not question.strict_env]
        if usable:
            return Verdict("fresh", "up to date", min(usable, key=self._preference))
        failure = store.failure(question.experiment, lock_name(wanted, question.recipe.environment))
        if failure:
            return Verdict("failed", f"failed {wording.moment(failure.when)}, {failure.message}")
        if alike:
            return Verdict(
                "stale", f"computed elsewhere ({elsewhere(alike[0])}), and --strict-env asks for a run from here"
            )
        if unchanged:
            return Verdict("stale", _needed(min(unchanged, key=self._preference), question))
        if same:
            return Verdict("stale", difference.shortened(min(changes.values(), key=len)))
        stored = self.runs(question.experiment)
        # A run with these parameters comes before one with others, however much of its code has changed.
        wanted_parameters = digest(question.recipe.parts.get("parameters"))
        older = closest(
            stored, question, lambda run: digest(run.manifest.recipe.get("parameters")) == wanted_parameters
        ) or closest(stored, question)
        if older is None:
            others = {run.profile for run in stored} - {None}
            seed = f" with seed {question.seed}" if question.profile in others else f" with profile {question.profile}"
            where = seed if others and not question.point else ""
            return Verdict("missing", f"never run{where}")
        found = difference.between(older.manifest.recipe, question.recipe.parts)
        set_by_hand = {*question.overrides, *older.manifest.overrides}
        if all(each.part == "parameters" and each.name in set_by_hand for each in found):
            nearest = ", ".join(f"{each.name}={each.before}" for each in found)
            return Verdict("missing", f"not run with these parameters (nearest: {nearest})")
        told = [each.sentence(self.is_function, self.file_of) for each in found if each.name not in question.waits_for]
        return Verdict(
            "stale", difference.shortened([*told, *([_waits_for(question.waits_for)] if question.waits_for else [])])
        )

    def is_function(self, definition: str) -> bool:
        """Whether a definition ("package.module:name") is a function in the code as it is now."""
        module = self.snapshot.module(definition.partition(":")[0])
        found = (
            module.index.definitions.get(definition.partition(":")[2], ()) if module and module.path.is_file() else ()
        )
        return any(isinstance(each, FunctionDef) for each in found)

    def file_of(self, name: str) -> str:
        """Return the file of a module, as it is seen from the project."""
        module = self.snapshot.module(name)
        if module is not None and module.path.is_relative_to(self.root):
            return module.path.relative_to(self.root).as_posix()
        inside = "/__init__.py" if module is not None and module.path.name == "__init__.py" else ".py"
        return name.replace(".", "/") + inside

    def current(self, name: str) -> list[Run]:
        """Return the runs of an experiment that are up to date, one for each profile, parameters and seed."""
        best: dict[str, Run] = {}
        for run in sorted(self.runs(name), key=self._preference):
            if not any(self.outdated(run)):
                best.setdefault(run.manifest.recipe_digest, run)
        return list(best.values())

    def _preference(self, run: Run) -> tuple[bool, bool, str, bool]:
        """Order the runs of one recipe: own environment first, then kept, then by key.

        Of a run that is in both layers the own copy comes first: it has the weights.
        """
        return not run.is_own, not self.store.keeps(run), run.key, self.store.is_kept(run)

    def outdated(self, run: Run) -> tuple[str, str]:
        """Return (impossible, stale): why a run can never answer its question again, and why it doesn't now.

        Both are empty where nothing is wrong.
        """
        impossible, stale = self.unanswerable(run.experiment, run.manifest.recipe)
        if not stale and (changes := self._changed(run)):
            stale = changes[0]
        for need, outputs in run.manifest.needs.items():
            recipes = run.manifest.recipe.get("needs", {}).get(need, ())
            stored = [other for recipe in recipes for other in self._stored(need, recipe)]
            if (
                not stale
                and stored
                and not {r.outputs for r in stored if not any(self.outdated(r))}.issuperset(outputs)
            ):
                stale = f"{need}, which it needs, came out differently"
        return impossible, stale

    def unanswerable(self, name: str, parts: Any) -> tuple[str, str]:
        """Return (impossible, stale), as `outdated` does, for a recipe alone; what is no recipe is left alone."""
        if not isinstance(parts, dict) or not {"parameters", "code", "needs"} <= parts.keys():
            return "", ""
        impossible = self._impossible(name, parts)
        return impossible, "" if impossible else self._stale(name, parts)

    def _impossible(self, name: str, parts: Mapping[str, Any]) -> str:
        """Return why not even `report accept` can make this recipe an answer."""
        experiment = self.experiments.get(name)
        if experiment is None:
            return f"there is no experiment {name} any more"
        if set(parts["parameters"]) != set(parameters(experiment.params[PROFILES[0]])):
            return f"{name} has other parameters now"
        data = parts.get("data")
        if (data and data["name"]) != (experiment.data and experiment.data.name):
            return f"{name} uses other data now"
        return ""

    def _stale(self, name: str, parts: Mapping[str, Any]) -> str:
        experiment, data = self.experiments[name], parts.get("data") or {}
        if name not in self._code:
            self._code[name] = dict(key.code(experiment, self.snapshot).digests)
        if parts.get("code") != self._code[name]:
            return "its code changed"
        if "drawn" in data:
            draw = getattr(experiment.data, "draw", None)
            if data != key.data_identity(data["name"], draw, None, self.snapshot):
                return "the code that draws its images changed"
        if data and (content := self._content(experiment.data)) is not None and content != data.get("content"):
            return "its data changed"
        for need, recipes in parts["needs"].items():
            for recipe in recipes:
                # Of what is not stored nothing is known; a run of other inputs may be out of date beside a newer one.
                stored = self._stored(need, recipe)
                if stored and all(any(self.outdated(run)) for run in stored):
                    return f"{need}, which it needs, is out of date"
        return ""

    def _content(self, data: Any) -> str | None:
        if data.name not in self._contents:
            self._contents[data.name] = self.content(data)
        return self._contents[data.name]

    def _changed(self, run: Run) -> list[str]:
        """Return in words which inputs of a run have changed; many runs have the same."""
        noted = run.manifest.inputs
        if (name := repr(noted)) not in self._changes:
            self._changes[name] = inputs.changed(noted, self.root)
        return self._changes[name]

    def runs(self, name: str) -> list[Run]:
        """Return the stored runs of an experiment."""
        if name not in self._runs:
            self._runs[name] = list(self.store.runs(name))
        return self._runs[name]

    def _stored(self, name: str, recipe: str) -> list[Run]:
        if name not in self._recipes:
            self._recipes[name] = {}
            for run in self.runs(name):
                self._recipes[name].setdefault(run.manifest.recipe_digest, []).append(run)
        return self._recipes[name].get(recipe, [])


def closest(runs: Iterable[Run], question: Question, eligible: Callable[[Run], bool] = lambda _: True) -> Run | None:
    """Return the one of these runs most like what is asked: same profile and seed, fewest differences, newest.

    What was measured at another point of the same sweep is no older answer.
    """

    def likeness(run: Run) -> tuple[int, str, int]:
        return -len(difference.between(run.manifest.recipe, question.recipe.parts)), *run.age

    def is_another_point(run: Run) -> bool:
        return run.point.keys() == question.point.keys() and digest(dict(run.point)) != digest(dict(question.point))

    alike = (run for run in runs if run.seed == question.seed and run.profile in (question.profile, None))
    return max((run for run in alike if eligible(run) and not is_another_point(run)), key=likeness, default=None)


def _waits_for(names: Sequence[str]) -> str:
    return f"needs {wording.listing(names)}, which {'is' if len(names) == 1 else 'are'} out of date"


def _needed(run: Run, question: Question) -> str:
    """Return which of the experiments that a run was computed from keeps it from being an answer."""
    if question.waits_for:
        return _waits_for(question.waits_for)
    now = question.needs or {}
    changed = [name for name in now if run.manifest.needs.get(name) != list(now[name])]
    return f"{wording.listing(changed)}, which it needs, came out differently"


def uses(run: Run, outputs: Mapping[str, Sequence[str]]) -> bool:
    """Whether the run was computed from the runs with these outputs."""
    return run.manifest.needs == {name: list(each) for name, each in outputs.items()}


def elsewhere(run: Run) -> str:
    """Return how the environment of a run differs from this one ("keras 3.14, here 3.15"); empty where it doesn't."""
    return difference.environments(run.manifest.environment, current(run.manifest.environment, run.parameters))
