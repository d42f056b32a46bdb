"""What is done after a package is imported, once and in time."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from report_cli.execution.isolation import AfterImport


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a module that is there and not imported; what tests add to the import goes with them."""
    (tmp_path / "heavy_package.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", sys.meta_path[:])
    monkeypatch.delitem(sys.modules, "heavy_package", raising=False)
    importlib.invalidate_caches()
    return "heavy_package"


def test_asking_for_a_package_is_no_import(name: str) -> None:
    """`find_spec` is how code asks whether a package is installed; the import after it is the one."""
    met: list[ModuleType] = []
    sys.meta_path.insert(0, AfterImport({name: met.append}))
    assert importlib.util.find_spec(name) is not None
    assert met == []
    assert met == [importlib.import_module(name)]
    importlib.reload(met[0])
    assert len(met) == 1


def test_many_are_asked_once_each(name: str) -> None:
    """Each worker of a process has one. Did each ask all others, a package that is absent would take for ever."""
    met: list[int] = []
    for number in range(60):
        hooks = {name: lambda _, number=number: met.append(number), "absent_package": met.append}
        sys.meta_path.insert(0, AfterImport(hooks))
    assert importlib.util.find_spec("absent_package") is None
    importlib.import_module(name)
    assert met == [*range(60)]
