"""The organisation that the simulated account belongs to: sibling accounts, each with its own ledger.

The main account is the merchant itself. Its siblings are other businesses of the same owner, none of them
connected to another; one key reaches them all. Each sibling may be a platform with connected accounts too.

Source: https://docs.stripe.com/get-started/account/orgs, https://docs.stripe.com/keys/organization-api-keys
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import NamedTuple

import polars as pl

from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.ledger import Ledger

__all__ = ["SiblingAccount", "sibling_accounts"]

_MAIN = ("Aurora Outfitters S.A.", "LU")
"""Name and country of the main account."""


class _Business(NamedTuple):
    """A sibling of the main account.

    Attributes:
        ledger: Creates its ledger from its own seed and the main account's charges per day.
    """

    name: str
    country: str
    ledger: Callable[[int, float], Ledger]


def _smaller(seed: int, charges_per_day: float) -> Ledger:
    return Ledger(seed, charges_per_day * 0.3)


_SIBLINGS = (_Business("Aurora Wholesale GmbH", "DE", _smaller),)
"""The other accounts. Their order fixes their ids: add new ones at the end."""


@dataclass(frozen=True, slots=True)
class SiblingAccount:
    """An account of the organisation.

    Attributes:
        name: Name of the business.
        country: Two letters.
        books: Returns its ledger.
    """

    id: str
    name: str
    country: str
    books: Callable[[], Ledger] = field(repr=False, compare=False)

    @property
    def ledger(self) -> Ledger:
        """Everything that changed its balance; created when first needed."""
        return self.books()


def sibling_accounts(platform: Ledger) -> tuple[SiblingAccount, ...]:
    """Return the accounts of the organisation: the main account first, with the ledger that is given.

    Restatements change only the main account.
    """
    (main, *ids), seeds = _drawn(platform.draws.seed)
    size = platform.charges_per_day
    return (
        SiblingAccount(main, *_MAIN, books=lambda: platform),
        *(
            SiblingAccount(id_, sibling.name, sibling.country, partial(_ledger, number, seeds[number], size))
            for number, (id_, sibling) in enumerate(zip(ids, _SIBLINGS, strict=True))
        ),
    )


@lru_cache(maxsize=16)
def _drawn(seed: int) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the ids of all accounts, and the seeds of those after the first."""
    draws, number = Draws(seed), pl.int_range(len(_SIBLINGS), dtype=pl.UInt64)
    others = pl.select(
        id=draws.id("acct_", "sibling account", number), seed=draws.hash("seed of sibling", number)
    )
    main = pl.select(draws.id("acct_", "platform", pl.lit(0, pl.UInt64))).item()
    return (main, *others["id"]), tuple(others["seed"])


@lru_cache(maxsize=16)
def _ledger(number: int, seed: int, charges_per_day: float) -> Ledger:
    return _SIBLINGS[number].ledger(seed, charges_per_day)
