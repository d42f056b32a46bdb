"""Which images there are: what each kind must look like, and which source of it is used.

Standard library only, and quick once an archive has been read in: planning asks for every experiment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from report_cli.errors import AbsentError

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
class Archive:
    """A published archive: its address, the page about it, and what it must be. `terms` is for people."""

    address: str
    page: str
    size_bytes: int
    sha256: str
    terms: str

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.address.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Images:
    """A declared set of images: what it must look like. None stands for any height, width (pixels) or count (images).

    `classes` is empty where any names will do; `layouts` are keys of LAYOUTS in order of preference. A test count of
    0 means that there are no official test images: all are in "train". `fewest` is the least number of images of a
    class in each part, and `side` the squares in pixels to which photographs of any size are stretched.
    `drawn` names the images that the function `draw` makes where no real ones are given.
    """

    name: str
    title: str
    class_count: int
    height: int | None
    width: int | None
    train_count: int | None
    test_count: int | None
    classes: tuple[str, ...] = ()
    layouts: tuple[str, ...] = SAME_SIZE
    fewest: int = 1
    side: int | None = None
    drawn: str = ""
    draw: Callable[[], Any] | None = None
    published: Archive | None = None

    def count(self, part: str) -> int | None:
        """Return the number of images that `part` ("train" or "test") must have."""
        return self.train_count if part == "train" else self.test_count


@dataclass(frozen=True)
class Weights:
    """Pretrained weights."""

    name: str


DataSet = Images


@dataclass(frozen=True)
class Source:
    """The images that runs of one declared set use.

    `label` is for people and never an absolute path. `digest` is the identity of the pixels, None for real images
    that have not been read in yet and for embedded ones, whose identity is the code that draws them.
    """

    data: Images
    origin: Literal["drawn", "real"]
    label: str
    path: Path | None = None
    layout: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """The name of the images that are used: those of the set, or the drawn ones in their place."""
        return self.data.drawn if self.origin == "drawn" else self.data.name

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` makes the same source of; the declaration is given by name."""
        path = None if self.path is None else str(self.path.resolve())
        facts = {"origin": self.origin, "label": self.label, "layout": self.layout, "digest": self.digest}
        return {"data": self.data.name, "path": path, **facts}

    @classmethod
    def from_json(cls, content: Mapping[str, Any], declared: Mapping[str, Images]) -> "Source":
        """Return the source that `to_json` told, of one of the `declared` sets."""
        path = None if content["path"] is None else Path(content["path"])
        return cls(**{**content, "data": declared[content["data"]], "path": path})


def choose(data: Images, folder: Path | None, cache: Path) -> Source:
    """Return the source of `data`: what lies in `folder` (or is that archive), or the drawn images for None.

    `folder` and the folders in it are searched for the layouts of the set; `cache` remembers what was found.

    Raises:
        UsageError: no such folder.
        DataError: nothing in the folder is a source of this set, or no folder is given and nothing is drawn.
    """
    if folder is None and data.draw is None:
        raise AbsentError(f"no images of {data.title} are named", "name the folder that has them: --data FOLDER")
    if folder is None:
        return Source(data, "drawn", f"drawn {data.drawn}")
    # Not at module level: finding needs the dataclasses above.
    from report_cli.datasets import source

    found = source.find(data, folder, cache)
    name = found.path.name + ("/" if LAYOUTS[found.layout].container == "folder" else "")
    return Source(data, "real", f"{data.title} from {name}", found.path, found.layout, found.digest)
