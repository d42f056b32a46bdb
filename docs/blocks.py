"""The blocks of the guides: what they write and run, from the top of a page to its end.

A block with a title is a file. In `console` a line after `$ ` is a command, the lines below are what it prints, and `…`
stands for anything; in `sh` every line has to succeed. A `markdown` block is a template, and a quotation right below it
is what becomes of it. `toml` is a part of the settings, `python` a script, `text` no more than it shows. A block below
a remark `<!-- not run: WHY -->` is only shown.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), ROOT / "CONTRIBUTING.md")
BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]+) -->\n+)?"
    r'^(?P<fence>`{3,})(?P<language>\w*)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^(?P=fence)\n'
    r"(?:\n(?P<outcome>(?:^>[^\n]*\n)+))?",
    re.MULTILINE | re.DOTALL,
)
FRONT = '+++\ntitle = "Snippets"\ntoc = false\n+++\n'
LINES = r"(?:.*\n)*?"
# What a page of Markdown can't follow: links within the document that a snippet is no longer part of, and labels.
LINK, LABEL = re.compile(r"\[([^\[\]]*)\]\(#[^)]*\)"), re.compile(r" ?\{#[^}]*\}|^: (?=Table)", re.MULTILINE)
IMAGES = "images"


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `line` is that of its fence, `outcome` the quotation below a template."""

    page: Path
    line: int
    language: str
    title: str
    text: str
    why_not: str
    outcome: str

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page in their order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, match.start("fence")) + 1,
            match["language"],
            match["title"] or "",
            match["text"],
            match["why"] or "",
            re.sub(r"^> ?", "", match["outcome"] or "", flags=re.MULTILINE),
        )
        for match in BLOCK.finditer(text)
    ]


def quoted(text: str) -> str:
    """Return Markdown as a quotation."""
    return "".join(f"> {line}".rstrip() + "\n" for line in text.splitlines())


class Reader:
    """A person who follows pages in a folder, as they stand: writes the files and types the commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = self.here = folder

    def follow(self, steps: Iterable[Block]) -> Iterator[tuple[Block, str]]:
        """Write each file and type each command; yield what the blocks of commands came to, as a console shows it.

        Raises:
            AssertionError: a command failed that doesn't say so on the page.
        """
        for block in steps:
            if block.why_not:
                continue
            if block.title:
                path = self.here / block.title
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
            elif block.language == "sh":
                self.type(block.text, block.where)
            elif block.language == "python":
                self.type(f"python - <<'END'\n{block.text}\nEND\n", block.where)
            elif block.language == "console":
                yield block, "".join(self._console(block))

    def type(self, command: str, where: str, *, may_fail: bool = False) -> str:
        """Return what a command prints; where it ends is where the next one begins."""
        variables = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HERE": str(self.folder / ".here"),
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }
        script = f"set -e\ntrap 'pwd > \"$HERE\"' EXIT\n{command}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.here,
            env=variables,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert may_fail or done.returncode == 0, (
            f"{where}: {command.strip()} ended with {done.returncode}:\n{done.stdout}"
        )
        self.here = Path((self.folder / ".here").read_text().strip())
        return done.stdout

    def _console(self, block: Block) -> Iterator[str]:
        for command, shown in re.findall(r"^\$ (.+\n)((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
            printed = self.type(command, block.where, may_fail="error: " in shown)
            yield f"$ {command}{shown if matches(shown, printed) else printed}"


def matches(shown: str, printed: str) -> bool:
    """Return whether a page shows what was printed; `…` stands for anything, in a line of its own for any lines."""
    lines = shown.splitlines(keepends=True)
    return (
        re.fullmatch("".join(LINES if line == "…\n" else re.escape(line).replace("…", ".*") for line in lines), printed)
        is not None
    )


def outcomes(reader: Reader, templates: list[Block], *options: str) -> list[str]:
    """Return what becomes of templates in the reader's project, as Markdown; they are one document, so built once."""
    parts = [f"\n# Snippet {number}\n\n{block.text}" for number, block in enumerate(templates)]
    path = reader.here / "templates" / "documents" / "snippets.md"
    path.write_text(FRONT + "".join(parts), encoding="utf-8")
    reader.type(f"report build snippets --to md {' '.join(options)}", f"{templates[0].page.name}: templates")
    written = (reader.here / "build" / "report" / "snippets.md").read_text(encoding="utf-8")
    path.unlink()
    body = re.split(r"^# (?:Claims|A Provenance|References).*\n", written, maxsplit=1, flags=re.MULTILINE)[0]
    body = LABEL.sub("", LINK.sub(r"\1", body)).replace("snippets.files", IMAGES)
    return [text.strip() + "\n" for text in re.split(r"^# \d+ Snippet \d+.*\n", body, flags=re.MULTILINE)[1:]]
