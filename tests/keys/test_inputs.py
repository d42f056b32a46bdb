"""What the watch notes: files, folders and variables that the author's code uses, and nothing else."""

import os
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from report_cli.errors import RunError
from report_cli.keys import inputs
from report_cli.keys.inputs import Watch, changed

Run = Callable[..., Watch]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("1\n")
    return tmp_path


@pytest.fixture
def run(root: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs lines of an author's script under a watch, as the worker does."""
    monkeypatch.chdir(root)

    def run_lines(text: str, ignored: tuple[Path, ...] = ()) -> Watch:
        path = root / "experiments" / "script.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        module = types.ModuleType("script")
        watch = Watch(root, ignored)
        code = compile(text, str(path), "exec")
        with watch.on():
            exec(code, vars(module))
        return watch

    return run_lines


@pytest.mark.parametrize(
    "line",
    [
        "open('data/a.csv').close()",
        "import os; os.close(os.open('data/a.csv', os.O_RDONLY))",
        "import pathlib; pathlib.Path('data/a.csv').read_bytes()",
        "import pathlib; pathlib.Path('data/a.csv').absolute().read_text()",
        "open(b'data/a.csv').close()",
        "open('data/../data/a.csv').close()",
        "open('data/a.csv', 'r+').close(); open('data/a.csv').close()",
        "import csv, io; list(csv.reader(open('data/a.csv')))",
        "import fileinput; list(fileinput.input(['data/a.csv']))",
        "import mmap; f = open('data/a.csv', 'rb'); mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ); f.close()",
        "import os, shutil; shutil.copyfile('data/a.csv', os.devnull)",
        "import threading; t = threading.Thread(target=lambda: open('data/a.csv').close()); t.start(); t.join()",
        "import runpy; runpy.run_path('data/a.csv')",
        "exec(compile(open('data/a.csv').read(), 'data/a.csv', 'exec'))",
        "import linecache; linecache.getline('data/a.csv', 1)",
        "import sqlite3; sqlite3.connect('data/a.csv').close()",
        "import sqlite3; sqlite3.connect('file:data/%61.csv?mode=ro', uri=True).close()",
        "import sqlite3, os; sqlite3.connect(f'file://{os.getcwd()}/data/a.csv', uri=True).close()",
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_every_way_to_open_a_file_is_noted(run: Run, root: Path, line: str) -> None:
    """A file of the project is noted by its path in the project, and its change is told by name."""
    noted = run(line).inputs()
    assert set(noted["files"]) == {"data/a.csv"}
    assert changed(noted, root) == []
    (root / "data" / "a.csv").write_text("2\n")
    assert changed(noted, root) == ["data/a.csv changed"]
    (root / "data" / "a.csv").unlink()
    assert changed(noted, root) == ["data/a.csv is gone"]


def test_a_file_that_was_not_there_is_noted(run: Run, root: Path) -> None:
    """An open that failed and was caught is an input: the file must not appear."""
    noted = run("try:\n    open('data/b.csv')\nexcept OSError:\n    pass").inputs()
    assert noted["files"] == {"data/b.csv": None}
    (root / "data" / "b.csv").touch()
    assert changed(noted, root) == ["data/b.csv appeared"]


@pytest.mark.parametrize(
    "line",
    [
        "import os; os.listdir('data')",
        "import os; list(os.scandir('data'))",
        "import os; list(os.walk('data'))",
        "import glob; glob.glob('data/*.csv')",
        "import pathlib; list(pathlib.Path('data').iterdir())",
        "import pathlib; list(pathlib.Path('data').glob('*.csv'))",
    ],
)
def test_a_listed_folder_is_noted_by_its_names(run: Run, root: Path, line: str) -> None:
    """A file that is added or removed is seen; the content of what is only listed is not."""
    noted = run(line).inputs()
    assert "data" in noted["folders"]
    assert noted["files"] == {}
    (root / "data" / "a.csv").write_text("other")
    (root / "data" / ".hidden").touch()
    assert changed(noted, root) == []
    (root / "data" / "b.csv").touch()
    assert changed(noted, root) == ["the names in data/ changed"]


@pytest.mark.parametrize(
    "line",
    [
        "import os; os.environ['COLOUR']",
        "import os; os.getenv('COLOUR')",
        "import os; os.environ.get('COLOUR', 'none')",
        "import os; 'COLOUR' in os.environ",
        "from os import environ; environ.get('COLOUR')",
        "import os; os.environb.get(b'COLOUR')",
        "import os; dict(os.environ)",
        "import os; [value for name, value in os.environ.items() if name == 'COLOUR']",
        "import os; os.environ.setdefault('COLOUR', 'none')",
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_a_variable_that_is_read_is_noted(
    run: Run, root: Path, monkeypatch: pytest.MonkeyPatch, line: str, there: bool
) -> None:
    """Each way to read a variable is seen, whether it is set or not."""
    if there:
        monkeypatch.setenv("COLOUR", "red")
    else:
        monkeypatch.delenv("COLOUR", raising=False)
        if "environ['" in line:
            line = f"try:\n    {line}\nexcept KeyError:\n    pass"
        if "dict(" in line or "items" in line or "environb" in line:
            pytest.skip("only what is there shows in a copy")
    noted = run(line).inputs()
    assert "COLOUR" in noted["variables"]
    assert "red" not in str(noted), "a manifest tells no secret"
    monkeypatch.setenv("COLOUR", "blue")
    assert "the variable COLOUR " + ("changed" if there else "appeared") in changed(noted, root)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_is_no_input_is_not_noted(run: Run, root: Path) -> None:
    """Not what the program and tools write, hidden or installed files, what the run itself wrote, or declared data."""
    for name in ("build/a", "experiments/results/a", ".git/a", ".venv/a", "pets/a.jpg", "__pycache__/a"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    watch = run(
        "import os, json, pathlib, sys, tempfile\n"
        "for name in ('build/a', 'experiments/results/a', '.git/a', '.venv/a', 'pets/a.jpg', '__pycache__/a'):\n"
        "    open(name).close()\n"
        "open('own.txt', 'w').close(); open('own.txt').close()\n"
        "pathlib.Path('own2.txt').write_text('x'); pathlib.Path('own2.txt').read_text()\n"
        "open(json.__file__).close(); open(os.devnull).close()\n"
        "tempfile.mkstemp()\n"
        "import report_cli.stats; os.listdir(os.path.dirname(json.__file__)); os.listdir('/')\n",
        ignored=(root / "pets",),
    )
    assert watch.inputs() == {"files": {}, "folders": {}, "variables": {}}
    assert watch.unwatched == set()


def test_a_folder_named_like_declared_data_is_another(run: Run, root: Path) -> None:
    """What begins with the same letters as a declared data set or the engine is still a file of the project."""
    for name in ("pets", "pets2", "builder"):
        (root / name).mkdir()
        (root / name / "a").touch()
    noted = run("open('pets2/a').close(); open('builder/a').close()", ignored=(root / "pets",)).inputs()
    assert set(noted["files"]) == {"pets2/a", "builder/a"}


def test_packages_may_read_what_they_like(run: Run, root: Path) -> None:
    """What an installed package asks of the environment is none of the author's; nor is what an import of it asks."""
    noted = run("import numpy, email.utils, tempfile; tempfile.gettempdir(); numpy.zeros(1)").inputs()
    assert noted["variables"].keys() <= {"TMPDIR", "TEMP", "TMP"}
    assert noted["files"] == {}


def test_a_file_that_changes_meanwhile_fails_the_run(run: Run, root: Path) -> None:
    """An input that is another one at the end than when it was read is an error that names it."""
    watch = run("open('data/a.csv').close()")
    watch.check()
    (root / "data" / "a.csv").write_text("2\n")
    with pytest.raises(RunError, match=r"data/a.csv changed"):
        watch.check()


@pytest.mark.parametrize(
    "line",
    [
        "import subprocess, sys; subprocess.run([sys.executable, '-c', ''])",
        "import os; os.system('true')",
        "import os, sys; os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)",
    ],
)
def test_what_nobody_sees_is_told(run: Run, line: str) -> None:
    """A process that the author's code starts may read anything."""
    assert run(line).unwatched == {"subprocess"}


def test_a_link_is_followed_to_its_content(run: Run, root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A link in the project to a file outside is a file of the project: other content behind it is seen."""
    outside = tmp_path_factory.mktemp("outside") / "a.csv"
    outside.write_text("1")
    (root / "link.csv").symlink_to(outside)
    noted = run("open('link.csv').close()").inputs()
    assert set(noted["files"]) == {"link.csv"}
    outside.write_text("2")
    assert changed(noted, root) == ["link.csv changed"]


def test_hdf5_files_are_noted(run: Run, root: Path) -> None:
    """`h5py.File` opens its file without Python, so it is wrapped."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(root / "data" / "a.h5", "w") as file:
        file["x"] = 1
    before = h5py.File.__init__
    inputs.watch_hdf5(h5py)
    program = Watch(root)
    try:
        with program.on(), inputs.quiet():
            h5py.File(root / "data" / "a.h5").close()
        noted = run("import h5py, pathlib\nwith h5py.File(pathlib.Path('data/a.h5')) as f:\n    f['x'][()]").inputs()
        own = run("import h5py\nwith h5py.File('own.h5', 'w') as f:\n    f['x'] = 1").inputs()
    finally:
        h5py.File.__init__ = before
    assert set(noted["files"]) == {"data/a.h5"}
    assert own["files"] == {}, "what the run wrote is no input"
    assert program.files == {}, "what the program itself reads is no input"


def test_what_the_program_itself_reads_is_not_noted(root: Path) -> None:
    """Within `quiet` a thread is not watched; what another one reads meanwhile is noted."""
    (root / "data" / "b.csv").touch()
    watch, other = Watch(root), threading.Thread(target=(root / "data" / "b.csv").read_text)
    with watch.on(), inputs.quiet():
        (root / "data" / "a.csv").read_text()
        other.start()
        other.join()
    assert set(watch.files) == {"data/b.csv"}


def test_whose_code_it_is_is_found_out_unnoticed(run: Run) -> None:
    """Code without a file, which a look at its place would not find, is no input, in a fresh process either."""
    inputs.is_first_party.cache_clear()
    watch = run("import os; os.path.exists('data/a.csv'); os.environ.get('COLOUR')")
    assert watch.inputs()["files"].keys() == {"data/a.csv"}


def test_a_watch_ends(run: Run, root: Path) -> None:
    """After the block nothing is noted any more, and `os.environ` is what it was to everyone."""
    watch = run("pass")
    (root / "data" / "a.csv").read_text()
    assert os.environ.get("PATH")
    assert os.environ.copy() == dict(os.environ.items())
    assert watch.inputs() == {"files": {}, "folders": {}, "variables": {}}
    assert "report_cli.keys.inputs" in sys.modules


@pytest.mark.parametrize("listing", ["os.listdir()", "list(os.scandir())"])
def test_the_current_folder_is_noted_when_it_is_listed(run: Run, listing: str) -> None:
    """A folder that isn't named is the current one."""
    assert "." in run(f"import os; os.chdir('data'); os.chdir('..'); {listing}").folders


def test_asking_for_files_keeps_what_shutil_relies_on(run: Run) -> None:
    """The watch stands for os.stat where Python asks what the function can do."""
    run("import shutil; shutil.copy2('data/a.csv', 'data/b.csv', follow_symlinks=False)")
    assert os.stat in os.supports_follow_symlinks


def test_what_was_seen_before_an_interruption_counts(run: Run, root: Path) -> None:
    """A run that goes on has the inputs of its first part, too."""
    watch = run("open('data/a.csv').close()")
    later = Watch(root)
    later.adopt(watch.inputs())
    assert later.files == watch.files
