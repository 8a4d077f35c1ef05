"""Plain English: names and phrases that were replaced do not come back.

The vocabulary is in CONTRIBUTING.md. Add a phrase here when it is replaced everywhere.
"""

import ast
import inspect
import json
import re

import pytest

from package_modules import package_modules
from places import ROOT

SOURCES = [*sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "src").rglob("*.js"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "notebooks").glob("*.md")),
    *sorted((ROOT / "notebooks").glob("*.ipynb")),
]

NAMES = {
    "Foresight": "FetchPlan",
    "KeyProblemError": "ApiKeyError",
    "answers": "reusable",
    "books": "of a TieOut: frame()",
    "break_": "inject_fault",
    "cut": "truncated",
    "foresee": "plan",
    "is_well": "ok",
    "kinds": "chart_kinds",
}
"""Public names that were replaced, and what is used instead."""

PHRASES = {
    "break_": "inject_fault",
    "foresee": "plan",
    "foresees": "plan",
    "foresight": "plan",
    "is_well": "ok",
    "KeyProblemError": "ApiKeyError",
    "was come by": "where a result comes from",
    "were come by": "where a result comes from",
    "proves itself": "evidence",
    "whole or not at all": "written atomically",
    "for its owner's eyes": "mode 0600",
    "over nothing": "never overwrites",
    "none is too much": "no file was added",
    "is not a rule": "must be 'auto', ...; got ...",
    "is not the bound of an interval": "is not a date; write ...",
    "so it is no instant": "has no time zone",
    "money are": "amounts are",
    "so many rows has": "maximum rows per sheet",
    "time and rest": "current time and sleep function",
    "plays stripe": "simulates Stripe",
    "says its name": "names what is missing",
    "since you closed": "since the data of",
    "stripe says no": "Stripe refused the request",
    "waits any more": "stopped waiting",
    "asked wrongly": "wrong usage",
    "befalls": "applies to",
    "holds whatever": "is respected",
    "whatever the line does": "is respected",
    "all is well": "no problems found",
    "an evidence": "evidence",
    "is there already": "already exists",
    "in a box": "simulator",
    "for ever": "forever",
    "anew": "again",
    "as whom": "for which account",
    "come by": "where a result comes from",
    "lest": "so that ... not",
    "mishap": "fault",
    "mishaps": "faults",
    "redirects nobody": "has no redirects",
    "whoever": "a user who, the thread that",
}
"""Phrases that were replaced, and what is written instead.

They count only as whole words: "for every" is not "for ever".
"""


def public_names():
    """The names in every ``__all__``, and the public members of the classes among them."""
    for module in package_modules():
        for name in getattr(module, "__all__", ()):
            yield name
            value = getattr(module, name)
            if inspect.isclass(value) and value.__module__.startswith("stripe_reports"):
                yield from (member for member in vars(value) if not member.startswith("_"))


def texts(path):
    """The text of a file, and the strings of Python again, since a message may be written in pieces."""
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        return ["".join(cell["source"]) for cell in json.loads(content)["cells"]]
    if path.suffix != ".py":
        return [content]
    strings = (node.value for node in ast.walk(ast.parse(content)) if isinstance(node, ast.Constant))
    return [content, *(text for text in strings if isinstance(text, str))]


def rules(path):
    """The names and docstrings of the tests in a file, and the docstrings of its helpers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name.replace("_", " ")


RETIRED = re.compile(
    r"\b(?:" + "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in PHRASES) + r")\b",
    re.IGNORECASE,
)
"""Any of the phrases, across line ends too."""


def test_no_public_name_is_retired():
    """A name says what it does in common words."""
    assert sorted(set(public_names()) & set(NAMES)) == []


@pytest.mark.parametrize("path", [*SOURCES, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_has_a_retired_phrase(path):
    """A colleague who learned English at school understands every sentence at first reading."""
    assert [found for text in texts(path) for found in RETIRED.findall(text)] == []


def test_no_name_or_docstring_of_a_test_has_a_retired_phrase():
    """Test files are read as specifications."""
    found = {path.name: [hit for text in rules(path) for hit in RETIRED.findall(text)] for path in TESTS}
    assert {name: hits for name, hits in found.items() if hits} == {}
