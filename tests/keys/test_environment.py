"""The environment of a run: what it imports, and the machine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from report_cli.keys import environment as environments
from report_cli.keys.difference import environments as differences
from report_cli.keys.environment import current, environment, machine_precision


def packages(*imported: str) -> set[str]:
    return {name.removeprefix("package ") for name in environment(imported) if name.startswith("package ")}


def test_only_what_is_imported_is_listed() -> None:
    """A run of numpy has neither keras nor a backend; scikit-learn brings what it is built on, keras its backend."""
    assert packages() == set()
    assert packages("numpy", "report_cli") == {"numpy"}
    assert packages("sklearn") == {"scikit-learn", "numpy", "scipy"}
    assert packages("keras") == {"keras", "numpy", "tensorflow"}
    assert not {"backend", "onednn", "precision"} & set(environment(["numpy", "sklearn"]))
    assert environment(["keras"])["backend"] == "tensorflow"


def test_versions_are_those_of_the_installed_packages() -> None:
    """A package is found by the name that is imported, whatever it is installed as; one that isn't there is absent."""
    from importlib.metadata import version

    there = environment(["sklearn", "no_such_package"])
    assert there["package scikit-learn"] == version("scikit-learn")
    assert there["package no_such_package"] == "absent"
    assert all(isinstance(value, str) for value in there.values())


def test_another_version_is_another_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a package that a run imported changes, the difference names it; others have no part in it."""
    before = environment(["sklearn"])
    assert current(before, {}) == before
    monkeypatch.setattr(environments, "_version", lambda name: "9.9" if name == "scikit-learn" else "1.0")
    told = differences(before, current(before, {}))
    assert "scikit-learn" in told
    assert "here 9.9" in told
    only = environment(["numpy"])
    monkeypatch.setattr(environments, "_version", lambda name: "8.8" if name == "scikit-learn" else "1.0")
    assert current(only, {}) == only


def test_versions_are_read_as_python_reads_them() -> None:
    """Every installed distribution has the version that `importlib.metadata` tells, however its name is spelled."""
    from importlib import metadata

    names = {each.metadata["Name"] for each in metadata.distributions()}
    assert {name: environments.version(name) for name in names} == {name: metadata.version(name) for name in names}
    assert environments.version("PyTest_RANDOMLY") == metadata.version("pytest-randomly")
    with pytest.raises(ModuleNotFoundError):
        environments.version("no-such-package")


def test_another_installed_version_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next command sees a package that was upgraded, in place or in a folder that comes first."""
    monkeypatch.syspath_prepend(tmp_path / "first")
    monkeypatch.syspath_prepend(tmp_path / "site")

    def install(folder: str, version: str) -> None:
        described = tmp_path / folder / f"tool_box-{version}.dist-info"
        described.mkdir(parents=True)
        (described / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: tool-box\nVersion: {version}\n\nVersion: 0\n"
        )

    def seen() -> str:
        for known in (environments._version, environments._installed):
            known.cache_clear()
        return environment(["tool_box"])["package tool_box"]

    assert seen() == "absent"
    install("first", "1.0")
    assert seen() == "1.0"
    install("site", "2.0+local")
    assert seen() == "2.0+local"
    (tmp_path / "site" / "tool_box-2.0+local.dist-info").rename(tmp_path / "gone")
    install("site", "3.0")
    assert seen() == "3.0"
    monkeypatch.undo()
    assert seen() == "absent"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that makes this another machine, by what it says of itself."""
    here = dict(environments._machine())

    def become(**what: str) -> None:
        monkeypatch.setattr(environments, "_machine", lambda: {**here, "device": "cpu", **what})
        machine_precision.cache_clear()

    yield become
    monkeypatch.undo()
    machine_precision.cache_clear()


@pytest.mark.parametrize(
    ("instructions", "precision"),
    [
        ("amx", "bfloat16"),
        ("avx512_bf16", "bfloat16"),
        ("avx512", "float32"),
        ("avx2", "float32"),
        ("arm", "float32"),
        ("older", "float32"),
        ("unknown", "float32"),
    ],
)
def test_a_processor_that_multiplies_bfloat16_does(
    machine: Callable[..., None], instructions: str, precision: str
) -> None:
    """Networks compute in bfloat16 where the processor has instructions for it, in float32 on every other one."""
    machine(instructions=instructions)
    assert machine_precision() == precision
    assert environment(["keras"])["precision"] == precision
    assert "precision" not in environment(["numpy"])


@pytest.mark.parametrize(
    ("capability", "precision"), [(9, "bfloat16"), (8, "bfloat16"), (7, "float32"), (0, "float32")]
)
def test_a_gpu_goes_before_the_processor(
    machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capability: int, precision: str
) -> None:
    """On a GPU its compute capability decides, whatever the processor has; one that tells nothing gets float32."""
    monkeypatch.setattr(environments, "_compute_capability", lambda: capability)
    machine(device="gpu", instructions="amx")
    assert machine_precision() == precision


def test_what_is_asked_for_goes_before_the_machine(machine: Callable[..., None]) -> None:
    """A precision that the parameters name is that of the environment, also when it is asked for later."""
    machine(instructions="amx")
    exact = environment(["keras"], "float32")
    assert exact["precision"] == "float32"
    assert current(exact, {"precision": "float32"}) == exact
    assert differences(exact, current(exact, {"precision": "auto"}))
    assert current(exact, {})["precision"] == environment(["keras"], "auto")["precision"] == "bfloat16"
    machine(instructions="avx2")
    assert environment(["keras"], "bfloat16")["precision"] == "bfloat16"


@pytest.mark.parametrize(
    ("flags", "instructions"),
    [
        ("avx2 avx512f avx512bw avx512vl avx512dq avx512_bf16 amx_bf16 amx_tile", "amx"),
        ("avx2 avx512f avx512bw avx512vl avx512dq avx512_bf16 amx_tile", "avx512_bf16"),
        ("avx2 avx512f avx512bw avx512vl avx512dq", "avx512"),
        ("avx2 avx512f", "avx2"),
        ("sse4_2", "older"),
    ],
)
def test_the_widest_instructions_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str, instructions: str
) -> None:
    """Of what the processor says it can do, the widest set counts that is there as a whole."""
    told = tmp_path / "cpuinfo"
    told.write_text(f"processor : 0\nflags : fpu {flags}\n\nprocessor : 1\nflags : fpu\n")
    monkeypatch.setattr(environments, "Path", lambda _: told)
    monkeypatch.setattr(environments.platform, "machine", lambda: "x86_64")
    assert environments._instructions() == instructions
    monkeypatch.setattr(environments.platform, "machine", lambda: "aarch64")
    assert environments._instructions() == "arm"
