"""Earlier runs, on this machine and at Stripe, in one list: newest first. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from stripe_reports import catalog
from stripe_reports.errors import ParameterError
from stripe_reports.models import AnyRun, ReportRequest
from stripe_reports.notebook.form.words import age_text
from stripe_reports.report.report import Report

__all__ = ["Entry", "entries"]

Place = Literal["this machine", "Stripe"]


@dataclass(frozen=True, slots=True)
class Entry:
    """An earlier run.

    Attributes:
        run: The run as last seen.
        request: Its request, as far as it is known.
        place: The place of its result.
        created: Time of its creation at Stripe.
    """

    run: AnyRun
    request: ReportRequest
    place: Place

    def shown(self, now: datetime) -> dict[str, str]:
        """Return the entry as texts."""
        return {
            "id": self.run.id,
            "title": catalog.completed(self.run.report_type).name,
            "type": self.run.report_type,
            "period": self.request.days_text,
            "status": self.run.status,
            "age": age_text(now - self.run.created),
            "place": self.place,
        }


def entries(stored: Iterable[Report], runs: Iterable[AnyRun], *, limit: int = 50) -> list[Entry]:
    """Merge stored reports and runs at Stripe, each run once."""
    found = {report.run.id: Entry(report.run, report.request, "this machine") for report in stored}
    for run in runs:
        if run.id not in found and (request := _request_of(run)) is not None:
            found[run.id] = Entry(run, request, "Stripe")
    newest_first = sorted(found.values(), key=lambda entry: entry.run.created, reverse=True)
    return newest_first[:limit]


def _request_of(run: AnyRun) -> ReportRequest | None:
    try:
        return ReportRequest.from_stripe(run.report_type, run.plain_parameters, report_id=run.report_id)
    except (ParameterError, TypeError, ValueError):
        return None
