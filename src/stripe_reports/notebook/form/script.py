"""The JavaScript of the form: the files in ``front/``, joined to one module.

Each file is a module with imports and exports, so that editors, linters and tests understand it. A widget
takes one text, where all files share one scope: what imports and exports is dropped, and no build is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from graphlib import TopologicalSorter
from importlib.resources import files

__all__ = ["front_file", "script"]

_IMPORT = re.compile(r'^import \{ [\w, ]+ \} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default )", re.MULTILINE)


def front_file(name: str) -> str:
    """Return the text of a file of ``front/``."""
    return files(__package__).joinpath("front", name).read_text("utf-8")


def script(start: str = "form.js", read: Callable[[str], str] = front_file) -> str:
    """Join a file and all files that it needs, each after those that it imports.

    Args:
        start: The name of the file; only its default export remains.
        read: Returns the text of a file, given its name.

    Raises:
        graphlib.CycleError: Files import each other.
    """
    texts: dict[str, str] = {}
    needed = [start]
    while needed:
        name = needed.pop()
        if name not in texts:
            texts[name] = read(name)
            needed += _IMPORT.findall(texts[name])
    order = TopologicalSorter({name: _IMPORT.findall(text) for name, text in texts.items()}).static_order()
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", texts[name])) for name in order)
