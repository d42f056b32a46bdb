"""One module does all writing: what else in the program creates, changes, renames or deletes a file is found here."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from report_cli import files

PACKAGE = Path(__file__).parent.parent / "report_cli"
# Everything that writes, by the module it is called on; all of a module where none is named.
WRITERS: dict[str, tuple[str, ...]] = {
    "os": (
        *("remove", "unlink", "rename", "renames", "replace", "rmdir", "removedirs", "mkdir", "makedirs"),
        *("link", "symlink", "truncate", "chmod", "mkfifo"),
    ),
    "shutil": (
        *("rmtree", "move", "copy", "copy2", "copyfile", "copyfileobj", "copytree", "copymode"),
        *("make_archive", "unpack_archive"),
    ),
    "tempfile": (),
    "np": ("save", "savez", "savez_compressed", "savetxt"),
}
METHODS = (
    *("write_text", "write_bytes", "unlink", "rename", "rmdir", "mkdir", "touch", "chmod", "symlink_to"),
    *("hardlink_to", "tofile", "extract", "extractall", "savefig", "save_weights"),
)
OPENERS = ("open", "fdopen", "FileIO", "ZipFile", "TarFile", "File", "memmap")
MODE = re.compile(r"(?=.*[wax+])[rwaxbt+]+([:|]\w*)?")
# What looks like writing to the disk and is none.
ALLOWED = {
    ("execution/recorder.py", "np.save"): "into memory, on the way to files.write_bytes",
    ("execution/recorder.py", "np.savez"): "into memory, on the way to files.write_bytes",
    ("figures/style.py", "figure.savefig"): "into memory, on the way to files.write_bytes",
    ("execution/worker.py", "os.fdopen"): "the pipe to the process that asked",
    ("execution/worker.py", "os.open"): "the null device, in the place of pipes",
}


def writes(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of every call and import in `tree` that writes other than through `files`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in WRITERS:
            listed = WRITERS[node.module]
            for imported in node.names:
                if not listed or imported.name in listed:
                    yield node.lineno, f"{node.module}.{imported.name}"
        if isinstance(node, ast.Call) and _is_write(node):
            yield node.lineno, ast.unparse(node.func)


def _is_write(call: ast.Call) -> bool:
    function = call.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    owner = ast.unparse(function.value) if isinstance(function, ast.Attribute) else ""
    if owner == "files":
        return False
    if owner in WRITERS and (not WRITERS[owner] or name in WRITERS[owner]):
        return True
    if name in OPENERS:
        return any(_mode(value) for value in [*call.args, *(keyword.value for keyword in call.keywords)])
    # A text is replaced by two arguments, a path by one; the fields of a value by name.
    return bool(owner) and (name in METHODS or (name == "replace" and len(call.args) == 1 and not call.keywords))


def _mode(value: ast.expr) -> bool:
    text = ast.unparse(value) if not isinstance(value, ast.Constant) else value.value
    return isinstance(text, str) and (
        bool(MODE.fullmatch(text)) or re.search(r"O_(WRONLY|RDWR|CREAT)", text) is not None
    )


def test_one_module_writes() -> None:
    """Nothing in the program writes, renames or deletes a file but `files`, so that one place has to be right."""
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name != "files.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= {(name, what, line) for line, what in writes(tree)}
    assert sorted((name, line, what) for name, what, line in found if (name, what) not in ALLOWED) == []
    assert {(name, what) for name, what, _ in found} == set(ALLOWED), "an exception that is no longer needed"


@pytest.mark.parametrize(
    "line",
    [
        'open("a", "w")',
        'open("a", mode="a+")',
        'path.open("xb")',
        'path.open("r+")',
        'path.write_text("a")',
        "path.write_bytes(content)",
        "path.unlink()",
        "(folder / name).rename(other)",
        "path.replace(other)",
        "path.mkdir(parents=True)",
        "os.replace(a, b)",
        "os.remove(a)",
        "os.open(a, os.O_WRONLY | os.O_CREAT)",
        "from os import unlink",
        "from tempfile import mkdtemp",
        "shutil.rmtree(a)",
        "shutil.move(a, b)",
        "tempfile.mkstemp()",
        "np.save(path, array)",
        "array.tofile(path)",
        'zipfile.ZipFile(path, "w")',
        'tarfile.open(path, "w:gz")',
        'h5py.File(path, "a")',
        'np.memmap(path, np.uint8, "w+")',
        "archive.extractall(folder)",
    ],
)
def test_every_way_of_writing_is_found(line: str) -> None:
    """The search sees each usual way to change a disk."""
    assert list(writes(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    [
        'path.open("rb")',
        "path.open()",
        'text.replace("a", "b")',
        "dataclasses.replace(run, seed=1)",
        "moment.replace(tzinfo=UTC)",
        "files.write_bytes(path, content)",
        'tarfile.open(fileobj=file, mode="r|")',
        'np.memmap(path, np.uint8, "r")',
        "Workspace.open(project, tell)",
    ],
)
def test_reading_is_no_writing(line: str) -> None:
    """The search leaves alone what only reads, and what goes through `files`."""
    assert not list(writes(ast.parse(line)))


def test_a_folder_is_as_large_as_its_files(tmp_path: Path) -> None:
    """All files below count, folders and what a link points to don't."""
    files.write_bytes(tmp_path / "a" / "b" / "c", bytes(1000))
    files.write_bytes(tmp_path / "a" / "d", bytes(24))
    assert files.size_bytes(tmp_path / "a") == 1024
    assert files.size_bytes(tmp_path / "a" / "d") == 24
    assert files.size_bytes(tmp_path / "nothing") == 0
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert files.size_bytes(tmp_path / "link") < 1024


def test_the_room_of_a_folder_to_come(tmp_path: Path) -> None:
    """A place that doesn't exist yet has the room of the folder that it will be in."""
    assert files.free_bytes(tmp_path / "a" / "b") > 0
