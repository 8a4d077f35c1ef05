"""A sign that says whether a check passes."""

from __future__ import annotations

__all__ = ["mark"]

_GOOD, _BAD = "#1f7a3d", "#b3261e"
_MARK = (
    "display:inline-block;min-width:1.3em;padding:0 .3em;border-radius:3px;color:#fff;"
    "text-align:center;font-weight:600;background:"
)


def mark(passes: bool) -> str:
    """Return a white sign on green or red, readable on a light page, on a dark one, and without colours."""
    return f'<span style="{_MARK}{_GOOD if passes else _BAD}">{"✓" if passes else "✗"}</span>'
