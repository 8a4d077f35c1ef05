"""Thin events: they name a run and its change, and the run itself must be retrieved.

When there is which event, and what changed, is inferred from the names and from one user's report that
``updated`` comes when a run succeeds too.

Source: https://docs.stripe.com/event-destinations
"""

from __future__ import annotations

import hashlib
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
    """All events of report runs. They follow from the runs; only which were due is stored."""

    def __init__(self, runs: ReportRuns) -> None:
        self._runs = runs
        self._seen = 0
        self._told_created: list[ReportRun] = []

    def due(self, now: datetime) -> list[ThinEvent]:
        """Return the events up to *now* that were not due before, oldest first.

        A clock set back repeats none.
        """
        new = self._runs.in_order[self._seen :]
        self._seen += len(new)
        due = [event for run in new for event in _events(run, now)]
        due += [event for run in self._told_created for event in _events(run, now)[1:]]
        open_ = self._told_created + new
        self._told_created = [run for run in open_ if run.finishes_at > now.timestamp()]
        return sorted(due, key=lambda event: event.created)

    def find(self, owner: Caller, id_: str, now: datetime) -> ThinEvent:
        """Return an event of a caller, for 30 days; raises Stripe's 404 if there is none."""
        oldest = (now - EVENTS_KEPT).timestamp()
        for run in self._runs.in_order:
            for event in _events(run, now) if run.owner == owner else ():
                if event.id == id_ and event.created >= oldest:
                    return event
        raise not_found("event", id_)


def _events(run: ReportRun, now: datetime) -> list[ThinEvent]:
    """Return the events of a run up to *now*; the first is its creation."""
    events = [_event(run, "created", run.created, None)]
    if run.finishes_at <= now.timestamp():
        status = run.outcome.status
        ended = ("updated", status) if status in ("succeeded", "failed") else ("updated",)
        events += [_event(run, what, run.finishes_at, status) for what in ended]
    return events


def _event(run: ReportRun, what: str, at: float, status: str | None) -> ThinEvent:
    digest = hashlib.sha256(f"{run.id} {what}".encode()).hexdigest()
    return ThinEvent(f"evt_61{digest[:40]}", f"v2.data.report_run.{what}", at, run.owner, run.id, status)
