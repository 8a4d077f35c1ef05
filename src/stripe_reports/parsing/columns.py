"""Columns by the names that files give them, which may be ``*`` or ``^x$``."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
import polars.selectors as cs

__all__ = ["column", "columns", "is_pattern"]


def column(name: str) -> pl.Expr:
    """The column of exactly that name; ``pl.col`` takes ``*`` and ``^...$`` for patterns."""
    return columns([name])


def columns(names: Iterable[str]) -> pl.Expr:
    """The columns of exactly those names, in that order."""
    return cs.by_name(*names).as_expr()


def is_pattern(name: str) -> bool:
    """Whether ``pl.col`` and all that takes names would take this one for a pattern."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))
