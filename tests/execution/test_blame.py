"""What the author's code raised is told in words, with its line and near misses."""

import pytest

from tests.conftest import Command, Write

HEAD = """
    import math

    import numpy as np

    import report_cli as report


    def draw(results, figures):
        from matplotlib.figure import Figure
        figures.add("path", Figure(), alt="A path.")


    @report.experiment(
        "toy", title="T", metrics={"x": report.Metric("", "x")}, profiles={"a": 1}, figures=("path",), draw=draw
    )
    def toy(params, record):
        record.array("values", np.zeros(3))
        record(x=params.a)
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "told", "hint"),
    [
        ("record(x=params.a)", "record(x=params.aa)", 18, "unknown parameter 'aa'", "did you mean a?"),
        ("record(x=params.a)", "record(x=prams.a)", 18, "unknown name 'prams'", "did you mean params"),
        ("record(x=params.a)", "record(x=math.sqr(2))", 18, "unknown name in math 'sqr'", "did you mean sqrt"),
        ("record(x=params.a)", "record(x=params.a / 0)", 18, "division by zero", ""),
        ("record(x=params.a)", "record(x={'a': 1}['b'])", 18, "there is no 'b' in", ""),
        ("record(x=params.a)", "record(x=float('no'))", 18, "could not convert string to float", ""),
        ("record(x=params.a)", "record(x=len(open('no.csv').read()))", 18, "there is no file no.csv", ""),
        (
            "record(x=params.a)",
            "record(y=params.a)",
            18,
            "it recorded a metric that it doesn't declare: 'y'",
            "known: x",
        ),
        ("record.array(", "record.arry(", 17, "unknown method of record 'arry'", "did you mean array?"),
        ("record.array(", "record.scaler(", 17, "unknown method of record 'scaler'", "record(name=...)"),
        ("Figure(), alt", "results.array('valeus'), alt", 10, "unknown array of toy 'valeus'", "did you mean values?"),
        ("Figure(), alt", "results.metrc('x'), alt", 10, "unknown part of the results of toy 'metrc'", "metric"),
        ('alt="A path."', 'alt=" "', 10, "the figure toy.path has no alternative text", 'alt="..."'),
        ('add("path"', 'add("pth"', 10, "unknown figure 'pth'", "did you mean path?"),
        ("profiles={", "profile={", 13, "unknown argument of experiment 'profile'", "did you mean profiles"),
        ("report.Metric(", "report.Metrik(", 14, "unknown name in report_cli 'Metrik'", "did you mean Metric?"),
        ('Metric("", "x")', 'Metric("", word="x")', 14, "unknown argument of Metric 'word'", "did you mean words?"),
        ('Metric("", "x")', 'Metric("")', 14, "Metric() needs 'words'", ""),
        (
            "def toy(params,",
            "def toy(parms,",
            13,
            "experiment 'toy' is measured by a function that takes 'parms'",
            "params, data, record",
        ),
        ("import math", "import math\n    from tools import f", 2, "unknown name in tools 'f'", ""),
        (
            "import math",
            "import math\n    from experiments.other import f",
            2,
            "unknown name in experiments.other",
            "did",
        ),
        ("import math", "import math, 1", 1, "invalid syntax", ""),
    ],
)
def test_what_was_raised_is_told_with_its_line(
    report: Command, write: Write, old: str, new: str, line: int, told: str, hint: str
) -> None:
    """Whatever the file does wrong, at import, in a run or while it draws, is one sentence with file and line."""
    write("tools.py", "value = 1\n")
    write("experiments/other.py", "fg = 1\n")
    assert old in HEAD
    write("experiments/toy.py", HEAD.replace(old, new))
    done = report("run", "toy")
    assert done.returncode in (1, 2)
    lines = [each for each in done.stderr.splitlines() if f"experiments/toy.py:{line}: {told}" in each]
    assert len(lines) == 1, done.stderr
    assert hint in done.stderr
    assert "Error" not in done.stderr
    assert "<" not in done.stderr


def test_a_module_that_is_not_there_is_told_from_a_package(report: Command, write: Write) -> None:
    """A module of experiments/ has that name before its own, and a mistyped one of the project is no package."""
    write("tools.py", "def f(): return 1\n")
    write("experiments/mylib.py", "def g(): return 1\n")
    for module, hint in (
        ("mylib", "experiments/mylib.py is imported as experiments.mylib"),
        ("tols", "did you mean tools, which lies in the project? Otherwise: pip install tols"),
        ("sklearnx", "pip install sklearnx"),
    ):
        text = HEAD.replace("import math", f"import math\n    from {module} import g").replace("params.a)", "g())")
        write("experiments/toy.py", text)
        done = report("run", "toy")
        assert f"experiments/toy.py:2: it needs {module}, which is not installed" in done.stderr
        assert f"hint: {hint}" in done.stderr
