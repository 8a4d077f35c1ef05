"""The two kinds of requests sessions: a plain one, and one that keeps JSON answers that will not change.

What is kept is decided here: finished runs for good, report types for a minute. Never kept are pending runs,
lists of runs, file contents, errors, and anything of another owner.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import timedelta
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests_cache import CacheMixin

from stripe_reports.http.answer_cache import AnswerCache
from stripe_reports.http.clock import Clock
from stripe_reports.http.settings import LOOPBACK, Settings

__all__ = ["CachedSession", "Session", "cached_session"]

TYPES_KEPT_FOR = timedelta(seconds=60)

_TYPES, _RUN = "/v1/reporting/report_types", "/v1/reporting/report_runs/"


class Session(requests.Session):
    """A session with the user's TLS settings and proxies, that keeps no cookie and follows no redirect."""

    def __init__(self) -> None:
        super().__init__()
        # Without an auth of its own, requests would let a ~/.netrc entry overrule the Authorization header.
        self.auth = lambda request: request
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send by the user's certificates."""
        # Stripe's library passes the CA file that it ships, which would overrule REQUESTS_CA_BUNDLE.
        kwargs.pop("verify", None)
        return super().request(*args, **kwargs)

    def merge_environment_settings(self, url: Any, *args: Any, **kwargs: Any) -> Any:
        """The user's settings, but no proxy between two programs of this machine."""
        settings = super().merge_environment_settings(url, *args, **kwargs)
        if urlsplit(str(url)).hostname in LOOPBACK:  # plain http, which must not leave this machine
            settings["proxies"] = {}
        return settings

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere: Stripe's API redirects nobody, and a key must not follow."""


class CachedSession(CacheMixin, Session):
    """Keeps JSON answers that will not change: finished runs for good, report types for a minute."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """The kept answer or a new one; what is never kept does not touch the cache."""
        path = urlsplit(request.url or "").path
        if request.method == "GET" and path.startswith((_TYPES, _RUN)):
            return super().send(request, *args, **kwargs)
        return Session.send(self, request, *args, **kwargs)

    def forget(self, url: str) -> None:
        """Keep no answer of an address."""
        self.cache.delete(self.cache.create_key(requests.Request("GET", url)))


def cached_session(path: Path, settings: Settings, clock: Clock) -> CachedSession:
    """A session that keeps answers in an SQLite file."""
    return CachedSession(
        backend=AnswerCache(path, clock),
        allowable_methods=("GET",),
        allowable_codes=(200,),
        expire_after=TYPES_KEPT_FOR,
        urls_expire_after={f"*{_RUN}*": -1},
        filter_fn=_is_kept,
        key_fn=partial(_cache_key, settings, clock),
    )


def _cache_key(settings: Settings, clock: Clock, request: requests.PreparedRequest, **_: Any) -> str:
    """One entry for each owner, API version and address; for report types, each minute too.

    The library's own key cannot tell two API keys apart without writing them down. The minute is of our
    clock, so that an entry ages by the clock that decides everything else.
    """
    parts = [settings.owner.folder, settings.api_version, request.method or "", request.url or ""]
    if urlsplit(request.url or "").path.startswith(_TYPES):
        parts.append(str(clock.now().timestamp() // TYPES_KEPT_FOR.total_seconds()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_kept(response: requests.Response) -> bool:
    """Finished runs and report types, and only what looks like one: a proxy's page is none."""
    path = urlsplit(response.url).path
    with suppress(ValueError, AttributeError, RecursionError):
        answer = response.json()
        if path.startswith(_TYPES):
            return answer.get("object") in ("list", "reporting.report_type")
        if path.startswith(_RUN):
            return answer.get("status") in ("succeeded", "failed")
    return False
