"""The manifest of a run: what was asked, where it was computed, and the size and sha256 of every file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from report_cli import files
from report_cli.keys.key import digest

NAME = "manifest.json"
SCHEMA = 1


class OtherSchemaError(ValueError):
    """A whole manifest, written by another version of this program."""


def write(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the manifest of the finished `folder`: `facts`, every file in it, and digests of both."""
    listed = {
        path.relative_to(folder).as_posix(): {"size": path.stat().st_size, "sha256": files.digest(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    # A kept run has fewer files, and is still the same run: it brings the digest of its outputs along.
    content = {"schema": SCHEMA, "output_digest": digest(listed), **facts, "files": listed}
    files.write_json(folder / NAME, {**content, "manifest_digest": digest(content)})


def read(folder: Path) -> dict[str, Any]:
    """Return the manifest of `folder`.

    Raises:
        ValueError: it is missing, of another schema, or any byte of it changed.
        OtherSchemaError: it is whole, and of another schema.
    """
    try:
        text = (folder / NAME).read_text(encoding="utf-8")
        content = files.from_json(text)
    except OSError as error:
        raise ValueError("its manifest can't be read") from error
    except (ValueError, RecursionError) as error:
        raise ValueError("its manifest is not JSON") from error
    if not isinstance(content, dict) or "schema" not in content:
        raise ValueError("its manifest has no schema")
    body = {key: value for key, value in content.items() if key != "manifest_digest"}
    # Spelled out again, the manifest must be the same text: so a changed space or digit is seen as well.
    whole = content.get("manifest_digest") == digest(body) and files.json_text(content) == text
    if content["schema"] != SCHEMA:
        kind = OtherSchemaError if whole else ValueError
        raise kind(f"its manifest is of schema {content['schema']!r}, not {SCHEMA}")
    if not whole:
        raise ValueError("its manifest was changed after it was written")
    return content


def verify(folder: Path, content: Mapping[str, Any]) -> None:
    """Check every file of `folder` against its manifest.

    Raises:
        ValueError: a file is missing, changed, or not listed.
    """
    listed = content["files"]
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {NAME}
    if extra := sorted(present - set(listed)):
        raise ValueError(f"{extra[0]} is not in its manifest")
    for name, entry in listed.items():
        path = folder / name
        if name not in present:
            raise ValueError(f"{name} is missing")
        if path.stat().st_size != entry["size"] or files.digest(path) != entry["sha256"]:
            raise ValueError(f"{name} was changed after it was written")
