"""The accounts connected to the merchant's platform, each with its own ledger.

They sell with direct charges and pay no application fee: their sales are in their own balance and not in the
platform's. So a connected account is a smaller ledger with another seed, in its own currencies, and its
reports are made like the platform's. The largest account sells a quarter of the total, the smallest almost
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.ledger import Ledger

__all__ = ["ConnectedAccount", "accounts_of", "connected_account", "connected_accounts"]

_VOLUME = 2.5
"""Charges of all connected accounts per charge of the platform, before other currencies are left out."""

_SHOPS: tuple[tuple[str | None, str, tuple[str, ...]], ...] = (
    ("Alpenblick Sport GmbH", "AT", ("eur",)),
    ("Harbor & Pine Co.", "US", ("usd",)),
    ("Les Jardins d'Élise SARL", "FR", ("eur", "usd")),
    ("Cobalt Cycles LLC", "US", ("usd",)),
    ("株式会社みどり文具", "JP", ("jpy",)),
    ("Bäckerei Öztürk & Söhne", "DE", ("eur",)),
    ("Tulip Ceramics B.V.", "NL", ("eur",)),
    ("Gulf Date Traders W.L.L.", "KW", ("kwd",)),
    (None, "US", ("usd",)),
    ('Studio "Nord", Prints', "IE", ("eur",)),
    ("Kyoto Tea Lab", "JP", ("jpy", "usd")),
    ("Olivar del Sur S.L.", "ES", ("eur",)),
    ("Prairie Yarn Supply", "US", ("usd",)),
    ("Pequod Maps", "US", ("usd",)),
)
"""Business name (or None), country, and the currencies it settles in; largest first."""


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """An account of the platform.

    Attributes:
        platform: Id of the account it is connected to.
        name: None if the account has not given one.
        country: Two letters.
        currencies: The currencies it settles in.
        seed: Seed of its ledger.
        charges_per_day: Charges per day of its ledger, before other currencies are left out.
    """

    id: str
    platform: str
    name: str | None
    country: str
    currencies: tuple[str, ...]
    seed: int
    charges_per_day: float

    @property
    def ledger(self) -> Ledger:
        """Everything that changed its balance; created when first needed."""
        return _ledger(self.seed, self.charges_per_day, self.currencies)


def connected_accounts(platform: Ledger) -> tuple[ConnectedAccount, ...]:
    """Return the accounts connected to a ledger's merchant, largest first.

    Restatements change only the platform: its connected accounts stay the same.
    """
    return accounts_of(platform.draws.seed, platform.charges_per_day)


@lru_cache(maxsize=32)
def accounts_of(seed: int, charges_per_day: float) -> tuple[ConnectedAccount, ...]:
    """Return the accounts connected to the merchant with that ledger, which need not be created."""
    platform = Draws(seed)
    number = pl.int_range(len(_SHOPS), dtype=pl.UInt64)
    drawn = pl.select(
        id=platform.id("acct_", "connected account", number),
        platform=platform.id("acct_", "platform", 0 * number),
        seed=platform.hash("seed of account", number),
    )
    sizes = [1 / (rank + 1.5) for rank in range(len(_SHOPS))]
    return tuple(
        ConnectedAccount(
            **account,
            name=name,
            country=country,
            currencies=currencies,
            charges_per_day=charges_per_day * _VOLUME * size / sum(sizes),
        )
        for account, size, (name, country, currencies) in zip(drawn.to_dicts(), sizes, _SHOPS, strict=True)
    )


@lru_cache(maxsize=64)
def _ledger(seed: int, charges_per_day: float, currencies: tuple[str, ...]) -> Ledger:
    """Limit a ledger to some currencies: each currency has payouts of its own."""
    kept, wanted = Ledger(seed, charges_per_day), pl.col("currency").is_in(currencies)
    kept.activity, kept.payouts, kept.movements = (
        table.filter(wanted) for table in (kept.activity, kept.payouts, kept.movements)
    )
    return kept


def connected_account(platform: Ledger, id_: str | None) -> ConnectedAccount | None:
    """Return the connected account with that id; None if there is none."""
    return next((account for account in connected_accounts(platform) if account.id == id_), None)
