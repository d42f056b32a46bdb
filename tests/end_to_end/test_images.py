"""Images and weights that are not what is needed: what a person is told, and with which exit code."""

from collections.abc import Callable
from pathlib import Path

import pytest

from report_cli.project import Project
from tests.conftest import Command
from tests.datasets.making import MANY, Files, kaggle, microsoft, photo, photos, write_folder

COUNT = """
    import report_cli as report
    from report_cli.datasets.spec import PHOTOS


    def drawn():
        raise AssertionError("drawn")


    CIFAR10 = report.Images("cifar10", "CIFAR-10", 10, 32, 32, 50_000, 10_000)
    PETS = report.Images(
        "dogs-vs-cats", "Dogs vs. Cats", 2, None, None, None, 0, ("cat", "dog"), layouts=PHOTOS, fewest=50, side=150,
        drawn="toy-pets", draw=drawn,
    )
    SMALL = report.Weights("small", "Small weights", "small.h5", "0" * 64)


    @report.experiment(
        "count", title="Count", data=PETS, metrics={"images": report.Metric("count", "images")}, profiles={"base": ""}
    )
    def count(params, data, record):
        record(images=len(data.train))


    @report.experiment("weigh", title="Weigh", metrics={"sum": report.Metric("", "sum")}, profiles={"scale": 1.0})
    def weigh(params, record):
        record(sum=params.scale * len(record.pretrained(SMALL)))
"""


@pytest.fixture
def counted(report: Command, write: Callable[[str, str], Path]) -> Command:
    """Write an experiment that counts images, and a page that shows how many; return the program."""
    write("experiments/count.py", COUNT)
    write("templates/documents/page.md", '+++\ntitle = "A page"\n+++\n<< value("count.images") >> images')
    return report


ONE_CLASS = {f"Dog/{n}.jpg": photo(n) for n in range(60)}
NO_CATS = "no Dogs vs. Cats images in pets; pets has no images of cat where Dogs vs. Cats has cat and dog"


@pytest.mark.parametrize("command", [("run", "count"), ("build", "page")])
@pytest.mark.parametrize(
    ("images", "message", "hint"),
    [
        (ONE_CLASS, NO_CATS, "looked for: *.zip with train/<class>.N.jpg"),
        (kaggle(photos(12)), "pets has images: 6 of cat and 6 of dog", "Dogs vs. Cats needs 50 of each class or more"),
    ],
)
def test_too_few_classes_or_images(
    command: tuple[str, ...], images: Files, message: str, hint: str, counted: Command, project: Project
) -> None:
    """A folder with one class or twelve images is one error with what is there and what is needed, and no result."""
    write_folder(project.root / "pets", images)
    done = counted(*command, "--data", "pets")
    assert done.returncode == 1
    assert f"error: {message}\nhint: {hint}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(project.runs.glob("*/*/manifest.json"))


def test_a_check_tells_what_each_kind_lacks(counted: Command, project: Project) -> None:
    """Where no kind is there, each is told with what it lacks, and the error is about none of them alone."""
    write_folder(project.root / "pets", ONE_CLASS)
    done = counted("data", "check", "pets")
    assert done.returncode == 1
    assert f"Dogs vs. Cats: {NO_CATS}" in done.stderr
    assert "CIFAR-10: no CIFAR-10 images in pets" in done.stderr
    assert "error: no data set in pets\n" in done.stderr


def test_a_corrupt_and_a_mislabelled_photograph(counted: Command, project: Project) -> None:
    """One file in two hundred that is cut short is left out, one of the other format is read: the run goes on."""
    images = microsoft(photos(MANY))
    images |= {"PetImages/Cat/9000.jpg": photo(1)[:500], "PetImages/Dog/7.jpg": photo(700, "PNG")}
    write_folder(project.root / "pets", images)
    done = counted("run", "count", "--data", "pets")
    assert done.returncode == 0, done.stderr
    assert f"images {MANY}" in done.stdout
    checked = counted("data", "check", "pets")
    assert "Cat/9000.jpg is not a whole image" in checked.stdout
    assert "Dog/7.jpg" in checked.stdout


@pytest.mark.parametrize("command", [("run", "count"), ("build", "page")])
def test_the_full_profile_takes_no_drawn_images(command: tuple[str, ...], counted: Command, project: Project) -> None:
    """Without real images nothing is run in their place; the error says how to get them."""
    done = counted(*command, "--profile", "full")
    assert done.returncode == 1
    assert done.stderr.startswith("profile: full; images: none named\n")
    assert "error: count: the full profile needs real images of Dogs vs. Cats, and there are none here" in done.stderr
    assert "hint: report data fetch dogs-vs-cats, or name the folder that has them" in done.stderr
    assert not list(project.runs.glob("*/*/manifest.json"))
    assert not list(project.build.glob("report/*"))


def test_the_full_profile_can_be_looked_at_without_images(counted: Command, project: Project) -> None:
    """What lacks images is not run, and the state, the plan and the draft of a page say so."""
    lacking = "real images are needed, and there are none here"
    new = counted("status", "count", "--profile", "full")
    assert lacking in new.stdout
    write_folder(project.root / "pets", microsoft(photos(MANY)))
    assert counted("run", "count", "--profile", "full", "--data", "pets").returncode == 0
    assert "up to date" in counted("status", "count", "--profile", "full").stdout
    edited = project.root / "experiments" / "count.py"
    edited.write_text(edited.read_text().replace("len(", "0 + len("))
    for command in (("status", "count"), ("run", "count", "--dry-run"), ("run", "count", "--dry-run", "--json")):
        done = counted(*command, "--profile", "full")
        assert done.returncode == 0, done.stderr
        assert f"changed; {lacking}" in " ".join(done.stdout.split())
    done = counted("build", "page", "--profile", "full", "--draft")
    assert done.returncode == 0, done.stderr
    assert lacking in (project.build / "report" / "page.html").read_text()
    for command in (("build", "page"), ("run", "count"), ("run", "count", "--force")):
        done = counted(*command, "--profile", "full")
        assert done.returncode == 1
        assert "hint: report data fetch dogs-vs-cats" in done.stderr


@pytest.mark.parametrize("content", [None, b"weights"])
def test_weights_that_are_not_the_declared_ones(content: bytes | None, counted: Command, tmp_path: Path) -> None:
    """Without the file of weights, or with another one, the run fails and says which file and where it belongs."""
    folder = tmp_path / "cache" / "archives"
    if content is not None:
        folder.mkdir(parents=True)
        (folder / "small.h5").write_bytes(content)
    done = counted("run", "weigh")
    assert done.returncode == 1
    assert str(folder) in done.stderr
    assert ("small.h5" if content is None else "no HDF5 file of weights") in done.stderr
