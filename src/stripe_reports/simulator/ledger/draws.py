"""Seeded draws as polars expressions: the same number for the same seed, name and index, anywhere.

A draw hashes (seed, name, index) with the finaliser of SplitMix64, written out in integer arithmetic:
polars' own ``hash`` may change with its version, and a random stream could not be drawn column by column.
Source of the constants: https://prng.di.unimi.it/splitmix64.c
"""

from __future__ import annotations

import string
import zlib
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import product

import polars as pl

__all__ = ["Draws"]

_U64 = pl.UInt64()
_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


class Draws:
    """Draws of one seed. Each takes the name of the value and the index of its row."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def hash(self, name: str, index: pl.Expr) -> pl.Expr:
        """Draw 64 bits; two indexes of one name never give the same bits."""
        offset = _mixed((self.seed * _GOLDEN + zlib.crc32(name.encode())) & _MASK)
        z = index.cast(_U64) + _u64(offset)
        z = (z ^ (z // _u64(1 << 30))) * _u64(_FIRST)
        z = (z ^ (z // _u64(1 << 27))) * _u64(_SECOND)
        return z ^ (z // _u64(1 << 31))

    def below(self, bound: int, name: str, index: pl.Expr) -> pl.Expr:
        """Draw a whole number from 0 to *bound* - 1."""
        return (self.hash(name, index) % _u64(bound)).cast(pl.Int64)

    def pick(self, pool: Sequence[str | None], name: str, index: pl.Expr) -> pl.Expr:
        """Draw one of the texts of *pool*; null where the pool has None."""
        return pl.lit(_texts(tuple(pool))).gather(self.below(len(pool), name, index))

    def id(self, prefix: str, name: str, index: pl.Expr) -> pl.Expr:
        """Draw an id such as ``ch_3Q…``: twelve base-62 digits hold the 64 bits, so ids are unique."""
        z = self.hash(name, index)
        chunks = [
            pl.lit(_chunks()).gather((z // _u64(62 ** (3 * k)) % _u64(62**3)).cast(pl.UInt32))
            for k in range(4)
        ]
        return pl.concat_str(pl.lit(prefix + "1Q"), *chunks)

    def payout_id(self, payout: pl.Expr) -> pl.Expr:
        """Write the id of a payout: users look payouts up by it."""
        return self.id("po_", "payout", payout)


@cache
def _texts(pool: tuple[str | None, ...]) -> pl.Series:
    return pl.Series(pool, dtype=pl.String)


@cache
def _chunks() -> pl.Series:
    digits = string.digits + string.ascii_letters
    return pl.Series(["".join(chunk) for chunk in product(digits, repeat=3)])


@lru_cache(maxsize=1024)
def _u64(value: int) -> pl.Expr:
    """Return a number as an expression; cached, since a report of many accounts has thousands."""
    return pl.lit(value, dtype=_U64)


def _mixed(z: int) -> int:
    z = (z ^ (z >> 30)) * _FIRST & _MASK
    z = (z ^ (z >> 27)) * _SECOND & _MASK
    return z ^ (z >> 31)
