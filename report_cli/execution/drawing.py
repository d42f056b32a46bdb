"""What the worker hands to `draw`: stores each figure twice, with its text as text and as paths."""

from pathlib import Path
from typing import TYPE_CHECKING

from report_cli import files
from report_cli.errors import RunError, unknown
from report_cli.experiment import Experiment
from report_cli.store import manifest

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class FigureFolder:
    """The `Figures` of one run. Call `finish` when `draw` has returned."""

    def __init__(self, experiment: Experiment, folder: Path) -> None:
        self._experiment = experiment
        self._folder = folder
        self._alt: dict[str, str] = {}

    def add(self, name: str, figure: "Figure", *, alt: str) -> None:
        from report_cli.figures import style

        if name not in self._experiment.figures:
            error = unknown("figure", name, self._experiment.figures)
            raise RunError(error.message, error.hint)
        files.write_bytes(self._folder / f"{name}.print.svg", style.to_svg(figure, text=True))
        files.write_bytes(self._folder / f"{name}.screen.svg", style.to_svg(figure, text=False))
        self._alt[name] = alt

    def finish(self) -> None:
        """Write the manifest of the figures; RunError when a declared one is missing."""
        missing = [name for name in self._experiment.figures if name not in self._alt]
        if missing:
            raise RunError(f"it did not draw the declared figure {missing[0]!r}")
        manifest.write(self._folder, {"figures": self._alt})
