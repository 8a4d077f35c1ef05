"""The one seam to HTTP: a session for Stripe's JSON, a session for files, and the adapters under them.

Tests and ``demo()`` stand in here and nowhere else, by giving an adapter (a simulator in this process) and a
clock. Retries happen here, once, for every call; what is cached is decided here.
"""

from __future__ import annotations

import hashlib
import io
import logging
import random
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests_cache import CacheMixin
from requests_cache.backends.sqlite import SQLiteCache
from urllib3 import HTTPResponse

from stripe_reports import backoff, notices
from stripe_reports.budget import RateBudget
from stripe_reports.clock import Clock, SystemClock
from stripe_reports.disk import make_private
from stripe_reports.settings import Settings

__all__ = ["PatientAdapter", "Transport", "WSGIAdapter"]

logger = logging.getLogger("stripe_reports")

CONNECT_TIMEOUT, READ_TIMEOUT = 10.0, 80.0
ATTEMPTS = 6
TYPES_KEPT_FOR = timedelta(seconds=60)

_RETRIED = frozenset({409, 424, 429, 500, 502, 503, 504})


class PatientAdapter(BaseAdapter):
    """Sends through another adapter, and again when that is safe and may help.

    Every call of ours may be repeated: reads are reads, and a launch carries an idempotency key. Stripe's
    ``Stripe-Should-Retry`` decides where it is given; otherwise lost connections and 409, 424, 429 and
    5xx answers are tried again, with growing pauses.
    """

    def __init__(self, inner: BaseAdapter, *, clock: Clock, rng: random.Random, budget: RateBudget) -> None:
        super().__init__()
        self._inner = inner
        self._clock = clock
        self._rng = rng
        self._budget = budget

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send, and retry; the last answer or error is the caller's."""
        path = urlsplit(request.url or "").path
        for attempt in range(1, ATTEMPTS + 1):
            self._budget.spend(request.method or "GET", path)
            try:
                response = self._inner.send(request, *args, **kwargs)
            except requests.exceptions.SSLError:
                raise  # a certificate does not get better
            except (requests.ConnectionError, requests.Timeout) as error:
                if attempt == ATTEMPTS:
                    raise
                why, retry_after = type(error).__name__, None
            else:
                if attempt == ATTEMPTS or not _may_retry(response):
                    return response
                why = f"HTTP {response.status_code}"
                retry_after = _seconds(response.headers.get("Retry-After"))
                response.close()
            pause = backoff.retry_pause(attempt, self._rng, retry_after=retry_after)
            logger.info("%s %s: %s; trying again in %.1f s", request.method, path, why, pause)
            self._clock.sleep(pause)
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close the connections beneath."""
        self._inner.close()


def _may_retry(response: requests.Response) -> bool:
    match response.headers.get("Stripe-Should-Retry", "").strip("'\" ").lower():
        case "true":
            return response.status_code >= 400
        case "false":
            return False
        case _:
            return response.status_code in _RETRIED


def _seconds(header: str | None) -> float | None:
    """A ``Retry-After`` in seconds; None if it is absent, or a date."""
    return float(header) if header and header.strip().isdecimal() else None


WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WSGIAdapter(HTTPAdapter):
    """Answers from a WSGI application in this process, in place of the network.

    A stand-in for sockets that changes nothing above them: the application sees an ordinary request, and the
    body of its answer is streamed as it makes it.
    """

    def __init__(self, application: WSGIApplication) -> None:
        super().__init__()
        self._application = application

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Call the application."""
        started: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            started.update(status=status, headers=headers)

        try:
            body = self._application(_environ(request), start_response)
            chunks = iter(body)
            first = next(chunks, b"")  # WSGI allows start_response to be called as late as this
        except ConnectionError as error:  # an application that plays a broken line
            raise requests.ConnectionError(error, request=request) from error
        code, _, reason = started["status"].partition(" ")
        raw = HTTPResponse(
            body=_Body(first, chunks, getattr(body, "close", lambda: None)),
            headers=started["headers"],
            status=int(code),
            reason=reason,
            preload_content=False,
            decode_content=False,
        )
        return self.build_response(request, raw)


class _Body(io.RawIOBase):
    """The chunks of a WSGI answer as a file."""

    def __init__(self, first: bytes, rest: Iterator[bytes], close: Callable[[], None]) -> None:
        self._buffer = first
        self._rest = rest
        self._close = close

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._buffer:
            try:
                self._buffer = next(self._rest)
            except StopIteration:
                return 0
        count = min(len(target), len(self._buffer))
        target[:count], self._buffer = self._buffer[:count], self._buffer[count:]
        return count

    def close(self) -> None:
        if not self.closed:
            self._close()
        super().close()


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    from werkzeug.test import EnvironBuilder

    body = request.body or b""
    parts = urlsplit(request.url or "")
    return EnvironBuilder(
        method=request.method or "GET",
        base_url=f"{parts.scheme}://{parts.netloc}",
        path=parts.path,
        query_string=parts.query,
        headers=list(request.headers.items()),
        data=body.encode() if isinstance(body, str) else body,
    ).get_environ()


class _Session(requests.Session):
    """A session with the user's TLS settings and proxies, that keeps no cookie and follows no redirect."""

    def __init__(self) -> None:
        super().__init__()
        # Without an auth of its own, requests would let a ~/.netrc entry overrule the Authorization header.
        self.auth = lambda request: request
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        # Stripe's library passes the CA file that it ships, which would overrule REQUESTS_CA_BUNDLE.
        kwargs.pop("verify", None)
        return super().request(*args, **kwargs)

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class _CachedSession(CacheMixin, _Session):
    """Keeps JSON answers that will not change: finished runs for good, report types for a minute."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().send(request, *args, **kwargs)
        except sqlite3.Error as error:  # a locked or broken cache is a miss
            notices.warn(f"The cache of API answers was left out: {error}.", RuntimeWarning)
            return _Session.send(self, request, *args, **kwargs)


class Transport:
    """HTTP for one client.

    Args:
        settings: Addresses and owner.
        cache_path: SQLite file of the JSON answers, or None to keep none.
        application: A WSGI application to ask in place of the network.
        clock: Time and rest.
        rng: For jitter.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        cache_path: Path | None = None,
        application: WSGIApplication | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.rng = rng or random.Random()  # noqa: S311 - jitter is no secret
        self._lock = threading.Lock()
        self._stripe_time = _StripeTime(self.clock)
        self._cache_path = cache_path
        self._application = application
        self._json: requests.Session | None = None
        self._files: requests.Session | None = None
        self._budget = RateBudget(settings.mode, self.clock)
        self._sessions: list[requests.Session] = []
        weakref.finalize(self, _close, self._sessions)

    @property
    def json_session(self) -> requests.Session:
        """The session for Stripe's JSON, which keeps answers that will not change."""
        with self._lock:
            if self._json is None:
                self._json = self._prepared(self._cached_session() or _Session())
            return self._json

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Ask for JSON. Stripe's library calls this as if it were a session, which may be closed meanwhile."""
        return self.json_session.request(method, url, **options)

    @property
    def file_session(self) -> requests.Session:
        """The session for file contents: nothing of it is cached."""
        with self._lock:
            if self._files is None:
                self._files = self._prepared(_Session())
            return self._files

    def stripe_time(self) -> datetime | None:
        """The time at Stripe, from the last ``Date`` header and the time since; None before any answer."""
        return self._stripe_time.now()

    def now(self) -> datetime:
        """The time at Stripe, or the machine's until Stripe has answered once."""
        return self.stripe_time() or self.clock.now()

    def close(self) -> None:
        """Close connections and the cache; the next call opens them again."""
        with self._lock:
            _close(self._sessions)
            self._json = self._files = None

    def _prepared(self, session: requests.Session) -> requests.Session:
        inner = WSGIAdapter(self._application) if self._application else HTTPAdapter(pool_maxsize=32)
        adapter = PatientAdapter(inner, clock=self.clock, rng=self.rng, budget=self._budget)
        # With an application there is no other adapter left: nothing can reach the network.
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        session.hooks["response"].append(self._stripe_time.note)
        self._sessions.append(session)
        return session

    def _cached_session(self) -> requests.Session | None:
        if self._cache_path is None:
            return None
        try:
            make_private(self._cache_path.parent)
            self._cache_path.touch(0o600)
            with closing(sqlite3.connect(self._cache_path)) as database:
                database.execute("PRAGMA schema_version")  # raises for a file that is no database
            backend = SQLiteCache(self._cache_path, serializer="json", busy_timeout=2000)
            return _CachedSession(
                backend=backend,
                allowable_methods=("GET",),
                allowable_codes=(200,),
                expire_after=TYPES_KEPT_FOR,
                urls_expire_after={"*/v1/reporting/report_runs/*": -1},
                filter_fn=_is_kept,
                key_fn=partial(_cache_key, self.settings, self.clock),
            )
        except (OSError, sqlite3.Error) as error:
            notices.warn(f"API answers are not cached: {error}.", RuntimeWarning)
            return None


class _StripeTime:
    """The time at Stripe, as its answers tell it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: tuple[datetime, float] | None = None

    def note(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """Take the time from an answer, unless that is an old one out of the cache."""
        if getattr(response, "from_cache", False):
            return
        with suppress(KeyError, ValueError):
            date = parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
            self._seen = date, self._clock.monotonic()

    def now(self) -> datetime | None:
        """The last time told, plus what has passed since."""
        if self._seen is None:
            return None
        date, at = self._seen
        return date + timedelta(seconds=self._clock.monotonic() - at)


def _cache_key(settings: Settings, clock: Clock, request: requests.PreparedRequest, **_: Any) -> str:
    """One entry for each owner, API version and address; for report types, each minute too.

    The library's own key cannot tell two API keys apart without writing them down. The minute is of our
    clock, so that an entry ages by the clock that decides everything else.
    """
    parts = [settings.owner.folder, settings.api_version, request.method or "", request.url or ""]
    if "/report_types" in (request.url or ""):
        parts.append(str(clock.now().timestamp() // TYPES_KEPT_FOR.total_seconds()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _close(sessions: list[requests.Session]) -> None:
    while sessions:
        session = sessions.pop()
        session.close()
        if isinstance(session, CacheMixin):
            session.cache.close()  # type: ignore[no-untyped-call]


def _is_kept(response: requests.Response) -> bool:
    """Finished runs and report types; never a pending run or a list of runs."""
    path = urlsplit(response.url).path
    if path.startswith("/v1/reporting/report_types"):
        return True
    if not path.startswith("/v1/reporting/report_runs/"):
        return False
    with suppress(ValueError):
        answer: Mapping[str, Any] = response.json()
        return answer.get("status") in ("succeeded", "failed")
    return False
