"""The modules of the package, for rules that hold in all of them."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import stripe_reports

_NEEDS = {"stripe_reports.notebook.app.server": "voila"}
"""Modules that are imported only where an extra is installed, and what they need."""


def package_modules() -> Iterator[ModuleType]:
    """Import and yield every module that can be imported here, but for ``__main__``."""
    for info in pkgutil.walk_packages(stripe_reports.__path__, "stripe_reports."):
        needs = _NEEDS.get(info.name)
        if not info.name.endswith("__main__") and (needs is None or find_spec(needs)):
            yield import_module(info.name)
