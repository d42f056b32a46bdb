"""Random projects whose experiments read what they measure in every way that authors do, and edits of them."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HEAD = """
    import json
    import os
    import sys
    from pathlib import Path

    HERE = Path(__file__).parent
    ROOT = HERE.parents[1]
"""


@dataclass(frozen=True)
class Part:
    """A way to come by a number: `code` of a module with a function `value`, and the files and variables it reads.

    `dynamic` is whether its code is not followed by reading it, so that modules count as whole files.
    """

    code: str
    files: Mapping[str, str] = field(default_factory=dict)
    variables: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    dynamic: bool = False


def _table(reader: str) -> str:
    return f"{HEAD}\n    def value():\n        return {reader}\n"


CSV = {"experiments/numbers.csv": "a,b\n3,4\n5,6\n"}
PARTS: dict[str, Part] = {
    "a file beside the experiment": Part(
        _table(
            "sum(int(x) for x in (ROOT / 'experiments/numbers.csv').read_text().replace('\\n', ',').split(',')[2:-1])"
        ),
        CSV,
    ),
    "a table read at import": Part(
        HEAD
        + """
    with open(ROOT / "experiments" / "numbers.csv") as file:
        ROWS = [line.split(",") for line in file.read().splitlines()[1:]]

    def value():
        return sum(int(a) - int(b) for a, b in ROWS)
""",
        CSV,
    ),
    "a file by a relative path": Part(
        _table("json.loads(open('data/numbers.json').read())['n']"), {"data/numbers.json": '{"n": 7}'}
    ),
    "a hidden file": Part(_table("int((ROOT / '.numbers').read_text())"), {".numbers": "8\n"}),
    "a database": Part(
        HEAD
        + """
    import sqlite3

    def value():
        with sqlite3.connect(ROOT / "numbers.db") as connection:
            ((number,),) = connection.execute("select n from numbers").fetchall()
        connection.close()
        return number
""",
        {"numbers.db": "9"},
    ),
    "a declared file": Part(
        HEAD
        + """
    import subprocess

    def value():
        return int(subprocess.run(["cat", ROOT / "declared" / "n.txt"], capture_output=True, check=True).stdout)
""",
        {"declared/n.txt": "11"},
    ),
    "a module by its name": Part(
        HEAD
        + """
    import importlib

    def value():
        return importlib.import_module("experiments.parts." + "plugin").number(2)
""",
        {"experiments/parts/plugin.py": "DEEP = 3\n\n\ndef number(x):\n    return x * DEEP + 12\n"},
        dynamic=True,
    ),
    "a module by its name, if it is there": Part(
        HEAD
        + """
    import importlib

    def value():
        try:
            return importlib.import_module("experiments.parts." + "extra").NUMBER
        except ImportError:
            return 13
""",
        optional=("experiments/parts/extra.py",),
        dynamic=True,
    ),
    "subclasses": Part(
        HEAD
        + """
    import importlib

    class Base:
        number = 14

    def value():
        for path in sorted((HERE.parent / "kinds").glob("*.py")):
            importlib.import_module(f"experiments.kinds.{path.stem}")
        return sum(kind().number for kind in Base.__subclasses__())
""",
        {
            "experiments/kinds/one.py": "from experiments.parts.subclasses import Base\n\n\n"
            "class One(Base):\n    number = 15\n",
            "experiments/kinds/two.py": "from experiments.parts.subclasses import Base\n\n\n"
            "class Two(Base):\n    number = 16\n",
        },
        dynamic=True,
    ),
    "a variable of the environment": Part(
        _table("int(os.environ.get('NUMBER_A', '17')) + len(os.getenv('NUMBER_B') or '')"),
        variables=("NUMBER_A", "NUMBER_B"),
    ),
    "a variable at import": Part(
        HEAD
        + """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    NUMBER = int(os.environ["NUMBER_A"]) if "NUMBER_A" in os.environ else 18

    def value():
        return NUMBER * 2
""",
        variables=("NUMBER_A",),
    ),
    "names made by a module": Part(
        HEAD
        + """
    from experiments.parts import lazy

    def value():
        return lazy.deep + getattr(lazy, "wide")
""",
        {
            "experiments/parts/lazy.py": "NUMBERS = {'deep': 19, 'wide': 20}\n\n\n"
            "def __getattr__(name):\n    return NUMBERS[name] + 21\n",
        },
    ),
    "a file that is executed": Part(
        HEAD
        + """
    def value():
        names = {}
        exec((ROOT / "settings.txt").read_text(), names)
        return names["number"]
""",
        {"settings.txt": "number = 22 + 23\n"},
        dynamic=True,
    ),
    "a script that is run": Part(
        HEAD
        + """
    import runpy

    def value():
        return runpy.run_path(str(ROOT / "scripts" / "script.py"))["number"]
""",
        {"scripts/script.py": "number = 24 + 25\n"},
        dynamic=True,
    ),
    "a package elsewhere in the project": Part(
        HEAD
        + """
    sys.path.insert(0, str(ROOT / "vendor"))
    import vendored_numbers

    def value():
        return vendored_numbers.number()
""",
        {
            "vendor/vendored_numbers/__init__.py": "from vendored_numbers.inner import DEEP\n\n\n"
            "def number():\n    return DEEP + 26\n",
            "vendor/vendored_numbers/inner.py": "DEEP = 27\n",
        },
    ),
    "a package outside the project": Part(
        HEAD
        + """
    sys.path.insert(0, str(ROOT.parent / "outside"))

    def value():
        from outside_numbers import NUMBER, TABLE

        return NUMBER + TABLE
""",
        {
            "../outside/outside_numbers.py": "from pathlib import Path\n\nNUMBER = 28\n"
            "TABLE = int((Path(__file__).parents[1] / 'project/data/table.txt').read_text())\n",
            "data/table.txt": "29",
        },
    ),
    "a module beside experiments": Part(
        HEAD
        + """
    from beside_numbers import number

    def value():
        return number(30)
""",
        {
            "beside_numbers.py": "OFFSET = 31\n\n\ndef number(x):\n    return x * OFFSET\n\n\n"
            "def unused(x):\n    return x + 32\n",
        },
    ),
    "a listed folder": Part(
        _table("len(list((ROOT / 'pictures').iterdir())) + len(os.listdir(ROOT / 'pictures' / 'inner')) * 100"),
        {"pictures/a.txt": "1", "pictures/inner/b.txt": "2"},
        folders=("pictures", "pictures/inner"),
    ),
    "a walked folder": Part(
        _table("sum(len(path.name) for path in (ROOT / 'tree').rglob('*.txt'))"),
        {"tree/a.txt": "1", "tree/inner/b.txt": "2"},
        folders=("tree", "tree/inner"),
    ),
    "a file, if it opens": Part(
        HEAD
        + """
    def value():
        try:
            return int((ROOT / "data" / "maybe.txt").read_text())
        except FileNotFoundError:
            return 33
""",
        optional=("data/maybe.txt",),
    ),
    "a file, if it is there": Part(
        HEAD
        + """
    def value():
        path = os.path.join(ROOT, "data", "perhaps.txt")
        return int(Path(path).read_text()) if os.path.exists(path) else 34
""",
        optional=("data/perhaps.txt",),
    ),
    "helpers": Part(
        """
    import functools
    from dataclasses import dataclass

    from experiments.parts import constants
    from experiments.parts.constants import *
    from experiments.parts.shapes import Square as Box

    TABLE = {"a": 2, "b": 3}
    OFFSET = 4


    def twice(x):
        # Doubles.
        return 2 * x


    def unused(x):
        return 1000 * x


    def scaled(x, by=5):
        return by * x


    def traced(function):
        @functools.wraps(function)
        def inner(x):
            return function(x) + 6
        return inner


    @traced
    def third(x):
        return x / 3


    class Base:
        BIAS = 7

        def apply(self, x):
            return x + self.BIAS


    class Derived(Base):
        def apply(self, x):
            return super().apply(x) * 8


    @dataclass(frozen=True)
    class Settings:
        width: int = 9

        @property
        def area(self):
            return self.width * 10


    def chosen(name):
        return {"twice": twice, "scaled": scaled}[name]


    def value(x=35):
        def local(y):
            return y - 11
        parts = [twice(x), scaled(x), third(x), Derived().apply(x), local(x), (lambda z: z * 12)(x)]
        parts += [Settings().area, TABLE["a"], OFFSET, constants.DEEP, STARRED, Box(13).area()]
        return sum(parts) + chosen("twice")(14)
""",
        {
            "experiments/parts/constants.py": '"""Numbers."""\n\nDEEP = 15\nSTARRED = 16\nSPARE = 17\n',
            "experiments/parts/shapes.py": '"""A class of its own."""\n\n\nclass Shape:\n    SIDES = 18\n\n\n'
            "class Square(Shape):\n    def __init__(self, side):\n        self.side = side\n\n"
            "    def area(self):\n        return self.side * self.side + self.SIDES\n",
        },
    ),
}
EXPERIMENT = '''
    """The experiment {name}."""

    from dataclasses import dataclass

    import report_cli as report
    from experiments import drawing
    {imports}

    UNIT = 36


    @dataclass(frozen=True)
    class Params:
        start: int = 37

        @property
        def shifted(self):
            return self.start + 38


    def draw(results, figures):
        drawing.label(39)


    @report.experiment(
        "{name}", title="A sum 40", metrics={{"value": report.Metric("", "41")}}, profiles=Params(), draw=draw,
        files={files}, needs={needs},
    )
    def {name}(params, record):
        """Returns 42."""
        record(value=float(params.shifted + UNIT + {sum}))
'''
DRAWING = "def label(x):\n    return x + 43\n"
# The experiments and what each needs.
NEEDS: dict[str, tuple[str, ...]] = {"first": (), "second": (), "third": ("first",)}
INDIFFERENT = ("comment", "blank", "drawing", "another variable", "another file")


@dataclass
class Authored:
    """A project in `root`, of `parts`, of which each experiment has `used` some; `variables` are of its environment."""

    root: Path
    parts: Mapping[str, Part]
    variables: dict[str, str] = field(default_factory=dict)
    used: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def at_random(cls, root: Path, chance: random.Random, names: Sequence[str] = ()) -> "Authored":
        """Write a project whose experiments share some of their four parts, which may be named."""
        names = names or chance.sample(sorted(PARTS), 4)
        made = cls(root, {name: PARTS[name] for name in names})
        texts = {"experiments/drawing.py": DRAWING, "pyproject.toml": "[tool.report]\n"}
        for name, part in made.parts.items():
            texts |= {f"experiments/parts/{_module(name)}.py": textwrap.dedent(part.code), **part.files}
        for experiment, needs in NEEDS.items():
            used = made.used[experiment] = (
                names[:3] if experiment == "first" else names[1:] if experiment == "second" else names[3:]
            )
            terms = [f"{n} * {_module(each)}.value()" for n, each in enumerate(used, start=1)]
            terms += [f"record.need({need!r}).metric('value')[0]" for need in needs]
            text = textwrap.dedent(EXPERIMENT).format(
                name=experiment,
                imports="\n".join(f"from experiments.parts import {_module(each)}" for each in used),
                sum=" + ".join(terms),
                files=("declared/*.txt",) if "a declared file" in used else (),
                needs=needs,
            )
            texts[f"experiments/{experiment}.py"] = text
        for name, text in texts.items():
            made.write(name, text)
        return made

    def dynamic(self, experiment: str) -> bool:
        """Whether an experiment has code that no one can follow by reading it."""
        return any(self.parts[name].dynamic for name in self.used[experiment])

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".db":
            path.unlink(missing_ok=True)
            connection = sqlite3.connect(path)
            connection.execute("create table numbers (n integer)")
            connection.execute(f"insert into numbers values ({int(text)})")
            connection.commit()
            connection.close()
        else:
            path.write_text(text)

    def edit(self, chance: random.Random, kind: str = "") -> str:
        """Change something, as people do, and say what; the first word is its kind, which may be given."""
        kinds = ["number"] * 5 + ["same"] * 2 + ["data"] * 4 + ["operator", *INDIFFERENT]
        kinds += ["variable"] * 3 * any(part.variables for part in self.parts.values())
        kinds += ["optional"] * 3 * any(part.optional for part in self.parts.values())
        kinds += ["folder"] * 3 * any(part.folders for part in self.parts.values())
        kind = kind or chance.choice(kinds)
        if kind == "variable":
            name = chance.choice(sorted({v for part in self.parts.values() for v in part.variables}))
            if name in self.variables and chance.random() < 0.4:
                del self.variables[name]
            else:
                self.variables[name] = str(chance.randrange(1000))
            return f"{kind} {name}={self.variables.get(name)}"
        if kind == "another variable":
            self.variables["SOMETHING_ELSE"] = str(chance.random())
            return kind
        if kind == "another file":
            self.write(f"notes/{chance.randrange(100)}.txt", "44")
            return kind
        if kind in ("optional", "folder"):
            return f"{kind} {self._appear_or_go(kind, chance)}"
        return f"{kind} {self._edit_file(kind, chance)}"

    def _appear_or_go(self, kind: str, chance: random.Random) -> str:
        if kind == "optional":
            names = [name for part in self.parts.values() for name in part.optional]
        else:
            folders = [folder for part in self.parts.values() for folder in part.folders]
            names = [f"{folder}/new{chance.randrange(3)}.txt" for folder in folders]
        name = chance.choice(names)
        if (self.root / name).exists():
            (self.root / name).unlink()
        else:
            number = chance.randrange(1000)
            self.write(name, f"NUMBER = {number}\n" if name.endswith(".py") else f"{number}\n")
        return name

    def _edit_file(self, kind: str, chance: random.Random) -> str:
        data = sorted({name for p in self.parts.values() for name in p.files if not name.endswith(".py")})
        if kind == "data" and data:
            name = chance.choice(data)
            path = self.root / name
            if path.suffix == ".db":
                self.write(name, str(chance.randrange(1000)))
                return name
            path.write_text(_other_digit(path.read_text(), chance, same_size=chance.random() < 0.5))
            return name
        if kind == "drawing":
            path = self.root / "experiments" / "drawing.py"
            path.write_text(_other_digit(path.read_text(), chance, same_size=False))
            return path.name
        paths = [*self.root.rglob("*.py"), *(self.root.parent / "outside").rglob("*.py")]
        path = chance.choice(sorted(p for p in paths if "build" not in p.parts and p.name != "drawing.py"))
        text, times = path.read_text(), path.stat()
        if kind == "comment":
            text = f"# A remark, number {chance.random()}.\n{text}"
        elif kind == "blank":
            text += "\n"
        elif kind == "operator":
            text = text.replace(" * ", " + ", 1)
        else:
            text = _other_digit(text, chance, same_size=kind == "same")
        path.write_text(text)
        if kind == "same":
            # Neither size nor time tell that anything changed.
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        return path.name


def _module(part: str) -> str:
    return "".join(c if c.isalpha() else "_" for c in part)


def _other_digit(text: str, chance: random.Random, *, same_size: bool) -> str:
    places = [n for n, c in enumerate(text) if c.isdigit()]
    if not places:
        return text
    at = chance.choice(places)
    return text[:at] + (chance.choice("123456789") if same_size else chance.choice(["31", "57", "4"])) + text[at + 1 :]


# Runs one experiment in a process of its own, with nothing of the program: from its text and what it reads alone.
ORACLE = """
import json, sys, types
root, name, needs = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
sys.path.insert(0, root)
sys.dont_write_bytecode = True
sys.pycache_prefix = root + "/nowhere"
made = {}
report = types.ModuleType("report_cli")
report.Metric = lambda unit, words: None
report.experiment = lambda name, *, profiles, **_: lambda measure: made.setdefault(name, (measure, profiles))
sys.modules["report_cli"] = report
__import__(f"experiments.{name}")
class Record:
    def __call__(self, value): print(json.dumps(value))
    def need(self, name):
        result = types.SimpleNamespace(metric=lambda metric: [needs[name]])
        return result
measure, params = made[name]
measure(params, Record())
"""


def oracle(made: Authored) -> dict[str, float]:
    """Return what each experiment measures, from its text and what it reads; those that raise are left out."""
    found: dict[str, float] = {}
    for name, needs in NEEDS.items():
        if any(need not in found for need in needs):
            continue
        done = subprocess.run(
            [sys.executable, "-S", "-E", "-c", ORACLE, str(made.root), name, json.dumps(found)],
            cwd=made.root, env={"PATH": os.environ["PATH"], **made.variables},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            found[name] = json.loads(done.stdout)
    return found
