"""The experiments of the assignment, listed as the program lists them."""

import sys
from functools import cache
from pathlib import Path

from report_cli.execution import registry
from report_cli.experiment import Experiment
from report_cli.project import find


@cache
def by_name() -> dict[str, Experiment]:
    """Return every experiment that a module in `experiments/` declares."""
    project = find(Path(__file__).parent)
    # Listing drops the modules of the project, tests among them.
    modules = dict(sys.modules)
    found = registry.load(project, registry.sources(project))
    sys.modules.update(modules)
    assert not found.broken
    return found.experiments
