"""The values in the state of a form: its button, the run in progress, a problem, a selection."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Literal

from stripe_reports.errors import StripeReportsError
from stripe_reports.models import AnyRun, ReportRequest
from stripe_reports.notebook.form.words import error_title
from stripe_reports.planning.intervals import Split
from stripe_reports.report.report import Action

if TYPE_CHECKING:
    from stripe_reports.charts.selections import Selected

__all__ = ["Button", "Problem", "Running", "Selection"]


@dataclass(frozen=True, slots=True)
class Button:
    """The button: its text, and whether it can be pressed."""

    text: str
    action: Action | Literal["join"] | None
    enabled: bool


@dataclass(frozen=True, slots=True)
class Running:
    """A run in progress, as last seen.

    Attributes:
        request: Its request.
        started: Seconds since the epoch, by the machine's clock.
        run: Stripe's run; None until it is known.
        elapsed: Seconds since its launch.
        expected: Seconds that it usually takes, or None.
        split: The period of each part, or None for one report.
    """

    request: ReportRequest
    started: float
    run: AnyRun | None = None
    elapsed: float = 0.0
    expected: float | None = None
    split: Split | None = None

    @property
    def status(self) -> str:
        """The current step, in words."""
        if self.split is not None:
            return f"Fetching the {self.split}s that are not stored"
        if self.run is None:
            return "Asking Stripe"
        if self.run.state == "pending":
            return f"Stripe is processing run {self.run.id}"
        return "Reading the result"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that went wrong after the button was pressed.

    Attributes:
        title: Short description of what happened.
        text: The message of the error, which may quote a cell.
        number: A new number for each problem.
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
    """A selection in the chart of the report.

    Attributes:
        rows: The selected rows.
        by: The view in which they were selected.
        number: A new number for each selection.
    """

    rows: Selected
    by: str
    number: int
