"""Events: the messages that Stripe sends to webhook endpoints about report runs and report types.

Source: https://docs.stripe.com/api/events/types
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stripe_reports.simulator.api.availability import availability, report_type_answer
from stripe_reports.simulator.api.keys import Caller
from stripe_reports.simulator.api.runbook import RunBook, new_id
from stripe_reports.simulator.api.runs import Run
from stripe_reports.simulator.reports import reports

__all__ = ["API_VERSION", "EVENT_TYPES", "TYPE_UPDATED", "Event", "events_between"]

API_VERSION = "2026-11-18.endive"
TYPE_UPDATED = "reporting.report_type.updated"
EVENT_TYPES = ("reporting.report_run.succeeded", "reporting.report_run.failed", TYPE_UPDATED)


@dataclass(frozen=True, slots=True)
class Event:
    """A change of a report run or report type.

    Attributes:
        id: ``evt_…``.
        type: One of ``EVENT_TYPES``.
        created: Time of the change, in Unix seconds.
        owner: The account and mode whose endpoints receive it.
        object: The run or report type as it was at that time.
    """

    id: str
    type: str
    created: int
    owner: Caller
    object: dict[str, Any]

    def answer(self, pending_webhooks: int) -> dict[str, Any]:
        """Write Stripe's JSON."""
        return {
            "id": self.id,
            "object": "event",
            "api_version": API_VERSION,
            "created": self.created,
            "data": {"object": self.object},
            "livemode": self.owner.livemode,
            "pending_webhooks": pending_webhooks,
            "request": {"id": None, "idempotency_key": None},
            "type": self.type,
        }


def events_between(
    book: RunBook, told: set[str], files_url: str, before: datetime, now: datetime
) -> list[Event]:
    """Return the events up to *now*, oldest first.

    Args:
        book: The runs.
        told: Ids of runs whose end was already reported; those reported now are added.
        files_url: Host in the addresses of files.
        before: Time of the previous call: report types updated since are reported, each as it is now.
        now: The simulator's time.
    """
    events = [
        _of_run(book, run, files_url, now)
        for run in book.runs.values()
        if run.id not in told and run.status(now.timestamp()) in ("succeeded", "failed")
    ]
    told.update(event.object["id"] for event in events)
    for report_type in reports.simulated():
        updated = availability(report_type, now).updated
        if before.timestamp() < updated:
            at = datetime.fromtimestamp(updated, UTC)
            for livemode in (True,) if report_type.livemode_only else (False, True):
                object_ = report_type_answer(report_type, livemode=livemode, now=at)
                events.append(Event(_new_id(), TYPE_UPDATED, updated, Caller(livemode), object_))
    return sorted(events, key=lambda event: event.created)


def _of_run(book: RunBook, run: Run, files_url: str, now: datetime) -> Event:
    status = book.status(run, now)
    object_ = run.answer(status, files_url)
    return Event(_new_id(), f"reporting.report_run.{status}", int(run.finishes_at), run.owner, object_)


def _new_id() -> str:
    return new_id("evt_1Q", 22)
