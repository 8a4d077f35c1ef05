"""Warnings that point to the line of the user's code, not to ours or a library's."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Hashable
from types import FrameType

from stripe_reports.render.printable import printable_lines
from stripe_reports.render.remedies import Remedy

__all__ = ["AdvisedWarning", "PreviewWarning", "UnknownReportTypeWarning", "is_new", "warn", "warn_once"]

_said: set[Hashable] = set()
_lock = threading.Lock()


class AdvisedWarning(UserWarning):
    """A warning with a remedy, which the command line words in its own terms."""

    def __init__(self, problem: str, remedy: Remedy | None = None) -> None:
        super().__init__(printable_lines(f"{problem} {remedy.for_python}" if remedy else problem))
        self.problem, self.remedy = problem, remedy

    def for_command_line(self) -> str:
        """Return the problem and the remedy, in terms of commands and options."""
        return f"{self.problem} {self.remedy.for_command_line}" if self.remedy else self.problem


class UnknownReportTypeWarning(UserWarning):
    """A report is not in the catalogue, or only in part; the message gives the assumptions and text columns.

    It is issued once per report type and process.
    """


class PreviewWarning(UserWarning):
    """Stripe's API in use is a preview: it may change, and was tried with a simulator only.

    It is issued once per process.
    """


def warn(message: str | AdvisedWarning, category: type[Warning] = UserWarning) -> None:
    """Issue a warning at the line that called this package; *category* is used if *message* is text."""
    frame: FrameType | None = sys._getframe(1)
    level = users = 2
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
            users = level + 1
        frame, level = frame.f_back, level + 1
    warning = message if isinstance(message, AdvisedWarning) else category(printable_lines(message))
    warnings.warn(warning, stacklevel=users)


def warn_once(message: str | AdvisedWarning, category: type[Warning] = UserWarning) -> None:
    """Issue a warning, unless the same one was issued before in this process."""
    if is_new(str(message)):
        warn(message, category)


def is_new(fact: Hashable) -> bool:
    """Tell whether a fact is new in this process, and remember it."""
    with _lock:
        if fact in _said:
            return False
        _said.add(fact)
        return True
