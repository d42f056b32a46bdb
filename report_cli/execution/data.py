"""What the data sets and weights of a project are on this machine: listed, checked, fetched."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec

from report_cli.datasets import exclusions, source
from report_cli.datasets.download import fetch as fetch
from report_cli.datasets.spec import Archive, DataSet, Table, Weights
from report_cli.errors import AbsentError, DataError, ReportError, unknown
from report_cli.execution.runner import Runner
from report_cli.execution.workspace import DataChoice, Workspace, choose_data


def facts(workspace: Workspace) -> list[dict[str, Any]]:
    """Return of each declaration where it is published, what is drawn in its place, and what a run would use."""
    choice = choose_data(workspace, None)
    return [_facts(data, choice, workspace) for data in _declared(workspace)]


def check(
    workspace: Workspace, folder: Path | None, runner: Runner, problem: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Read every declared set that is found in `folder`, and each table of the project; return what was found.

    `problem` is told what is absent or faulty.

    Raises:
        DataError: there is none that is whole.
    """
    if not _declared(workspace):
        raise DataError(
            "no experiment of this project has a data set", "declare one: report.Table(...), report.Images(...)"
        )
    choice = choose_data(workspace, folder)
    sets = [data for data in _declared(workspace) if choice.folder or isinstance(data, Table)]
    if not sets:
        raise DataError("no real images are named", "report data check FOLDER, set REPORT_DATA, or report data fetch")
    whole, errors = [], []
    for data in sets:
        try:
            whole.append(_checked(data, choice, workspace, runner))
        except ReportError as error:
            errors.append(error)
            problem(f"{data.title}: {error.message}")
    if not whole:
        # What is there and faulty is what was meant, not what is absent.
        faulty = [each for each in errors if not isinstance(each, AbsentError)]
        nothing = DataError(f"no data set in {choice.folder}", "report data list says where each one is published")
        raise faulty[0] if faulty else nothing
    return whole


def published(workspace: Workspace, name: str) -> Archive:
    """Return the published file of the set or the weights `name`.

    Raises:
        UsageError: nothing of that name is declared; DataError: it has no published file.
    """
    files: dict[str, Archive | None] = {d.name: getattr(d, "published", None) for d in _declared(workspace)}
    if name not in files:
        raise unknown("data set", name, files)
    if (archive := files[name]) is None:
        others = ", ".join(known for known, each in files.items() if each)
        raise DataError(f"{name} has no published file", f"known: {others or 'none'}")
    return archive


def _declared(workspace: Workspace) -> list[DataSet | Weights]:
    return [*workspace.registry.data.values(), *workspace.registry.weights.values()]


def _checked(data: DataSet | Weights, choice: DataChoice, workspace: Workspace, runner: Runner) -> dict[str, Any]:
    """Return what was found of `data`, after reading all of it."""
    from report_cli.datasets import load, weights

    if isinstance(data, Weights):
        path = weights.find(data, choice.folder, workspace.cache)
        return {"data": data.name, "path": str(path), "label": f"{data.title} from {path.name}", "digest": data.digest}
    chosen = source.choose(data, choice.folder, workspace.cache, workspace.project.root)
    if isinstance(data, Table):
        load.load(chosen, workspace.cache)
        return chosen.to_json()
    # Whatever was read before: a check reads again.
    read = runner.read_in(replace(chosen, digest=None))
    left_out = exclusions.read(workspace.cache, read.digest or "")
    return {**read.to_json(), **msgspec.to_builtins(left_out)}


def _facts(data: DataSet | Weights, choice: DataChoice, workspace: Workspace) -> dict[str, Any]:
    from report_cli.datasets import weights

    archive, drawn = getattr(data, "published", None), getattr(data, "drawn", "")
    where = asdict(archive) if archive else dict.fromkeys(("address", "page", "terms"))
    about = {**where, "data": data.name, "title": data.title, "drawn": drawn, "source": None}
    try:
        if isinstance(data, Weights):
            path = weights.find(data, choice.folder, workspace.cache)
            return {**about, "source": {"path": str(path), "digest": data.digest}, "used": str(path)}
        chosen = source.choose(data, choice.folder, workspace.cache, workspace.project.root)
    except DataError as error:
        absent = f"drawn {drawn}" if drawn and choice.origin == "fetched" else f"nothing: {error.message}"
        return {**about, "used": absent}
    if chosen.path is None:
        return {**about, "used": chosen.label}
    known = f"identity {chosen.digest[:16]}" if chosen.digest else "not read in yet"
    return {**about, "source": chosen.to_json(), "used": f"{chosen.path} ({chosen.layout or 'table'}; {known})"}
