"""Events: the messages of Stripe about report runs and report types, in its list and for webhook endpoints.

Source: https://docs.stripe.com/api/events, https://docs.stripe.com/api/events/types
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from stripe_reports.models import ReportType
from stripe_reports.simulator.api.keys import Caller
from stripe_reports.simulator.api.runbook import RunBook
from stripe_reports.simulator.api.runs import Run
from stripe_reports.simulator.ledger.organisation import SiblingAccount

__all__ = [
    "API_VERSION",
    "EVENTS_KEPT",
    "EVENT_TYPES",
    "THIN_EVENT_TYPES",
    "TYPE_UPDATED",
    "Event",
    "EventLog",
]

API_VERSION = "2026-11-18.endive"
TYPE_UPDATED = "reporting.report_type.updated"
EVENT_TYPES = ("reporting.report_run.succeeded", "reporting.report_run.failed", TYPE_UPDATED)

THIN_EVENT_TYPES = tuple(
    f"v2.data.report_run.{what}" for what in ("created", "updated", "succeeded", "failed")
)
"""Events of Reports v2. Source: the event classes of stripe-python 16.1.0a4"""

EVENTS_KEPT = timedelta(days=30)
"""Stripe lists the events of the last 30 days. Source: https://docs.stripe.com/api/events/list"""


@dataclass(frozen=True, slots=True)
class Event:
    """A change of a report run or report type.

    Attributes:
        id: ``evt_…``.
        type: One of ``EVENT_TYPES``.
        created: Time of the change, in Unix seconds.
        owner: The account and mode whose endpoints receive it.
        is_connected: True if that is a connected account, not one of the organisation.
    """

    id: str
    type: str
    created: int
    owner: Caller
    is_connected: bool
    _describe: Callable[[], dict[str, Any]] = field(repr=False, compare=False)

    @property
    def object(self) -> dict[str, Any]:
        """The run or report type as it was at that time."""
        return self._describe()

    def answer(self, pending_webhooks: int) -> dict[str, Any]:
        """Write Stripe's JSON. It has ``account`` only for a connected account, and no context."""
        return {
            "id": self.id,
            "object": "event",
            **({"account": self.owner.account} if self.is_connected else {}),
            "api_version": API_VERSION,
            "context": None,  # since 2025-04-30.basil
            "created": self.created,
            "data": {"object": self.object},
            "livemode": self.owner.livemode,
            "pending_webhooks": pending_webhooks,
            "request": {"id": None, "idempotency_key": None},
            "type": self.type,
        }


class EventLog:
    """All events of a simulator. They follow from its runs and publications; none is stored.

    Args:
        book: The runs, the report types and the publications of their data.
        organisation: The accounts of the organisation; all others are connected to one of them.
    """

    def __init__(self, book: RunBook, organisation: Sequence[SiblingAccount]) -> None:
        self._book = book
        self._own = {None, *(account.id for account in organisation)}
        self._salt = secrets.token_hex(8)
        self._remembered: tuple[int, list[Event]] = (0, [])

    def of(self, owner: Caller, files_url: str, now: datetime) -> list[Event]:
        """Return the events of a caller that Stripe still lists, newest first; *files_url* as in a run."""
        oldest = now - EVENTS_KEPT
        events = [
            self.of_run(run, files_url, now)
            for run in self.ended(now)
            if run.owner == owner and run.finishes_at >= oldest.timestamp()
        ]
        if owner.account in self._own:
            published = [event for event in self._kept(now) if event.owner.livemode == owner.livemode]
            events += [self._of_account(event, owner) for event in published]
        return sorted(events, key=lambda event: (event.created, event.id), reverse=True)

    def ended(self, now: datetime) -> list[Run]:
        """Return the runs that have an event by now."""
        seconds = now.timestamp()
        return [run for run in self._book.runs.values() if run.status(seconds) in ("succeeded", "failed")]

    def of_run(self, run: Run, files_url: str, now: datetime) -> Event:
        """Return the event of a run that has ended."""
        status = run.status(now.timestamp())
        id_, type_ = self._id(run.id, status), f"reporting.report_run.{status}"
        is_connected = run.owner.account not in self._own
        describe = partial(self._run, run, files_url, now)
        return Event(id_, type_, int(run.finishes_at), run.owner, is_connected, describe)

    def of_types(self, after: datetime, until: datetime) -> Iterator[Event]:
        """Return an event for each publication between two times and each mode, type by type."""
        for report_type in self._announced():
            for publication in self._book.publications.between(report_type, after, until):
                for livemode in (True,) if report_type.livemode_only else (False, True):
                    id_ = self._id(report_type.id, publication.updated, livemode)
                    at = datetime.fromtimestamp(publication.updated, UTC)
                    describe = partial(self._book.report_type_answer, report_type, livemode=livemode, now=at)
                    yield Event(id_, TYPE_UPDATED, publication.updated, Caller(livemode), False, describe)

    def _kept(self, now: datetime) -> list[Event]:
        """Return the events of types that are still listed, remembered for a second: each page needs them."""
        second = int(now.timestamp())
        if self._remembered[0] != second:
            self._remembered = second, list(self.of_types(now - EVENTS_KEPT, now))
        return self._remembered[1]

    def _of_account(self, event: Event, owner: Caller) -> Event:
        """Return the event of a publication as an account has it: with an id of its own."""
        if event.owner == owner:
            return event
        return replace(event, id=self._id(event.id, owner.account), owner=owner)

    def _announced(self) -> list[ReportType]:
        announced = self._book.publications.profile.announced
        return [type_ for type_ in self._book.offer.types() if announced is None or type_.id in announced]

    def _run(self, run: Run, files_url: str, now: datetime) -> dict[str, Any]:
        return run.answer(self._book.status(run, now), files_url)

    def _id(self, *parts: object) -> str:
        """Return the same id for the same event of this simulator, and other ids in other simulators."""
        text = " ".join(map(str, (self._salt, *parts)))
        return f"evt_1Q{hashlib.sha256(text.encode()).hexdigest()[:22]}"
