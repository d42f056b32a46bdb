"""The manifest of a run: what was asked, where and of what it was computed, and the size and sha256 of every file."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from report_cli import files
from report_cli.keys.canonical import digest

NAME = "manifest.json"
SCHEMA = 2


class OtherSchemaError(ValueError):
    """A whole manifest, written by another version of this program."""


class File(msgspec.Struct, frozen=True):
    """Size in bytes and sha256 (hex) of one file."""

    size: int
    sha256: str


class Data(msgspec.Struct, frozen=True):
    """The data set: its name, "drawn", "real" or "project" (a table), and what people call it."""

    name: str
    origin: str
    label: str


class Behind(msgspec.Struct, frozen=True):
    """A run on which another one rests, at any distance, with what a page must say of it."""

    experiment: str
    key: str
    seed: int
    point: dict[str, Any]
    outputs: str
    profile: str | None
    overrides: dict[str, Any]
    data: Data | None


class Epoch(msgspec.Struct, frozen=True):
    """How long the training of an epoch took, and on how many images."""

    seconds: float
    images: int


class Times(msgspec.Struct, frozen=True):
    """When a run started and ended (ISO 8601, UTC), and how long it and its epochs took; in no digest of outputs."""

    started: str
    finished: str
    duration_s: float
    epochs: list[Epoch] = []


class Commit(msgspec.Struct, frozen=True):
    """The commit of the project, and whether all its files were as in it."""

    commit: str
    clean: bool


class Warned(msgspec.Struct, frozen=True):
    """A warning that the run gave, and how often."""

    category: str
    message: str
    count: int


class Acceptance(msgspec.Struct, frozen=True, rename={"former": "from"}):
    """A change across which a result was kept, because someone knew it to be harmless and said why."""

    reason: str
    when: str
    former: str
    changes: list[str]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a finished run. `needs` has the outputs of the runs it was computed from, by experiment."""

    schema: int = SCHEMA
    experiment: str
    recipe: dict[str, Any]
    recipe_digest: str
    environment: dict[str, str]
    inputs: dict[str, dict[str, str | None]]
    profile: str | None
    overrides: dict[str, Any]
    point: dict[str, Any]
    seed: int
    data: Data | None
    needs: dict[str, list[str]]
    behind: list[Behind]
    times: Times
    code: Commit | None
    warnings: list[Warned]
    unwatched: list[str]
    accepted: list[Acceptance] = []
    # Of what was measured alone: a kept run has fewer files, and is still the same run.
    output_digest: str = ""
    files: dict[str, File] = {}
    manifest_digest: str = ""


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of drawn figures: their alternative texts by name, and the outputs of the runs they show by key.

    `inputs` is what drawing was seen to use beside those and its code, as for a run.
    """

    schema: int = SCHEMA
    figures: dict[str, str]
    runs: dict[str, str]
    inputs: dict[str, dict[str, str | None]]
    output_digest: str = ""
    files: dict[str, File] = {}
    manifest_digest: str = ""


M = TypeVar("M", Manifest, Drawing)


def write(folder: Path, manifest: Manifest | Drawing) -> None:
    """Write `manifest` into the finished `folder`, with every file in it and digests of both."""
    listed = {
        path.relative_to(folder).as_posix(): File(path.stat().st_size, files.digest(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    outputs = manifest.output_digest or digest(msgspec.to_builtins(listed))
    whole = msgspec.structs.replace(manifest, files=listed, output_digest=outputs)
    content = msgspec.to_builtins(whole)
    content.pop("manifest_digest")
    files.write_json(folder / NAME, {**content, "manifest_digest": digest(content)})


def read(folder: Path, known: set[str] | None = None) -> Manifest:
    """Return the manifest of the run in `folder`.

    `known` has the sha256 of manifests that were found whole before; it takes this one's.

    Raises:
        ValueError: it is missing, of another schema or form, or any byte of it changed.
        OtherSchemaError: it is whole, and of another schema.
    """
    manifest = read_as(Manifest, folder, known)
    if manifest.experiment != folder.parent.name:
        raise ValueError(f"its manifest is of {manifest.experiment!r}")
    if not manifest.files:
        raise ValueError("its manifest lists no files")
    # A kept run may come from someone else.
    if outside := [name for name in manifest.files if name.startswith("/") or ".." in name.split("/")]:
        raise ValueError(f"its manifest lists {outside[0]}, which is not in its folder")
    return manifest


def read_as(kind: type[M], folder: Path, known: set[str] | None = None) -> M:
    """Return the manifest in `folder`, of a run or of figures; `known` and what is raised as for `read`."""
    try:
        text = (folder / NAME).read_bytes()
    except OSError as error:
        raise ValueError("its manifest can't be read") from error
    text_digest = sha256(text).hexdigest()
    known = set() if known is None else known
    if text_digest in known:
        return msgspec.json.decode(text, type=kind)
    content = _content(text)
    known.add(text_digest)
    return msgspec.convert(content, kind)


def verify(folder: Path, listed: Mapping[str, File]) -> None:
    """Check every file of `folder` against its manifest.

    Raises:
        ValueError: a file is missing, changed, or not listed.
    """
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {NAME}
    if extra := sorted(present - set(listed)):
        raise ValueError(f"{extra[0]} is not in its manifest")
    for name in listed:
        read_file(folder, listed, name)


def read_file(folder: Path, listed: Mapping[str, File], name: str) -> bytes:
    """Return the content of a file of `folder`, which is what its manifest lists; ValueError where it isn't."""
    if name not in listed:
        raise ValueError(f"{name} is not in its manifest")
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise ValueError(f"{name} is missing") from error
    if len(content) != listed[name].size or sha256(content).hexdigest() != listed[name].sha256:
        raise ValueError(f"{name} was changed after it was written")
    return content


def _content(text: bytes) -> dict[str, Any]:
    """Return what a manifest says, which is whole and of this schema."""
    try:
        content = files.from_json(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("its manifest is not JSON") from error
    if not isinstance(content, dict) or "schema" not in content:
        raise ValueError("its manifest has no schema")
    whole = _is_whole(content, text)
    if content["schema"] != SCHEMA:
        kind = OtherSchemaError if whole else ValueError
        raise kind(f"its manifest is of schema {content['schema']!r}, not {SCHEMA}")
    if not whole:
        raise ValueError("its manifest was changed after it was written")
    return content


def _is_whole(content: Mapping[str, Any], text: bytes) -> bool:
    body = {key: value for key, value in content.items() if key != "manifest_digest"}
    # Spelled out again, the manifest must be the same text: so a changed space or digit is seen as well.
    return content.get("manifest_digest") == digest(body) and files.json_text(content).encode() == text
