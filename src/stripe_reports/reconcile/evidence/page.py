"""``index.html``: the close on one self-contained page, for a browser or paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any

import polars as pl

from stripe_reports.charts.panels import Chart
from stripe_reports.pages import page as pages
from stripe_reports.pages.page import Html, Section
from stripe_reports.reconcile.evidence.layout import CONTROLS, MANIFEST, report_files
from stripe_reports.reconcile.tie_out import TieOut
from stripe_reports.render.cells import text_in_row
from stripe_reports.render.mark import mark
from stripe_reports.render.money import figure, money
from stripe_reports.report.report import Report

__all__ = ["page_of"]

MOST_ROWS = 50


def page_of(tie_out: TieOut, charts: Mapping[str, Chart], written_at: datetime) -> str:
    """Return the page as HTML.

    Args:
        tie_out: The controls, with their reports.
        charts: The charts, by the names of their reports.
        written_at: Time at which the evidence is written.
    """
    parts = [_controls(tie_out)]
    if not tie_out.passes:
        parts.append(_differences(tie_out))
    parts.extend([_amounts(tie_out), _legend(tie_out)])
    if "summary" in tie_out.reports:
        order = tie_out.frame()["currency"].unique(maintain_order=True).to_list()
        parts.append(pages.section("Balance", _figures(tie_out.reports["summary"], order)))
    parts.extend(pages.section(_title(name), pages.figure(chart)) for name, chart in charts.items())
    parts.extend([_reports(tie_out), _how_to_check()])
    test = "" if all(r.provenance.livemode for r in tie_out.reports.values()) else "Test data"
    lines = [line for line in (_interval(tie_out), test, f"Written {written_at:%Y-%m-%d %H:%M} UTC") if line]
    return pages.page(f"Close of {tie_out.title}", *parts, subtitle=lines, has_contents=True)


def _interval(tie_out: TieOut) -> str:
    if tie_out.interval is None:
        return ""
    request = next(iter(tie_out.reports.values())).request
    zone = request.display_zone
    start, end = (bound.astimezone(zone) for bound in tie_out.interval)
    return f"From {start:%Y-%m-%d %H:%M} up to, not including, {end:%Y-%m-%d %H:%M}, {zone.key}"


def _controls(tie_out: TieOut) -> Section:
    """Return a table with a row for each control and a column for each currency."""
    currencies = tie_out.frame()["currency"].unique(maintain_order=True).to_list()
    rows = []
    for (control,), cells in tie_out.frame().group_by("control", maintain_order=True):
        by_currency = {cell["currency"]: cell for cell in cells.iter_rows(named=True)}
        rows.append([str(control), *(_outcome(by_currency[currency]) for currency in currencies)])
    sentence = Html(f"<p>{mark(tie_out.passes)} <strong>{escape(tie_out.summary)}</strong></p>")
    header = ["Control", *map(_code, currencies)]
    notes = [pages.note(note) for note in tie_out.notes]
    return pages.section("Controls", sentence, pages.table(header, rows), *notes)


def _outcome(cell: Mapping[str, Any]) -> Html:
    difference = cell["difference"]
    text = "" if cell["passes"] and not difference else escape(_signed(difference, cell["currency"]))
    return Html(f"{mark(cell['passes'])} {text}{' explained' if cell['explanation'] else ''}".rstrip())


def _amounts(tie_out: TieOut) -> Section:
    """Return a table for each currency, with both amounts of each control and their difference."""
    header = ["Control", "Left", "Right", "Difference", ""]
    tables = []
    for (currency,), cells in tie_out.frame().group_by("currency", maintain_order=True):
        code = str(currency or "")
        rows = [
            [
                row["control"],
                figure(row["left"], code),
                figure(row["right"], code),
                figure(row["difference"], code, signed=True),
                Html(mark(row["passes"]) + (" explained" if row["explanation"] else "")),
            ]
            for row in cells.iter_rows(named=True)
        ]
        tables.append(Html(f"<h3>{escape(_code(code))}</h3>{pages.table(header, rows, numeric=(1, 2, 3))}"))
    return pages.section("Amounts of the controls", *tables)


def _legend(tie_out: TieOut) -> Section:
    """Return what the two amounts of each control are."""
    rows = [[name, *sides] for name, sides in tie_out.sides.items()]
    table = pages.table(["Control", "Left", "Right"], rows)
    return pages.section(
        "What each control compares",
        table,
        pages.note(
            "A control passes if both amounts are equal; one over many rows, payouts or transactions passes "
            "if they are equal for each of them."
        ),
    )


def _signed(amount: Decimal, currency: str | None) -> str:
    return money(amount, currency, signed=True)


def _code(currency: str | None) -> str:
    return (currency or "no currency").upper()


def _differences(tie_out: TieOut) -> Section:
    """List the rows behind each control that fails."""
    parts = []
    for control, currency in tie_out.failed().select("control", "currency").iter_rows():
        found = tie_out.rows(control, currency)
        title = f"{control}, {_code(currency)}"
        shown = [column for column in _SHOWN if column in found.columns]
        parts.append(_table(found.select(shown).head(MOST_ROWS), title))
        if found.height > MOST_ROWS:
            parts.append(pages.note(f"… and {found.height - MOST_ROWS:,} more rows."))
    return pages.section("Rows that cause the differences", *parts)


_SHOWN = (
    *("report", "why", "difference", "balance_transaction_id", "payout_id", "category"),
    *("reporting_category", "currency", "gross", "fee", "net", "net_amount", "description"),
)


def _figures(summary: Report, order: Sequence[str | None]) -> Html:
    """Return a row for each line of the balance summary and a column for each currency, in that order."""
    frame = summary.frame().filter(pl.col("currency").is_not_null() | (pl.col("net_amount") != 0))
    if frame.is_empty():
        return pages.note("There was no activity and no balance.")
    currencies = [each for each in order if each in set(frame["currency"])]
    rows = []
    for (line,), cells in frame.group_by("description", maintain_order=True):
        amounts = dict(cells.select("currency", "net_amount").iter_rows())
        texts = (figure(amounts[each], each or "") if each in amounts else "" for each in currencies)
        rows.append([str(line), *texts])
    return pages.table(["", *map(_code, currencies)], rows, numeric=range(1, len(currencies) + 1))


def _table(frame: pl.DataFrame, caption: str) -> Html:
    numeric = [n for n, dtype in enumerate(frame.dtypes) if dtype.is_numeric()]
    rows = [[text_in_row(name, row) for name in row] for row in frame.iter_rows(named=True)]
    return pages.table([_title(name) for name in frame.columns], rows, numeric=numeric, caption=caption)


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _reports(tie_out: TieOut) -> Section:
    parts = []
    for name, report in tie_out.reports.items():
        known = report.provenance
        files = Html(", ".join(f'<a href="{path}">{path}</a>' for path in report_files(name)))
        parts.append(Html(f"<h3>{escape(_title(name))}</h3>"))
        parts.append(
            pages.facts(
                {
                    "Report type": report.run.report_type,
                    "Request": repr(report.request),
                    "Run": report.run.id,
                    "Data as of": f"{known.as_of:%Y-%m-%d %H:%M:%S} UTC",
                    "Fetched": f"{known.fetched_at:%Y-%m-%d %H:%M:%S} UTC",
                    "Account": known.account,
                    "SHA-256 of Stripe's file": known.sha256,
                    "Files": files,
                }
            )
        )
    return pages.section("Reports", *parts)


def _how_to_check() -> Section:
    return pages.section(
        "How to verify this",
        Html(
            f'<p>All controls are in <a href="{CONTROLS}">{CONTROLS}</a>; the SHA-256 of every file is in '
            f'<a href="{MANIFEST}">{MANIFEST}</a>. In this folder, <code>sha256sum --check {MANIFEST}</code> '
            "shows whether a file was changed; <code>stripe-reports verify .</code> also computes the "
            "controls again from the Parquet files, without a key.</p>"
        ),
    )
