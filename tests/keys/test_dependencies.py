"""The code that decides a result is part of its key, and nothing else is."""

import textwrap
from pathlib import Path

import pytest

from report_cli.errors import UsageError
from report_cli.keys.dependencies import reach
from report_cli.keys.sources import Reach, Sources
from report_cli.project import PACKAGE
from tests.conftest import edit as replace

MODULES = {
    "main.py": '''
        """Docstring."""
        from typing import TYPE_CHECKING

        import numpy as np

        from work import shared
        from work.deep import tools as t
        from work.values import LIMIT, renamed as local_name

        if TYPE_CHECKING:
            from work.types_only import Shape


        def unused():
            return 0


        def measure(params, images: "Shape", record) -> None:
            """What it asks."""
            from work.late import helper

            total = helper(params) + t.inner.scale(LIMIT)  # a comment
            return local_name(total), np.float32(1.5), f"{total:>{LIMIT}} of {shared.count()}"
    ''',
    "shared.py": "def count():\n    return Counter().value\n\n\nclass Counter:\n    value = 3\n",
    "deep/__init__.py": "",
    "deep/tools/__init__.py": "from work.deep.tools import inner\n",
    "deep/tools/inner.py": "FACTOR = 2\n\n\ndef scale(x):\n    return x * FACTOR\n\n\ndef other():\n    return 1\n",
    "values.py": "LIMIT = 7\n\n\ndef original(x):\n    return x\n\n\nrenamed = original\n",
    "late.py": "import math\nfrom math import sqrt as root\n\nmath.acos(1)\n\n\ndef helper(p):\n    return root(p)\n",
    "types_only.py": "class Shape:\n    size = 1\n",
    "__init__.py": "",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a package folder with the modules above."""
    for name, text in MODULES.items():
        path = tmp_path / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
    return tmp_path / "work"


def reached(package: Path) -> Reach:
    return reach(Sources({"work": package}), ("work.main", "measure"))


def key_of(package: Path) -> dict[str, str]:
    return dict(reached(package).digests)


def edit(package: Path, name: str, old: str, new: str) -> None:
    replace(package / name, old, new)


def test_follows_imports_transitively(package: Path) -> None:
    """Every definition that the function reaches is found, through aliases and function-level imports."""
    assert set(key_of(package)) == {
        "work.main:measure",
        "work.shared:count",
        "work.shared:Counter",
        "work.deep.tools.inner:scale",
        "work.deep.tools.inner:FACTOR",
        "work.values:LIMIT",
        "work.values:renamed",
        "work.values:original",
        "work.late:helper",
        "work.late:<import>",
    }


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("main.py", "1.5", "1.25"),
        ("main.py", "np.float32", "np.float64"),
        ("main.py", "import numpy as np", "import jax.numpy as np"),
        ("main.py", "{total:>{LIMIT}}", "{total:<{LIMIT}}"),
        ("shared.py", "value = 3", "value = 4"),
        ("deep/tools/inner.py", "FACTOR = 2", "FACTOR = 2.0"),
        ("values.py", "LIMIT = 7", "LIMIT = 8"),
        ("values.py", "return x", "return -x"),
        ("late.py", "math.acos(1)", "math.acos(0)"),
        ("late.py", "sqrt as root", "cbrt as root"),
    ],
)
def test_a_change_that_can_matter_changes_the_key(package: Path, name: str, old: str, new: str) -> None:
    """A change of anything that is executed gives another key."""
    before = key_of(package)
    edit(package, name, old, new)
    assert key_of(package) != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("main.py", "What it asks.", "What it really asks."),
        ("main.py", "  # a comment", ""),
        ("main.py", "return 0", "return 1"),
        ("main.py", '"Shape"', '"object"'),
        ("main.py", "import numpy as np", "import numpy as np\nimport json"),
        ("deep/tools/inner.py", "return 1", "return 2"),
        ("types_only.py", "size = 1", "size = 2"),
        ("shared.py", "    value = 3\n", "\n    value = (3)\n\n"),
    ],
)
def test_a_change_that_cannot_matter_keeps_the_key(package: Path, name: str, old: str, new: str) -> None:
    """Docstrings, comments, layout, annotations and code that isn't reached are no part of the key."""
    before = key_of(package)
    edit(package, name, old, new)
    assert key_of(package) == before


def test_a_module_passed_as_a_value_counts_whole(package: Path) -> None:
    """What is done with a module that is passed on can't be seen, so all of it counts."""
    edit(package, "main.py", "t.inner.scale(LIMIT)", "getattr(t.inner, 'scale')(LIMIT)")
    assert "work.deep.tools.inner:other" in key_of(package)


def test_registration_is_no_part_of_the_key(package: Path) -> None:
    """Titles and declarations in @experiment(...) restyle a report; other decorators change what runs."""
    edit(package, "main.py", "def measure(", '@experiment("a", title="one")\ndef measure(')
    titled = key_of(package)
    edit(package, "main.py", 'title="one"', 'title="two"')
    assert key_of(package) == titled
    edit(package, "main.py", '@experiment("a", title="two")', "@cached")
    assert key_of(package) != titled


def test_same_digest_on_every_python(package: Path) -> None:
    """The digests are the same on every supported Python, so this one is written down."""
    assert key_of(package)["work.main:measure"][:16] == "82df5b50afd32848"


def test_a_function_inside_a_function_is_refused(package: Path) -> None:
    """What can't be found by name can't be hashed, so it is an error and not a silent gap."""
    with pytest.raises(UsageError, match="not defined at the top level"):
        reach(Sources({"work": package}), ("work.main", "measure.<locals>.inner"))


def test_sources_are_read_once(package: Path) -> None:
    """An edit after the first read changes nothing in the snapshot."""
    sources = Sources({"work": package})
    before = reach(sources, ("work.main", "measure"))
    edit(package, "values.py", "LIMIT = 7", "LIMIT = 8")
    assert reach(sources, ("work.main", "measure")) == before


@pytest.mark.parametrize(
    ("main", "other", "old", "new"),
    [
        (
            (
                "def measure(k):\n    if k:\n        from work.a import f\n"
                "    else:\n        from work.b import f\n    return f()\n"
            ),
            {"a": "def f():\n    return 1\n", "b": "def f():\n    return 2\n"},
            "return 1",
            "return 3",
        ),
        (
            (
                "try:\n    from work.a import f\nexcept ImportError:\n    from work.b import f\n\n\n"
                "def measure():\n    return f()\n"
            ),
            {"a": "def f():\n    return 1\n", "b": "def f():\n    return 2\n"},
            "return 1",
            "return 3",
        ),
        (
            "from work.a import MODELS\n\n\ndef measure(k):\n    return MODELS[k]()\n",
            {"a": "MODELS = {}\n\n\ndef model(f):\n    MODELS[0] = f\n\n\n@model\ndef x():\n    return 1\n"},
            "return 1",
            "return 3",
        ),
        (
            "from work.a import SIZE\n\n\ndef measure():\n    return SIZE\n",
            {"a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    SIZE = 0\nelse:\n    SIZE = 1\n"},
            "SIZE = 1",
            "SIZE = 3",
        ),
        (
            "from work.a import SIZE\n\n\ndef measure():\n    return SIZE\n",
            {"a": "LIST = [(SIZE := 1)]\n"},
            "SIZE := 1",
            "SIZE := 3",
        ),
        (
            "import work\n\n\ndef measure():\n    return work.SIZE\n",
            {
                "__init__": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from work.a import SIZE\n\n\n"
                "def __getattr__(name):\n    from work import a\n\n    return getattr(a, name)\n",
                "a": "SIZE = 1\n",
            },
            "SIZE = 1",
            "SIZE = 3",
        ),
        (
            "from work.a import *\nfrom work.b import *\n\n\ndef measure():\n    return f()\n",
            {
                "b": "from work.a import *\nfrom work.main import *\n\n\ndef f():\n    return 2\n",
                "a": "def f():\n    return 1\n",
            },
            "return 1",
            "return 3",
        ),
    ],
    ids=["two branches", "two imports", "a registry", "type checking", "a walrus", "a lazy module", "stars"],
)
def test_every_way_to_bind_a_name_is_followed(
    tmp_path: Path, main: str, other: dict[str, str], old: str, new: str
) -> None:
    """Whatever a name may be bound to counts, so that an edit of any of it is seen."""
    for name, text in {"__init__": "", "main": main, **other}.items():
        (tmp_path / f"{name}.py").write_text(text)
    before = key_of(tmp_path)
    edit(tmp_path, "a.py", old, new)
    assert key_of(tmp_path) != before


def test_a_statement_defines_the_names_of_the_module_alone_each_once(tmp_path: Path) -> None:
    """Both branches that define a name are one statement, and what functions and classes hold is theirs."""
    inner = "\n".join(f"        {line}" for line in ("def inner():", "    pass"))
    branch = f"    def f():\n{inner}\n    class C:\n{inner}\n        import work.b\n"
    (tmp_path / "__init__.py").write_text(f"import sys\nif sys.argv:\n{branch}else:\n{branch}    import work.a\n")
    module = Sources({"work": tmp_path}).module("work")
    assert module is not None
    assert {name: len(found) for name, found in module.index.definitions.items()} == {"f": 1, "C": 1}
    assert "a" not in module.index.imports
    assert module.index.imported == {"sys", "work.a"}


def test_what_was_found_is_kept_for_equal_sources_only(package: Path) -> None:
    """The digest of the sources, which decides whether an earlier walk still holds, changes with any file of theirs."""
    before = Sources({"work": package}).digests
    assert Sources({"work": package}).digests == before
    edit(package, "types_only.py", "size = 1", "size = 2")
    edited = Sources({"work": package}).digests
    assert edited != before
    (package / "extra.py").write_text("")
    assert Sources({"work": package}).digests not in (before, edited)


def test_packages_and_dynamic_code_are_told(package: Path) -> None:
    """What is imported along the way is the environment's; code that reaches others by made-up names is dynamic."""
    assert reached(package).packages == {"numpy"}
    assert not reached(package).dynamic
    edit(package, "late.py", "    return root(p)", "    import scipy.stats\n\n    return globals()[p]")
    assert reached(package).packages == {"numpy", "scipy"}
    assert reached(package).dynamic


def test_a_module_beside_the_experiments_is_followed(tmp_path: Path) -> None:
    """`from mylib import f` reaches the module of that name in the project's folder, and a package there."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "main.py").write_text(
        "from mylib import f\nfrom package.inner import g\n\n\ndef measure():\n    return f() + g()\n"
    )
    (tmp_path / "mylib.py").write_text("def f():\n    return 1\n")
    (tmp_path / "package").mkdir()
    for name, text in {"__init__": "", "inner": "def g():\n    return 2\n"}.items():
        (tmp_path / "package" / f"{name}.py").write_text(text)

    def digests() -> dict[str, str]:
        sources = Sources({"work": tmp_path / "work"}, root=tmp_path)
        return dict(reach(sources, ("work.main", "measure")).digests)

    before = digests()
    assert {"mylib:f", "package.inner:g"} <= set(before)
    replace(tmp_path / "mylib.py", "1", "3")
    assert digests() != before


def test_a_snapshot_takes_over_what_another_has_read(package: Path) -> None:
    """A text that was read for a plan stays what it was for its runs; what the plan hasn't read is read anew."""
    former = Sources({"work": package})
    expected = {m.name: m.digest for m in (former.module("work.values"), former.module("work.shared")) if m}
    del expected["work.shared"]
    edit(package, "values.py", "LIMIT = 7", "LIMIT = 8")
    edit(package, "shared.py", "value = 3", "value = 4")
    later = Sources({"work": package}, expected)
    later.adopt(former.read())
    values, shared = later.module("work.values"), later.module("work.shared")
    assert values is not None
    assert shared is not None
    assert b"LIMIT = 7" in values.text
    assert b"value = 4" in shared.text


def test_a_method_of_the_record_counts_however_it_is_reached(tmp_path: Path) -> None:
    """What stands behind record.classifier is a part of the recipe, also where the method is only passed on."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "__init__.py").write_text("def measure(record):\n    train = record.classifier\n    train()\n")
    sources = Sources({"work": tmp_path / "work", "report_cli": PACKAGE})
    assert "report_cli.training.classify:classify" in reach(sources, ("work", "measure")).digests
