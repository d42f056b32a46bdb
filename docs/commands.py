"""The page of the command line, made from the commands themselves."""

import sys
from collections.abc import Iterator
from typing import Any

from typer.main import get_group

from report_cli.cli import app

HEAD = """# Commands

This page is made from the program: `report COMMAND --help` says the same."""
OPTIONS = "\n## Options of `report` itself\n"


def page() -> str:
    """Return the page: a section for each command, with what it takes."""
    parts = [HEAD]
    for name in app.COMMANDS:
        command = app._load(name)
        children = getattr(command, "commands", {})
        for full, each in {f"{name} {child}": c for child, c in children.items()}.items() or [(name, command)]:
            parts.extend(_section(f"report {full}", each))
    parts.extend([OPTIONS, *_table(get_group(app.app))])
    return "\n".join(parts) + "\n"


def _section(name: str, command: Any) -> Iterator[str]:
    usage = [name, "[OPTIONS]", *(p.make_metavar(None) for p in command.params if p.param_type_name == "argument")]
    words, _, example = command.help.partition("Example: ")
    yield f"\n## `{name}`\n"
    yield f"    {' '.join(usage)}\n"
    for paragraph in words.strip().split("\n\n"):
        yield " ".join(paragraph.split()) + "\n"
    if example:
        yield f"Example: `{' '.join(example.split())}`\n"
    yield from _table(command)


def _table(command: Any) -> Iterator[str]:
    rows = [row for parameter in command.params if (row := _row(parameter))]
    if rows:
        yield "| takes | is |\n|---|---|"
        yield "\n".join(f"| {names} | {words} |" for names, words in rows)


def _row(parameter: Any) -> tuple[str, str] | None:
    """Return how a parameter is written and what it is; None where its help is no one's business."""
    if not parameter.help:
        return None
    words = " ".join(parameter.help.split()).translate(str.maketrans({sign: f"\\{sign}" for sign in "|<*"}))
    if parameter.param_type_name == "argument":
        return f"`{parameter.make_metavar(None)}`", words
    # A bar would end the cell.
    metavar = "" if parameter.is_flag else f" {parameter.metavar or 'VALUE'}".replace("|", " or ")
    if parameter.show_default and parameter.default not in (None, "", False) and not parameter.is_flag:
        words += f" [default: {parameter.default}]"
    return ", ".join(f"`{name}{metavar}`" for name in sorted(parameter.opts, key=len)), words


if __name__ == "__main__":
    sys.stdout.write(page())
