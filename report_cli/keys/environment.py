"""Where a run is computed: what of a machine and its packages can change the last digits of a result."""

import contextlib
import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

# With TensorFlow and oneDNN, sums are split by the number of threads, so the last bits of a result depend on that
# number but not on the number of cores behind it. A fixed number makes a result independent of how many cores are free.
THREADS = 2
# Packages that are imported by another name than they are installed by.
INSTALLED_AS = {"PIL": "pillow", "sklearn": "scikit-learn", "cv2": "opencv-python", "skimage": "scikit-image"}
# Where the sums of others are done.
_BUILT_ON = {"keras": ("numpy",), "sklearn": ("numpy", "scipy"), "pandas": ("numpy",), "scipy": ("numpy",)}
# The widest instruction set that oneDNN and OpenBLAS choose their kernels by, the widest first: names and flags.
_INSTRUCTIONS = (
    ("amx", ("amx_bf16", "amx_tile")),
    ("avx512_bf16", ("avx512_bf16",)),
    ("avx512", ("avx512f", "avx512bw", "avx512vl", "avx512dq")),
    ("avx2", ("avx2",)),
)


def environment(packages: Iterable[str], precision: Any = "auto") -> dict[str, str]:
    """Return where a run that imports these packages would be computed if it started now; loads none of them.

    `precision` is what its networks are to compute in: "float32", "bfloat16", or else as this machine does best.
    """
    wanted = set(packages)
    found = dict(_machine())
    if "keras" in wanted:
        backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
        wanted.add(backend)
        found |= {
            "backend": backend,
            "precision": precision if precision in ("float32", "bfloat16") else machine_precision(),
        }
    if "tensorflow" in wanted:
        found["onednn"] = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default")
    wanted |= {base for package in wanted for base in _BUILT_ON.get(package, ())}
    return found | {f"package {INSTALLED_AS.get(n, n)}": _version(n) for n in sorted(wanted - {"report_cli"})}


def current(there: Mapping[str, str], parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return this environment, as far as it has to do with a run with these parameters that was computed `there`."""
    packages = (name.removeprefix("package ") for name in there if name.startswith("package "))
    return environment(packages, parameters.get("precision", "auto"))


@cache
def machine_precision() -> str:
    """Return "bfloat16" where a processor or GPU multiplies such numbers itself, else "float32".

    It goes by what they say they can do, never by a timing. Source: AVX512_BF16 and AMX_BF16 of x86, and compute
    capability 8.0 and above of NVIDIA.
    """
    machine = _machine()
    if machine["device"] == "gpu":
        return "bfloat16" if _compute_capability() >= 8 else "float32"
    return "bfloat16" if machine["instructions"] in ("amx", "avx512_bf16") else "float32"


def _compute_capability() -> int:
    """Return the major compute capability of the first GPU, 0 where the driver doesn't tell."""
    import ctypes

    try:
        driver, major = ctypes.CDLL("libcuda.so.1"), ctypes.c_int()
        # 75 is CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR.
        failed = driver.cuInit(0) or driver.cuDeviceGetAttribute(ctypes.byref(major), 75, 0)
    except (OSError, AttributeError):
        return 0
    return 0 if failed else major.value


@cache
def _machine() -> Mapping[str, str]:
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "device": "gpu" if Path("/dev/nvidiactl").exists() and not hidden else "cpu",
        "instructions": _instructions(),
        "threads": str(THREADS),
        "os": platform.system().lower(),
        "architecture": platform.machine(),
    }


def _instructions() -> str:
    if platform.machine() in ("arm64", "aarch64"):
        return "arm"
    try:
        line = next(x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("flags"))
    except (OSError, StopIteration):
        return "unknown"
    flags = set(line.split())
    return next((name for name, needed in _INSTRUCTIONS if flags.issuperset(needed)), "older")


@cache
def _version(package: str) -> str:
    try:
        return version(INSTALLED_AS.get(package, package))
    except ModuleNotFoundError:
        from importlib.metadata import packages_distributions

        names = packages_distributions().get(package)
        return version(names[0]) if names else "absent"


def version(distribution: str) -> str:
    """Return the version of an installed distribution, as `importlib.metadata.version` does, which parses all it says.

    Raises:
        ModuleNotFoundError: it isn't installed.
    """
    if folder := _installed().get(_normal(distribution)):
        with contextlib.suppress(OSError), (folder / "METADATA").open(encoding="utf-8", errors="replace") as file:
            # The headers end with an empty line.
            for line in iter(lambda: file.readline().rstrip("\n"), ""):
                if line.startswith("Version: "):
                    return line.removeprefix("Version: ").strip()
    from importlib import metadata

    return metadata.version(distribution)


@cache
def _installed() -> Mapping[str, Path]:
    """Return the folders that describe installed distributions; the first on `sys.path` counts, as for an import."""
    described: dict[str, Path] = {}
    for place in sys.path:
        with contextlib.suppress(OSError):
            for entry in Path(place).iterdir():
                if entry.suffix in (".dist-info", ".egg-info"):
                    described.setdefault(_normal(entry.name.partition("-")[0]), entry)
    return described


def _normal(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()
