"""Sentences about a request that its reports, sets and plans show once."""

from __future__ import annotations

from datetime import UTC, datetime

from stripe_reports.models import ReportRequest, base_of
from stripe_reports.planning import data_end

__all__ = ["remarks"]

_WITHOUT_A_PERIOD = datetime(2000, 1, 1, tzinfo=UTC)
"""A day for the offset of a zone; a downloaded file names no period."""

_LISTS_PAYOUTS = frozenset({"payouts.itemized", "connected_account_payouts.itemized"})


def remarks(request: ReportRequest) -> tuple[str, ...]:
    """Return what is special about a request: a shortened interval, and days that are no bank dates."""
    return (*data_end.notes(request), *_bank_dates(request))


def _bank_dates(request: ReportRequest) -> tuple[str, ...]:
    """Return a sentence about the days of ``effective_at``, in zones west of Greenwich.

    Stripe defines it as the time when an automatic payout is expected to arrive, which is midnight UTC.
    Source: https://docs.stripe.com/reports/report-types/balance
    """
    zone, moment = request.timezone, request.period_start or _WITHOUT_A_PERIOD
    names = request.columns or ("effective_at",)
    if base_of(request.report_type) not in _LISTS_PAYOUTS or not zone:
        return ()
    offset = moment.astimezone(request.display_zone).utcoffset()
    if not offset or offset.days >= 0 or "effective_at" not in names:
        return ()
    return (
        "The bank date of a payout is payout_expected_arrival_date. effective_at of an automatic payout is "
        f"midnight UTC of that day, so in {zone} it shows the evening before.",
    )
