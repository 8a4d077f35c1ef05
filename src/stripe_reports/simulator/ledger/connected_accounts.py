"""The accounts connected to the merchant's platform, each with its own ledger.

They sell with direct charges and pay no application fee: their sales are in their own balance and not in the
platform's. So a connected account is a smaller ledger with another seed, in its own currencies, and its
reports are made like the platform's. The largest account sells a quarter of the total, the smallest almost
nothing. Beyond these, a platform can have any number of small accounts; see ``small_accounts``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.ledger import USUAL_ACCOUNTS, Ledger
from stripe_reports.simulator.ledger.small_accounts import POOL, currency_of, small_ledger

__all__ = ["ConnectedAccount", "accounts_by_id", "accounts_of", "connected_account", "connected_accounts"]

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

_SMALL = 0.005
"""Charges of each further account per charge of the platform."""

_COUNTRIES = {"eur": "FR", "usd": "US", "jpy": "JP"}
"""Countries of the further accounts, by their currency."""


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
        pool: For a small account, the seed of the ledger of its pool and its place there.
    """

    id: str
    platform: str
    name: str | None
    country: str
    currencies: tuple[str, ...]
    seed: int
    charges_per_day: float
    pool: tuple[int, int] | None = None

    @property
    def ledger(self) -> Ledger:
        """Everything that changed its balance; created when first needed."""
        if self.pool is not None:
            pool_seed, place = self.pool
            return small_ledger(pool_seed, POOL * self.charges_per_day, place, self.seed)
        return _ledger(self.seed, self.charges_per_day, self.currencies)


def connected_accounts(platform: Ledger) -> tuple[ConnectedAccount, ...]:
    """Return the accounts connected to a ledger's merchant, largest first.

    Restatements change only the platform: its connected accounts stay the same.
    """
    return accounts_of(platform.draws.seed, platform.charges_per_day, platform.accounts)


@lru_cache(maxsize=32)
def accounts_of(
    seed: int, charges_per_day: float, accounts: int = USUAL_ACCOUNTS
) -> tuple[ConnectedAccount, ...]:
    """Return the accounts connected to the merchant with that ledger, which need not be created."""
    platform = Draws(seed)
    number = pl.int_range(accounts, dtype=pl.UInt64)
    drawn = pl.select(
        id=platform.id("acct_", "connected account", number),
        platform=platform.id("acct_", "platform", 0 * number),
        seed=platform.hash("seed of account", number),
        pool=platform.hash("seed of pool", number // POOL),
    ).to_dicts()
    sizes = [1 / (rank + 1.5) for rank in range(len(_SHOPS))]
    named = tuple(
        ConnectedAccount(
            **(account | {"pool": None}),
            name=name,
            country=country,
            currencies=currencies,
            charges_per_day=charges_per_day * _VOLUME * size / sum(sizes),
        )
        for account, size, (name, country, currencies) in zip(drawn, sizes, _SHOPS, strict=False)
    )
    small = (
        ConnectedAccount(
            **(account | {"pool": (account["pool"], place % POOL)}),
            name=f"Shop {place + 1}",
            country=_COUNTRIES[currency_of(place % POOL)],
            currencies=(currency_of(place % POOL),),
            charges_per_day=charges_per_day * _SMALL,
        )
        for place, account in enumerate(drawn[len(_SHOPS) :], len(_SHOPS))
    )
    return (*named, *small)


@lru_cache(maxsize=32)
def accounts_by_id(seed: int, charges_per_day: float, accounts: int) -> Mapping[str, ConnectedAccount]:
    """Return the accounts that ``accounts_of`` returns, by id: a request looks for one of thousands."""
    return {account.id: account for account in accounts_of(seed, charges_per_day, accounts)}


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
    if id_ is None:
        return None
    return accounts_by_id(platform.draws.seed, platform.charges_per_day, platform.accounts).get(id_)
