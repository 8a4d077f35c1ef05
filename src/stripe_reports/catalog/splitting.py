"""Report types that can be requested in parts, and the summary that the parts must add up to.

The rows of all parts of an interval must equal Stripe's rows for the whole interval. This holds if every row
is one event with one time, which is in one part. ``payout_reconciliation.itemized`` is such a type: its
interval is the time at which a payout took effect, and all rows of a payout belong to that time.
"""

from __future__ import annotations

from stripe_reports.catalog import get, report_types
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportType, base_of
from stripe_reports.render import remedies

__all__ = ["check_split", "summary_of", "why_not_split"]

_TOTALS = frozenset({"currency", "reporting_category", "gross", "fee", "net"})


def why_not_split(type_id: str) -> str | None:
    """Return a clause that explains why a type cannot be split; None if it can.

    A version that is not catalogued is treated like the newest catalogued one.
    """
    base = base_of(type_id)
    report_type = get(type_id) or _newest_of(base)
    if report_type is None:
        return "is not in the catalogue, so it is not known whether its parts would add up to the whole"
    if "payout" in report_type.required_parameters:
        return "describes one payout and has no interval to split"
    if "tax_invoice_month" in report_type.required_parameters:
        return None  # every report of it is one month, so there is no whole to differ from
    if "interval_start" not in report_type.required_parameters:
        return "describes one moment, the end of the interval, so there is nothing to split"
    if {"itemized", "transaction_level"}.isdisjoint(base.split(".")):
        itemized = _itemized_of(base)
        instead = f"; {itemized.base} has the individual rows" if itemized else ""
        return f"has totals over its interval, so its parts differ from the whole{instead}"
    return None


def check_split(type_id: str) -> None:
    """Refuse to split a type whose parts do not equal the whole.

    Raises:
        ParameterError: The type cannot be split; the message says why.
    """
    reason = why_not_split(type_id)
    if reason is not None:
        raise ParameterError(f"{type_id} {reason}.", param="split", remedy=remedies.ask_for_the_whole())


def summary_of(type_id: str) -> ReportType | None:
    """Return the newest type with the totals of an itemised one; None if unknown."""
    head, _, last = base_of(type_id).rpartition(".")
    summary = _newest_of(f"{head}.summary") if last == "itemized" else None
    if summary is None or not {column.name for column in summary.columns} >= _TOTALS:
        return None
    return summary


def _itemized_of(base: str) -> ReportType | None:
    head, _, last = base.rpartition(".")
    if last != "summary":
        return None
    return _newest_of(f"{head}.itemized") or _newest_of(f"{head}_change_from_activity.itemized")


def _newest_of(base: str) -> ReportType | None:
    versions = [type_ for type_ in report_types().values() if type_.base == base]
    return max(versions, key=lambda type_: type_.version, default=None)
