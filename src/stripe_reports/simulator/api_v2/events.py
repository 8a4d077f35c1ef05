"""Thin events: they name a run and its change, and the run itself must be retrieved.

When there is which event, and what changed, is inferred from the names and from one user's report that
``updated`` comes when a run succeeds too.

Source: https://docs.stripe.com/event-destinations
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stripe_reports.simulator.api.keys import Caller
from stripe_reports.simulator.api_v2.answers import not_found
from stripe_reports.simulator.api_v2.instants import in_milliseconds
from stripe_reports.simulator.api_v2.runs import ReportRun, ReportRuns
from stripe_reports.simulator.webhooks.events import EVENTS_KEPT

__all__ = ["ThinEvent", "ThinEvents"]


@dataclass(frozen=True, slots=True)
class ThinEvent:
    """A change of a report run.

    Attributes:
        id: ``evt_…``.
        type: One of ``THIN_EVENT_TYPES``.
        created: Time of the change, in Unix seconds.
        owner: The account and mode whose endpoints receive it.
        run_id: The run that changed.
        status: Its new status; None if it is new.
    """

    id: str
    type: str
    created: float
    owner: Caller
    run_id: str
    status: str | None

    def answer(self, pending_webhooks: int) -> dict[str, Any]:
        """Write the JSON that is posted."""
        return {
            "id": self.id,
            "object": "v2.core.event",
            "type": self.type,
            "created": in_milliseconds(self.created),
            "livemode": self.owner.livemode,
            "context": self.owner.account,
            "reason": None,
            "related_object": {
                "id": self.run_id,
                "type": "v2.data.report_run",
                "url": f"/v2/data/report_runs/{self.run_id}",
            },
        }

    def retrieved(self) -> dict[str, Any]:
        """Write the JSON that is retrieved: only there it says what changed."""
        changes = None
        if self.status is not None:
            changes = {"before": {"status": "running"}, "after": {"status": self.status}}
        return self.answer(0) | {"changes": changes}


class ThinEvents:
    """All events of report runs. They follow from the runs; only which were posted is stored."""

    def __init__(self, runs: ReportRuns) -> None:
        self._runs = runs
        self._told: set[str] = set()

    def due(self, now: datetime) -> list[ThinEvent]:
        """Return the events up to *now* that were not due before, oldest first."""
        due = [event for event in self._until(now) if event.id not in self._told]
        self._told.update(event.id for event in due)
        return sorted(due, key=lambda event: event.created)

    def find(self, owner: Caller, id_: str, now: datetime) -> ThinEvent:
        """Return an event of a caller, for 30 days; raises Stripe's 404 if there is none."""
        oldest = (now - EVENTS_KEPT).timestamp()
        for event in self._until(now):
            if event.id == id_ and event.owner == owner and event.created >= oldest:
                return event
        raise not_found("event", id_)

    def _until(self, now: datetime) -> Iterator[ThinEvent]:
        for run in self._runs:
            yield _event(run, "created", run.created, None)
            if run.finishes_at <= now.timestamp():
                status = run.outcome.status
                yield _event(run, "updated", run.finishes_at, status)
                if status in ("succeeded", "failed"):
                    yield _event(run, status, run.finishes_at, status)


def _event(run: ReportRun, what: str, at: float, status: str | None) -> ThinEvent:
    digest = hashlib.sha256(f"{run.id} {what}".encode()).hexdigest()
    return ThinEvent(f"evt_61{digest[:40]}", f"v2.data.report_run.{what}", at, run.owner, run.id, status)
