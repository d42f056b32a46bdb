"""The experiments of the assignment, each imported once from its own module."""

import importlib
import pkgutil

import experiments
from report_cli.experiment import Experiment


def by_name() -> dict[str, Experiment]:
    """Return every experiment that a module in `experiments/` defines."""
    names = [module.name for module in pkgutil.iter_modules(experiments.__path__)]
    modules = [importlib.import_module(f"experiments.{name}") for name in names]
    return {e.name: e for module in modules for e in vars(module).values() if isinstance(e, Experiment)}
