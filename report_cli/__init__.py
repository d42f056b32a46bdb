"""Reports in which no number is typed: what an experiment file imports, and what a notebook calls.

import report_cli as report
"""

import importlib
from typing import TYPE_CHECKING, Any

# At once: a module of this name would take its place when it is imported.
from report_cli.experiment import Figures, Metric, Record, check_positive, check_share, experiment, grid

if TYPE_CHECKING:
    from report_cli.api import build, results, run, status
    from report_cli.datasets.images import ImageData, Part
    from report_cli.datasets.readers.table import TableData
    from report_cli.datasets.spec import Archive, Images, Table, Weights
    from report_cli.datasets.split import Split
    from report_cli.errors import ReportError
    from report_cli.store.run import Results, Run
    from report_cli.training.metrics import CLASSIFIER, TRAINING

__all__ = [
    "CLASSIFIER",
    "TRAINING",
    "Archive",
    "Figures",
    "ImageData",
    "Images",
    "Metric",
    "Part",
    "Record",
    "ReportError",
    "Results",
    "Run",
    "Split",
    "Table",
    "TableData",
    "Weights",
    "build",
    "check_positive",
    "check_share",
    "experiment",
    "grid",
    "results",
    "run",
    "status",
]
# Loaded when it is asked for: commands need little of it, and what a notebook calls is the rest of the program.
_ELSEWHERE = {
    **dict.fromkeys(("build", "results", "run", "status"), "api"),
    **dict.fromkeys(("ImageData", "Part"), "datasets.images"),
    "TableData": "datasets.readers.table",
    **dict.fromkeys(("Archive", "Images", "Table", "Weights"), "datasets.spec"),
    "Split": "datasets.split",
    "ReportError": "errors",
    **dict.fromkeys(("Results", "Run"), "store.run"),
    **dict.fromkeys(("CLASSIFIER", "TRAINING"), "training.metrics"),
}


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        return getattr(importlib.import_module(f"report_cli.{_ELSEWHERE[name]}"), name)
    raise AttributeError(f"report_cli has no {name!r}")
