"""Which images there are: what each kind must look like, and which source of it is used.

Standard library only, and quick once an archive has been read in: planning asks for every experiment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from report_cli.errors import unknown

PARTS = ("train", "test")


@dataclass(frozen=True)
class Layout:
    """How pictures lie in a file or folder: the `format` of the entries, their `container`, and what it's called."""

    format: Literal["binary", "pickled", "folders", "photos"]
    container: Literal["tar", "zip", "folder"]
    entry: str


BINARY_FOLDER = "cifar-10-batches-bin"
PICKLED_FOLDER = "cifar-10-batches-py"
# In order of preference: what is read fastest comes first. The same pixels have the same identity in each.
LAYOUTS = {
    "binary archive": Layout("binary", "tar", "cifar-10-binary.tar.gz"),
    "python archive": Layout("pickled", "tar", "cifar-10-python.tar.gz"),
    "binary folder": Layout("binary", "folder", BINARY_FOLDER),
    "python folder": Layout("pickled", "folder", PICKLED_FOLDER),
    "zip of class folders": Layout("folders", "zip", "*.zip with train/<class>/*.png and test/<class>/*.png"),
    "class folders": Layout("folders", "folder", "train/<class>/*.png and test/<class>/*.png"),
    "zip of photos": Layout("photos", "zip", "*.zip with train/<class>.N.jpg, <class>/N.jpg or train/<class>/*.jpg"),
    "photos": Layout("photos", "folder", "folders with train/<class>.N.jpg, <class>/N.jpg or train/<class>/*.jpg"),
}
SAME_SIZE = tuple(name for name, layout in LAYOUTS.items() if layout.format != "photos")
PHOTOS = tuple(name for name, layout in LAYOUTS.items() if layout.format == "photos")


@dataclass(frozen=True)
class Kind:
    """What a set of images must look like; None stands for any height, width (pixels) or count (images).

    `embedded` names the set that is drawn by `generator` ("module:function") where no real images are given.
    `classes` is empty where any names will do; `layouts` are keys of LAYOUTS in order of preference. A test count of
    0 means that there are no official test images: all are in "train". `fewest` is the least number of images of a
    class in each part, and `side` the squares in pixels to which photographs of any size are stretched.
    """

    name: str
    title: str
    embedded: str
    generator: str
    class_count: int
    height: int | None
    width: int | None
    train_count: int | None
    test_count: int | None
    classes: tuple[str, ...] = ()
    layouts: tuple[str, ...] = SAME_SIZE
    fewest: int = 1
    side: int | None = None

    def count(self, part: str) -> int | None:
        """Return the number of images that `part` ("train" or "test") must have."""
        return self.train_count if part == "train" else self.test_count


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in [
        Kind(
            name="cifar10",
            title="CIFAR-10",
            embedded="toy-objects",
            generator="report_cli.datasets.toy_objects:draw_images",
            class_count=10,
            height=32,
            width=32,
            train_count=50_000,
            test_count=10_000,
            classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        ),
        # 150 is what the full profile trains on, so that no pixel is interpolated twice; 25,000 take 1.7 GB on disk.
        Kind(
            name="dogs-vs-cats",
            title="Dogs vs. Cats",
            embedded="toy-pets",
            generator="report_cli.datasets.toy_pets:draw_images",
            class_count=2,
            height=None,
            width=None,
            train_count=None,
            test_count=0,
            classes=("cat", "dog"),
            layouts=PHOTOS,
            fewest=50,
            side=150,
        ),
    ]
}


@dataclass(frozen=True)
class Source:
    """The images that runs of one kind use.

    `label` is for people and never an absolute path. `digest` is the identity of the pixels, None for real images
    that have not been read in yet and for embedded ones, whose identity is the code and seed of their generator.
    """

    kind: str
    origin: Literal["embedded", "real"]
    name: str
    label: str
    path: Path | None = None
    layout: str | None = None
    digest: str | None = None


def choose(kind: str, folder: Path | None, cache: Path, kinds: Mapping[str, Kind] = KINDS) -> Source:
    """Return the source of `kind`: what lies in `folder` (or is that archive), or the embedded images for None.

    `folder` and the folders in it are searched for the layouts of the kind; `cache` remembers what was found.

    Raises:
        UsageError: no such kind, or no such folder.
        DataError: nothing in the folder is a source of this kind.
    """
    if kind not in kinds:
        raise unknown("kind of images", kind, kinds)
    wanted = kinds[kind]
    if folder is None:
        return Source(kind, "embedded", wanted.embedded, f"embedded {wanted.embedded}")
    # Not at module level: finding needs the dataclasses above.
    from report_cli.datasets import source

    found = source.find(wanted, folder, cache)
    name = found.path.name + ("/" if LAYOUTS[found.layout].container == "folder" else "")
    return Source(kind, "real", kind, f"{wanted.title} from {name}", found.path, found.layout, found.digest)
