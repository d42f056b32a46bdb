"""A snapshot of the first-party source files, and what their modules define, import and do when imported."""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeGuard

from report_cli.errors import ReportError, UsageError


class Target(NamedTuple):
    """What an import binds a name to: a module, or `name` inside a module."""

    module: str
    name: str | None = None


@dataclass(frozen=True)
class Module:
    """One source file, read once. `text` never changes, whatever happens on disk."""

    name: str
    path: Path
    text: bytes
    is_package: bool

    @cached_property
    def digest(self) -> str:
        return sha256(self.text).hexdigest()

    @property
    def identity(self) -> str:
        """Place and content: what decides the code that it compiles to."""
        return f"{self.path} {self.digest}"

    @cached_property
    def index(self) -> "Index":
        try:
            tree = ast.parse(self.text, filename=self.path.name)
        except SyntaxError as error:
            raise UsageError(f"{self.name}:{error.lineno}: {error.msg}") from error
        except ValueError as error:
            raise UsageError(f"{self.name}: {error}") from error
        return Index.of(tree.body, self)


# Statements whose names are their own.
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# Names by which code reaches other code that no one can follow by reading it.
_DYNAMIC = frozenset(
    [
        *("import_module", "__import__", "exec", "eval", "globals", "exec_module", "run_path", "run_module"),
        *("__subclasses__", "__init_subclass__", "metaclass", "modules"),
    ]
)


@dataclass
class Index:
    """The top level of a module: definitions by name, imported names, and statements that act when imported.

    `dynamic` is whether code in it may reach other code by a name that is made when it runs.
    """

    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, list[Target]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    imported: set[str] = field(default_factory=set)
    effects: list[ast.stmt] = field(default_factory=list)
    dynamic: bool = False

    @classmethod
    def of(cls, body: list[ast.stmt], module: Module) -> "Index":
        index = cls()
        for statement in body:
            index._add(statement, module)
            index.dynamic |= any(_is_dynamic(node) for node in ast.walk(statement))
        if "__getattr__" in index.definitions:
            index._add_lazy([node for s in body if is_type_checking(s) for node in ast.walk(s)], module)
        return index

    def _add(self, statement: ast.stmt, module: Module) -> None:
        if isinstance(statement, _SCOPES):
            self._define(statement.name, statement)
            if any(decorator_name(decorator) not in _PLAIN for decorator in statement.decorator_list):
                self.effects.append(statement)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            self._import(statement, module)
        elif names := assigned_names(statement):
            for name in names:
                self._define(name, statement)
            if "_" in names:  # `_ = register(...)` is there for what it does
                self.effects.append(statement)
        elif is_type_checking(statement):
            for other in statement.orelse:
                self._add(other, module)
        elif not is_docstring(statement):
            self._add_effect(statement, module)

    def _add_effect(self, statement: ast.stmt, module: Module) -> None:
        # A compound statement (try, if, for) or a bare call runs on import, whatever is used of the module.
        self.effects.append(statement)
        for node in _at_top_level(statement):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node, module)
            elif isinstance(node, _SCOPES):
                # What is defined in a branch or a loop is what the whole statement makes it.
                self._define(node.name, statement)

    def _define(self, name: str, statement: ast.stmt) -> None:
        statements = self.definitions.setdefault(name, [])
        if statement not in statements:
            statements.append(statement)

    def _add_lazy(self, nodes: list[ast.AST], module: Module) -> None:
        """Add what a checker imports: the module's `__getattr__` imports it when it is asked for, and not before."""
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                for name, target in import_targets(node, module)[0]:
                    self.imports.setdefault(name, []).append(target)

    def _import(self, node: ast.Import | ast.ImportFrom, module: Module) -> None:
        bound, stars, imported = import_targets(node, module)
        for name, target in bound:
            self.imports.setdefault(name, []).append(target)
        self.stars.extend(stars)
        self.imported.update(imported)


class Node(NamedTuple):
    """A definition in a snapshot: its digest, the keys ("module:name") of what it uses, and installed packages.

    `dynamic` is whether its module, one of the project, may reach more than can be read from it.
    """

    digest: str
    uses: tuple[str, ...]
    packages: tuple[str, ...] = ()
    dynamic: bool = False


class Reach(NamedTuple):
    """What a function reaches: definitions ("module:definition") by digest, modules, and installed packages.

    `dynamic` is whether code of the project may reach more than can be read from it.
    """

    digests: Mapping[str, str]
    modules: frozenset[str]
    packages: frozenset[str]
    dynamic: bool


class Sources:
    """The modules below some package folders and right in `root`, each read at its first use and never again.

    A module whose text is not what `expected` says (sha256 by module name) raises when it is read.
    """

    def __init__(
        self,
        packages: Mapping[str, Path],
        expected: Mapping[str, str] = MappingProxyType({}),
        root: Path | None = None,
    ) -> None:
        self._packages = dict(packages)
        self._root = root
        self._expected = expected
        self._modules: dict[str, Module | None] = {}
        # What has been found in these texts; as they never change, neither does this.
        self.nodes: dict[str, Node] = {}
        # What functions reach, by their names (module:name), joined by spaces.
        self.reached: dict[str, Reach] = {}
        # What they compile to, by `Module.identity`, in the form of `marshal`.
        self.code: dict[str, bytes] = {}

    def module(self, name: str) -> Module | None:
        """Return the first-party module `name`, or None when it is none of ours."""
        if name not in self._modules:
            self._modules[name] = self._read(name)
        return self._modules[name]

    def adopt(self, modules: Iterable[Module]) -> None:
        """Take over those of other modules that are as expected here, whatever is on disk by now."""
        self._modules.update({m.name: m for m in modules if self._expected.get(m.name) == m.digest})

    def read(self) -> Iterator[Module]:
        """Yield the modules read so far."""
        yield from (m for m in list(self._modules.values()) if m is not None)

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """A digest of every file of each package, and under "" of the names beside them.

        Equal digests mean equal nodes as long as the modules beside that they are made of are the same, too.
        """
        made = {}
        for package, folder in self._packages.items():
            state = sha256()
            for path in sorted(folder.rglob("*.py")):
                parts = path.relative_to(folder).with_suffix("").parts
                module = self.module(".".join((package, *(part for part in parts if part != "__init__"))))
                state.update(f"{'/'.join(parts)} {module.digest if module else ''};".encode())
            made[package] = state.hexdigest()
        if self._root is not None:
            beside = [*self._root.glob("*.py"), *(path.parent for path in self._root.glob("*/__init__.py"))]
            made[""] = sha256(" ".join(sorted(path.name for path in beside)).encode()).hexdigest()
        return made

    def _read(self, name: str) -> Module | None:
        package, *rest = name.split(".")
        folder = self._packages.get(package) or self._beside(package)
        if folder is None or not all(part.isidentifier() for part in rest):
            return None
        base = folder.joinpath(*rest)
        candidates = ((base / "__init__.py", True), (base.with_suffix(".py"), False))
        for path, is_package in candidates:
            if path.is_file():
                module = Module(name, path, path.read_bytes(), is_package)
                if self._expected.get(name, module.digest) != module.digest:
                    raise ReportError(f"{name} was edited after the run was planned", "run the same command again")
                return module
        # A folder without __init__.py is a package all the same (PEP 420), with nothing in it.
        return Module(name, base, b"", True) if base.is_dir() else None

    def read_beside(self) -> dict[str, str]:
        """Return the digests of the modules right in the project that were read."""
        return {m.name: m.digest for m in self.read() if m.name.partition(".")[0] not in self._packages}

    def is_beside(self, package: str) -> bool:
        """Whether a top-level module of this name lies right in the project."""
        return package not in self._packages and self._beside(package) is not None

    def _beside(self, package: str) -> Path | None:
        """Return where a module of the project that lies beside its experiments would be, as `from mylib import f`."""
        if self._root is None or not package.isidentifier() or package in sys.stdlib_module_names:
            return None
        folder = self._root / package
        return folder if folder.with_suffix(".py").is_file() or (folder / "__init__.py").is_file() else None


def import_targets(
    node: ast.Import | ast.ImportFrom, module: Module
) -> tuple[list[tuple[str, Target]], list[str], set[str]]:
    """Return (names bound, modules imported with *, modules that the statement imports)."""
    if isinstance(node, ast.Import):
        bound = []
        for alias in node.names:
            # `import a.b` binds `a`; `import a.b as c` binds a.b.
            top = alias.name if alias.asname else alias.name.partition(".")[0]
            bound.append((alias.asname or top, Target(top)))
        return bound, [], {alias.name for alias in node.names}
    origin = _origin(node, module)
    bound = [(a.asname or a.name, Target(origin, a.name)) for a in node.names if a.name != "*"]
    stars = [origin for a in node.names if a.name == "*"]
    return bound, stars, {origin, *(f"{origin}.{a.name}" for a in node.names if a.name != "*")}


def _origin(node: ast.ImportFrom, module: Module) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    base = parts[: len(parts) - node.level + (1 if module.is_package else 0)]
    return ".".join([*base, *([node.module] if node.module else [])])


def assigned_names(statement: ast.stmt) -> list[str]:
    """Return the names that a plain assignment binds, none when it (also) stores elsewhere."""
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
        targets = [statement.target]
    else:
        return []
    names: list[str] = []
    for target in targets:
        for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
            if not isinstance(part, ast.Name):
                return []
            names.append(part.id)
    return names + [node.target.id for node in ast.walk(statement) if isinstance(node, ast.NamedExpr)]


# Decorators that do nothing beyond what they decorate; any other may enter it into a registry.
_PLAIN = frozenset({"experiment", "dataclass", "cache", "lru_cache", "contextmanager", "final", "runtime_checkable"})


def _at_top_level(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and what is in it, but nothing of what functions and classes hold."""
    yield node
    if not isinstance(node, _SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _at_top_level(child)


def _is_dynamic(node: ast.AST) -> bool:
    name = getattr(node, "attr", None) or getattr(node, "id", None) or getattr(node, "name", None)
    if isinstance(node, ast.keyword):
        return node.arg in _DYNAMIC
    return isinstance(name, str) and name in _DYNAMIC


def decorator_name(decorator: ast.expr) -> str:
    """Return the last name of a decorator: "experiment" for `@report.experiment(...)`."""
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_docstring(statement: object) -> bool:
    """Whether the statement is a bare string: a docstring or a comment in string form."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def is_type_checking(statement: object) -> TypeGuard[ast.If]:
    """Whether the statement is `if TYPE_CHECKING:`, of which the branch `else` alone runs."""
    test = statement.test if isinstance(statement, ast.If) else None
    return "TYPE_CHECKING" in (getattr(test, "id", ""), getattr(test, "attr", ""))
