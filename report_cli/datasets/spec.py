"""What a project declares: sets of images, tables and pretrained weights, and what identifies them.

Standard library only: whoever lists experiments reads the declarations.
"""

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from report_cli.errors import UsageError

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
    """A published file: its address, the page about it, and what it must be. `terms` is for people.

    One checksum is enough: publishers of weights often give an MD5 alone.
    """

    address: str
    page: str
    size_bytes: int
    sha256: str = ""
    terms: str = ""
    md5: str = ""

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.address.rsplit("/", 1)[-1]

    @property
    def checksum(self) -> tuple[str, str]:
        """The algorithm and what it must give."""
        return ("sha256", self.sha256) if self.sha256 else ("md5", self.md5)


@dataclass(frozen=True)
class Images:
    """A set of images and what it must look like. None stands for any height, width (pixels) or count (images).

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
    # The code of what an experiment gets, which is a part of its recipe.
    loaded: ClassVar = ("report_cli.datasets.images", "ImageData")

    def count(self, part: str) -> int | None:
        """Return the number of images that `part` ("train" or "test") must have."""
        return self.train_count if part == "train" else self.test_count


@dataclass(frozen=True)
class Table:
    """A table of the project: a CSV file with a header, or an NPZ file whose arrays have one row an example.

    `file` is relative to the project's folder; its bytes are its identity. `target` names the column that is to be
    predicted, and `features` those it is predicted from: all others where none are named. `separator` stands between
    the cells of a CSV, `decimal` in its numbers.

    Raises:
        UsageError: `separator`, `decimal` or `encoding` is none.
    """

    name: str
    title: str
    file: str
    target: str
    features: tuple[str, ...] = ()
    separator: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    loaded: ClassVar = ("report_cli.datasets.readers.table", "read")

    def __post_init__(self) -> None:
        if len(self.separator) != 1 or self.separator in '"\r\n':
            raise UsageError(f"table {self.name}: separator={self.separator!r} is not one character", 'such as ";"')
        if self.decimal not in (".", ",") or (self.decimal == self.separator == "."):
            raise UsageError(f"table {self.name}: decimal={self.decimal!r} is no decimal sign", '"." or ","')
        try:
            codecs.lookup(self.encoding)
        except LookupError as error:
            raise UsageError(f"table {self.name}: there is no encoding {self.encoding!r}", '"cp1252"') from error

    @property
    def form(self) -> dict[str, str]:
        """What is declared of how its file is written, as far as that isn't usual."""
        usual = {"separator": ",", "decimal": ".", "encoding": "utf-8"}
        return {name: own for name, other in usual.items() if (own := getattr(self, name)) != other}


@dataclass(frozen=True)
class Weights:
    """Pretrained weights: HDF5 as Keras writes it, a group a layer that lists its kernel and its bias.

    `digest` (sha256, hex) is over names, shapes and values of the arrays (`datasets.weights.digest`), so that a file
    with other bytes and the same weights is accepted. The published file keeps its own checksum on download.
    """

    name: str
    title: str
    file: str
    digest: str
    published: Archive | None = None


DataSet = Images | Table
