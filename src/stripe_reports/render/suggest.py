"""Suggestions: the names that are nearest to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

__all__ = ["did_you_mean", "suggestion"]


def did_you_mean(word: str, known: Iterable[str], *, most: int = 3, cutoff: float = 0.5) -> str:
    """``" Did you mean 'eur' or 'euro'?"``, to follow a sentence; empty if nothing is near.

    Args:
        word: What was written.
        known: What could have been meant.
        most: How many are named at the most.
        cutoff: How alike they must be, from 0 to 1.
    """
    return suggestion(get_close_matches(word, sorted(known), n=most, cutoff=cutoff))


def suggestion(near: Sequence[str]) -> str:
    """The same of names that were found in another way."""
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
