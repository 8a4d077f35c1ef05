"""Restricted keys: their permissions, and Stripe's refusal that names the missing permission.

Source: https://docs.stripe.com/keys#limit-access, https://docs.stripe.com/stripe-apps/reference/permissions
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from stripe_reports.simulator.api.answers import StripeError

__all__ = [
    "ACCOUNT_READ",
    "BALANCE_READ",
    "DATA_QUERIES_READ",
    "DATA_REPORTS_READ",
    "EVENTS_READ",
    "FILES_READ",
    "FILES_WRITE",
    "REPORTS_READ",
    "Permissions",
    "check_permission",
    "permissions",
]

Permissions = frozenset[str] | None
"""Permissions of a key; None for all."""

REPORTS_READ = "report_runs_and_report_types_read"
"""Enough to list types and to create and read runs."""

FILES_READ = "file_read"
FILES_WRITE = "file_write"

ACCOUNT_READ = "accounts_kyc_basic_read"
BALANCE_READ = "balance_read"
EVENTS_READ = "event_read"
"""These three are reported: Stripe's refusals name them."""

DATA_REPORTS_READ = "data_reports_read"
DATA_QUERIES_READ = "data_queries_read"
"""The two of Reports v2. Source: https://docs.stripe.com/data/api"""

_NAME = re.compile(r"(?:rak_)?([a-z0-9_]+_(?:read|write))")


def permissions(key: str, names: Iterable[str]) -> frozenset[str]:
    """Return the permissions of a restricted key; permission to write includes permission to read.

    An organisation's key can be restricted too; its prefix is the same.
    Source: https://docs.stripe.com/keys/organization-api-keys

    Raises:
        ValueError: The key cannot be restricted, or a name is not of the form ``file_read``.
    """
    if not re.fullmatch(r"(?:rk|sk_org)_(?:test|live)_\w+", key):
        raise ValueError(
            "Only restricted keys (rk_test_… and rk_live_…) and keys of an organisation (sk_org_…) have "
            "permissions."
        )
    granted = set()
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"{name!r} is not a permission. Use names like {REPORTS_READ} or {FILES_READ}.")
        granted |= {match[1], match[1].replace("_write", "_read")}
    return frozenset(granted)


def check_permission(granted: Permissions, needed: str, *, shown_key: str, account: str) -> None:
    """Refuse a request whose key lacks the permission.

    Raises:
        StripeError: 403, with the name of the permission.
    """
    if granted is not None and needed not in granted:
        raise StripeError(
            403,
            f"The provided key '{shown_key}' does not have the required permissions for this endpoint on "
            f"account '{account}'. Having the 'rak_{needed}' permission would allow this request "
            "to continue.",
        )
