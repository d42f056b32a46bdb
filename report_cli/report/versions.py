"""The packages that turn templates into pages; another version of one may make another page."""

from functools import cache
from importlib import metadata

CONVERTERS = ("fonttools", "jinja2", "lxml", "nh3", "pikepdf", "pypandoc_binary", "typst", "weasyprint")


@cache
def version(name: str) -> str:
    """Return the version of a package: asked once, as the answer is read from a file."""
    return metadata.version(name)
