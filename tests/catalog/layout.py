"""The files of the catalogue as text: a column or a fact is one line, so a change is a short diff."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

WIDTH = 156
_INDENT = " " * 6


def load(text: str) -> dict[str, Any]:
    """Return the contents of ``report_types.json``."""
    return json.loads(text)


def dump(data: dict[str, Any]) -> str:
    """Return the text of ``report_types.json``; ``dump(load(text)) == text``."""
    sections = []
    for name, entries in data.items():
        write = _report_type if name == "report_types" else _line
        lines = ",\n".join(f"  {_line(key)}: {write(value)}" for key, value in entries.items())
        sections.append(f"{_line(name)}: {{\n{lines}\n}}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def with_names(text: str, ids: Iterable[str]) -> str:
    """Return the text of ``names.py`` with these ids, and their names without version."""
    listed = set(ids)
    names = sorted(listed | {id_.rpartition(".")[0] for id_ in listed}, key=_sorting)
    lines = "".join(f'    "{name}",\n' for name in names)
    return re.sub(r"(?<=Literal\[\n)(?: {4}\".*\",\n)*", lines, text)


def _sorting(name: str) -> tuple[str, int]:
    base, _, digits = name.rpartition(".")
    return (base, int(digits)) if digits.isdigit() else (name, 0)


def _report_type(entry: dict[str, Any]) -> str:
    facts = ",\n".join(
        f"    {_line(name)}: {_wrapped(value) if name == 'columns' else _line(value)}"
        for name, value in entry.items()
    )
    return f"{{\n{facts}\n  }}"


def _wrapped(names: list[str]) -> str:
    if not names:
        return "[]"
    lines = [""]
    for number, name in enumerate(names, 1):
        text = _line(name) + ("," if number < len(names) else "")
        if lines[-1] and len(f"{_INDENT}{lines[-1]} {text}") > WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {text}".strip()
    return "[\n" + "".join(f"{_INDENT}{line}\n" for line in lines) + "    ]"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
