"""Report types that can be requested in parts, and the summary that the parts must add up to.

If every row is one event with one time, which is in one part, the rows of all parts of an interval equal
Stripe's rows for the whole interval. ``payout_reconciliation.itemized`` is such a type: its interval is the
time at which a payout took effect, and all rows of a payout belong to that time. The rows of other types are
totals of their part, which must say which part it is.
"""

from __future__ import annotations

from collections.abc import Collection

from stripe_reports.catalog import get, report_types
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportType, base_of
from stripe_reports.render import remedies

__all__ = [
    "ACCOUNT",
    "MOMENT",
    "PART",
    "are_states",
    "check_split",
    "has_totals",
    "summary_of",
    "why_not_split",
]

ACCOUNT, PART, MOMENT = "account", "interval_start", "interval_end"
"""The columns of a set that say whose rows they are, of which part totals are, and when a state was."""

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
    return None


def has_totals(type_id: str) -> bool:
    """Tell whether the rows of a type are totals over its interval, such as a balance, and not events."""
    report_type = get(type_id) or _newest_of(base_of(type_id))
    if report_type is None or not {"itemized", "transaction_level"}.isdisjoint(report_type.base.split(".")):
        return False
    return not {"interval_start", "tax_invoice_month"}.isdisjoint(report_type.required_parameters)


def are_states(columns: Collection[str]) -> bool:
    """Tell whether rows with these columns are states at several moments, whose sum has no meaning."""
    return MOMENT in columns and PART not in columns


def check_split(type_id: str) -> None:
    """Refuse to split a type that has no parts.

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


def _newest_of(base: str) -> ReportType | None:
    versions = [type_ for type_ in report_types().values() if type_.base == base]
    return max(versions, key=lambda type_: type_.version, default=None)
