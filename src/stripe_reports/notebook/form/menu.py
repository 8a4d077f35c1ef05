"""The choices on offer: report types by family, periods, columns in groups. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from stripe_reports import catalog
from stripe_reports.catalog.currencies import CURRENCIES
from stripe_reports.catalog.families import FAMILY_TITLES, family_title
from stripe_reports.catalog.purposes import ENDINGS, STOP_WORDS, purposes
from stripe_reports.models import Column, ReportType, iso, zone_named
from stripe_reports.planning import periods

__all__ = ["column_groups", "families", "period_choices", "static_menu", "unavailable"]


def static_menu() -> dict[str, Any]:
    """Return the part of the menu that does not change while a form is open."""
    return {
        "timezones": sorted(available_timezones()),
        "categories": [*catalog.categories()],
        "currencies": sorted(CURRENCIES),
        "purposes": [{"report_types": each.report_types, "words": each.words} for each in purposes()],
        "stop_words": sorted(STOP_WORDS),
        "endings": list(ENDINGS),
    }


def families(types: Mapping[str, ReportType], *, asked: bool, livemode: bool) -> list[dict[str, Any]]:
    """Return the report types by family and title, newest version first.

    Args:
        types: Those that the account offers; those of the catalogue are added.
        asked: True if Stripe was asked which types it offers.
        livemode: True for a live key.
    """
    known = {**catalog.report_types(), **types}
    newest = _newest(known, types if asked else known)
    groups: dict[str, list[dict[str, Any]]] = {title: [] for title in FAMILY_TITLES}
    for type_ in sorted(known.values(), key=lambda type_: (type_.name, type_.base, -type_.version)):
        entry = {
            "id": type_.id,
            "title": type_.name,
            "is_old": type_.id != newest[type_.base],
            "why_not": unavailable(type_, types, asked=asked, livemode=livemode),
        }
        groups[family_title(type_.family)].append(entry)
    return [{"title": title, "types": entries} for title, entries in groups.items() if entries]


def _newest(known: Mapping[str, ReportType], offered: Mapping[str, ReportType]) -> dict[str, str]:
    """Return the newest version of each name: of those offered, or else of those known."""
    columns = {id_: type_.default_columns for id_, type_ in known.items()}
    named = {type_.base for type_ in offered.values()}
    return {
        base: catalog.newest(base, {id_: columns[id_] for id_ in (offered if base in named else known)})
        for base in dict.fromkeys(type_.base for type_ in known.values())
    }


def unavailable(
    type_: ReportType, offered: Mapping[str, ReportType], *, asked: bool, livemode: bool
) -> str | None:
    """Return the reason why this key cannot run a type; None if it can, as far as is known."""
    if type_.livemode_only and not livemode:
        return "it needs a live key, and this is a test key"
    if asked and type_.id not in offered:
        return "Stripe does not offer it to this account" + ("" if livemode else " in test mode")
    return None


def period_choices(now: datetime, zone: str) -> list[dict[str, str]]:
    """Return the periods of the menu with their current days: presets, then months, quarters and years."""
    today = now.astimezone(zone_named(zone)).date()
    months = [divmod(today.year * 12 + today.month - 1 - back, 12) for back in range(1, 13)]
    quarters = [divmod(today.year * 4 + (today.month - 1) // 3 - back, 4) for back in range(1, 5)]
    groups = {
        "Relative": list(periods.PRESETS),
        "Months": [f"{year}-{month + 1:02}" for year, month in months],
        "Quarters": [f"{year}-Q{quarter + 1}" for year, quarter in quarters],
        "Years": [str(today.year - 1), str(today.year - 2)],
    }
    return [
        {"value": period, "group": group, "text": _period_text(period, now, zone)}
        for group, names in groups.items()
        for period in names
    ]


def _period_text(period: str, now: datetime, zone: str) -> str:
    interval = periods.parse(period, timezone=zone, now=now)
    if not periods.is_relative(period):
        start = interval.start.astimezone(zone_named(zone))
        return f"{start:%B %Y}" if len(period) == 7 and "Q" not in period else period.replace("-", " ")
    first, last = interval.start.astimezone(zone_named(zone)).date(), interval.last_included_day
    span = f"{first}" if first == last else f"{first} to {last}"
    name = "year to date" if period == "ytd" else period
    return f"{name.capitalize()} · {span}"


# Columns

_BY_PREFIX = {
    "customer_": "Customer",
    "shipping_": "Shipping",
    "card_": "Card and payment method",
    "payment_method_": "Card and payment method",
    "connected_account": "Connected account",
    "payout_": "Payouts",
    "automatic_payout_": "Payouts",
    "invoice_": "Invoices and subscriptions",
    "subscription_": "Invoices and subscriptions",
}
_BY_KIND = {
    "money": "Money",
    "rate": "Money",
    "currency": "Money",
    "datetime_utc": "Dates and times",
    "datetime_local": "Dates and times",
    "date": "Dates and times",
    "id": "Ids",
}
_GROUPS = ("Money", "Dates and times", "Ids", *dict.fromkeys(_BY_PREFIX.values()), "Other")


def column_groups(report_type: ReportType) -> list[dict[str, Any]]:
    """Group the columns of a type; metadata, which needs a key, is separate (``metadata_columns``)."""
    groups: dict[str, list[dict[str, str]]] = {title: [] for title in _GROUPS}
    for column in report_type.columns:
        if column.kind != "metadata":
            groups[_group(column)].append({"name": column.name, "description": column.marked_description})
    return [{"title": title, "columns": columns} for title, columns in groups.items() if columns]


def _group(column: Column) -> str:
    for prefix, title in _BY_PREFIX.items():
        if column.name.startswith(prefix) and column.kind not in ("money", "rate"):
            return title
    return _BY_KIND.get(column.kind, "Other")


def metadata_columns(columns: Iterable[Column]) -> list[str]:
    """Return the metadata columns of a type: ``payment_metadata``, ``customer_metadata`` and so on."""
    return [column.name.partition("[")[0] for column in columns if column.kind == "metadata"]


def available(type_: ReportType, zone: str) -> dict[str, str] | None:
    """Return the time range of the data and their publication time; None if Stripe was not asked."""
    if type_.data_available_start is None or type_.data_available_end is None:
        return None
    shown_in = zone_named(zone)
    first, last = (at.astimezone(shown_in) for at in (type_.data_available_start, type_.data_available_end))
    return {
        "first_day": f"{first:%Y-%m-%d}",
        "last_day": f"{last:%Y-%m-%d}",
        "from": f"{first:%Y-%m-%d %H:%M}",
        "to": f"{last:%Y-%m-%d %H:%M}",
        "published": f"{type_.updated.astimezone(shown_in):%Y-%m-%d %H:%M}" if type_.updated else "",
        "published_at": iso(type_.updated) if type_.updated else "",
    }
