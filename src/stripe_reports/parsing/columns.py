"""Columns by the names in files, which may be ``*`` or ``^x$``."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
import polars.selectors as cs

__all__ = ["column", "columns", "is_pattern"]


def column(name: str) -> pl.Expr:
    """Return the column of exactly that name; ``pl.col`` treats ``*`` and ``^...$`` as patterns."""
    return columns([name])


def columns(names: Iterable[str]) -> pl.Expr:
    """Return the columns of exactly those names, in that order."""
    return cs.by_name(*names).as_expr()


def is_pattern(name: str) -> bool:
    """Tell whether ``pl.col`` and other polars functions would treat the name as a pattern."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))
