"""The examples of the guides run as they stand."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from report_cli.project import Project
from tests.conftest import Command

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "writing.md"
KERAS, PLAIN = re.findall(r"```python\n(.+?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_first_example_is_short() -> None:
    """What an author writes for a network is at most 25 lines."""
    assert len(KERAS.splitlines()) <= 25


def test_the_example_with_keras_runs(project: Project, write: Callable[[str, str], Path], report: Command) -> None:
    """It trains on a folder of pictures, and its curves and confusion matrix are drawn."""
    pytest.importorskip("keras")
    write("experiments/birds.py", KERAS)
    rng = np.random.default_rng(0)
    for number in range(40):
        part, kind = ("train", "test")[number >= 30], ("robin", "wren")[number % 2]
        path = project.root / "pictures" / part / kind / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)
    done = report("run", "birds", "--profile", "smoke", "--data", "pictures")
    assert done.returncode == 0, done.stderr
    assert {path.name.split(".")[0] for path in project.figures.rglob("*.svg")} == {
        "curves",
        "confusion",
        "reliability",
        "errors",
    }


def test_the_example_without_keras_runs(project: Project, write: Callable[[str, str], Path], report: Command) -> None:
    """It sweeps a grid with several seeds over a CSV file, and draws it."""
    pytest.importorskip("sklearn")
    write("experiments/forest.py", PLAIN)
    rows = [f"{x},{x % 7},{'red' if x % 7 > 3 else 'white'}" for x in range(60)]
    write("data/wines.csv", "\n".join(["acid,sugar,kind", *rows]))
    done = report("run", "forest", "--seeds", "2")
    assert done.returncode == 0, done.stderr
    assert len(list(project.runs.rglob("measured.json"))) == 6 * 2
    assert {path.name.split(".")[0] for path in project.figures.rglob("*.svg")} == {"accuracy"}
