"""The two kinds of requests sessions: a plain one, and one that caches JSON answers that will not change.

This module decides what is cached: finished runs forever, report types for a minute. Pending runs, lists of
runs, file contents, errors, and answers of another owner are never cached; nor are runs of Reports v2, which
have the address of a file that anyone can read.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests_cache import CacheMixin

from stripe_reports.http.answer_cache import AnswerCache
from stripe_reports.http.clock import Clock
from stripe_reports.http.settings import LOOPBACK, Settings

__all__ = ["CachedSession", "Session", "StripeTime", "cached_session"]

TYPES_KEPT_FOR = timedelta(seconds=60)

_TYPES, _RUN = ("/v1/reporting/report_types", "/v2/data/reports"), "/v1/reporting/report_runs/"


class StripeTime(Protocol):
    """Stripe's time, as far as it is known."""

    def is_certain(self) -> bool:
        """Return False if it may have jumped since the last answer."""

    def now_or_here(self) -> datetime:
        """Return Stripe's time, or else this machine's."""


class Session(requests.Session):
    """A session with the user's TLS settings and proxies, without cookies and redirects."""

    def __init__(self) -> None:
        super().__init__()
        # Without auth, requests would let a ~/.netrc entry override the Authorization header.
        self.auth = lambda request: request
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send with the user's certificates."""
        # Stripe's library passes its own CA file, which would override REQUESTS_CA_BUNDLE.
        kwargs.pop("verify", None)
        return super().request(*args, **kwargs)

    def merge_environment_settings(self, url: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the user's settings, but without a proxy between two programs of this machine."""
        settings = super().merge_environment_settings(url, *args, **kwargs)
        if urlsplit(str(url)).hostname in LOOPBACK:  # plain http, which must not leave this machine
            settings["proxies"] = {}
        return settings

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None: Stripe's API has no redirects, and the key must not be sent to another address."""


class CachedSession(CacheMixin, Session):
    """Caches JSON answers that will not change: finished runs forever, report types for a minute.

    Attributes:
        time: Stripe's time. While it is not certain, cached report types are not used.
    """

    time: StripeTime

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Return a cached answer or a new one; for answers that are never cached, the cache is not used."""
        path = urlsplit(request.url or "").path
        if request.method == "GET" and path.startswith((*_TYPES, _RUN)):
            if path.startswith(_TYPES) and not self.time.is_certain():
                self.cache.delete(self.cache.create_key(request))
            return super().send(request, *args, **kwargs)
        return Session.send(self, request, *args, **kwargs)

    def forget(self, url: str) -> None:
        """Remove the cached answers of an address."""
        self.cache.delete(self.cache.create_key(requests.Request("GET", url)))


def cached_session(path: Path, settings: Settings, clock: Clock, time: StripeTime) -> CachedSession:
    """Return a session that caches answers in an SQLite file."""
    session = CachedSession(
        backend=AnswerCache(path, clock),
        allowable_methods=("GET",),
        allowable_codes=(200,),
        expire_after=TYPES_KEPT_FOR,
        urls_expire_after={f"*{_RUN}*": -1},
        filter_fn=_is_kept,
        key_fn=partial(_cache_key, settings, time),
    )
    session.time = time
    return session


def _cache_key(settings: Settings, time: StripeTime, request: requests.PreparedRequest, **_: Any) -> str:
    """Return the cache key: owner, API version and address; for report types, Stripe's minute too.

    The library's own cache key cannot distinguish two API keys without storing them, and its entries expire
    by this machine's clock.
    """
    parts = [settings.owner.folder, settings.api_version, request.method or "", request.url or ""]
    if urlsplit(request.url or "").path.startswith(_TYPES):
        parts.append(str(time.now_or_here().timestamp() // TYPES_KEPT_FOR.total_seconds()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_kept(response: requests.Response) -> bool:
    """Tell whether an answer is a finished run or a report type, and not the page of a proxy."""
    path = urlsplit(response.url).path
    with suppress(ValueError, AttributeError, RecursionError):
        answer = response.json()
        if path.startswith(_TYPES):
            return answer.get("object") in ("list", "reporting.report_type") or "data" in answer
        if path.startswith(_RUN):
            return answer.get("status") in ("succeeded", "failed")
    return False
