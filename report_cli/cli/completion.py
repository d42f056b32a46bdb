"""What the shell completes: names of experiments and their parameters, data sets, documents, sections and so on.

Says nothing when anything is wrong: a broken project must not print into the shell's prompt.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import typer

from report_cli.experiment import PROFILES
from report_cli.project import FORMATS, PAGES, VIEWS
from report_cli.settings import placed

if TYPE_CHECKING:
    from report_cli.execution.workspace import Workspace


def experiments(incomplete: str) -> list[str]:
    """Return the experiments of this project that begin so."""
    return _matches(incomplete, lambda workspace: [*workspace.experiments, "all"])


def datasets(incomplete: str) -> list[str]:
    """Return the data sets of this project that begin so."""
    return _matches(incomplete, lambda workspace: [*workspace.registry.data, *workspace.registry.weights])


def documents(incomplete: str) -> list[str]:
    """Return the documents of this project that begin so."""
    return _matches(incomplete, lambda workspace: [*workspace.project.documents, "all"])


def sections(incomplete: str) -> list[str]:
    """Return the sections and answers of this project that begin so."""

    def parts(workspace: "Workspace") -> list[str]:
        from report_cli.report.text import templates

        return [name for folder in ("sections", "answers") for name in templates.names(workspace.project, folder)]

    return _matches(incomplete, parts)


def settings(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the parameters that begin so of the experiments that the line names, of all where it names none; with
    the values that profiles have, where only one begins so."""
    name, equals, _ = incomplete.partition("=")

    def parameters(workspace: "Workspace") -> list[str]:
        from report_cli.experiment import parameters as values_of
        from report_cli.settings import typed

        chosen = workspace.registry.select(_names(ctx) or ["all"])
        known: dict[str, dict[str, None]] = {}
        for each in (values_of(params) for experiment in chosen for params in experiment.params.values()):
            for parameter, setting in each.items():
                known.setdefault(parameter, {})[typed(setting)] = None
        fitting = [each for each in known if each == name or (not equals and each.startswith(name))]
        # A shell sets a space behind the only word that fits, but none behind what several begin with.
        return [f"{each}={value}" for each in fitting for value in known[each]] if len(fitting) == 1 else fitting

    return _matches(incomplete, parameters)


def metrics(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the metrics that begin so of the experiments that the line names."""

    def names(workspace: "Workspace") -> list[str]:
        chosen = workspace.registry.select(_names(ctx) or ["all"])
        return list(dict.fromkeys(metric for experiment in chosen for metric in experiment.metrics))

    return _matches(incomplete, names)


def _of(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Return what completes names of `known`, behind those that are named already with a comma."""

    def matches(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        others = [name for name in known if name not in before.split(",")]
        return [f"{before}{comma}{name}" for name in others if name.startswith(last)]

    return matches


profiles = _of(PROFILES)
executors = _of(("local", "ray"))
views = _of(VIEWS)
formats = _of(FORMATS)
pages = _of(PAGES)


def _names(ctx: typer.Context) -> list[str]:
    # As long as an option lacks its value, arguments aren't parsed.
    return [name for name, _ in placed(ctx.params.get("names") or ctx.args)]


def _matches(incomplete: str, names: Callable[["Workspace"], Iterable[str]]) -> list[str]:
    from report_cli import api

    try:
        return [name for name in names(api.open_workspace()) if name.startswith(incomplete)]
    except Exception:
        return []
