"""Advise on fewer runs: one run of a ``connected_account_*`` type may have the rows of all accounts.

Such a type takes ``connected_account`` only as an option. That Stripe returns all connected accounts without
it is likely, and unproved. Source of the parameters: https://docs.stripe.com/reports/report-types/connect
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stripe_reports import catalog
from stripe_reports.models import ReportRequest, ReportType, base_of, has_version

__all__ = ["ACCOUNT_COLUMN", "FewerRuns", "covers_all_accounts", "fewer_runs"]

ACCOUNT_COLUMN = "connected_account"
"""The column that names the account of each row."""

_PREFIX = "connected_account_"
_FILTERS = frozenset({"connected_account", "connected_accounts"})


@dataclass(frozen=True, slots=True)
class FewerRuns:
    """Report types that have all accounts in one run.

    Attributes:
        instead: The type to request instead of each requested one.
        runs: Number of runs of the call as it is.
        needed: Number of runs that would be needed.
    """

    instead: tuple[tuple[str, str], ...]
    runs: int
    needed: int

    def __str__(self) -> str:
        named = ", ".join(f"{new} instead of {old}" if new != old else new for old, new in self.instead)
        return (
            f"Fewer runs may do: {named} takes connected_account as an option; without it, one run probably "
            f"has the rows of all connected accounts, with a column {ACCOUNT_COLUMN}. That would be "
            f"{self.needed:,} instead of {self.runs:,} runs, launched for the platform's own account. It is "
            "likely, but unproved at Stripe; the first such result is checked for that column."
        )


def fewer_runs(requests: Sequence[ReportRequest], accounts: int) -> FewerRuns | None:
    """Return how fewer runs would do; None if they would not, or not for all requested types.

    Args:
        requests: The requests of each account.
        accounts: Number of accounts.
    """
    if accounts < 2 or any(_FILTERS & request.parameters.keys() for request in requests):
        return None
    types = dict.fromkeys(request.report_type for request in requests)
    instead = tuple((name, other) for name in types if (other := _for_all_accounts(name)) is not None)
    if not instead:
        return None
    replaced = {name for name, _ in instead}
    once = sum(request.report_type in replaced for request in requests)
    return FewerRuns(instead, len(requests) * accounts, once + (len(requests) - once) * accounts)


def covers_all_accounts(request: ReportRequest) -> bool:
    """Return True if one run of the request should have the rows of all connected accounts."""
    if _FILTERS & request.parameters.keys():
        return False
    known = catalog.get(request.report_type)
    if known is None or not _names_accounts(known):
        return False
    return request.columns is None or ACCOUNT_COLUMN in request.columns


def _for_all_accounts(type_id: str) -> str | None:
    """Return the type with the rows of all accounts; in Reports v2, its name has no version either."""
    base = base_of(type_id)
    wanted = base if base.startswith(_PREFIX) else _PREFIX + base
    versions = [
        each for each in catalog.report_types().values() if each.base == wanted and _names_accounts(each)
    ]
    if not versions:
        return None
    return max(versions, key=lambda each: each.version).id if has_version(type_id) else wanted


def _names_accounts(report_type: ReportType) -> bool:
    """Return True for a type with an interval whose rows name their account."""
    return (
        report_type.base.startswith(_PREFIX)
        and "interval_start" in report_type.required_parameters
        and any(column.name == ACCOUNT_COLUMN for column in report_type.columns)
    )
