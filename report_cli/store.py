"""The finished runs, in two layers: own (`build/runs`) and kept (`experiments/results`)."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report_cli import clock, files, manifest, wellformed
from report_cli.errors import RunError
from report_cli.fingerprint import digest, key
from report_cli.project import Project

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = "weights.npz"


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


@dataclass(frozen=True)
class Store:
    """The runs of a project. Reading never changes it; a damaged entry is named and hides no other."""

    own: Path
    kept: Path
    figure_folder: Path
    scratch: Path
    tell: Callable[[str], None]
    _seen: dict[Path, Run | None] = field(default_factory=dict)

    @classmethod
    def of(cls, project: Project, tell: Callable[[str], None]) -> "Store":
        """Return the store of `project`; `tell` is called with a sentence for each damaged entry met."""
        return cls(project.runs, project.kept, project.figures, project.scratch, tell)

    def find(self, experiment: str, recipe: str, environment: Mapping[str, str]) -> Run | None:
        """Return the run that answers `recipe`: from this environment first, then a kept one, then by key."""
        wanted = key(recipe, digest(environment))
        matches = [r for r in self.runs(experiment, prefix=recipe[:16]) if r.recipe == recipe]
        ranked = sorted(matches, key=lambda r: (r.key != wanted, not r.folder.is_relative_to(self.kept), r.key))
        return ranked[0] if ranked else None

    def runs(self, experiment: str, prefix: str = "") -> Iterator[Run]:
        """Yield the whole runs of `experiment` whose key begins with `prefix`, kept ones last."""
        self._restore(experiment)
        for layer in (self.own, self.kept):
            for folder in sorted((layer / experiment).glob(f"{prefix}*")):
                if folder.is_dir() and not folder.suffix:
                    run = self._open(folder)
                    if run is not None:
                        yield run

    def folder(self, experiment: str, name: str) -> Path:
        """Return where the own run with the key `name` lies, or would lie."""
        return self.own / experiment / name

    def beside(self, experiment: str, name: str, suffix: str) -> Path:
        """Return the place beside a run for what belongs to it while it is not finished (lock, checkpoint, failure)."""
        return self.own / experiment / f"{name}.{suffix}"

    @contextmanager
    def lock(self, experiment: str, name: str, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the run's lock, which a killed process frees; `waiting` is called once when another holds it."""
        with files.locked(self.beside(experiment, name, "lock"), waiting):
            yield

    def commit(self, staging: Path, experiment: str, name: str, facts: Mapping[str, Any]) -> Run:
        """Turn the folder a run was measured into into a finished run: manifest last, then one rename."""
        manifest.write(staging, facts)
        target = self.folder(experiment, name)
        files.commit_folder(staging, target)
        for checkpoint in target.parent.glob(f"{name}*.checkpoint"):
            files.remove_folder(checkpoint)
        self.beside(experiment, name, "failed.json").unlink(missing_ok=True)
        run = self._seen[target] = Run(target, manifest.read(target))
        return run

    def keep(self, run: Run) -> Run:
        """Copy `run` into the kept layer, which is in git, without its weights."""
        target = self.kept / run.experiment / run.key
        facts = {name: value for name, value in run.manifest.items() if name not in ("files", "manifest_digest")}
        with files.staged_folder(self.scratch, target) as folder:
            for name in run.manifest["files"]:
                if name != WEIGHTS:
                    files.write_bytes(folder / name, (run.folder / name).read_bytes())
            manifest.write(folder, facts)
        return Run(target, manifest.read(target))

    def fail(self, experiment: str, name: str, message: str, log: str) -> None:
        """Record that the run was tried and failed."""
        path = self.beside(experiment, name, "failed.json")
        files.write_json(path, {"message": message, "when": clock.now(), "log": log})

    def failure(self, experiment: str, name: str) -> Failure | None:
        """Return how the run failed last time, or None."""
        try:
            return Failure(**files.read_json(self.beside(experiment, name, "failed.json")))
        except (OSError, ValueError, TypeError):
            return None

    def figures(self, run: Run, figure_key: str) -> dict[str, FigureFile] | None:
        """Return the figures drawn from `run` by name, or None where they have not been drawn with this code."""
        folder = self.figure_target(run, figure_key)
        try:
            content = manifest.read(folder)
            manifest.verify(folder, content)
        except ValueError:
            return None
        return {
            name: FigureFile(run.experiment, name, alt, folder / f"{name}.print.svg", folder / f"{name}.screen.svg")
            for name, alt in content["figures"].items()
        }

    def figure_target(self, run: Run, figure_key: str) -> Path:
        return self.figure_folder / run.experiment / f"{run.key}-{figure_key[:12]}"

    def _restore(self, experiment: str) -> None:
        """Put back runs whose replacement was killed half-way; one that is under way holds its lock."""
        for retired in (self.own / experiment).glob(f"*{files.RETIRED}"):
            target = retired.with_name(retired.name.removesuffix(files.RETIRED))
            with contextlib.suppress(TimeoutError), files.locked(self.beside(experiment, target.name, "lock")):
                files.restore(target)

    def _open(self, folder: Path) -> Run | None:
        # A command checks each run once: what it has seen whole, it goes on using.
        if folder in self._seen:
            return self._seen[folder]
        run = self._seen[folder] = self._checked(folder)
        return run

    def _checked(self, folder: Path) -> Run | None:
        try:
            content = manifest.read(folder)
            wellformed.check_manifest(folder, content)
            manifest.verify(folder, content)
            wellformed.check_measured(files.read_json(folder / "measured.json"))
        except (ValueError, OSError) as error:
            self.tell(f"run {folder.parent.name}/{folder.name} is damaged and not used: {error}")
            return None
        return Run(folder, content)
