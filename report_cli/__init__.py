"""Reports in which no number is typed: what an experiment file imports, and what a notebook calls.

import report_cli as report
"""

from typing import Any

from report_cli.datasets.spec import Archive, Images, Table, Weights
from report_cli.experiment import Metric, check_positive, check_share, experiment, grid

__all__ = ["Archive", "Images", "Metric", "Table", "Weights", "check_positive", "check_share", "experiment", "grid"]


def __getattr__(name: str) -> Any:
    # What a notebook calls loads the rest of the program.
    if name in ("build", "results", "run", "status"):
        from report_cli import api

        return getattr(api, name)
    raise AttributeError(f"report_cli has no {name!r}")
