"""A finished run as it is read back: its manifest, and what it measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report_cli import files
from report_cli.errors import RunError

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = "weights.npz"


@dataclass(frozen=True)
class Acceptance:
    """A change across which a result was kept, because someone knew it to be harmless and said why."""

    reason: str
    when: str
    former: str
    changes: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """A finished run. `manifest` is what was asked, where it was computed, and the digest of every file."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def experiment(self) -> str:
        return str(self.manifest["experiment"])

    @property
    def recipe(self) -> str:
        """Digest of what was asked (sha256, hex)."""
        return str(self.manifest["recipe_digest"])

    @property
    def key(self) -> str:
        """Name of the run's folder: recipe and environment digests, shortened."""
        return self.folder.name

    @property
    def profile(self) -> str | None:
        """The budget, or None where the budget changes nothing."""
        profile = self.manifest["profile"]
        return None if profile is None else str(profile)

    @property
    def seed(self) -> int:
        return int(self.manifest["seed"])

    @property
    def environment(self) -> Mapping[str, str]:
        """Where the run was computed."""
        environment: Mapping[str, str] = self.manifest["environment"]
        return environment

    @property
    def outputs(self) -> str:
        """Digest of everything that was measured; times are no part of it."""
        return str(self.manifest["output_digest"])

    @property
    def images(self) -> Mapping[str, Any] | None:
        """{"name", "label", "origin": "embedded" | "real"} or None for an experiment without images."""
        images: Mapping[str, Any] | None = self.manifest["images"]
        return images

    @property
    def accepted(self) -> tuple[Acceptance, ...]:
        """The changes of code across which the run was kept, oldest first; nothing where it was measured as asked."""
        return tuple(
            # The text is someone else's: it is one line of characters that can be printed, wherever it is shown.
            Acceptance(one_line(a["reason"]), str(a["when"]), str(a["from"]), tuple(map(one_line, a["changes"])))
            for a in self.manifest.get("accepted", ())
        )

    @property
    def age(self) -> tuple[str, int]:
        """What orders runs by when they were stored, the newest last: an accepted one comes after its source."""
        when = self.accepted[-1].when if self.accepted else str(self.manifest["times"]["finished"])
        return when, len(self.accepted)

    @cached_property
    def _measured(self) -> Mapping[str, Any]:
        measured: Mapping[str, Any] = files.read_json(self.folder / "measured.json")
        return measured

    @property
    def scalars(self) -> Mapping[str, float]:
        return {name: scalar["value"] for name, scalar in self._measured["scalars"].items()}

    @property
    def units(self) -> Mapping[str, str]:
        return {name: scalar["unit"] for name, scalar in self._measured["scalars"].items()}

    @property
    def history(self) -> list[dict[str, float]]:
        """One row an epoch, oldest first; each has "epoch"."""
        history: list[dict[str, float]] = self._measured["history"]
        return history

    def asked_as(self, profile: str, overrides: Mapping[str, Any]) -> "Run":
        """Return this run as the answer to a question of `profile`; None stays None, the budget changes nothing."""
        asked = None if self.profile is None else profile
        return replace(self, manifest={**self.manifest, "profile": asked, "overrides": dict(overrides)})

    def used(self, outputs: Mapping[str, str]) -> bool:
        """Whether the run was computed from the runs with these outputs, by the name of the experiment needed."""
        return {name: facts["outputs"] for name, facts in self.manifest["needs"].items()} == dict(outputs)

    def array(self, name: str) -> "NDArray[Any]":
        """Return a recorded array, for instance "test_predictions"."""
        import numpy as np

        array: NDArray[Any] = np.load(self.folder / "arrays" / f"{name}.npy", allow_pickle=False)
        return array

    def weights(self) -> "dict[str, NDArray[Any]]":
        """Return the trained weights by name; RunError where the run was stored without them."""
        import numpy as np

        path = self.folder / WEIGHTS
        if not path.exists():
            raise RunError(
                f"the stored run of {self.experiment} has no weights: kept results carry none",
                f"report run {self.experiment} --force",
            )
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}


@dataclass(frozen=True)
class FigureFile:
    """A drawn figure: `print_svg` keeps its text as text, `screen_svg` as paths (browsers give SVG no page fonts)."""

    experiment: str
    name: str
    alt: str
    print_svg: Path
    screen_svg: Path


@dataclass(frozen=True)
class Failure:
    """A run that was tried and failed; never a hit."""

    message: str
    when: str
    log: str
    # What was asked, part by part.
    recipe: Mapping[str, Any] = field(default_factory=dict)


def one_line(text: str) -> str:
    """Return `text` in one line, without characters that have no shape."""
    return "".join(c for c in " ".join(str(text).split()) if c.isprintable())
