"""The controls of the chosen period, and the rows behind the differences."""

from __future__ import annotations

import threading
from typing import Any

from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest
from stripe_reports.notebook.form.cells import currency_columns, plain_table
from stripe_reports.notebook.form.matrix import matrix_of
from stripe_reports.notebook.protocol import FormClient
from stripe_reports.reconcile.tie_out import TieOut

__all__ = ["Closing", "has_controls"]

MOST_ROWS = 200
"""Maximum rows shown behind a difference; code returns all of them."""


def has_controls(request: ReportRequest | None) -> bool:
    """Tell whether the request has a period with a start and an end."""
    return request is not None and request.period_start is not None and request.period_end is not None


class Closing:
    """Ties out periods, and keeps the last result for showing its rows."""

    def __init__(self, client: FormClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._last: TieOut | None = None

    def outcome(self, request: ReportRequest | None) -> dict[str, Any]:
        """Check the reports of the request's period, which are fetched or reused.

        Raises:
            ParameterError: The request has no period.
            StripeReportsError: As ``client.tie_out``.
        """
        if request is None or request.period_start is None or request.period_end is None:
            raise ParameterError("Choose a report with a period: controls compare the reports of one period.")
        zone = request.timezone or request.zone
        tied = self._client.tie_out((request.period_start, request.period_end), timezone=zone, progress=None)
        with self._lock:
            self._last = tied
        return {
            "title": f"{request.days_text}: {tied.outcome}",
            "passes": tied.passes,
            "notes": list(tied.notes),
            **matrix_of(tied),
        }

    def rows(self, control: str, currency: str) -> dict[str, Any]:
        """Return the rows behind the difference of a control."""
        with self._lock:
            tied = self._last
        if tied is None:
            raise ParameterError("Check the period first.")
        frame = tied.rows(control, currency or None)
        return plain_table(frame, currency_columns(frame.schema), most=MOST_ROWS)
