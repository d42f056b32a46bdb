"""About how long a run takes: what like ones took on this machine, else what its author declares."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from math import log
from operator import itemgetter
from typing import Any

import msgspec

from report_cli.experiment import Experiment, parameters
from report_cli.store.freshness import Judge

# Half of these take half the time. Less of anything else, of test images for instance, may save next to nothing.
LENGTHS = ("epochs", "steps", "train")
# Whole numbers that make no run longer.
FREE = ("seed", "batch_size")
# So many seconds as declared are taken for granted, and no more than are declared of the run itself: a run of a moment
# tells little of one of hours, and much of another moment.
DOUBT_S = 60.0


class Estimator(msgspec.Struct):
    """Knows what the runs of a store took on this machine, as far as they were made in `profile`."""

    judge: Judge
    experiments: Mapping[str, Experiment]
    profile: str
    _recorded: dict[str, list[tuple[Any, float]]] = {}
    # What the recorded runs took, and what they were declared to take.
    _machine: tuple[float, float] | None = None

    def seconds(self, experiment: Experiment, params: Any, usual: Any) -> float:
        """Return about how many seconds a run takes with `params`; `usual` are those that its author declares.

        The recorded run that is most like it tells, or the declaration, as other runs here took longer or shorter than
        theirs say.
        """
        recorded = self._runs(experiment)
        if not recorded:
            declared_s = self._declared(experiment, params, usual)
            return declared_s * self._pace(declared_s)
        factors = [(_factor(experiment, params, before), took_s) for before, took_s in recorded]
        factor, took_s = min(factors, key=lambda each: (abs(log(each[0])), -each[1]))
        return max(took_s * factor, min(took_s, _start_s(experiment)))

    def _runs(self, experiment: Experiment) -> list[tuple[Any, float]]:
        """Return the parameters that were run here, and the most seconds that a run with them took."""
        if experiment.name not in self._recorded:
            # Of a thousand seeds one is enough: each step to run is held against each of these.
            longest: dict[str, tuple[Any, float]] = {}
            for run in self.judge.runs(experiment.name):
                # What is kept may have been measured elsewhere, or beside other work.
                made_here = run.is_own and not self.judge.store.is_kept(run)
                if made_here and run.profile in (self.profile, None):
                    # Those of a run that is older than the experiment may be none of it any more.
                    with suppress(TypeError, ValueError):
                        made = replace(experiment.params[self.profile], **run.manifest.recipe["parameters"])
                        took_s = run.manifest.times.duration_s
                        longest[repr(made)] = max(
                            longest.get(repr(made), (made, 0.0)), (made, took_s), key=itemgetter(1)
                        )
            self._recorded[experiment.name] = [*longest.values()]
        return self._recorded[experiment.name]

    def _declared(self, experiment: Experiment, params: Any, usual: Any) -> float:
        declared_s = experiment.cost(self.profile)
        return max(declared_s * _factor(experiment, params, usual), min(declared_s, _start_s(experiment)))

    def _pace(self, of_s: float) -> float:
        """Return how many times as long as declared the recorded runs took, all together, as told of one of `of_s`."""
        if self._machine is None:
            took_s = declared_s = 0.0
            for experiment in self.experiments.values():
                usual = experiment.params[self.profile]
                for before, run_s in self._runs(experiment):
                    took_s += run_s
                    declared_s += self._declared(experiment, before, usual)
            self._machine = took_s, declared_s
        doubt_s = min(DOUBT_S, of_s)
        took_s, declared_s = (doubt_s + all_s for all_s in self._machine)
        return took_s / declared_s if declared_s else 1.0


def _start_s(experiment: Experiment) -> float:
    """Return what a run takes at least: starting is nearly all of the smallest budget."""
    return 0.0 if callable(experiment.cost_s) else experiment.cost("smoke")


def _factor(experiment: Experiment, params: Any, before: Any) -> float:
    """Return how many times as long a run takes with `params` as with those `before`.

    That is as its author declares; else twice a whole number takes twice the time, and half of `LENGTHS` half of it.
    """
    if callable(experiment.cost_s):
        cost_s, former_s = experiment.cost_s(params), experiment.cost_s(before)
        # Of a cost of nothing no share can be told.
        return cost_s / former_s if min(cost_s, former_s) > 0 else 1.0
    factor, former = 1.0, parameters(before)
    for name, now in parameters(params).items():
        was = former[name]
        if type(now) is type(was) is int and min(now, was) > 0 and not name.endswith(FREE):
            factor *= now / was if now > was or name in LENGTHS else 1.0
    return factor
