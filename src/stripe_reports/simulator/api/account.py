"""The caller's account and its balance, as Stripe's JSON; both follow from the ledger.

Source: https://docs.stripe.com/api/accounts/object, https://docs.stripe.com/api/balance/balance_object
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stripe_reports.simulator.ledger.connected_accounts import ConnectedAccount
from stripe_reports.simulator.ledger.ledger import ACCOUNT_OPENED, Ledger
from stripe_reports.simulator.ledger.organisation import SiblingAccount
from stripe_reports.simulator.reports.balance_summary import figures_of

__all__ = ["AccountHolder", "account_answer", "balance_answer"]


@dataclass(frozen=True, slots=True)
class AccountHolder:
    """The business behind an account.

    Attributes:
        name: None if the account has not given one.
        country: Two letters.
        currency: The currency that Stripe uses by default.
        ledger: Everything that changed its balance.
    """

    id: str
    name: str | None
    country: str
    currency: str
    ledger: Ledger

    @classmethod
    def of(
        cls, platform: SiblingAccount, ledger: Ledger, connected: ConnectedAccount | None
    ) -> AccountHolder:
        """Return the holder of a connected account, or of the platform itself, which has that ledger."""
        if connected is None:
            return cls(platform.id, platform.name, platform.country, "eur", ledger)
        currency = connected.currencies[0]
        return cls(connected.id, connected.name, connected.country, currency, connected.ledger)


def account_answer(holder: AccountHolder) -> dict[str, Any]:
    """Write the account: the members that a merchant's own code reads, and none with personal data."""
    return {
        "id": holder.id,
        "object": "account",
        "business_profile": {"name": holder.name},
        "business_type": "company",
        "charges_enabled": True,
        "country": holder.country,
        "created": int(ACCOUNT_OPENED.timestamp()),
        "default_currency": holder.currency,
        "details_submitted": True,
        "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": holder.name, "timezone": "Etc/UTC"}},
        "type": "standard",
    }


def balance_answer(holder: AccountHolder, now: int, *, livemode: bool) -> dict[str, Any]:
    """Write the balance at *now*: available and pending sum to the ending balance of the reports."""
    figures = figures_of([holder.ledger], now, now)
    available = {currency: figure["starting_balance_available"] for currency, figure in figures.items()}
    pending = {
        currency: figure["starting_balance"] - available[currency] for currency, figure in figures.items()
    }
    return {
        "object": "balance",
        "available": _amounts(available, holder.currency),
        "livemode": livemode,
        "pending": _amounts(pending, holder.currency),
    }


def _amounts(amounts: dict[str, int], default_currency: str) -> list[dict[str, Any]]:
    """Write minor units by currency; an account without any activity has zero in its default currency."""
    return [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in (amounts or {default_currency: 0}).items()
    ]
