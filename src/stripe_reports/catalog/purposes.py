"""Find a report by what it is for: ``"deposit"``, ``"sales tax"``, ``"what did Amex cost"``.

``purposes.json`` lists the questions that people have, with the words that they use for them. One search
serves the form, ``client.report_types(search=...)``, the command line and the hints of errors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from stripe_reports.catalog.families import family_title
from stripe_reports.models import ReportType

__all__ = ["ENDINGS", "STOP_WORDS", "Purpose", "answering", "purposes", "search", "words_of"]

STOP_WORDS = frozenset(
    """
    a an and are as at be by can did do does for from get has have how i in is it many me much my not of on
    or our per report reports show so that the their this to us was we were what when where which who why
    with yet you your
    """.split()  # noqa: SIM905 - readable as a text
)
"""Words that a search ignores."""

ENDINGS = ("ing", "ed", "es", "s")
_STEM = 3
"""Letters that remain at least without an ending."""

_WORD = re.compile(r"[^\W_]+\+?")


@dataclass(frozen=True, slots=True)
class Purpose:
    """A question, and the reports that answer it.

    Attributes:
        question: The question, as a person would ask it.
        report_types: Names of the types without versions, the best first.
        words: The words that people use, in the singular and in lower case.
        advice: How to use the report for this.
    """

    question: str
    report_types: tuple[str, ...]
    words: tuple[str, ...]
    advice: str

    def has(self, words: Iterable[str]) -> bool:
        """Return True if each of *words* is the beginning of one of its own."""
        return all(any(own.startswith(word) for own in self.words) for word in words)


@cache
def purposes() -> tuple[Purpose, ...]:
    """Return every question, the most frequent first."""
    listed = json.loads(files(__package__).joinpath("purposes.json").read_text("utf-8"))
    return tuple(
        Purpose(entry["question"], tuple(entry["report_types"]), tuple(entry["words"]), entry["advice"])
        for entry in listed
    )


def words_of(text: str) -> list[str]:
    """Return the words of a search that say something, in lower case and without their endings."""
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]


def search(text: str, types: Iterable[ReportType]) -> list[ReportType]:
    """Return the report types for which people use these words, the best first.

    First comes the type of that name; then those that answer a question with all the words, in the order of
    the questions; then those with the words in their title, id or family. Equal ones stay in their order.
    """
    words = words_of(text)
    ranked = [(rank, type_) for type_ in types if (rank := _rank(type_, text.strip().lower(), words))]
    return [type_ for _, type_ in sorted(ranked, key=lambda entry: entry[0])]


def _rank(type_: ReportType, name: str, words: list[str]) -> tuple[int, int] | None:
    """Return the place of a type among those found; None if it does not have the words."""
    if name in (type_.id, type_.base, type_.name.lower()):
        return 0, 0
    if not words:
        return None
    if answer := _answer(type_, words):
        return answer
    title = f"{type_.name} {type_.id}".lower()
    if all(word in title for word in words):
        return len(purposes()) + 1, len(type_.name)
    with_family = f"{title} {family_title(type_.family)}".lower()
    return (len(purposes()) + 2, 0) if all(word in with_family for word in words) else None


def answering(text: str, types: Iterable[ReportType]) -> list[ReportType]:
    """Return only the report types that answer a question with all these words, the best first."""
    words = words_of(text)
    ranked = [(rank, type_) for type_ in types if words and (rank := _answer(type_, words))]
    return [type_ for _, type_ in sorted(ranked, key=lambda entry: entry[0])]


def _answer(type_: ReportType, words: list[str]) -> tuple[int, int] | None:
    """Return the place of the first question that a type answers, and of the type among its answers."""
    for number, purpose in enumerate(purposes(), start=1):
        if type_.base in purpose.report_types and purpose.has(words):
            return number, purpose.report_types.index(type_.base)
    return None


def _stem(word: str) -> str:
    """Return the word without its ending: ``deposits`` and ``deposited`` are ``deposit``."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) >= len(ending) + _STEM and not word.endswith("ss"):
            return word.removesuffix(ending)
    return word
