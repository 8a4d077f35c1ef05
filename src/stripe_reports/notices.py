"""Warnings that point to the user's line, not to one of ours or of a library in between."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

from stripe_reports.render.printable import printable_lines

__all__ = ["warn"]


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line that called this package."""
    frame: FrameType | None = sys._getframe(1)
    level = users = 2
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
            users = level + 1
        frame, level = frame.f_back, level + 1
    warnings.warn(printable_lines(message), category, stacklevel=users)
