"""Which parts of two recipes differ, and how two environments do, in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from report_cli.keys.canonical import digest

Parts = Mapping[str, Any]


class Difference(NamedTuple):
    """One part of a key that differs: what it is, and both of its values (None: not there)."""

    part: str
    name: str
    before: Any
    after: Any

    def sentence(
        self,
        is_function: "Callable[[str], bool]" = lambda definition: False,
        file_of: "Callable[[str], str]" = lambda module: f"{module.replace('.', '/')}.py",
    ) -> str:
        """Return it in words; `is_function` says of a definition ("package.module:name") whether it is one, `file_of`
        in which file a module is."""
        if self.part == "code":
            verb = "is new" if self.before is None else "is no longer used" if self.after is None else "changed"
            module, _, definition = self.name.partition(":")
            file = file_of(module)
            call = "()" if is_function(self.name) else ""
            what = (
                f"what {file} does when it is imported" if definition == "<import>" else f"{definition}{call} in {file}"
            )
            return f"{what} {verb}"
        if self.part == "data" and "drawn" in (self.before or {}) and "drawn" in (self.after or {}):
            return "the code that draws the images changed"
        if self.part == "data":
            return f"other data ({_data(self.before)}, now {_data(self.after)})"
        if self.part == "needs":
            return f"{self.name}, which it needs, changed"
        if self.part == "parameters":
            return f"{self.name} is {_value(self.after)}, was {_value(self.before)}"
        return f"{self.name} changed"


def between(before: Parts, after: Parts) -> list[Difference]:
    """Return what differs between two recipes, part by part."""
    found = []
    for part in ("parameters", "code", "needs"):
        old, new = before.get(part) or {}, after.get(part) or {}
        names = sorted(name for name in old.keys() | new.keys() if _differ(old.get(name), new.get(name)))
        found += [Difference(part, name, old.get(name), new.get(name)) for name in names]
    whole = [p for p in ("data", "seed", "schema", "experiment") if _differ(before.get(p), after.get(p))]
    return found + [Difference(part, part, before.get(part), after.get(part)) for part in whole]


def shortened(sentences: Sequence[str], limit: int = 3) -> str:
    """Return the first of these sentences, and how many more there are."""
    more = len(sentences) - limit
    return "; ".join([*sentences[:limit], *([f"and {more} more differences"] if more > 0 else [])])


def environments(there: Mapping[str, str], here: Mapping[str, str]) -> str:
    """Return in words how two environments differ ("keras 3.14, here 3.15"); empty where they don't."""
    names = sorted(name for name in there.keys() | here.keys() if there.get(name) != here.get(name))
    return ", ".join(
        f"{name.removeprefix('package ')} {_value(there.get(name))}, here {_value(here.get(name))}" for name in names
    )


def _differ(before: Any, after: Any) -> bool:
    # Most are digests of code; what else there is has to be told apart by type, too.
    return before != after if isinstance(before, str) and isinstance(after, str) else digest(before) != digest(after)


def _data(identity: Mapping[str, Any] | None) -> str:
    if not identity:
        return "none"
    return "drawn" if "drawn" in identity else f"{identity['name']} {(identity.get('content') or 'not here')[:8]}"


def _value(value: Any) -> str:
    return "not there" if value is None else str(value)
