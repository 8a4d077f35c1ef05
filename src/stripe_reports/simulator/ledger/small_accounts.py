"""The many small accounts of a large platform: some hundred share out the rows of one ledger.

A ledger takes as long for ten charges as for thousands. So a pool of accounts has one ledger, created when it
is first needed; each charge, with all that follows from it, and each fee belongs to one account of the pool.
Ids and details are drawn for each account by itself. What is common to a pool: its payouts fail on the same
days.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import lru_cache

import polars as pl

from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.ledger import Ledger

__all__ = ["POOL", "currency_of", "small_ledger"]

POOL = 250
"""Accounts that share a ledger."""

_CURRENCIES = ("eur", "usd", "eur", "jpy", "eur", "usd", "eur", "usd", "jpy", "eur")
"""The currency of each account in turn; their shares are about those of the charges."""


def currency_of(place: int) -> str:
    """Return the only currency of an account, by its place in the pool."""
    return _CURRENCIES[place % len(_CURRENCIES)]


def small_ledger(pool_seed: int, charges_per_day: float, place: int, seed: int) -> Ledger:
    """Return the ledger of an account, with the ids and details of its own seed.

    Args:
        pool_seed: Seed of the ledger that the pool shares out.
        charges_per_day: Charges of the whole pool.
        place: Place of the account in the pool.
        seed: Seed of the account.
    """
    pool, parts = _shared_out(pool_seed, charges_per_day)
    ledger = copy(pool)
    ledger.draws = Draws(seed)
    ledger.activity, ledger.payouts, ledger.movements = (
        part.get((place,), whole.clear())
        for part, whole in zip(parts, (pool.activity, pool.payouts, pool.movements), strict=True)
    )
    return ledger


@lru_cache(maxsize=64)
def _shared_out(
    seed: int, charges_per_day: float
) -> tuple[Ledger, Sequence[dict[tuple[object, ...], pl.DataFrame]]]:
    """Return the ledger of a pool, and its three tables by account."""
    pool = Ledger(seed, charges_per_day)
    number = pool.draws.hash("account of the pool", pl.coalesce("charge", "transaction"))
    place = pl.lit(None, pl.Int64)
    for currency in set(_CURRENCIES):
        places = pl.Series([each for each in range(POOL) if currency_of(each) == currency])
        drawn = pl.lit(places).gather(number % pl.lit(len(places), pl.UInt64))
        place = pl.when(pl.col("currency") == currency).then(drawn).otherwise(place)
    pool.settle(pool.activity.with_columns(account=place).drop_nulls("account"), "account")
    tables = (pool.activity, pool.payouts, pool.movements)
    parts = [table.partition_by("account", as_dict=True, include_key=False) for table in tables]
    pool.activity, pool.payouts, pool.movements = (table.drop("account").clear() for table in tables)
    return pool, parts
