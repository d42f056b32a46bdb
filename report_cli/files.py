"""The one place that writes files: a reader sees the old content or the new, never a part of either."""

import contextlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

RETIRED = ".old"
IN_USE = ".lock"


def sources(folder: Path, pattern: str) -> list[Path]:
    """Return the files in `folder` that match `pattern` and that someone wrote, sorted.

    What editors and systems leave is passed by: hidden files, backups, locks, links to nowhere.
    """
    found = sorted(folder.glob(pattern))
    return [path for path in found if path.name[0] not in ".#" and path.name[-1] not in "~#" and path.is_file()]


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content`: temporary name, fsync, rename, fsync of the folder."""
    make_folder(path.parent)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            # mkstemp creates 0600; results are meant to be read by others, as any file the user makes.
            Path(temporary).chmod(0o666 & ~_umask())
            _force(descriptor)
        finally:
            os.close(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def write_text(path: Path, content: str) -> None:
    """Replace `path` by `content` in UTF-8."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """Replace `path` by `content` as JSON with sorted keys; non-finite numbers raise ValueError."""
    write_text(path, json_text(content))


def json_text(content: Any, indent: int | None = 1) -> str:
    """Return `content` as JSON, always spelled the same way."""
    return json.dumps(content, indent=indent, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def read_json(path: Path) -> Any:
    """Return the JSON content of `path`; OSError or ValueError when there is none."""
    return from_json(path.read_text(encoding="utf-8"))


def from_json(text: str | bytes) -> Any:
    """Return what `text` says in JSON; ValueError when it is none, or nested beyond what anyone means."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def make_folder(folder: Path) -> None:
    """Create `folder` and its parents where they are missing, each durable before something is put into it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


@contextmanager
def scratch_folder(scratch: Path, name: str) -> Iterator[Path]:
    """Yield an empty folder under `scratch`; it is gone afterwards unless `commit_folder` moved it.

    Its lock beside it, which the system frees when the process is killed, tells `sweep` that it is in use.
    """
    make_folder(scratch)
    folder = scratch / f"{name}.{uuid4().hex[:8]}"
    with _in_use(folder, waiting=lambda: None):
        folder.mkdir()
        try:
            yield folder
        finally:
            remove_folder(folder)


def abandoned(scratch: Path) -> list[Path]:
    """Return the folders under `scratch` that `sweep` would remove."""
    found = []
    for lock in sorted(scratch.glob(f"*{IN_USE}")):
        with contextlib.suppress(TimeoutError), locked(lock):
            found.append(lock.with_suffix(""))
    return found


def sweep(scratch: Path) -> None:
    """Remove the folders under `scratch` whose process is gone: it was killed and could not do so itself."""
    for lock in scratch.glob(f"*{IN_USE}"):
        folder = lock.with_suffix("")
        with contextlib.suppress(TimeoutError), _in_use(folder):
            remove_folder(folder)


@contextmanager
def _in_use(folder: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock of a scratch folder."""
    path = folder.with_name(folder.name + IN_USE)
    with locked(path, waiting):
        try:
            yield
        finally:
            # What couldn't be removed keeps its lock file, by which a later sweep finds it.
            if not folder.exists():
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock `path`, which the system frees when this process is killed.

    `waiting` is called once when another process holds it; without it that raises TimeoutError.
    """
    from filelock import FileLock, Timeout

    make_folder(path.parent)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        if waiting is None:
            raise TimeoutError(f"another process holds {path.name}") from error
        waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def commit_folder(folder: Path, target: Path) -> None:
    """Make `folder` become `target`: sync every file and folder in it, then one rename. Replaces an old `target`."""
    for path in [*sorted(folder.rglob("*")), folder]:
        _sync(path)
    make_folder(target.parent)
    retired = target.with_name(target.name + RETIRED)
    if target.exists():
        # Beside the target, where `restore` finds it if we are killed before the second rename.
        remove_folder(retired)
        target.replace(retired)
        _sync(target.parent)
    folder.replace(target)
    # The old one goes when the new one is durable: after a power loss one of the two is there.
    _sync(target.parent)
    remove_folder(retired)


@contextmanager
def staged_folder(scratch: Path, target: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `target` when the block succeeds; when it raises, `target` is untouched."""
    with scratch_folder(scratch, target.name) as folder:
        yield folder
        commit_folder(folder, target)


def remove_folder(folder: Path) -> None:
    """Remove `folder` and all in it; nothing happens when there is none."""
    shutil.rmtree(folder, ignore_errors=True)


def restore(target: Path) -> None:
    """End what `commit_folder` was killed in: the old one goes where the new `target` is in place, else comes back."""
    retired = target.with_name(target.name + RETIRED)
    if target.exists():
        remove_folder(retired)
    elif retired.exists():
        retired.replace(target)
        _sync(target.parent)


def digest(path: Path) -> str:
    """Return the sha256 of the content of `path` in hex."""
    with path.open("rb") as file:
        state = sha256()
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def size_bytes(path: Path) -> int:
    """Return how many bytes a file holds, or all files of a folder; what goes away meanwhile counts nothing."""
    total = 0
    for file in [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]:
        with contextlib.suppress(FileNotFoundError):
            total += 0 if file.is_dir() and not file.is_symlink() else file.lstat().st_size
    return total


def free_bytes(place: Path) -> int:
    """Return how many bytes can be written at `place`, which need not exist yet."""
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def _sync(path: Path) -> None:
    """Make the content of a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _force(descriptor)
    finally:
        os.close(descriptor)


def _force(descriptor: int) -> None:
    """Wait until what was written, or named in a folder, would survive a loss of power."""
    os.fsync(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def growing(path: Path) -> Iterator[BinaryIO]:
    """Yield `path` open at its end, for what comes in pieces and may stop; what is there is durable afterwards."""
    with path.open("ab") as file:
        try:
            yield file
        finally:
            file.flush()
            _force(file.fileno())


@contextmanager
def log(path: Path, *, anew: bool = False) -> Iterator[BinaryIO]:
    """Yield the log `path` open at its end, or `anew`; nothing of it has to be durable."""
    make_folder(path.parent)
    with path.open("wb" if anew else "ab", buffering=0) as file:
        yield file


@contextmanager
def staged(path: Path) -> Iterator[BinaryIO]:
    """Yield the empty file `path` of a scratch folder, for what is too large for memory; a commit makes it durable."""
    with path.open("wb") as file:
        yield file


def link(source: Path, target: Path) -> None:
    """Let `source`, a file or a folder, be found at `target`, too."""
    target.symlink_to(source.absolute())


def move(source: Path, target: Path) -> None:
    """Give a finished file or folder its name `target`, durably."""
    make_folder(target.parent)
    source.replace(target)
    _sync(target.parent)


def packed(folder: Path, names: Iterable[str] | None = None) -> bytes:
    """Return the files `names` of `folder`, or all, as one archive that `unpack` takes."""
    from zipfile import ZipFile

    every = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        for name in every if names is None else names:
            archive.write(folder / name, name)
    return content.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Write the files of an archive of `packed` into `folder`; a commit makes them durable."""
    from zipfile import ZipFile

    make_folder(folder)
    with ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)


def remove(path: Path) -> None:
    """Remove the file `path`; nothing happens when there is none."""
    path.unlink(missing_ok=True)


def discard(path: Path) -> None:
    """Remove `path`, a file or a folder with all in it; nothing happens when there is none."""
    if path.is_dir() and not path.is_symlink():
        remove_folder(path)
    else:
        remove(path)
