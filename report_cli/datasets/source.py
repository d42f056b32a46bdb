"""Which data runs use: the table of a project, real images found in a folder, or drawn images in their place."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from report_cli import files
from report_cli.datasets import index, layouts
from report_cli.datasets.spec import LAYOUTS, PARTS, DataSet, Images, Table
from report_cli.errors import AbsentError, DataError, UsageError, unknown


@dataclass(frozen=True)
class Source:
    """The data that runs of one declared set use.

    `label` is for people and never an absolute path. `digest` is the identity of pixels or table, None for real
    images that have not been read in yet and for drawn ones, whose identity is the code that draws them.
    """

    data: DataSet
    origin: Literal["drawn", "real", "project"]
    label: str
    path: Path | None = None
    layout: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """The name of what is used: that of the set, or of the drawn images in its place."""
        return self.data.drawn if self.origin == "drawn" and isinstance(self.data, Images) else self.data.name

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` makes the same source of; the declaration is given by name."""
        path = None if self.path is None else str(self.path.resolve())
        facts = {"origin": self.origin, "label": self.label, "layout": self.layout, "digest": self.digest}
        return {"data": self.data.name, "path": path, **facts}

    @classmethod
    def from_json(cls, content: Mapping[str, Any], declared: Mapping[str, Any]) -> "Source":
        """Return the source that `to_json` told, of one of the `declared` sets."""
        path = None if content["path"] is None else Path(content["path"])
        return cls(**{**content, "data": declared[content["data"]], "path": path})


def choose(data: DataSet, folder: Path | None, cache: Path, root: Path = Path()) -> Source:
    """Return the source of `data`.

    A table lies in the project at `root`. Images are what lies in `folder` (or is that archive), or the drawn ones
    for None: `folder` and the folders in it are searched for the layouts of the set by their order of preference;
    `cache` remembers what was found.

    Raises:
        UsageError: no such folder.
        DataError: the table or the folder can't be read; AbsentError: there are no such images.
    """
    if isinstance(data, Table):
        return Source(data, "project", data.file, root / data.file, None, table_digest(data, root / data.file))
    if folder is None:
        if data.draw is None:
            raise AbsentError(f"no images of {data.title} are named", "name the folder that has them: --data FOLDER")
        return Source(data, "drawn", f"drawn {data.drawn}")
    if not folder.exists():
        raise UsageError(
            f"no such folder or archive of images: {folder}", "give a folder that exists with --data FOLDER"
        )
    misses: list[str] = []
    try:
        candidates = list(_candidates(folder))
        for layout in data.layouts:
            for path in (path for path in candidates if _is_called(data, path, layout)):
                if source := _recognise(data, path, layout, cache, misses):
                    return source
    except OSError as error:
        raise DataError(f"{error.filename or folder}: can't be read: {error.strerror}", "mend or remove it") from error
    message = f"no {data.title} images in {folder}" + "".join(f"; {miss}" for miss in misses)
    raise AbsentError(message, "looked for: " + "; ".join(LAYOUTS[layout].entry for layout in data.layouts))


def table_digest(table: Table, path: Path) -> str:
    """Return the identity of a table: of the bytes of its file, and of what is declared of its columns.

    Raises:
        DataError: the file can't be read.
    """
    try:
        facts = [files.digest(path), table.target, list(table.features), *([table.form] if table.form else [])]
    except OSError as error:
        there = [entry.name for entry in path.parent.glob("*")]
        hint = unknown("file", path.name, there).hint if isinstance(error, FileNotFoundError) else ""
        raise DataError(f"table {table.name}: {table.file} can't be read: {error.strerror}", hint) from error
    return sha256(json.dumps(facts).encode()).hexdigest()


def own_content(data: DataSet, root: Path) -> str | None:
    """Return the identity of data that lie in the project at `root`, empty where they can't be read; else None."""
    if not isinstance(data, Table):
        return None
    try:
        return table_digest(data, root / data.file)
    except DataError:
        return ""


def _candidates(start: Path) -> Iterator[Path]:
    """Yield `start`, what is in it and what is in the folders in it, the nearest first."""
    yield start
    if not start.is_dir():
        return
    children = layouts.visible(start)
    yield from (Path(child.path) for child in children)
    for child in children:
        if child.is_dir():
            # A folder that may not be entered holds no images for us.
            with suppress(PermissionError):
                yield from (Path(entry.path) for entry in layouts.visible(child.path))


def _is_called(data: Images, path: Path, layout: str) -> bool:
    """Whether the names of `path`, and of what is in it, are those that a source in `layout` has."""
    wanted = LAYOUTS[layout]
    if wanted.format not in ("folders", "photos"):
        return path.name == wanted.entry and (path.is_dir() if wanted.container == "folder" else path.is_file())
    if wanted.container == "zip":
        return path.suffix.lower() == ".zip" and path.is_file()
    if wanted.format == "photos":
        # A folder that may not be entered holds no images for us.
        with suppress(PermissionError):
            return path.is_dir() and layouts.may_hold_photos(path, data.classes)
        return False
    return all((path / part).is_dir() for part in PARTS)


def _recognise(data: Images, path: Path, layout: str, cache: Path, misses: list[str]) -> Source | None:
    """Return the source at `path` if it is one; what it lacks is added to `misses`."""
    signature = index.signature(data, path, layout)
    entry = index.look_up(cache, signature)
    if entry is None:
        try:
            entry = index.Entry(_classes(data, path, layout))
        except DataError as error:
            misses.append(error.message)
            return None
        # Only saves time: a cache that can't be written must not keep anyone from planning.
        with suppress(OSError):
            index.note(cache, signature, entry)
    miss = ""
    if LAYOUTS[layout].format == "folders":
        miss = _missing(data, entry.classes)
    elif LAYOUTS[layout].format == "photos":
        miss = _unlike(data, entry.classes.get("train", []))
    if miss:
        misses.append(f"{path.name} {miss}")
        return None
    name = path.name + ("/" if LAYOUTS[layout].container == "folder" else "")
    return Source(data, "real", f"{data.title} from {name}", path, layout, entry.digest)


def _classes(data: Images, path: Path, layout: str) -> dict[str, list[str]]:
    """Return the names of the class folders of each part as they are spelled; nothing for official archives.

    Raises:
        DataError: photographs lie in several folders, or in an archive in this one.
    """
    wanted = LAYOUTS[layout]
    if wanted.format not in ("folders", "photos"):
        return {}
    if wanted.container == "folder":
        names = [name for name, _ in layouts.entries(data, path, layout)]
    else:
        # Opening a zip takes time and imports; the index spares both from the second time on.
        from report_cli.datasets.readers.archive import zip_names

        names = zip_names(path)
    if wanted.format == "folders":
        places = [layouts.split_name(name) for name in names]
        return {part: sorted({place.class_name for place in places if place and place.part == part}) for part in PARTS}
    photos = [place for name in names if (place := layouts.photo(name, data.classes))]
    prefixes = sorted({place.prefix for place in photos})
    if len(prefixes) > 1:
        shown = ", ".join(f"{prefix or '.'}/" for prefix in prefixes[:3])
        raise DataError(f"{path.name} has images in several folders: {shown}")
    inner = [name for name in names if name.lower().rsplit("/", 1)[-1] == "train.zip"]
    if not photos and inner:
        raise DataError(f"{path.name} holds {inner[0]}: unpack it, and put {inner[0]} in its place")
    return {"train": sorted({place.folder for place in photos})}


def _missing(data: Images, classes: Mapping[str, list[str]]) -> str:
    """Return what keeps folders of these classes from being images of `data`, or nothing."""
    for part in PARTS:
        if not classes.get(part):
            return f"has no class folders in {part}/"
        if (count := len(classes[part])) != data.class_count:
            return f"has {count} class folders in {part}/ where {data.title} has {data.class_count} classes"
    if odd := sorted(set(classes["train"]) ^ set(classes["test"])):
        return f"has class folders in only one of train/ and test/: {', '.join(odd)}"
    return ""


def _unlike(data: Images, folders: list[str]) -> str:
    """Return what keeps photographs of these classes, as they are spelled, from being images of `data`, or nothing."""
    odd = [folder for folder in folders if not layouts.class_of(folder, data.classes)]
    present = {layouts.class_of(folder, data.classes) for folder in folders} - {None}
    wanted = f"where {data.title} has {' and '.join(data.classes)}"
    if not present:
        return f"has no images of {' or '.join(data.classes)}"
    if odd:
        return f"has {len(folders)} folders of images, among them {odd[0]}, {wanted}"
    absent = [name for name in data.classes if name not in present]
    return f"has no images of {' or '.join(absent)} {wanted}" if absent else ""
