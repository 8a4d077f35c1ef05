"""Diagnosis: mode, key, permissions, clock and folder."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.metadata import version
from typing import Literal

import polars as pl

from stripe_reports.client import Client
from stripe_reports.errors import StripeReportsError
from stripe_reports.http.settings import Settings
from stripe_reports.storage.disk import size_text

__all__ = ["Finding", "Verdict", "examine"]

Verdict = Literal["ok", "warning", "problem"]

_NAMED = 12
SKEW_NOTED_FROM = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one examination."""

    what: str
    verdict: Verdict
    says: str


def examine(client: Client) -> Iterator[Finding]:
    """Examine everything that fetching a report needs. Nothing is launched; a few read calls are made.

    Args:
        client: The client whose key, addresses and folder are examined.
    """
    settings = client.settings
    yield Finding("versions", "ok", ", ".join(_versions()))
    of = "an organisation's key, " if settings.is_of_organisation else ""
    yield Finding(
        "key", "ok", f"{of}{settings.mode} mode, asking {settings.base_url}, version {settings.api_version}"
    )
    yield Finding("account", "ok", _acts_for(settings))
    types = _tried("report types", lambda: f"{len(client.report_types())} offered")
    yield types
    runs = _tried("runs", lambda: _newest(client))
    yield replace(runs, says="the same as for report types") if runs.says == types.says else runs
    yield from _not_known(client)
    yield _skew(client)
    yield _tried("folder", lambda: _folder(client))


def _acts_for(settings: Settings) -> str:
    """Name the account of the calls, and the header that tells Stripe."""
    for header, account in settings.account_header.items():
        return f"{account}, named in {header}"
    return "the key's own account"


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, "ok", look())
    except StripeReportsError as error:
        return Finding(what, "problem", error.for_command_line())


def _not_known(client: Client) -> Iterator[Finding]:
    """List the names that this version does not know, one line for each subject."""
    found = client.cache.unrecognised()
    if found.is_empty():
        yield Finding("not known", "ok", "nothing: this version knows every name that Stripe showed")
        return
    for (subject,), rows in found.group_by("subject", maintain_order=True):
        yield Finding("not known", "warning", f"{subject} ({rows.height:,}): {_some(_listed(rows))}")
    advice = f"stripe-reports {version('stripe-reports')} does not know these names"
    if client.settings.owner.place is None:
        advice += "; to send them to the maintainers: stripe-reports doctor --unknown FILE"
    else:
        advice += ", which come from a simulator or gateway, not from Stripe itself"
    yield Finding("not known", "warning", advice)


def _listed(rows: pl.DataFrame) -> list[str]:
    """Return the names with their report types; if there are many, the types with their number of names."""
    if rows.height <= _NAMED or not rows["report_type"][0]:
        return [f"{type_} {name}".strip() for type_, name in rows.select("report_type", "name").rows()]
    of_types = rows.group_by("report_type", maintain_order=True).len().rows()
    return [f"{type_} ({count:,})" for type_, count in of_types]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _versions() -> list[str]:
    packages = ("stripe-reports", "polars", "stripe", "requests-cache", "altair")
    return [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]


def _newest(client: Client) -> str:
    runs = client.runs(limit=1)
    if not runs:
        return "none is known yet"
    return f"the newest known is {runs[0].id} ({runs[0].report_type}, {runs[0].status})"


def _skew(client: Client) -> Finding:
    ahead = client.clock_skew()
    if ahead is None:
        return Finding("clock", "warning", "Stripe's time is not known")
    if abs(ahead) < SKEW_NOTED_FROM:
        return Finding("clock", "ok", "this machine's clock agrees with Stripe's")
    distance = timedelta(seconds=round(abs(ahead).total_seconds()))
    text = f"this machine's clock is {distance} {'ahead of' if ahead > timedelta(0) else 'behind'} Stripe's"
    return Finding("clock", "warning", f"{text}; periods follow Stripe's, but files get the wrong time")


def _folder(client: Client) -> str:
    client.cache.check_writable()
    sizes = client.cache.info()["size"]
    stored = f"{len(sizes):,} result{'' if len(sizes) == 1 else 's'}, {size_text(int(sizes.sum()))}"
    return f"{client.settings.cache_dir}: {stored}, can be written"
