"""Webhooks: events posted to addresses of this machine, signed as Stripe signs them.

Source: https://docs.stripe.com/webhooks, https://docs.stripe.com/webhooks/signature
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import urlsplit

from stripe_reports.simulator.api.keys import Caller
from stripe_reports.simulator.webhooks.events import (
    EVENT_TYPES,
    THIN_EVENT_TYPES,
    TYPE_UPDATED,
    Event,
    EventLog,
)

__all__ = ["Courier", "Delivery", "PostedEvent", "WebhookEndpoint", "signature"]

_ONLY_IF_NAMED = frozenset({TYPE_UPDATED, *THIN_EVENT_TYPES})
_TIMEOUT = 10.0
_PAUSES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))


class PostedEvent(Protocol):
    """An event of either generation of the API."""

    @property
    def id(self) -> str:
        """``evt_…``."""

    @property
    def type(self) -> str:
        """One of the event types."""

    @property
    def owner(self) -> Caller:
        """The account and mode whose endpoints receive it."""

    def answer(self, pending_webhooks: int) -> dict[str, Any]:
        """Write Stripe's JSON."""


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """An address that receives events; it must be on this machine.

    Attributes:
        url: ``http://127.0.0.1:…``, ``http://[::1]:…`` or ``http://localhost:…``.
        secret: The secret that signs events; give it to ``construct_event``.
        enabled_events: Event types, or ``*`` for all but ``reporting.report_type.updated``, which Stripe
            sends only to endpoints that name it, and the thin events of v2, which are posted elsewhere.
        livemode: True for events of live data, false for events of test data.
        account: The account it belongs to, for runs created with ``Stripe-Account``.

    Raises:
        ValueError: The address is not on this machine, or there is no event of that type.
    """

    url: str
    secret: str = field(default_factory=lambda: f"whsec_{secrets.token_hex(16)}", repr=False)
    enabled_events: Sequence[str] = ("*",)
    livemode: bool = False
    account: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "http" or not _is_loopback(parts.hostname or ""):
            raise ValueError(f"{self.url} is not an address of this machine; use http://127.0.0.1:….")
        known = (*EVENT_TYPES, *THIN_EVENT_TYPES)
        for name in self.enabled_events:
            if name != "*" and name not in known:
                raise ValueError(f"There is no event {name!r}; use {', '.join(known)}, or * for runs.")

    def wants(self, event: PostedEvent) -> bool:
        """Tell whether an event is posted here."""
        named = event.type in self.enabled_events
        told = named or ("*" in self.enabled_events and event.type not in _ONLY_IF_NAMED)
        return told and (self.livemode, self.account) == (event.owner.livemode, event.owner.account)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A post of an event: its endpoint, and the status of the answer; None without an answer."""

    event: PostedEvent
    url: str
    status: int | None

    @property
    def is_accepted(self) -> bool:
        """Tell whether the endpoint accepted it; if not, it is posted again later."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class _Post:
    event: PostedEvent
    endpoint: WebhookEndpoint
    attempt: int
    at: datetime


class Courier:
    """Posts events, each once, and repeats those that were refused.

    Args:
        log: The events.
        start: Events before this time are not posted.
        signing_time: Returns the time in signatures. It is the machine's own time, because receivers compare
            it with theirs; the times in an event are the simulator's.
        sorted_keys: True if the members of events are in alphabetical order.
    """

    def __init__(
        self,
        log: EventLog,
        start: datetime,
        signing_time: Callable[[], float] = time.time,
        *,
        sorted_keys: bool = False,
    ) -> None:
        self.deliveries: list[Delivery] = []
        self.log = log
        self._sorted_keys = sorted_keys
        self._seen_until = start
        self._told: set[str] = set()
        self._retries: list[_Post] = []
        self._signing_time = signing_time
        self._lock = threading.Lock()

    def skip(self, now: datetime) -> None:
        """Drop the events up to *now*, because there are no endpoints."""
        self._told.update(run.id for run in self.log.ended(now))
        self._seen_until = max(self._seen_until, now)

    def due(self, files_url: str, now: datetime) -> list[Event]:
        """Return the events up to *now* that were not due before, oldest first.

        A clock set back repeats none. Of several publications of a report type that a jump of the clock
        passes, only the newest is an event here; the list of events has them all.
        """
        runs = [run for run in self.log.ended(now) if run.id not in self._told]
        events = [self.log.of_run(run, files_url, now) for run in runs]
        self._told.update(run.id for run in runs)
        newest: dict[tuple[str, bool], Event] = {}
        for event in self.log.of_types(self._seen_until, now):
            newest.setdefault((event.object["id"], event.owner.livemode), event)
        self._seen_until = max(self._seen_until, now)
        return sorted([*events, *newest.values()], key=lambda event: event.created)

    def waiting(self, event: PostedEvent) -> int:
        """Count the posts of an event that were refused and will be repeated."""
        with self._lock:
            return sum(post.event.id == event.id for post in self._retries)

    def is_delivered(self, event: PostedEvent) -> bool:
        """Tell whether the last post of an event to each endpoint was accepted; true if there was none."""
        last = {each.url: each.is_accepted for each in self.deliveries if each.event.id == event.id}
        return all(last.values())

    def deliver(
        self,
        events: Sequence[PostedEvent],
        endpoints: Sequence[WebhookEndpoint],
        next_fault: Callable[[], str | None],
        now: datetime,
    ) -> list[Delivery]:
        """Post new events, and those that were refused before and are due again. No lock is held meanwhile.

        Args:
            events: The new events.
            endpoints: The endpoints to post to.
            next_fault: Returns the fault of the next post: ``"twice"``, ``"lost"``, ``"forged"``, or None.
            now: The simulator's time.
        """
        with self._lock:
            posts = [_Post(event, to, 0, now) for event in events for to in endpoints if to.wants(event)]
            due_again = [post for post in self._retries if post.at <= now and post.endpoint in endpoints]
            self._retries = [post for post in self._retries if post not in due_again]
        made = []
        for post in [*due_again, *posts]:
            waiting = sum(other.event is post.event for other in posts)
            deliveries = self._post(post, next_fault(), waiting)
            made += deliveries
            if deliveries and not deliveries[-1].is_accepted and post.attempt < len(_PAUSES):
                again = _Post(post.event, post.endpoint, post.attempt + 1, now + _PAUSES[post.attempt])
                with self._lock:
                    self._retries.append(again)
        self.deliveries += made
        return made

    def _post(self, post: _Post, fault: str | None, waiting: int) -> list[Delivery]:
        answer = post.event.answer(max(waiting, 1))
        body = json.dumps(answer, indent=2, sort_keys=self._sorted_keys).encode()
        secret = "whsec_forged" if fault == "forged" else post.endpoint.secret
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(body, secret, int(self._signing_time())),
        }
        times = {"twice": 2, "lost": 0}.get(fault or "", 1)
        return [
            Delivery(post.event, post.endpoint.url, _status(post.endpoint.url, body, headers))
            for _ in range(times)
        ]


def signature(body: bytes, secret: str, seconds: int) -> str:
    """Return the header ``Stripe-Signature``: HMAC-SHA256 over time and body."""
    signed = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={signed}"


def _status(url: str, body: bytes, headers: dict[str, str]) -> int | None:
    """Post directly to the address: without proxy or redirect, so that nothing leaves this machine."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_TIMEOUT)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
