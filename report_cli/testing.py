"""For the tests of a project's own experiments: run one anew, apart from everything that is stored.

def test_more_points_come_nearer(tmp_path):
    assert testing.run("pi", tmp_path, points=100_000).scalars["error"] < 0.02
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report_cli import api, project
from report_cli.execution.workspace import Workspace
from report_cli.project import Project
from report_cli.settings import typed
from report_cli.store.run import Results


@dataclass(frozen=True)
class _Apart(Project):
    """The project with its output elsewhere and without kept results."""

    @property
    def kept(self) -> Path:
        return self.build / "experiments" / "results"


def run(
    name: str,
    place: Path,
    *,
    profile: str = "smoke",
    seeds: int | None = None,
    folder: Path | str = ".",
    **parameters: Any,
) -> Results:
    """Return the results of the experiment `name`, run with these parameters and its figures drawn.

    What it makes, and the results of what it needs, lie in `place` (the `tmp_path` of the test) and nowhere else: no
    report takes them. `folder` is the project's.

    Raises:
        ReportError: it failed, or there is no such experiment or parameter.
    """
    here = project.find(Path(folder).resolve())
    workspace = Workspace.open(_Apart(here.root, here.settings, str(place.absolute())), lambda text: None)
    settings = [f"{key}={typed(value)}" for key, value in parameters.items()]
    request = api.request_of(workspace, profile=profile, settings=settings, seeds=seeds)
    with api.open_runner(workspace) as runner:
        made = runner.plan(workspace.registry.select([name]), request)
        return api.execute(workspace, runner, made).results(name)
