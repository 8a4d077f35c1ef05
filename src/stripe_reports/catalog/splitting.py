"""Which report types can be asked for in parts, and which summary says what the parts must sum to.

The parts of an interval, one below the other, must be what Stripe gives for the whole of it. That holds where
every row is one event with one time, which lies in one part. ``payout_reconciliation.itemized`` is such a
type: its interval is about when a payout took effect, and a payout brings all its rows along.
"""

from __future__ import annotations

from stripe_reports.catalog import get, report_types
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportType
from stripe_reports.render import remedies

__all__ = ["check_split", "summary_of", "why_not_split"]

_TOTALS = frozenset({"currency", "reporting_category", "gross", "fee", "net"})


def why_not_split(type_id: str) -> str | None:
    """Why reports of that versioned type cannot be asked for in parts, as a clause; None if they can.

    A version that is not catalogued follows the newest one that is.
    """
    base = type_id.rpartition(".")[0]
    report_type = get(type_id) or _newest_of(base)
    if report_type is None:
        return "is not in the catalogue, so it is not known whether its parts would add up to the whole"
    if "payout" in report_type.required_parameters:
        return "describes one payout and has no interval to split"
    if "interval_start" not in report_type.required_parameters:
        return "describes one moment, the end of the interval: there is nothing to split"
    if {"itemized", "transaction_level"}.isdisjoint(base.split(".")):
        itemized = _itemized_of(base)
        instead = f"; {itemized.base} has the single rows" if itemized else ""
        return f"adds up over its interval, so its parts are other figures than the whole{instead}"
    return None


def check_split(type_id: str) -> None:
    """Refuse to split what would mean something else in parts.

    Raises:
        ParameterError: The message says why.
    """
    reason = why_not_split(type_id)
    if reason is not None:
        raise ParameterError(f"{type_id} {reason}.", param="split", remedy=remedies.ask_for_the_whole())


def summary_of(type_id: str) -> ReportType | None:
    """The newest type with the sums of an itemised one by currency and category; None if none is known."""
    head, _, last = type_id.rpartition(".")[0].rpartition(".")
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
