"""What the shell completes: names of experiments, documents and profiles. Says nothing when anything is wrong."""

from pathlib import Path


def experiments(incomplete: str) -> list[str]:
    """Return the experiments of this project that begin so."""
    from report_cli import project
    from report_cli.execution import registry

    try:
        here = project.find(Path.cwd())
        names = [*registry.load(here, registry.sources(here)).experiments, "all"]
    except Exception:  # a broken project must not print into the shell's prompt
        return []
    return [name for name in names if name.startswith(incomplete)]


def documents(incomplete: str) -> list[str]:
    """Return the documents of this project that begin so."""
    from report_cli import project
    from report_cli.report import build

    try:
        names = [*build.documents(project.find(Path.cwd())), "all"]
    except Exception:  # as above
        return []
    return [name for name in names if name.startswith(incomplete)]


def datasets(incomplete: str) -> list[str]:
    """Return the data sets of this project that begin so."""
    from report_cli import project
    from report_cli.execution import registry

    try:
        here = project.find(Path.cwd())
        names = registry.load(here, registry.sources(here)).data
    except Exception:  # as above
        return []
    return [name for name in names if name.startswith(incomplete)]


def profiles(incomplete: str) -> list[str]:
    """Return the profiles that begin so."""
    return [name for name in ("smoke", "quick", "full") if name.startswith(incomplete)]
