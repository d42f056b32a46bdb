"""The code that a function reaches, digested by our own walk over the syntax tree.

Definitions are followed by name from the function through module-level and function-level imports. Docstrings,
comments, layout, annotations and `@experiment(...)` with its titles are not part of a digest; the result is the same
on every supported Python. What static names can't show is seen while a run computes (`keys/inputs.py`), but for a
method of an object that is passed in: its class must be named.
"""

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256

from report_cli.errors import UsageError
from report_cli.keys.sources import (
    Module,
    Node,
    Reach,
    Sources,
    Target,
    decorator_name,
    import_targets,
    is_docstring,
    is_type_checking,
)

# The key, beside the names of definitions, of what a module does when it is imported.
IMPORT = "<import>"

# Modules of the program that decide no number: messages, words, files, checks of what an author declares, and data
# sets and weights as they are declared and found, since a digest says what they are.
_BOOKKEEPING = frozenset(
    [
        *("report_cli", "report_cli.errors", "report_cli.experiment", "report_cli.files", "report_cli.wording"),
        *("report_cli.datasets.exclusions", "report_cli.datasets.spec", "report_cli.datasets.weights"),
    ]
)
# What the worker does before anything is computed with Keras.
_KERAS = "report_cli.training.backend:start"
# What the program does behind `record.classifier`, which it hands to an experiment: the function decides the numbers.
_CLASSIFIER = "report_cli.training.classify:classify"


def reach(sources: Sources, *functions: tuple[str, str]) -> Reach:
    """Return what the functions (module, name) reach, themselves included.

    Raises:
        UsageError: one of them is not defined at the top level of a module of the project.
    """
    keys = [f"{module}:{name}" for module, name in functions]
    if (name := " ".join(keys)) not in sources.reached:
        sources.reached[name] = _reach(sources, *keys)
    return sources.reached[name]


def _reach(sources: Sources, *roots: str) -> Reach:
    waiting = list(roots)
    for key in roots:
        name, _, definition = key.partition(":")
        module = sources.module(name)
        if module is None or definition not in module.index.definitions:
            raise UsageError(f"{key} is not defined at the top level of a module of this project")
    nodes: dict[str, Node] = {}
    while waiting:
        key = waiting.pop()
        if key not in nodes and key.partition(":")[0] not in _BOOKKEEPING:
            node = nodes[key] = _node(sources, key)
            waiting.extend(node.uses)
            if "keras" in node.packages:
                waiting.append(_KERAS)
    return Reach(
        {key: node.digest for key, node in sorted(nodes.items()) if node.digest},
        frozenset(key.partition(":")[0] for key in nodes),
        frozenset(package for node in nodes.values() for package in node.packages),
        any(node.dynamic for node in nodes.values()),
    )


def _node(sources: Sources, key: str) -> Node:
    """Return the digest of one definition and the keys of what it uses, computed once in a snapshot."""
    if key not in sources.nodes:
        name, _, definition = key.partition(":")
        module = sources.module(name)
        assert module is not None
        uses = _Uses(sources)
        if definition == IMPORT:
            uses.imports_of(module)
            statements = module.index.effects
        else:
            uses.add(module, IMPORT)
            statements = module.index.definitions.get(definition, [])
        digest = uses.digest(module, statements) if statements else ""
        is_own = name.partition(".")[0] != "report_cli"
        # It counts where it is named, called or not.
        if is_own and any(getattr(n, "attr", "") == "classifier" for s in statements for n in ast.walk(s)):
            uses.keys[_CLASSIFIER] = None
        packages = tuple(sorted(uses.packages))
        sources.nodes[key] = Node(digest, tuple(uses.keys), packages, is_own and module.index.dynamic)
    return sources.nodes[key]


class _Uses:
    """Collects the keys of the definitions that some statements use."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.keys: dict[str, None] = {}
        self.packages: set[str] = set()

    def add(self, module: Module, name: str) -> None:
        self.keys[f"{module.name}:{name}"] = None

    def imports_of(self, module: Module) -> None:
        """Importing a module runs the top level of its parents and of what it imports, before its own."""
        parent, _, _ = module.name.rpartition(".")
        self._import([parent, *sorted(module.index.imported)])

    def digest(self, module: Module, statements: list[ast.stmt]) -> str:
        bindings: set[str] = set()
        for statement in statements:
            local = self._local_imports(statement, module)
            for root, attributes in _references(statement):
                # A name can be bound in several places (two branches, two methods): whichever it is, it counts.
                for target in [*local.get(root, ()), *self._lookup(module, root)]:
                    bindings.add(f"{root}={target.module}:{target.name or ''};")
                    self._follow(target, attributes)
        state = sha256()
        for statement in statements:
            _feed(state.update, statement)
        for binding in sorted(bindings):
            state.update(binding.encode())
        return state.hexdigest()

    def _import(self, names: Iterable[str], *, always: bool = False) -> None:
        for name in filter(None, names):
            module = self._sources.module(name)
            if module is not None:
                self.add(module, IMPORT)
            elif always:
                self._install(name)

    def _install(self, name: str) -> None:
        package = name.partition(".")[0]
        if package not in sys.stdlib_module_names and self._sources.module(package) is None:
            self.packages.add(package)

    def _local_imports(self, statement: ast.stmt, module: Module) -> dict[str, list[Target]]:
        bound: dict[str, list[Target]] = {}
        for node in ast.walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names, _, imported = import_targets(node, module)
                for name, target in names:
                    bound.setdefault(name, []).append(target)
                self._import(sorted(imported), always=True)
        return bound

    def _lookup(self, module: Module, name: str, seen: frozenset[str] = frozenset()) -> list[Target]:
        """Return all that `name` can mean at the top level of `module`; nothing for builtins and locals."""
        index = module.index
        found = [Target(module.name, name)] if name in index.definitions else []
        found += index.imports.get(name, [])
        seen |= {module.name}
        for origin in index.stars:
            other = self._sources.module(origin)
            if other is not None and other.name not in seen:
                found += self._lookup(other, name, seen)
        return found

    def _follow(self, target: Target, attributes: list[str]) -> None:
        module = self._sources.module(target.module)
        if module is None:
            self._install(target.module)
            return
        names = ([target.name] if target.name else []) + attributes
        while names and (inner := self._sources.module(f"{module.name}.{names[0]}")):
            module, names = inner, names[1:]
        if not names:
            # The module itself is passed on as a value: anything in it may be used.
            self.add(module, IMPORT)
            for name in module.index.definitions:
                self.add(module, name)
        else:
            self.add(module, IMPORT)
            if names[0] in module.index.definitions:
                self.add(module, names[0])
            elif "__getattr__" in module.index.definitions:
                self.add(module, "__getattr__")
            for found in self._lookup(module, names[0]):
                if found not in (target, Target(module.name, names[0])):
                    self._follow(found, names[1:])


def _references(node: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """Yield (name, attributes) for each name that is read: `a.b.c` gives ("a", ["b", "c"])."""
    if isinstance(node, ast.Name):
        yield node.id, []
        return
    if isinstance(node, ast.Attribute):
        attributes: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            attributes.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            yield inner.id, attributes
            return
    for _, child in _children(node):
        if isinstance(child, ast.AST):
            yield from _references(child)


def _feed(update: Callable[[bytes], object], node: object) -> None:
    """Feed a normal form of `node` to a hash: node and field names, without positions, in a fixed order."""
    if isinstance(node, ast.AST):
        update(f"({type(node).__name__}".encode())
        for name, child in _children(node):
            update(f" {name}".encode())
            _feed(update, child)
        update(b")")
    else:
        update(_constant(node).encode())


def _children(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Yield (field, value) of what can change a result; empty fields, which vary with the Python, are left out."""
    for name in sorted(node._fields):
        value = getattr(node, name, None)
        if name in _IGNORED.get(type(node), _NOTHING) or name in ("ctx", "kind", "type_comment", "type_params"):
            continue
        if name == "decorator_list":
            # The parameters of `@experiment(...)` enter the recipe by value, its titles not at all.
            value = [d for d in value or [] if decorator_name(d) != "experiment"]
        if isinstance(node, ast.JoinedStr) and name == "values":
            value = _merged(node.values)
        if isinstance(value, list):
            for item in value:
                if is_docstring(item):
                    continue
                if is_type_checking(item):
                    yield from ((name, other) for other in item.orelse)
                    continue
                yield name, item
        elif value is not None or isinstance(node, ast.Constant):
            yield name, value


_NOTHING: frozenset[str] = frozenset()
_IGNORED: dict[type, frozenset[str]] = {
    ast.arg: frozenset({"annotation"}),
    ast.FunctionDef: frozenset({"returns"}),
    ast.AsyncFunctionDef: frozenset({"returns"}),
    ast.AnnAssign: frozenset({"annotation"}),
}


def _merged(values: list[ast.expr]) -> list[ast.expr]:
    """Join neighbouring texts of an f-string, which Python 3.12 and later split in other places than 3.11."""
    merged: list[ast.expr] = []
    for value in values:
        last = merged[-1] if merged else None
        if isinstance(value, ast.Constant) and isinstance(last, ast.Constant):
            merged[-1] = ast.Constant(str(last.value) + str(value.value))
        elif not (isinstance(value, ast.Constant) and value.value == ""):
            merged.append(value)
    return merged


def _constant(value: object) -> str:
    if isinstance(value, float):
        return f"float {value.hex()}"
    if isinstance(value, complex):
        return f"complex {value.real.hex()} {value.imag.hex()}"
    # ascii(): which characters repr() escapes depends on the Unicode tables of the Python at hand.
    return f"{type(value).__name__} {value!a}"
