"""The choice of images: what is found where, and what people are told when nothing is."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.datasets import CIFAR10, DOGS_VS_CATS
from report_cli.datasets import index, load
from report_cli.datasets import source as sources
from report_cli.datasets.readers import archive
from report_cli.datasets.source import Source
from report_cli.datasets.spec import LAYOUTS
from report_cli.errors import DataError, UsageError
from tests.datasets.making import CLASSES, TINY, class_files, pictures, write_layout, write_zip


@pytest.fixture
def choose(tmp_path: Path) -> Callable[[Path | None], Source]:
    return lambda folder: sources.choose(TINY, folder, tmp_path / "images")


def test_without_a_folder_the_embedded_images_are_used(choose: Callable[[Path | None], Source]) -> None:
    """No folder means the embedded set, labelled as such."""
    assert choose(None) == Source(TINY, "drawn", "drawn toy-objects", None, None, None)


def test_a_folder_that_is_not_there(tmp_path: Path, choose: Callable[[Path | None], Source]) -> None:
    """A folder that doesn't exist is a usage error, never the drawn images instead."""
    with pytest.raises(UsageError, match="no such folder"):
        choose(tmp_path / "missing")


def test_a_folder_without_images_says_what_was_looked_for(
    tmp_path: Path, choose: Callable[[Path | None], Source]
) -> None:
    """Where nothing is found, the hint lists every archive and layout that would have been."""
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "notes.txt").write_text("nothing")
    with pytest.raises(DataError, match="no Tiny images") as caught:
        choose(tmp_path / "given")
    assert all(layout.entry in caught.value.hint for layout in map(LAYOUTS.__getitem__, TINY.layouts))


@pytest.mark.parametrize("layout", TINY.layouts)
def test_sources_are_found_wherever_one_points(
    layout: str, tmp_path: Path, choose: Callable[[Path | None], Source]
) -> None:
    """The archive itself, its folder and the folder above are all good; the label has no folder of this machine."""
    path = write_layout(layout, tmp_path / "above" / "given", pictures())
    for start in (path, path.parent, path.parent.parent):
        if start == path.parent.parent and layout == "class folders":
            continue
        source = choose(start)
        assert (source.path, source.layout, source.origin, source.name) == (path, layout, "real", "tiny")
        assert source.label.rstrip("/") == f"Tiny from {path.name}"


def test_several_sources_are_taken_in_a_fixed_order(tmp_path: Path, choose: Callable[[Path | None], Source]) -> None:
    """Where all layouts lie together the first of the kind's order is chosen, then the second, and so on."""
    paths = {layout: write_layout(layout, tmp_path / "given", pictures()) for layout in TINY.layouts}
    for layout in TINY.layouts:
        assert choose(tmp_path / "given").layout == layout
        paths[layout].rename(tmp_path / layout.replace(" ", "-"))


def test_a_zip_in_another_folder_than_its_images_is_found(
    tmp_path: Path, choose: Callable[[Path | None], Source]
) -> None:
    """A zip may have a folder around train/ and test/, and what systems leave behind is not in the way."""
    files = {f"pictures/{name}": content for name, content in class_files(pictures()).items()}
    files |= {"__MACOSX/pictures/train/cat/._0000.png": b"x", "pictures/train/.DS_Store": b"x", "README": b"x"}
    source = choose(write_zip(tmp_path / "a.zip", files))
    assert load.read_in(source, tmp_path / "images").digest


def test_class_folders_of_another_number_are_mentioned(tmp_path: Path, choose: Callable[[Path | None], Source]) -> None:
    """A zip with other classes is no source, and the message says why it isn't; beside a good one it is no obstacle."""
    files = {n: content for n, content in class_files(pictures()).items() if f"/{CLASSES[0]}/" not in n}
    path = write_zip(tmp_path / "given.zip", files)
    with pytest.raises(DataError, match=r"given.zip has 2 class folders in train/ where Tiny has 3"):
        choose(path)
    write_layout("zip of class folders", tmp_path, pictures())
    assert choose(tmp_path).label == "Tiny from pictures.zip"


def test_a_zip_that_is_none_is_mentioned(tmp_path: Path, choose: Callable[[Path | None], Source]) -> None:
    """A damaged zip is named when nothing else is found."""
    (tmp_path / "broken.zip").write_bytes(b"PK, but no more")
    with pytest.raises(DataError, match=r"broken.zip can't be read"):
        choose(tmp_path)


@pytest.mark.parametrize("layout", TINY.layouts)
def test_what_was_read_in_is_known_without_opening_it(
    layout: str, tmp_path: Path, choose: Callable[[Path | None], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Choosing again gives the digest and opens neither archive nor images."""
    write_layout(layout, tmp_path / "given", pictures())
    source = load.read_in(choose(tmp_path / "given"), tmp_path / "images")
    monkeypatch.setattr(archive, "members", lambda *_: pytest.fail("opened the images"))
    monkeypatch.setattr(archive, "zip_names", lambda *_: pytest.fail("opened the zip"))
    assert choose(tmp_path / "given") == source


@pytest.mark.parametrize("layout", TINY.layouts)
def test_a_changed_source_is_not_taken_for_the_former_one(
    layout: str, tmp_path: Path, choose: Callable[[Path | None], Source]
) -> None:
    """Other content gives a source without a digest."""
    load.read_in(choose(write_layout(layout, tmp_path / "given", pictures()).parent), tmp_path / "images")
    write_layout(layout, tmp_path / "given", pictures(seed=1))
    assert choose(tmp_path / "given").digest is None


def test_other_expectations_do_not_believe_former_checks(tmp_path: Path) -> None:
    """Images that were checked against other counts are not known to a kind with these counts."""
    path = write_layout("binary archive", tmp_path / "given", pictures())
    cache = tmp_path / "images"
    load.read_in(sources.choose(TINY, path, cache), cache)
    assert sources.choose(replace(TINY, train_count=31), path, cache).digest is None


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "nonsense", '{"classes": {}, "digest": "../../x"}', '{"classes": 1}']
)
def test_a_damaged_index_counts_as_none(content: str, tmp_path: Path, choose: Callable[[Path | None], Source]) -> None:
    """Whatever is in the index, choosing works and believes no digest that is none."""
    path = write_layout("binary archive", tmp_path / "given", pictures())
    cache = tmp_path / "images"
    load.read_in(choose(path), cache)
    for entry in (cache / "index").iterdir():
        entry.write_text(content)
    assert choose(path).digest is None


def test_a_cache_that_cannot_be_written_keeps_no_one_from_choosing(tmp_path: Path) -> None:
    """The index only saves time."""
    (tmp_path / "taken").write_text("a file")
    path = write_layout("class folders", tmp_path / "given", pictures())
    assert sources.choose(TINY, path, tmp_path / "taken").path == path


def test_signatures_tell_layouts_apart(tmp_path: Path) -> None:
    """The signature of one file is another for another layout and kind."""
    path = write_layout("binary archive", tmp_path, pictures())
    kinds = [TINY, replace(TINY, name="other")]
    layouts = ["binary archive", "python archive"]
    assert len({index.signature(kind, path, layout) for kind in kinds for layout in layouts}) == 4


def test_declared_images_name_layouts_that_there_are() -> None:
    """What a declaration refers to exists."""
    for data in (CIFAR10, DOGS_VS_CATS):
        assert set(data.layouts) <= set(LAYOUTS)
        assert len(data.classes) == data.class_count


def test_choosing_loads_nothing_heavy(tmp_path: Path) -> None:
    """Neither numpy nor Pillow is imported, not even to look into a zip for the first time."""
    write_layout("zip of class folders", tmp_path / "given", pictures())
    code = (
        "import sys; from dataclasses import replace; from pathlib import Path;"
        "from report_cli.datasets import source as catalog;"
        "from experiments.datasets import CIFAR10;"
        "data = replace(CIFAR10, class_count=3, classes=());"
        "source = catalog.choose(data, Path(sys.argv[1]), Path(sys.argv[2]));"
        "assert source.layout == 'zip of class folders', source;"
        "print([name for name in ('numpy', 'PIL', 'keras', 'filelock') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "given", tmp_path / "c"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
