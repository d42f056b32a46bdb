"""What a run is seen to use beside its recipe: files, listed folders and variables, noted while it computes.

An audit hook sees what Python opens; what C code opens raises no event, so HDF5 and TensorFlow's readers are wrapped.
Never inputs: installed packages, the program itself, what it writes (`build`, kept results), declared data sets.
"""

import contextlib
import os
import site
import stat
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from report_cli import files
from report_cli.errors import RunError
from report_cli.keys.environment import THREADS

Inputs = Mapping[str, Mapping[str, str | None]]
NOTHING: Inputs = {"files": {}, "folders": {}, "variables": {}}
ENGINE = Path(__file__).parents[1]
# Of a project: what the program writes, and what tools do.
_OUTPUT = ("build", "experiments/results")
_PROCESSES = ("subprocess.Popen", "os.system", "os.posix_spawn", "os.spawn", "os.exec", "os.fork")
_LIBRARIES = [sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
# The prefix of a virtual environment belongs to it alone; that of a system may be /usr, with projects below it.
_PREFIX = [sys.prefix] if sys.prefix != sys.base_prefix else []
_INSTALLED = tuple({os.path.realpath(path) for path in (*_LIBRARIES, *site.getsitepackages(), *_PREFIX)})

_active: "Watch | None" = None
_installed = False
_busy = threading.local()


class Watch:
    """Notes the inputs of one run while `on()` is entered; `root` is the folder of the project."""

    def __init__(self, root: Path, ignored: tuple[Path, ...] = ()) -> None:
        self._root = root.resolve()
        self._ignored = tuple(os.path.realpath(path) for path in ignored)
        # As they were when the run began: what the author's code sets by itself is no input.
        self._variables = worker_environment()
        self._written: set[str] = set()
        self.files: dict[str, str | None] = {}
        self.folders: dict[str, str | None] = {}
        self.variables: dict[str, str | None] = {}
        self.unwatched: set[str] = set()

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Watch this process within the block."""
        global _active, _installed
        if not _installed:
            sys.addaudithook(_hear)
            os.environ.__class__ = os.environb.__class__ = _Variables
            real, (os.stat, os.lstat) = os.stat, (_noting(os.stat), _noting(os.lstat))
            for able in (os.supports_follow_symlinks, os.supports_dir_fd, os.supports_fd):
                able.update({os.stat} if real in able else ())
            _installed = True
        before, _active = _active, self
        try:
            yield
        finally:
            _active = before

    def inputs(self) -> Inputs:
        """Return what was noted, by the paths from the project's folder, as a manifest has it."""
        return {"files": dict(self.files), "folders": dict(self.folders), "variables": dict(self.variables)}

    def file(self, path: str | Path) -> None:
        """Note a file with its content at its first use; one that isn't there is noted as absent."""
        whole = _whole(path)
        name = self._name(whole)
        if name is not None and name not in self.files and whole not in self._written:
            self.files[name] = file_digest(Path(whole))

    def output(self, path: str) -> None:
        """Take no note of a file that the run itself writes, nor that it wasn't there before."""
        whole = _whole(path)
        self._written.add(whole)
        if (name := self._name(whole)) is not None and self.files.get(name, "") is None:
            del self.files[name]

    def module(self, path: str | Path, digest: str | None) -> None:
        """Note a module that the static walk doesn't reach as a whole file, by the digest of the text that runs.

        It is one of the project, or below `sys.path`. Others were made a moment ago: TensorFlow writes the code that
        it derives into files for a time.
        """
        whole = os.path.realpath(path)
        places = (str(self._root), *map(os.path.realpath, filter(None, sys.path)))
        if is_first_party(whole) and any(whole.startswith(place + os.sep) for place in places):
            self.files.setdefault(os.path.relpath(whole, self._root), digest)

    def folder(self, path: str) -> None:
        """Note the names in a folder that was listed."""
        name = self._name(_whole(path))
        if name is not None:
            self.folders.setdefault(name, folder_digest(self._root / name))

    def adopt(self, inputs: Inputs) -> None:
        """Note what the interrupted part of this run was seen to use."""
        self.files.update(inputs["files"])
        self.folders.update(inputs["folders"])
        self.variables.update(inputs["variables"])

    def check(self) -> None:
        """Raise RunError where an input, unless the run wrote it itself, is no longer what it was when it was used."""
        written = {self._name(whole) for whole in self._written}
        read = {name: digest for name, digest in self.files.items() if name not in written}
        if changes := self.changed({"files": read, "folders": self.folders, "variables": {}}):
            raise RunError(f"{changes[0]} while it was running", "run it again")

    def changed(self, inputs: Inputs) -> list[str]:
        """Return in words which of these inputs are no longer what they were when the run began."""
        return changed(inputs, self._root, self._variables)

    def heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take note of an audit event."""
        if event in _PROCESSES:
            if self._by_author():
                self.unwatched.add("subprocess")
            return
        place = "." if arguments[0] is None and event in ("os.listdir", "os.scandir") else arguments[0]
        if not isinstance(place, str | bytes | os.PathLike):
            return
        path = os.fsdecode(place)
        if event != "open":
            if not _within("<frozen importlib._bootstrap_external>"):
                self.folder(path)
            return
        _, mode, flags = (*arguments, None, None)[:3]
        writes = any(c in (mode or "") for c in "wxa") or (mode is None and (flags or 0) & (os.O_WRONLY | os.O_RDWR))
        if writes:
            self.output(path)
        elif path.endswith((".py", ".pyc")) and _within("<frozen importlib._bootstrap_external>"):
            self.module(_source(path), file_digest(Path(_source(path))))
        elif not (path.endswith(".py") and _within("linecache.py")):
            self.file(path)

    def variable(self, name: str) -> None:
        """Note a variable of the environment that the author's code reads."""
        if self._by_author():
            self.variables.setdefault(name, _text_digest(self._variables.get(name)))

    def looked_at(self, path: str | Path) -> None:
        """Note a file that the author's code asks for without opening it: whether it is there decides something."""
        if self._by_author():
            self.file(path)

    def _name(self, whole: str) -> str | None:
        """Return a path as seen from the project, or None for what is no input."""
        path = Path(whole)
        if not path.is_relative_to(self._root):
            path = Path(os.path.realpath(whole))
            if not path.is_relative_to(self._root):
                return None
        name = path.relative_to(self._root)
        hidden = not {".git", ".venv", "__pycache__"}.isdisjoint(name.parts)
        output = any(name.is_relative_to(folder) for folder in _OUTPUT)
        other = path.is_relative_to(ENGINE) or _inside(os.path.realpath(whole), (*_INSTALLED, *self._ignored))
        return None if hidden or output or other else name.as_posix()

    def _by_author(self) -> bool:
        """Whether the nearest code that isn't Python's own is the author's, and no import is between."""
        frame = sys._getframe(2)
        while frame is not None:
            filename = frame.f_code.co_filename
            if filename.startswith("<frozen importlib"):
                return False
            if is_first_party(filename):
                return True
            if filename != __file__ and not _is_standard(filename):
                return False
            frame = frame.f_back  # type: ignore[assignment]
        return False


class _Variables(os._Environ):  # type: ignore[type-arg]
    """`os.environ`, which tells the watch what is read."""

    def __getitem__(self, name: Any) -> Any:
        if (watch := _listening()) and isinstance(name, str | bytes):
            watch.variable(os.fsdecode(name))
        return super().__getitem__(name)


def _noting(real: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
    """Return `os.stat`, which raises no audit event, as one that tells the watch of files that are there or not."""

    def look(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
        found = None
        try:
            found = real(path, *arguments, **named)
            return found
        finally:
            is_file = found is None or stat.S_ISREG(found.st_mode)
            if (watch := _listening()) and is_file and isinstance(path, str | os.PathLike):
                with quiet():
                    watch.looked_at(os.fsdecode(path))

    return look


@cache
def is_first_party(filename: str) -> bool:
    """Whether a source file is the author's: neither installed, nor of Python, nor of this program."""
    with quiet():
        place = os.path.realpath(filename)
    inside = _inside(place, (*_INSTALLED, str(ENGINE)))
    return not filename.startswith("<") and not inside and Path(filename).is_absolute()


def worker_environment() -> dict[str, str]:
    """Return the variables that a worker of this process has."""
    # Hash randomisation and TensorFlow's chatter are switched off before the interpreter starts.
    # What the key says decides the backend, not a keras.json in someone's home.
    variables = {**os.environ, "PYTHONHASHSEED": "0"}
    variables["KERAS_BACKEND"] = variables.get("KERAS_BACKEND") or "tensorflow"
    variables.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # As many threads for numpy's sums on every machine, too: their last digits depend on that number.
    libraries = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    variables |= dict.fromkeys(libraries, str(THREADS))
    return variables


def changed(inputs: Inputs, root: Path, variables: Mapping[str, str] | None = None) -> list[str]:
    """Return in words which of these inputs are no longer what they were, with the project in `root`.

    `variables` is the environment, by default that of a worker which starts now.
    """
    words = {"files": "{}", "folders": "the names in {}/", "variables": "the variable {}"}
    current = now(inputs, root, variables)
    return [
        f"{words[kind].format(name)} {'appeared' if before is None else 'is gone' if after is None else 'changed'}"
        for kind, noted in inputs.items()
        for name, before in noted.items()
        if (after := current[kind][name]) != before
    ]


def now(inputs: Inputs, root: Path, variables: Mapping[str, str] | None = None) -> dict[str, dict[str, str | None]]:
    """Return what these inputs are now, with the project in `root`; `variables` as for `changed`."""
    environment = worker_environment() if variables is None else variables
    return {
        "files": {name: file_digest(root / name) for name in inputs["files"]},
        "folders": {name: folder_digest(root / name) for name in inputs["folders"]},
        "variables": {name: _text_digest(environment.get(name)) for name in inputs["variables"]},
    }


def file_digest(path: Path) -> str | None:
    """Return the sha256 of a file, None where there is none."""
    try:
        with quiet():
            return files.digest(path)
    except OSError:
        return None


def folder_digest(path: Path) -> str | None:
    """Return a digest of the names in a folder, None where there is none."""
    try:
        with quiet():
            names = sorted(p.name for p in path.iterdir() if not p.name.startswith(".") and p.name != "__pycache__")
    except OSError:
        return None
    return sha256("\0".join(names).encode()).hexdigest()


def watch_hdf5(module: Any) -> None:
    """Make `h5py.File` tell the watch: the HDF5 library opens files without Python."""
    opened = module.File.__init__

    def __init__(self: Any, name: Any, mode: str = "r", *arguments: Any, **options: Any) -> None:  # noqa: N807
        if (watch := _listening()) and isinstance(name, str | bytes | os.PathLike):
            note = watch.file if mode in ("r", "r+") else watch.output
            note(os.fsdecode(name))
        opened(self, name, mode, *arguments, **options)

    module.File.__init__ = __init__


def watch_tensorflow(module: Any) -> None:
    """Make `tf.io.read_file` and `GFile` tell the watch; what a graph reads can't be seen, and that is noted."""
    read_file, open_file = module.io.read_file, module.io.gfile.GFile.__init__

    def note(name: Any) -> None:
        if watch := _listening():
            if isinstance(name, str | bytes | os.PathLike):
                watch.file(os.fsdecode(name))
            elif hasattr(name, "numpy"):
                watch.file(os.fsdecode(name.numpy()))
            else:
                watch.unwatched.add("tf.io in a graph")

    def read(filename: Any, name: Any = None) -> Any:
        note(filename)
        return read_file(filename, name)

    def __init__(self: Any, name: Any, mode: str = "r") -> None:  # noqa: N807
        if "r" in mode:
            note(name)
        elif watch := _listening():
            watch.output(os.fsdecode(name))
        open_file(self, name, mode)

    module.io.read_file = read
    module.io.gfile.GFile.__init__ = __init__


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    watched = event == "open" or event in ("os.listdir", "os.scandir", "sqlite3.connect") or event in _PROCESSES
    if watched and (watch := _listening()):
        with quiet():
            if event == "sqlite3.connect":
                event, arguments = "open", (_database(arguments[0]),)
            watch.heard(event, arguments)


def _database(name: Any) -> Any:
    """Return the file that SQLite opens by this name, which may be a URI."""
    from urllib.parse import unquote, urlsplit

    text = os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else ""
    return unquote(urlsplit(text).path) if text.startswith("file:") else name


def note_unwatched(what: str) -> None:
    """Note for whoever is watched that something of this kind, which can't be, reads for it."""
    if watch := _listening():
        watch.unwatched.add(what)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Note nothing that this thread uses within the block: the program itself reads."""
    before, _busy.value = getattr(_busy, "value", False), True
    try:
        yield
    finally:
        _busy.value = before


def _listening() -> Watch | None:
    """Return the watch that is on, None while this thread is to be `quiet`."""
    return None if getattr(_busy, "value", False) else _active


def _text_digest(text: str | None) -> str | None:
    return None if text is None else sha256(os.fsencode(text)).hexdigest()


def _inside(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith(place + os.sep) for place in places)


def _within(*names: str) -> bool:
    """Whether one of the nearest frames is of these files: what reads sources to import them, or to quote them."""
    frame = sys._getframe(2)
    for _ in range(8):
        if frame is None:
            return False
        if frame.f_code.co_filename.endswith(names):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _whole(path: str | Path) -> str:
    # Not resolved: a link in the project is of the project, wherever it leads.
    return os.path.abspath(path)  # noqa: PTH100


def _is_standard(filename: str) -> bool:
    # What is made of a text has no file, and belongs to whoever runs it.
    # Packages may be installed below the standard library.
    return filename.startswith("<") or (_inside(filename, (_LIBRARIES[0],)) and "site-packages" not in filename)


def _source(path: str) -> str:
    """Return the source of what may be bytecode."""
    from importlib.util import source_from_cache

    try:
        return source_from_cache(path) if path.endswith(".pyc") else path
    except ValueError:
        return path
