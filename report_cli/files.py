"""The one place that writes files: a reader sees the old content or the new, never a part of either."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

RETIRED = ".old"


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content`: temporary name, fsync, rename, fsync of the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp creates 0600; results are meant to be read by others, as any file the user makes.
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_text(path: Path, content: str) -> None:
    """Replace `path` by `content` in UTF-8."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """Replace `path` by `content` as JSON with sorted keys; non-finite numbers raise ValueError."""
    write_text(path, json_text(content))


def json_text(content: Any) -> str:
    """Return `content` as JSON, always spelled the same way."""
    return json.dumps(content, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def read_json(path: Path) -> Any:
    """Return the JSON content of `path`; OSError or ValueError when there is none."""
    return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def scratch_folder(scratch: Path, name: str) -> Iterator[Path]:
    """Yield an empty folder under `scratch`; it is gone afterwards unless `commit_folder` moved it."""
    scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=scratch, prefix=f"{name}.{os.getpid()}."))
    folder.chmod(0o777 & ~_umask())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(scratch: Path) -> None:
    """Remove the folders under `scratch` whose process is gone: it was killed and could not do so itself."""
    for folder in scratch.glob("*.*.*"):
        process = folder.name.split(".")[-2]
        if process.isdigit() and not _is_alive(int(process)):
            remove_folder(folder)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def commit_folder(folder: Path, target: Path) -> None:
    """Make `folder` become `target`: sync every file and folder in it, then one rename. Replaces an old `target`."""
    for path in [*sorted(folder.rglob("*")), folder]:
        _sync(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        # Beside the target, where `restore` finds it if we are killed before the second rename.
        retired = target.with_name(target.name + RETIRED)
        remove_folder(retired)
        target.replace(retired)
        folder.replace(target)
        remove_folder(retired)
    else:
        folder.replace(target)
    sync_folder(target.parent)


@contextmanager
def staged_folder(scratch: Path, target: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `target` when the block succeeds; when it raises, `target` is untouched."""
    with scratch_folder(scratch, target.name) as folder:
        yield folder
        commit_folder(folder, target)


def remove_folder(folder: Path) -> None:
    """Remove `folder` and all in it; nothing happens when there is none."""
    shutil.rmtree(folder, ignore_errors=True)


def restore(folder: Path) -> None:
    """Put back what `commit_folder` had moved aside in `folder` when it was killed before the new one was in place."""
    for retired in folder.glob(f"*{RETIRED}"):
        target = retired.with_name(retired.name.removesuffix(RETIRED))
        if not target.exists():
            retired.replace(target)


def digest(path: Path) -> str:
    """Return the sha256 of the content of `path` in hex."""
    with path.open("rb") as file:
        state = sha256()
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
