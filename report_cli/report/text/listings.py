"""Listings of the project's own code, taken from its sources whenever a page is made, so that none goes stale."""

import ast

from report_cli.errors import UsageError, unknown
from report_cli.keys.sources import Module, Sources
from report_cli.project import Project

# Longer than any fence within code.
FENCE = "~" * 9


def source(project: Project, name: str) -> tuple[Module, str]:
    """Return a module of the project, and the text of what it defines by the name MODULE:DEFINITION.

    Raises:
        UsageError: the name is of another form, or there is no such module or definition.
    """
    module_name, colon, definition = name.partition(":")
    if not colon:
        raise UsageError(f"{name!r} names no definition", 'write it as "experiments.module:function"')
    module = Sources({"experiments": project.root / "experiments"}, root=project.root).module(module_name)
    if module is None or not module.path.is_file():
        raise UsageError(f"the project has no module {module_name!r}", "name it as an import does")
    definitions = module.index.definitions
    if definition not in definitions:
        raise unknown(f"definition in {module_name}", definition, definitions)
    lines = module.text.decode().split("\n")
    return module, "\n\n".join("\n".join(lines[_first(node) - 1 : node.end_lineno]) for node in definitions[definition])


def listing(code: str, caption: str, label: str) -> str:
    """Return `code` as a numbered listing in Markdown."""
    return f"\n::: {{#{label}}}\n\n{FENCE} {{.python}}\n{code}\n{FENCE}\n\n{caption}\n\n:::\n"


def _first(node: ast.stmt) -> int:
    """Return the line where a definition begins, with its decorators."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])
