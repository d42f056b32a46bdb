"""`report data` as people use it: what it prints, where, and with which exit code."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from experiments import datasets
from experiments.datasets import CIFAR10, DOGS_VS_CATS
from report_cli.datasets import weights
from report_cli.execution import data as sets
from report_cli.project import Project
from tests.conftest import Command
from tests.datasets.making import MANY, kaggle, microsoft, photo, photos, write_zip


@pytest.fixture(autouse=True)
def _declared(project: Project) -> None:
    """Let the project declare the sets of this one."""
    shutil.copytree(Path(datasets.__file__).parent, project.experiments / "datasets")


def test_check_lists_what_was_left_out(report: Command, tmp_path: Path) -> None:
    """Skipped files come with their reasons, mislabelled ones with their names; what is not there is no failure."""
    files = microsoft(photos(MANY))
    files |= {"PetImages/Cat/666.jpg": b"", "PetImages/Dog/7.jpg": photo(700, "PNG")}
    write_zip(tmp_path / "given.zip", files)
    done = report("data", "check", str(tmp_path / "given.zip"))
    assert done.returncode == 0, done.stderr
    assert "Dogs vs. Cats from given.zip: ok, identity" in done.stdout
    assert "left out, because they are no whole images: 1\n    PetImages/Cat/666.jpg is empty" in done.stdout
    assert "another format: 1\n    PetImages/Dog/7.jpg" in done.stdout
    assert "CIFAR-10: no CIFAR-10 images" in done.stderr
    (found,) = json.loads(report("data", "check", str(tmp_path / "given.zip"), "--json").stdout)["data"]
    assert found["skipped"] == {"PetImages/Cat/666.jpg": "is empty"}
    assert found["mislabelled"] == ["PetImages/Dog/7.jpg"]


def test_check_fails_where_nothing_is_whole(report: Command, tmp_path: Path) -> None:
    """A set that is too small for its kind is an error that says what is needed."""
    write_zip(tmp_path / "given.zip", kaggle(photos(12)))
    done = report("data", "check", str(tmp_path))
    assert done.returncode == 1
    assert "given.zip has images: 6 of cat and 6 of dog" in done.stderr


def test_list_says_where_everything_is(report: Command, tmp_path: Path) -> None:
    """Every kind has its embedded set and its official address, and what lies in the cache is found unasked."""
    shown = report("data", "list")
    assert shown.returncode == 0, shown.stderr
    for data in (CIFAR10, DOGS_VS_CATS):
        assert data.published is not None
        assert f"used here:  drawn {data.drawn}" in shown.stdout
        assert f"report data fetch {data.name}" in shown.stdout
        assert data.published.page in shown.stdout
    (tmp_path / "cache" / "archives").mkdir(parents=True)
    path = write_zip(tmp_path / "cache" / "archives" / "pets.zip", kaggle(photos()))
    kinds = {each["data"]: each for each in json.loads(report("data", "list", "--json").stdout)["data"]}
    assert kinds["dogs-vs-cats"]["source"]["path"] == str(path)
    assert kinds["cifar10"]["source"] is None


def test_a_project_without_data_is_told_so(report: Command, project: Project) -> None:
    """Where no experiment has a data set, that is said, and no images are asked for."""
    shutil.rmtree(project.experiments / "datasets")
    assert report("data", "list").stderr == "no experiment of this project has a data set\n"
    checked = report("data", "check")
    assert checked.returncode == 1
    assert "error: no experiment of this project has a data set" in checked.stderr
    assert "REPORT_DATA" not in checked.stderr


def test_fetch_names_near_misses(report: Command) -> None:
    """An unknown kind is a usage error."""
    done = report("data", "fetch", "cats-vs-dogs")
    assert done.returncode == 2
    assert "did you mean dogs-vs-cats?" in done.stderr


def test_fetch_without_a_network(report: Command, tmp_path: Path) -> None:
    """One error names the address, and the hint the page about it and the place for the file."""
    done = report("data", "fetch", "cifar10", https_proxy="http://127.0.0.1:9", no_proxy="")
    assert done.returncode == 1
    assert CIFAR10.published is not None
    assert f"error: {CIFAR10.published.address} can't be fetched" in done.stderr
    assert CIFAR10.published.page in done.stderr
    assert str(tmp_path / "cache" / "archives") in done.stderr
    assert not done.stdout


def test_a_fetched_file_has_the_name_of_its_set(report: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """For other programs it is `name`, since `data` is a list of sets elsewhere; and whether the project takes it."""
    monkeypatch.setattr(sets, "fetch", lambda archive, cache, tell: cache / archive.name)
    told = json.loads(report("data", "fetch", "cifar10", "--json").stdout)
    assert told.keys() == {"version", "name", "file", "used"}
    assert told["name"] == "cifar10"


def test_check_raises_what_is_wrong_with_the_images_that_are_there(report: Command, project: Project) -> None:
    """Of two kinds, one absent and one damaged, the error is about the damaged one, and no log is named for it."""
    files = {**kaggle(photos(120)), "train/cat.900.jpg": b"", "train/dog.900.jpg": b""}
    write_zip(project.root / "pets.zip", files)
    done = report("data", "check", "pets.zip")
    assert done.returncode == 1
    assert "error: pets.zip: 2 of 122 images are unreadable" in done.stderr
    assert "log:" not in done.stderr


def test_tables_and_weights_are_listed_and_checked(report: Command, project: Project, tmp_path: Path) -> None:
    """A table of the project and weights, by their arrays, are told like images, each with its identity."""
    arrays = {"conv/kernel": np.ones((1, 2), np.float32), "conv/bias": np.zeros(2, np.float32)}
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "any.h5", "w") as file:
        group = file.create_group("conv")
        group.attrs["weight_names"] = ["k", "b"]
        group["k"], group["b"] = arrays.values()
    (project.root / "iris.csv").write_text("x,y\n1,2\n3,4\n")
    (project.experiments / "datasets" / "more.py").write_text(
        "import report_cli as report\n"
        'IRIS = report.Table("iris", "Iris", "iris.csv", target="y")\n'
        f'SMALL = report.Weights("small", "Small", "small.h5", "{weights.digest(arrays)}")\n'
    )
    done = report("data", "check", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "Small from any.h5: ok, identity" in done.stdout
    assert "iris.csv: ok, identity" in done.stdout
    listed = {each["data"]: each for each in json.loads(report("data", "list", "--json").stdout)["data"]}
    assert listed["iris"]["source"]["origin"] == "project"
    assert listed["small"]["source"] is None
    assert report("data", "fetch", "iris").returncode == 1
