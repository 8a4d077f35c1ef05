"""The only access to HTTP: a session for Stripe's JSON, a session for files, and their adapter.

Tests and ``demo()`` replace only this part, with a WSGI application and a clock. Every call is signed,
rate-limited and retried here, and its answer tells Stripe's time.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests_cache import CacheMixin

from stripe_reports.errors import ApiKeyError, UnexpectedAnswerError
from stripe_reports.http.addresses import origin_of
from stripe_reports.http.answer_redaction import redact_answer
from stripe_reports.http.clock import Clock, SystemClock
from stripe_reports.http.contact import Contact
from stripe_reports.http.rate_limit import RateBudget, turns_of
from stripe_reports.http.sessions import CachedSession, Session, cached_session
from stripe_reports.http.settings import Settings
from stripe_reports.http.sockets import SocketAdapter
from stripe_reports.http.stripe_errors import RUN_LIMIT
from stripe_reports.http.wsgi import WSGIAdapter, WSGIApplication
from stripe_reports.models.values import instant
from stripe_reports.planning import backoff, deadline
from stripe_reports.render import remedies

__all__ = ["REPLAYED", "UNSIGNED", "PatientAdapter", "Transport"]

logger = logging.getLogger("stripe_reports")

CONNECT_TIMEOUT, READ_TIMEOUT = 10.0, 80.0
ATTEMPTS = 6
LARGEST_ANSWER = 32_000_000
"""Maximum bytes of JSON; a page of a hundred runs has about a hundred thousand."""
TIME_HOLDS_FOR = timedelta(hours=1)

UNSIGNED = "sk_filled_in_when_sent"
"""Stands for the API key above the adapter, so that no library, cache or error there ever holds the key."""

REPLAYED = "Idempotent-Replayed"
"""The header with which Stripe marks a repeated answer to the same idempotency key."""

REASON = "Stripe-Rate-Limited-Reason"
_AT_ONCE = frozenset({"global-concurrency", "endpoint-concurrency", "resource-specific"})
"""Reasons of a 429 that fewer runs in flight help against; for report runs, the last is our guess.

Source: https://docs.stripe.com/rate-limits
"""

_inherited: list[requests.Session] = []

_RETRIED = frozenset({409, 424, 429})
"""Errors below 500 after which another try may help."""


class _Refusals:
    """Counts the calls that Stripe refused because of what is in progress, not because of their rate."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0

    def note(self, response: requests.Response) -> None:
        """Count an answer if it is such a refusal."""
        is_at_once = response.headers.get(REASON) in _AT_ONCE or _is_run_limit(response)
        if response.status_code == 429 and is_at_once:
            with self._lock:
                self.count += 1


class PatientAdapter(BaseAdapter):
    """Signs a call, sends it through another adapter, and retries it if that may help.

    All our calls can be repeated safely: reads change nothing, and a launch has an idempotency key. Stripe's
    ``Stripe-Should-Retry`` decides if it is given; otherwise lost connections and 409, 424, 429 and 5xx
    answers are retried, with growing pauses. Where nothing has ever answered, they are not; see ``Contact``.
    """

    def __init__(
        self,
        inner: BaseAdapter,
        settings: Settings,
        *,
        clock: Clock,
        rng: random.Random,
        budget: RateBudget | None,
        refusals: _Refusals | None = None,
        contact: Contact | None = None,
    ) -> None:
        super().__init__()
        self._inner = inner
        self._settings = settings
        self._clock = clock
        self._rng = rng
        self._budget = budget
        self._refusals = refusals or _Refusals()
        self._contact = contact or Contact()

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        """Send, and retry within the time limit; return the last answer or raise the last error.

        Raises:
            CallTimeoutError, RunTimeoutError: The time of the call was over before the answer was complete.
        """
        path = urlsplit(request.url or "").path
        # An address that is read without the key gives access to everybody who sees it.
        what = f"{request.method} {path}" if _needs_key(request) else "A download"
        unanswered = f"{what} was not answered"
        for attempt in range(1, ATTEMPTS + 1):
            deadline.check(unanswered)
            if self._budget is not None:
                self._budget.spend(request.method or "GET", path)
            outcome = self._tried(request, options | _shortened(options))
            if isinstance(outcome, requests.Response):
                self._contact.answered(request.url)
                self._refusals.note(outcome)
                if not _may_retry(outcome):
                    if attempt > 1:  # the earlier call may be ours, whose answer was lost
                        outcome.headers.pop(REPLAYED, None)
                    return outcome
                why, retry_after = f"HTTP {outcome.status_code}", _seconds(outcome.headers.get("Retry-After"))
            else:
                deadline.check(unanswered)
                if self._contact.is_in_vain(request.url, outcome):
                    break
                why, retry_after = type(outcome).__name__, None
            pause = backoff.retry_pause(attempt, self._rng, retry_after=retry_after)
            if attempt == ATTEMPTS or pause >= deadline.left():  # a later answer would be too late
                break
            if isinstance(outcome, requests.Response):
                outcome.close()
            logger.info("%s: %s; trying again in %.1f s", what, why, pause)
            self._clock.sleep(pause)
        if isinstance(outcome, requests.Response):
            return outcome
        if attempt == ATTEMPTS:
            self._contact.gave_up(request.url)
        raise outcome

    def _tried(
        self, request: requests.PreparedRequest, options: dict[str, Any]
    ) -> requests.Response | requests.RequestException:
        """Return the answer, or the error if a retry may help."""
        try:
            return self._send_once(request, options)
        except requests.exceptions.SSLError:
            raise  # a retry does not repair a certificate
        except requests.RequestException as error:
            return error

    def _send_once(self, request: requests.PreparedRequest, options: dict[str, Any]) -> requests.Response:
        try:
            return self._answer(request, options)
        except BaseException as error:
            # The frames and causes of the error contain the signed request.
            error.__context__ = None
            error.args = tuple(map(self._shown, error.args))
            if isinstance(error, requests.RequestException):
                error.request, error.response = request, None
            raise error.with_traceback(None) from None

    def _answer(self, request: requests.PreparedRequest, options: dict[str, Any]) -> requests.Response:
        """Return the answer without the key, which a gateway may repeat: no caller can show or store it."""
        response = self._inner.send(self._signed(request), **options)
        response.request = request
        if not options.get("stream"):
            _read(response)  # here, so that a truncated body is retried too
        redact_answer(response, self._settings.api_key)
        return response

    def _shown(self, part: object) -> object:
        """Return a part of an error; for another error, its text without the key."""
        return self._settings.api_key.redact(str(part)) if isinstance(part, BaseException | str) else part

    def _signed(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if not _needs_key(request):
            return request
        if not self._settings.may_send_key_to(request.url or ""):  # the address that will be called
            where = origin_of(request.url) or "an address that cannot be read"
            raise ApiKeyError(f"The API key is not for {where}; nothing was sent there.")
        signed = request.copy()
        signed.headers["Authorization"] = f"Bearer {self._settings.api_key.reveal()}"
        return signed

    def close(self) -> None:
        """Close the connections of the other adapter."""
        self._inner.close()


def _needs_key(request: requests.PreparedRequest) -> bool:
    return UNSIGNED in request.headers.get("Authorization", "")


def _read(response: requests.Response) -> None:
    body = bytearray()
    for chunk in response.iter_content(1 << 16):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            response.close()
            raise UnexpectedAnswerError(
                f"{origin_of(response.url)} answered with more than {LARGEST_ANSWER:,} bytes, where a "
                "page of JSON was expected.",
                remedy=remedies.check_address(),
            )
    response._content = bytes(body)


def _is_run_limit(response: requests.Response) -> bool:
    """Return True if too many runs are in progress: only the end of one of them helps, not a pause."""
    if response.status_code != 429 or RUN_LIMIT.encode() not in (response._content or b""):
        return False
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        return bool(response.json()["error"]["code"] == RUN_LIMIT)
    return False


def _may_retry(response: requests.Response) -> bool:
    if _is_run_limit(response):
        return False
    match response.headers.get("Stripe-Should-Retry", "").strip("'\" ").lower():
        case "true":
            return response.status_code >= 400
        case "false":
            return False
        case _:
            return response.status_code in _RETRIED or response.status_code >= 500


def _seconds(header: str | None) -> float | None:
    """Return ``Retry-After`` in seconds; None if it is absent, or a date."""
    return float(header) if header and header.strip().isdecimal() else None


def _shortened(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the timeouts of a call, to connect and to read, limited to the time left."""
    longest = options.get("timeout")
    if not isinstance(longest, tuple):
        return {}
    left = max(deadline.left(), 0.001)  # urllib3 refuses a timeout of 0
    return {"timeout": tuple(min(seconds, left) for seconds in longest)}


class _StripeTime:
    """Stripe's time, according to its answers.

    Args:
        settings: Whose answers they are.
        clock: This machine's clock.
        may_jump: True if this machine's clock does not show how Stripe's time passes.
    """

    def __init__(self, settings: Settings, clock: Clock, *, may_jump: bool) -> None:
        self._settings = settings
        self._clock = clock
        self._seen: tuple[timedelta, datetime] | None = None
        self._may_jump = may_jump
        self._told_at = float("-inf")

    def note(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """Take the time from an answer, unless it is cached or not from Stripe."""
        if getattr(response, "from_cache", False) or not self._settings.may_send_key_to(response.url):
            return
        with suppress(KeyError, TypeError, ValueError, OverflowError):
            date = instant(parsedate_to_datetime(response.headers["Date"]).timestamp())
            now = self._clock.now()
            self._seen = date - now, now
            self._told_at = self._clock.monotonic()

    def is_certain(self) -> bool:
        """Tell whether the time is certain: one that may jump must have been told since the call began."""
        return not self._may_jump or self._told_at >= deadline.began()

    def now_or_here(self) -> datetime:
        """Return Stripe's time, or else the machine's."""
        return self.now() or self._clock.now()

    def now(self) -> datetime | None:
        """Return the machine's time, corrected; None if the last answer is too old for a correction.

        The difference is stored, not the seconds since: those do not advance while a laptop sleeps.
        """
        if self._seen is None:
            return None
        correction, seen_at = self._seen
        now = self._clock.now()
        return now + correction if abs(now - seen_at) < TIME_HOLDS_FOR else None


class Transport:
    """HTTP for one client.

    Args:
        settings: Addresses and owner.
        cache_path: SQLite file of the JSON answers, or None to cache none.
        application: A WSGI application to call instead of the network.
        clock: Current time and sleep function.
        rng: For jitter.
        is_limited: False for a worker, whose downloads are counted where they are handed out.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        cache_path: Path | None = None,
        application: WSGIApplication | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        is_limited: bool = True,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.rng = rng or random.Random()  # noqa: S311 - jitter is no secret
        self._lock = threading.Lock()
        # The clock of a simulator may be moved at any moment; an injected clock moves with it.
        may_jump = clock is None and settings.owner.place is not None
        self._stripe_time = _StripeTime(settings, self.clock, may_jump=may_jump)
        self._cache_path = cache_path
        self._application = application
        self._json: Session | None = None
        self._files: Session | None = None
        turns = turns_of(settings, application, self.clock)
        budget = RateBudget(settings.mode, self.clock, rate=settings.calls_per_second, turns=turns)
        self._budget = budget if is_limited else None
        self._refusals = _Refusals()
        self._contact = Contact()
        self._process = os.getpid()
        self._sessions: list[requests.Session] = []
        weakref.finalize(self, _close, self._sessions)

    @property
    def json_session(self) -> Session:
        """The session for Stripe's JSON, which caches answers that will not change."""
        with self._lock:
            self._leave_to_parent()
            if self._json is None:
                path = self._cache_path
                kept = (
                    Session()
                    if path is None
                    else cached_session(path, self.settings, self.clock, self._stripe_time)
                )
                self._json = self._prepared(kept)
            return self._json

    @property
    def file_session(self) -> Session:
        """The session for file contents, which caches nothing."""
        with self._lock:
            self._leave_to_parent()
            if self._files is None:
                self._files = self._prepared(Session())
            return self._files

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Request JSON. Stripe's library uses this as a session; the real one may be closed meanwhile."""
        return self.json_session.request(method, url, **options)

    def forget(self, path: str) -> None:
        """Remove the cached answers of an address of the API: one was invalid, and the next may be right."""
        session = self.json_session
        if isinstance(session, CachedSession):
            session.forget(self.settings.base_url + path)

    def stripe_time(self) -> datetime | None:
        """Return Stripe's time; None without an answer in the last hour."""
        return self._stripe_time.now()

    def now(self) -> datetime:
        """Return Stripe's time, or else the machine's."""
        return self._stripe_time.now_or_here()

    @property
    def concurrency_refusals(self) -> int:
        """How often Stripe refused a call because too much was in progress; it only grows."""
        return self._refusals.count

    def take_download(self) -> None:
        """Wait until a file may be downloaded by a worker, which does not count it.

        Raises:
            CallTimeoutError, RunTimeoutError: That would be after the time limit of the call.
        """
        if self._budget is not None:
            self._budget.spend_download()

    def close(self) -> None:
        """Close connections and the cache; the next call opens them again."""
        with self._lock:
            _close(self._sessions)
            self._json = self._files = None

    def _leave_to_parent(self) -> None:
        """Open new connections in a forked process: two processes on one would get each other's answers."""
        if self._process != os.getpid():
            _inherited.extend(self._sessions)  # and are not closed here, which would reach into the parent
            self._sessions.clear()
            self._json = self._files = None
            self._process = os.getpid()

    def _prepared(self, session: Session) -> Session:
        inner = WSGIAdapter(self._application) if self._application else SocketAdapter(pool_maxsize=32)
        adapter = PatientAdapter(
            inner,
            self.settings,
            clock=self.clock,
            rng=self.rng,
            budget=self._budget,
            refusals=self._refusals,
            contact=self._contact,
        )
        # With an application there is no other adapter: no call can reach the network.
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        session.hooks["response"].append(self._stripe_time.note)
        self._sessions.append(session)
        return session


def _close(sessions: list[requests.Session]) -> None:
    while sessions:
        session = sessions.pop()
        session.close()
        if isinstance(session, CacheMixin):
            session.cache.close()  # type: ignore[no-untyped-call]
