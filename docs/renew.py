"""Makes anew what the guides show of the program: what it prints, its templates, pictures, the recording, the sample.

Command: python -m docs.renew (after `make docs`, which installs what it needs). Tests say which page is out of date.
"""

import re
import shutil
import tempfile
from pathlib import Path

from docs import blocks, commands, pictures, recording

DOCS = Path(__file__).parent
# What the recording types, in the project of the tutorial.
TYPED = (
    "report build trees",
    'echo "76.0,43.5,beech" >> data/leaves.csv',
    "report status",
    "report build trees",
    "report verify build/report/trees.pdf",
)
# What is another each time: seconds and minutes, the time of day, digests of data.
VARYING = re.compile(r"[\d.]+(?= (?:s|min)\b)|\d\d:\d\d|(?<=leaves )[0-9a-f]{8}\b")


def renew() -> None:
    """Write all that is made from the program."""
    (DOCS / "commands.md").write_text(commands.page(), encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        reader = blocks.Reader(Path(scratch))
        renew_consoles(reader, DOCS / "tutorial.md")
        renew_templates(reader, DOCS / "templates.md")
        report = reader.here / "build" / "report"
        shutil.copy(report / "trees.pdf", DOCS / "sample.pdf")
        template = (reader.here / "templates" / "documents" / "trees.md").read_text(encoding="utf-8")
        pictures.take(report / "trees.html", template, DOCS / "images")
        # The recording begins with a project of one document, and nothing run.
        shutil.rmtree(reader.here / "build")
        for name in ("report", "summary"):
            (reader.here / "templates" / "documents" / f"{name}.md").unlink()
        (DOCS / "images" / "terminal.svg").write_text(recording.record(TYPED, reader.here), encoding="utf-8")
        renew_consoles(reader, DOCS / "troubleshooting.md")


def renew_consoles(reader: blocks.Reader, page: Path) -> None:
    """Put what commands print now into a page, where that is something else than it shows."""
    text = page.read_text(encoding="utf-8")
    for block, shown in reader.follow(blocks.blocks(page)):
        if shown != block.text:
            text = text.replace(block.text, VARYING.sub("…", shown))
    page.write_text(text, encoding="utf-8")


def renew_templates(reader: blocks.Reader, page: Path) -> None:
    """Put what becomes of a page's templates below them, and their figures into the images of the guides."""
    text = page.read_text(encoding="utf-8")
    shown = [block for block in blocks.blocks(page) if block.outcome]
    for block, outcome in zip(shown, blocks.outcomes(reader, shown), strict=True):
        above = f"{block.text}```\n\n"
        text = text.replace(above + blocks.quoted(block.outcome), above + blocks.quoted(outcome))
    page.write_text(text, encoding="utf-8")
    for image in (reader.here / "build" / "report" / "snippets.files").glob("*.png"):
        shutil.copy(image, DOCS / "images" / image.name)


if __name__ == "__main__":
    renew()
