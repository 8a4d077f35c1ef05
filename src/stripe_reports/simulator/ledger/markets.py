"""The merchant's markets: sales, payout schedule and Stripe's fees for each currency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from stripe_reports.catalog import REPORTING_CATEGORIES, UNLISTED_CATEGORIES

__all__ = ["CATEGORY", "CURRENCY", "DECIMALS", "MARKETS", "Market"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The merchant's business in one currency.

    Attributes:
        share: Charges out of a thousand; the last market has all that remain.
        price: Percent of the price in euro cents, in minor units.
        price_step: Prices are rounded down to a multiple of this.
        schedule: Payouts: automatic every business day or Friday, or by hand.
        opened: Day of the first charge.
        pauses: True if there are weeks without charges.
        fee_rate: Stripe's fee per thousand of the amount.
        fee_fixed: Fixed fee added to it, in minor units.
        dispute_fee: Fee of a dispute, in minor units.
        radar_fee: Stand-alone fee, in minor units: the smallest, and the number of different ones.
    """

    currency: str
    decimals: int
    share: int
    price: int
    price_step: int = 1
    schedule: Literal["daily", "weekly", "manual"]
    opened: date = date(2024, 11, 5)
    pauses: bool = False
    fee_rate: int
    fee_fixed: int
    dispute_fee: int
    radar_fee: tuple[int, int]


MARKETS = (
    Market(
        currency="usd", decimals=2, share=320, price=110, schedule="daily", pauses=True,
        fee_rate=29, fee_fixed=30, dispute_fee=1500, radar_fee=(2, 40),
    ),
    Market(
        currency="jpy", decimals=0, share=140, price=170, schedule="weekly", pauses=True,
        fee_rate=36, fee_fixed=0, dispute_fee=1300, radar_fee=(1, 9),
    ),
    Market(
        currency="kwd", decimals=3, share=70, price=340, price_step=10, schedule="manual",
        opened=date(2025, 3, 3), fee_rate=27, fee_fixed=100, dispute_fee=4500, radar_fee=(5, 300),
    ),
    Market(
        currency="eur", decimals=2, share=470, price=100, schedule="daily",
        fee_rate=15, fee_fixed=25, dispute_fee=2000, radar_fee=(2, 60),
    ),
)  # fmt: skip

DECIMALS = {market.currency: market.decimals for market in MARKETS}
CURRENCY = pl.Enum(sorted(market.currency for market in MARKETS))
CATEGORY = pl.Enum(sorted((*REPORTING_CATEGORIES, *UNLISTED_CATEGORIES, "brand_new_category")))
"""One byte per row instead of a text, sorted like texts. ``brand_new_category`` is not one of Stripe's."""
