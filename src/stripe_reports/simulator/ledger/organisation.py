"""The organisation that the simulated account belongs to: sibling accounts, each with its own ledger.

The main account is the merchant itself. Its siblings are other businesses of the same owner, none of them
connected to another; one key reaches them all. Each of them is a platform with connected accounts too.

Source: https://docs.stripe.com/get-started/account/orgs, https://docs.stripe.com/keys/organization-api-keys
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import NamedTuple

import polars as pl

from stripe_reports.simulator.ledger.connected_accounts import (
    ConnectedAccount,
    accounts_by_id,
    accounts_of,
)
from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.ledger import USUAL_ACCOUNTS, Ledger
from stripe_reports.simulator.ledger.pricing import Pricing, Terms

__all__ = ["SiblingAccount", "account_of_path", "organisation", "platform_of", "sibling_accounts"]

_MAIN = ("Aurora Outfitters SA", "LU")
"""Name and country of the main account."""


class _Business(NamedTuple):
    """A sibling of the main account.

    Attributes:
        size: Its charges per charge of the main account.
        pricing: How it pays Stripe. Those that do not pay in each charge have instant payouts too.
    """

    name: str
    country: str
    size: float
    pricing: Pricing = "blended"

    def terms(self, of_main: Terms) -> Terms:
        """Return its terms: what no source proves is as for the main account."""
        return replace(of_main, pricing=self.pricing, has_instant_payouts=self.pricing != "blended")


_SIBLINGS = (
    _Business("Aurora Wholesale GmbH", "DE", 0.3),
    _Business("Aurora Marketplace Ltd", "IE", 0.2, "interchange_plus"),
    _Business("Aurora Tickets Ltd", "IE", 0.15, "stand_alone"),
)
"""The other accounts. Their order fixes their ids: add new ones at the end."""


@dataclass(frozen=True, slots=True)
class SiblingAccount:
    """An account of the organisation.

    Attributes:
        name: Name of the business.
        country: Two letters.
        seed: Seed of its ledger.
        charges_per_day: Mean number of charges a day.
        open_ledger: Returns its ledger.
        accounts: Number of accounts that are connected to it.
    """

    id: str
    name: str
    country: str
    seed: int
    charges_per_day: float
    open_ledger: Callable[[], Ledger] = field(repr=False, compare=False)
    accounts: int = USUAL_ACCOUNTS

    @property
    def ledger(self) -> Ledger:
        """Everything that changed its balance; created when first needed."""
        return self.open_ledger()

    @property
    def connected_accounts(self) -> tuple[ConnectedAccount, ...]:
        """The accounts connected to it, largest first."""
        return accounts_of(self.seed, self.charges_per_day, self.accounts)

    def has(self, id_: str) -> bool:
        """Tell whether an account is connected to it."""
        return id_ in accounts_by_id(self.seed, self.charges_per_day, self.accounts)


def sibling_accounts(platform: Ledger) -> tuple[SiblingAccount, ...]:
    """Return the accounts of the organisation: first the main account, whose ledger is given."""
    return organisation(
        platform.draws.seed, platform.charges_per_day, lambda: platform, platform.terms, platform.accounts
    )


def organisation(
    seed: int,
    charges_per_day: float,
    main: Callable[[], Ledger],
    terms: Terms,
    connected: int = USUAL_ACCOUNTS,
) -> tuple[SiblingAccount, ...]:
    """Return the accounts of the organisation without creating a ledger.

    Args:
        seed: Seed of the main account.
        charges_per_day: Size of the main account; the others are smaller or larger in proportion.
        main: Returns the ledger of the main account. Restatements change no other account.
        terms: Those of the main account.
        connected: Number of accounts that are connected to the main account.
    """
    (id_, *ids), seeds = _drawn(seed)
    accounts = [SiblingAccount(id_, *_MAIN, seed, charges_per_day, main, connected)]
    for business, id_, own_seed in zip(_SIBLINGS, ids, seeds, strict=True):
        size = charges_per_day * business.size
        ledger = partial(_ledger, own_seed, size, business.terms(terms))
        accounts.append(SiblingAccount(id_, business.name, business.country, own_seed, size, ledger))
    return tuple(accounts)


def platform_of(accounts: Sequence[SiblingAccount], id_: str | None) -> SiblingAccount:
    """Return the sibling that has that id or to which the account is connected; None is the main account."""
    for sibling in accounts:
        if id_ is not None and (id_ == sibling.id or sibling.has(id_)):
            return sibling
    return accounts[0]


def account_of_path(accounts: Sequence[SiblingAccount], path: Sequence[str]) -> str | None:
    """Return the last id of a path that begins with a sibling; None if there is no such account.

    A path is a sibling, or a sibling and an account connected to it. The simulator has no recipients, which
    Stripe puts below connected accounts.
    """
    for sibling in accounts:
        if path[0] == sibling.id and (len(path) == 1 or (len(path) == 2 and sibling.has(path[1]))):
            return path[-1]
    return None


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
def _ledger(seed: int, charges_per_day: float, terms: Terms) -> Ledger:
    return Ledger(seed, charges_per_day, terms=terms)
