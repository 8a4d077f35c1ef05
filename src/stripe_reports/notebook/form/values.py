"""The values in the state of a form: its button, the run in progress, a problem, a selection."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Literal

from stripe_reports.errors import StripeReportsError
from stripe_reports.models import ReportRequest, ReportRun
from stripe_reports.notebook.form.words import error_title
from stripe_reports.report.report import Action

if TYPE_CHECKING:
    from stripe_reports.charts.selections import Selected

__all__ = ["Button", "Problem", "Running", "Selection"]


@dataclass(frozen=True, slots=True)
class Button:
    """What the button says, and whether it can be pressed."""

    text: str
    action: Action | Literal["join"] | None
    enabled: bool


@dataclass(frozen=True, slots=True)
class Running:
    """A run in progress, as last heard of.

    Attributes:
        request: What was asked for.
        started: Seconds since the epoch, by the machine's clock.
        run: Stripe's run, once there is one.
        elapsed: Seconds waited for it.
        expected: Seconds that it may take, or None.
    """

    request: ReportRequest
    started: float
    run: ReportRun | None = None
    elapsed: float = 0.0
    expected: float | None = None

    @property
    def status(self) -> str:
        """What is being done, in words."""
        if self.run is None:
            return "Asking Stripe"
        if self.run.status == "pending":
            return f"Stripe is processing run {self.run.id}"
        return "Reading the result"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that went wrong after the button was pressed.

    Attributes:
        title: What happened, in a few words of ours.
        text: The message of the error, which may quote a cell.
        number: Another one for each problem.
    """

    title: str
    text: str
    number: int = field(default_factory=partial(next, count(1)), compare=False)

    @classmethod
    def of(cls, error: BaseException) -> Problem:
        """An error in words, with its notes."""
        text = error.for_form() if isinstance(error, StripeReportsError) else str(error)
        notes = getattr(error, "__notes__", [])
        return cls(error_title(error), " ".join([text or type(error).__name__, *notes]))


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected in the chart of the report.

    Attributes:
        rows: The rows behind it.
        by: The view in which it was selected.
        number: Another one for each selection.
    """

    rows: Selected
    by: str
    number: int
