"""Opens what carries out plans: with workers of this machine, or on a cluster."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from report_cli.errors import UsageError, unknown
from report_cli.execution.listener import Listener, Silence
from report_cli.execution.local import LocalExecutor, cores
from report_cli.execution.plan import Plan, Request
from report_cli.execution.runner import Executor, Runner
from report_cli.execution.worker_client import LocalWorker
from report_cli.execution.workspace import Workspace
from report_cli.experiment import Experiment

EXECUTORS = ("local", "ray")


@contextmanager
def open_runner(
    workspace: Workspace, listener: Listener | None = None, *, jobs: int | None = None, executor: str = "local"
) -> Iterator[Runner]:
    """Yield what carries plans out, so many runs at once: 0 is one a core, None is one, or what Ray has room for.

    Its workers end with the block, and what was found in sources is remembered.

    Raises:
        UsageError: fewer than 0 runs at once, or no such executor.
    """
    if jobs is not None and jobs < 0:
        raise UsageError(f"{jobs} runs at once are none", "ask for 1 or more, or for 0: one a core")
    if executor not in EXECUTORS:
        raise unknown("executor", executor, EXECUTORS)
    workspace.recall()
    workers = [LocalWorker(workspace.project) for _ in range(len(cores()) if jobs == 0 else jobs or 1)]
    chosen: Executor = LocalExecutor(workers)
    if executor == "ray":
        from report_cli.execution.ray import RayExecutor

        chosen = RayExecutor(workspace.project, jobs)
    # A worker starts with its first request.
    more = [*workers[1:], *(LocalWorker(workspace.project) for _ in cores()[len(workers) :])]
    with Runner(workspace, listener or Silence(), workers[0], chosen, more) as runner:
        yield runner
    workspace.remember()


def plan(
    workspace: Workspace, experiments: Sequence[Experiment], request: Request, listener: Listener | None = None
) -> Plan:
    """Return what would have to be run; nothing is run but the reading of data that is new."""
    with open_runner(workspace, listener) as runner:
        return runner.plan(experiments, request)
