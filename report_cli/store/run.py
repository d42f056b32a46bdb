"""Finished runs as they are read back: one run, and the results of an experiment over its seeds and points."""

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from report_cli import files
from report_cli.errors import ReportError, RunError, unknown
from report_cli.keys.environment import current
from report_cli.store import manifest as manifests
from report_cli.store.manifest import Manifest

if TYPE_CHECKING:
    import pandas
    from numpy.typing import NDArray

WEIGHTS = "weights.npz"
# The suffix of an array's file, and what a compressed one has after it.
ARRAY, COMPRESSED = ".npy", ".xz"
# What an array of a kept run takes at most: one from elsewhere may be made to fill the memory.
ARRAY_BYTES = 2**30
MEASURED = "measured.json"
# Units of what another machine, or the same one on another day, measures otherwise.
TIMED = re.compile("([num\N{MICRO SIGN}\N{GREEK SMALL LETTER MU}]?s|min|h)(/.+)?|.+/(s|min|h)")
# So many characters a notebook shows of a run or of results.
SHOWN = 300
# The ends of the names of a figure's files: for print, for the page, and the numbers behind it as tables in JSON.
PRINT, SCREEN, NUMBERS = FORMS = ("print.svg", "screen.svg", "numbers.json")


class Measured(msgspec.Struct, frozen=True):
    """What a run measured: its metrics, and one row an epoch."""

    metrics: dict[str, int | float]
    history: list[dict[str, int | float]]


class Run(msgspec.Struct, frozen=True, dict=True):
    """A finished run in `folder`. What is read of it is checked against its manifest when it is read."""

    folder: Path
    manifest: Manifest

    def __repr__(self) -> str:
        at = "".join(f" {name}={value}" for name, value in self.point.items())
        return _short(f"Run of {self.experiment}{at} seed={self.seed}: {_metrics(self, '{}={:.4g}')}")

    @property
    def experiment(self) -> str:
        return self.manifest.experiment

    @property
    def key(self) -> str:
        """Name of the run's folder: digests of recipe, environment and inputs, shortened."""
        return self.folder.name

    @property
    def seed(self) -> int:
        return self.manifest.seed

    @property
    def profile(self) -> str | None:
        """The budget on which it rests, its own or that of a run behind it; None where every one gives the same."""
        named = (each.profile for each in self.manifest.behind if each.profile is not None)
        return self.manifest.profile or next(named, None)

    @property
    def point(self) -> Mapping[str, Any]:
        """Where in a sweep the run is: the parameters that the point sets."""
        return self.manifest.point

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What it was run with, by name: tuples are lists."""
        parameters: Mapping[str, Any] = self.manifest.recipe["parameters"]
        return parameters

    @property
    def outputs(self) -> str:
        """Digest of everything that was measured; times are no part of it."""
        return self.manifest.output_digest

    @cached_property
    def is_own(self) -> bool:
        """Whether it was computed in this very environment."""
        return self.manifest.environment == current(self.manifest.environment, self.parameters)

    @property
    def age(self) -> tuple[str, int]:
        """What orders runs by when they were stored, the newest last: an accepted one comes after its source."""
        accepted = self.manifest.accepted
        return accepted[-1].when if accepted else self.manifest.times.finished, len(accepted)

    @cached_property
    def _measured(self) -> Measured:
        with self._read():
            return msgspec.convert(files.from_json(self.content(MEASURED)), Measured)

    @property
    def scalars(self) -> Mapping[str, float]:
        """The recorded metrics by name."""
        return self._measured.metrics

    @property
    def history(self) -> list[dict[str, float]]:
        """One row an epoch, oldest first; each has "epoch"."""
        return list(self._measured.history)

    @property
    def arrays(self) -> list[str]:
        """The names of the recorded arrays."""
        return list(self._array_files)

    @property
    def _array_files(self) -> dict[str, str]:
        """The files of the recorded arrays, by name."""
        listed = [name for name in self.manifest.files if name.startswith("arrays/")]
        return {Path(name.removesuffix(COMPRESSED)).stem: name for name in listed}

    def array(self, name: str) -> "NDArray[Any]":
        """Return a recorded array, for instance "test_predictions"."""
        import numpy as np

        listed = self._array_files
        if name not in listed:
            raise unknown(f"array of {self.experiment}", name, listed)
        with self._read():
            content = self.content(listed[name])
            if listed[name].endswith(COMPRESSED):
                content = _decompressed(content)
            array: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
            return array

    def table(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a recorded table."""
        tables = [Path(file).stem for file in self.manifest.files if file.startswith("tables/")]
        if name not in tables:
            raise unknown(f"table of {self.experiment}", name, tables)
        with self._read():
            content = files.from_json(self.content(f"tables/{name}.json"))
            return [dict(zip(content["columns"], row, strict=True)) for row in content["rows"]]

    def weights(self) -> "dict[str, NDArray[Any]]":
        """Return the trained weights by name; RunError where the run was stored without them."""
        import numpy as np

        if WEIGHTS not in self.manifest.files:
            raise RunError(
                f"the stored run of {self.experiment} has no weights: kept results carry none",
                f"report run {self.experiment} --force",
            )
        with self._read(), np.load(io.BytesIO(self.content(WEIGHTS)), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    def content(self, name: str) -> bytes:
        """Return the content of one of its files; ReportError where that is not what was written."""
        with self._read():
            return manifests.read_file(self.folder, self.manifest.files, name)

    @contextmanager
    def _read(self) -> Iterator[None]:
        """Say which run is damaged where what is read of it within the block is not as it must be."""
        try:
            yield
        except Exception as error:
            from zipfile import BadZipFile

            if not isinstance(error, ValueError | KeyError | TypeError | EOFError | MemoryError | BadZipFile):
                raise
            raise ReportError(
                f"run {self.experiment}/{self.key} is damaged: {error}", f"report run {self.experiment} --force"
            ) from error


def _decompressed(content: bytes) -> bytes:
    """Return what `content` was compressed from; ValueError where it was not, or would take absurd room."""
    import lzma

    unpacker = lzma.LZMADecompressor()
    try:
        unpacked = unpacker.decompress(content, ARRAY_BYTES)
    except lzma.LZMAError as error:
        raise ValueError(f"an array is not compressed as it says: {error}") from error
    if not unpacker.eof:
        raise ValueError("an array is cut off, or would take gigabytes")
    return unpacked


class Results(msgspec.Struct, frozen=True):
    """The finished runs of one experiment, by point and seed. With a single run it has what that run has."""

    experiment: str
    runs: tuple[Run, ...]

    def __repr__(self) -> str:
        count = f"{len(self)} run{'s' if len(self) != 1 else ''}"
        of = f", each with {_metrics(self.runs[0], '{}')}" if self.runs else ""
        return _short(f"Results of {self.experiment}: {count}{of}")

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    def where(self, seed: int | None = None, **point: Any) -> "Results":
        """Return the results with this seed, and these parameters; UsageError for one that they don't have."""
        known = {name for run in self.runs for name in run.parameters}
        for name in point if self.runs else ():
            if name not in known:
                raise unknown(f"parameter of {self.experiment}", name, known)
        return Results(
            self.experiment,
            tuple(
                run
                for run in self.runs
                if (seed is None or run.seed == seed)
                and all(run.parameters.get(name) == as_stored(value) for name, value in point.items())
            ),
        )

    def run(self, seed: int | None = None, **point: Any) -> Run:
        """Return the one run with this seed, and these parameters.

        Raises:
            RunError: there is none, or more than one.
        """
        chosen = self.where(seed, **point).runs
        if self.runs and not chosen:
            for name, value in {"seed": seed, **point}.items():
                there = [run.seed if name == "seed" else run.parameters.get(name) for run in self.runs]
                if value is not None and as_stored(value) not in there:
                    known = ", ".join(dict.fromkeys(map(str, sorted(there, key=place))))
                    raise RunError(f"{self.experiment} has no run with {name}={value}", f"there are {known}")
        if len(chosen) != 1:
            asked = ", ".join(f"{n}={v}" for n, v in {"seed": seed, **point}.items() if v is not None)
            named = f" with {asked}" if asked else ""
            raise RunError(
                f"{self.experiment} has {len(chosen)} runs{named}",
                "name one: .run(" + ", ".join(f"{n}={v!r}" for n, v in self._names()) + ")" if self.runs else "",
            )
        return chosen[0]

    def metric(self, name: str) -> list[float]:
        """Return a metric of every run, in their order."""
        for run in self.runs:
            if name not in run.scalars:
                raise unknown(f"metric of {self.experiment}", name, run.scalars)
        return [run.scalars[name] for run in self.runs]

    @property
    def scalars(self) -> Mapping[str, float]:
        return self.run().scalars

    @property
    def history(self) -> list[dict[str, float]]:
        return self.run().history

    def array(self, name: str) -> "NDArray[Any]":
        """Return an array of the only run."""
        return self.run().array(name)

    def table(self, name: str) -> list[dict[str, Any]]:
        """Return a table of the only run."""
        return self.run().table(name)

    def weights(self) -> "dict[str, NDArray[Any]]":
        """Return the weights of the only run."""
        return self.run().weights()

    def to_pandas(self) -> "pandas.DataFrame":
        """Return a data frame: a row for each run with its profile, seed, parameters and metrics."""
        try:
            import pandas
        except ModuleNotFoundError as error:
            raise ReportError("a data frame needs pandas, which is not installed", "pip install pandas") from error

        return pandas.DataFrame(
            [{"profile": r.profile, "seed": r.seed, **r.parameters, **r.scalars} for r in self.runs]
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise unknown(f"part of the results of {self.experiment}", name, [n for n in dir(self) if n[0] != "_"])

    def _names(self) -> list[tuple[str, Any]]:
        first = self.runs[0]
        return [*first.point.items(), ("seed", first.seed)]


class FigureFile(msgspec.Struct, frozen=True):
    """A drawn figure in `folder`; `sha256` has the digests of its files by the ends of their names."""

    name: str
    alt: str
    folder: Path
    sha256: Mapping[str, str]

    def path(self, ending: str) -> Path:
        """Return its file that ends so."""
        return self.folder / f"{self.name}.{ending}"


class Remeasurement(msgspec.Struct, frozen=True):
    """A metric of a run as it is stored and as it was measured again; they may lie `room` apart."""

    experiment: str
    metric: str
    key: str
    stored: float
    measured: float
    room: float

    @property
    def agrees(self) -> bool:
        return abs(self.stored - self.measured) <= self.room


class Failure(msgspec.Struct, frozen=True):
    """A run that was tried and failed; never a hit."""

    message: str
    when: str
    log: str
    # What was asked, part by part.
    recipe: Mapping[str, Any] = {}


def place(value: Any) -> tuple[int, Any]:
    """Return what values of a parameter are sorted by: numbers by their size, before text and lists."""
    if isinstance(value, list | tuple):
        return 2, [place(each) for each in value]
    return (0, value) if isinstance(value, int | float) else (1, str(value))


def as_stored(value: Any) -> Any:
    """Return a value of a parameter as a manifest has it."""
    return [as_stored(each) for each in value] if isinstance(value, list | tuple) else value


def _metrics(run: Run, form: str) -> str:
    """Return the metrics of a run in this form, or that they can't be read."""
    try:
        return ", ".join(form.format(name, value) for name, value in run.scalars.items()) or "no metrics"
    except ReportError:
        return "metrics that can't be read"


def _short(text: str) -> str:
    return f"<{text if len(text) <= SHOWN else text[:SHOWN] + '...'}>"


def one_line(text: str) -> str:
    """Return `text` in one line, without characters that have no shape."""
    return "".join(c for c in " ".join(str(text).split()) if c.isprintable())
