"""The decision about the source of a report, and its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stripe_reports.render.printable import printable

__all__ = ["Action", "Decision"]

Action = Literal["stored", "reused", "awaited", "launched"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The source of a report, and the reason; its text is one sentence.

    Attributes:
        action: ``stored`` (from this machine, nothing was read from Stripe), ``reused`` (an earlier run at
            Stripe), ``awaited`` (a run that was already pending) or ``launched``.
        reason: Why, and which runs were not used and why.
        notes: What is special about the request, in sentences; such as that its period is not over yet.
        assumed: Assumptions about a report type that the catalogue lacks or has only in part, in sentences.
    """

    action: Action
    reason: str
    notes: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    def __str__(self) -> str:
        reason = f"{self.reason[:1].upper()}{self.reason[1:]}."
        return printable(" ".join([reason, *self.notes, *self.assumed]))
