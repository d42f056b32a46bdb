"""The two halves of a run's key: the recipe (what was asked) and the environment (where it was computed)."""

import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from report_cli.datasets.spec import Images
from report_cli.errors import UsageError
from report_cli.experiment import PROFILES, Experiment, parameters
from report_cli.keys.dependencies import reached
from report_cli.keys.sources import Sources

SCHEMA = 1


@dataclass(frozen=True)
class Recipe:
    """What was asked, part by part; equal digests mean the same question."""

    parts: Mapping[str, Any]

    @property
    def digest(self) -> str:
        return digest(self.parts)


def recipe(
    experiment: Experiment,
    params: Any,
    seed: int,
    sources: Sources,
    images: Mapping[str, Any] | None,
    needs: Mapping[str, str],
) -> Recipe:
    """Return the recipe of one run.

    `images` is the identity of the images (`images_identity`), `needs` maps each needed experiment to the recipe
    digest of its run.
    """
    return Recipe(
        {
            "schema": SCHEMA,
            "experiment": experiment.name,
            "parameters": parameters(params),
            "code": code(experiment, sources),
            "images": images,
            "needs": dict(needs),
            "seed": seed,
        }
    )


def code(experiment: Experiment, sources: Sources) -> dict[str, str]:
    """Return the digests of the definitions that `experiment` measures with, by name."""
    measure, params = experiment.measure, type(experiment.params[PROFILES[0]])
    # Defaults and properties of the parameters are code, too.
    return reached(sources, measure.__module__, measure.__qualname__) | reached(
        sources, params.__module__, params.__qualname__
    )


def figure_key(experiment: Experiment, outputs: str, sources: Sources) -> str:
    """Return the key of the figures that `experiment`, which has a `draw`, makes of a run with these `outputs`."""
    from importlib.metadata import version

    assert experiment.draw is not None
    drawing = reached(sources, experiment.draw.__module__, experiment.draw.__qualname__)
    # to_svg decides the file as much as draw does.
    drawing |= reached(sources, "report_cli.figures.style", "to_svg")
    facts = {"run": outputs, "code": drawing, "figures": experiment.figures, "matplotlib": version("matplotlib")}
    return digest(facts)


def images_identity(data: Images, pixels: str | None, sources: Sources) -> dict[str, Any]:
    """Return what decides the pixels: their digest, or for embedded images (no `pixels`) the code that draws them."""
    if pixels is not None:
        return {"kind": data.name, "pixels": pixels}
    assert data.draw is not None, f"{data.name} is not drawn"
    code = reached(sources, data.draw.__module__, data.draw.__qualname__)
    return {"kind": data.name, "drawn": data.drawn, "code": code}


def environment() -> dict[str, str]:
    """Return where a run started now would be computed; loads none of the packages it names."""
    return dict(_environment(os.environ.get("KERAS_BACKEND") or "tensorflow"))


def _device() -> str:
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return "gpu" if Path("/dev/nvidiactl").exists() and not hidden else "cpu"


@cache
def _environment(backend: str) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    def installed(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return "absent"

    return {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "keras": installed("keras"),
        "backend": backend,
        "backend_version": installed(backend),
        "numpy": installed("numpy"),
        "pillow": installed("pillow"),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "dtype_policy": "float32",
        "device": _device(),
        "os": platform.system().lower(),
        "architecture": platform.machine(),
    }


def digest(value: Any) -> str:
    """Return the sha256 of a canonical form: sorted keys, floats in hex, types told apart."""
    return sha256(json.dumps(_canonical(value), sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, Mapping):
        return {"map": {str(k): _canonical(v) for k, v in value.items()}}
    if isinstance(value, tuple | list):
        return [_canonical(v) for v in value]
    raise UsageError(
        f"{value!r} can't be part of a key",
        "parameters are text, numbers, booleans, None, or tuples and dictionaries of these",
    )


def key(recipe_digest: str, environment_digest: str) -> str:
    """Return the name of a run's folder."""
    return f"{recipe_digest[:16]}-{environment_digest[:8]}"
