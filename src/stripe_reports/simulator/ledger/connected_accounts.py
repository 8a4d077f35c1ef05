"""The accounts connected to the merchant's platform, each with books of its own.

They sell with direct charges and pay no application fee: what they sell is in their own balance and none of
it in the platform's. So a connected account is a smaller ledger of another seed, in its own currencies, and
its reports are the platform's over those rows. A long tail: the largest sells a quarter, the smallest next
to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.ledger import Ledger

__all__ = ["ConnectedAccount", "connected_account", "connected_accounts"]

_VOLUME = 2.5
"""Charges of all connected accounts for each one of the platform, before other currencies are left out."""

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
"""Business name (which an account may lack), country, and the currencies it settles in; largest first."""


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """An account of the platform.

    Attributes:
        platform: Id of the account that it is connected to.
        name: None where the account has not given one.
        country: Two letters.
        currencies: What it settles in.
        seed: Of its ledger.
        charges_per_day: Of its ledger, before other currencies are left out.
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
        """Everything that happened to its balance; made when first needed."""
        return _ledger(self.seed, self.charges_per_day, self.currencies)


def connected_accounts(platform: Ledger) -> tuple[ConnectedAccount, ...]:
    """The accounts connected to a ledger's merchant, largest first.

    Restatements concern the platform alone: its connected accounts are the same before and after.
    """
    return _accounts(platform.draws.seed, platform.charges_per_day)


@lru_cache(maxsize=4)
def _accounts(seed: int, charges_per_day: float) -> tuple[ConnectedAccount, ...]:
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
    """A ledger without what happened in other currencies: each currency has payouts of its own."""
    kept, wanted = Ledger(seed, charges_per_day), pl.col("currency").is_in(currencies)
    kept.activity, kept.payouts, kept.movements = (
        table.filter(wanted) for table in (kept.activity, kept.payouts, kept.movements)
    )
    return kept


def connected_account(platform: Ledger, id_: str | None) -> ConnectedAccount | None:
    """The connected account of that id; None if there is none."""
    return next((account for account in connected_accounts(platform) if account.id == id_), None)
