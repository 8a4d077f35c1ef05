"""Suggestions: the known names nearest to an unknown one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

__all__ = ["did_you_mean", "suggestion"]


def did_you_mean(word: str, known: Iterable[str], *, most: int = 3, cutoff: float = 0.5) -> str:
    """Return ``" Did you mean 'eur' or 'euro'?"``, to follow a sentence; empty if nothing is near.

    Args:
        word: The unknown name.
        known: The valid names.
        most: Maximum number of suggestions.
        cutoff: Minimum similarity, from 0 to 1.
    """
    return suggestion(get_close_matches(word, sorted(known), n=most, cutoff=cutoff))


def suggestion(near: Sequence[str]) -> str:
    """Return the same sentence for names that are already found."""
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
