"""Facts about a report: a line for each currency, and its provenance."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from stripe_reports.notebook.form.cells import currency_columns
from stripe_reports.notebook.form.shown_report import ShownReport
from stripe_reports.parsing.payout_rows import transactions_of
from stripe_reports.render.currency_order import busiest_first, nonzero_rows, sort_by_currency
from stripe_reports.render.money import STATES, figure
from stripe_reports.report.file_report import FileReport
from stripe_reports.report.report_set import ReportSet
from stripe_reports.storage.disk import shown_path

__all__ = ["provenance", "summary"]

_MOST_SUMS = 4
_BALANCES = {"starting_balance": "starting balance", "ending_balance": "ending balance"}


def summary(report: ShownReport) -> list[dict[str, str]]:
    """Write a line for each currency: its rows and sums, or the balances of a balance summary."""
    rows = report.scan()
    schema = rows.collect_schema()
    if {"category", "net_amount", "currency"} <= set(schema):
        return _balances(rows)
    currency_of = currency_columns(schema)
    groups: dict[str, list[str]] = {}
    for name, currency in currency_of.items():
        if name in STATES:
            continue
        groups.setdefault(currency, []).append(name)
    if not groups:
        count = int(rows.select(pl.len()).collect().item())
        return [{"currency": "", "text": _rows_text(count)}]
    currency = "currency" if "currency" in groups else next(iter(groups))
    if "reporting_category" in schema:
        rows = transactions_of(rows, report.request.report_type)
    return _sums(rows, currency, groups[currency][:_MOST_SUMS])


def _sums(rows: pl.LazyFrame, currency: str, names: list[str]) -> list[dict[str, str]]:
    sums = rows.group_by(currency).agg(pl.len().alias("\0rows"), pl.col(names).sum()).collect()
    order = busiest_first(nonzero_rows(rows, currency=currency, amounts=names))
    lines = []
    for row in sort_by_currency(sums, order, currency).iter_rows(named=True):
        code = row[currency] or ""
        parts = [f"{name.replace('_', ' ')} {figure(row[name], code)}" for name in names]
        lines.append({"currency": code.upper(), "text": " · ".join([_rows_text(row["\0rows"]), *parts])})
    return lines


def _balances(rows: pl.LazyFrame) -> list[dict[str, str]]:
    found = rows.filter(pl.col("category").is_in(list(_BALANCES)), pl.col("currency") != "").collect()
    lines = []
    found = sort_by_currency(found, busiest_first(nonzero_rows(rows)))
    for (code,), part in found.group_by("currency", maintain_order=True):
        amounts = dict(part.select("category", "net_amount").iter_rows())
        text = " · ".join(
            f"{title} {figure(amounts[category], str(code))}"
            for category, title in _BALANCES.items()
            if category in amounts
        )
        lines.append({"currency": str(code).upper(), "text": text})
    return lines


def _rows_text(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def provenance(report: ShownReport) -> list[tuple[str, str]]:
    """Return the provenance of a report as names and texts."""
    if isinstance(report, FileReport):
        return _of_file(report)
    if isinstance(report, ReportSet):
        return _of_set(report)
    of = report.provenance
    zone = report.request.display_zone
    facts = [
        ("Report type", report.request.report_type),
        ("Run", report.run.id),
        ("Data of", _at(of.as_of, zone)),
        ("Read from Stripe", _at(of.fetched_at, zone)),
        ("Account", of.account or "the key's own account"),
        ("Mode", "live" if of.livemode else "test"),
        ("API version", of.api_version),
        ("Stripe's file", f"{report.run.file.id if report.run.file else ''}, {of.size:,} bytes"),
        ("SHA-256 of the file", of.sha256),
        ("Assumed", " ".join(report.reuse.assumed)),
        ("Types set by hand", ", ".join(f"{name}: {dtype}" for name, dtype in of.schema_overrides.items())),
        ("Stored as", shown_path(report.path)),
    ]
    return [(name, text) for name, text in facts if text]


def _of_file(report: FileReport) -> list[tuple[str, str]]:
    of = report.provenance
    facts = [
        ("Report type", report.request.report_type),
        ("File", f"{of.name}, {of.size:,} bytes"),
        ("SHA-256 of the file", of.sha256),
        ("Assumed", " ".join(report.reuse.assumed)),
        ("Types set by hand", ", ".join(f"{name}: {dtype}" for name, dtype in of.schema_overrides.items())),
    ]
    return [(name, text) for name, text in facts if text]


def _of_set(reports: ReportSet) -> list[tuple[str, str]]:
    zone = reports.request.display_zone
    return [
        ("Report type", reports.request.report_type),
        ("Parts", f"{len(reports):,}, by {reports.split}" if reports.split else f"{len(reports):,}"),
        *(
            (
                f"To {part.request.last_included_day}",
                f"run {part.run.id}, data of {_at(part.provenance.as_of, zone)}, "
                f"SHA-256 of the file {part.provenance.sha256}",
            )
            for part in reports
        ),
    ]


def _at(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M:%S} {zone.key}"
