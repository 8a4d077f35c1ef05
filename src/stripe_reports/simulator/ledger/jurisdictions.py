"""Tax jurisdictions by shipping address: real names and rates of 2026, for three kinds of goods.

In the order of ``pools.ADDRESSES``. Rates are per hundred thousand: 5,500 is 5.5 %.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PLACES", "SECOND", "TAX_CODES", "Place"]

TAX_CODES = ("txcd_99999999", "txcd_35010000", "txcd_10103001")
"""General tangible goods, books, software as a service for business."""


class Place(NamedTuple):
    """A jurisdiction, and its rate for each kind of goods.

    Attributes:
        currency: Currency of the tax return; None if no return is filed.
        is_in_oss: True if a business elsewhere in the EU accounts for the tax itself.
    """

    name: str
    level: str
    country: str
    state: str | None
    tax_name: str | None
    tax_type: str | None
    rates: tuple[int, int, int]
    currency: str | None
    is_in_oss: bool = False


PLACES = (
    Place("Germany", "country", "DE", None, "USt", "vat", (19_000, 7_000, 19_000), "eur", is_in_oss=True),
    Place("Massachusetts", "state", "US", "MA", "Sales tax", "sales_tax", (6_250, 6_250, 6_250), "usd"),
    Place("Spain", "country", "ES", None, "IVA", "vat", (21_000, 4_000, 21_000), "eur", is_in_oss=True),
    Place("Norway", "country", "NO", None, "MVA", "vat", (25_000, 0, 25_000), "nok"),
    Place("Japan", "country", "JP", None, "消費税", "jct", (10_000, 10_000, 10_000), "jpy"),
    Place("United Kingdom", "country", "GB", None, "VAT", "vat", (20_000, 0, 20_000), "gbp"),
    Place("France", "country", "FR", None, "TVA", "vat", (20_000, 5_500, 20_000), "eur", is_in_oss=True),
    Place("Kuwait", "country", "KW", None, None, None, (0, 0, 0), None),
    Place("Puerto Rico", "state", "US", "PR", "IVU", "sales_tax", (10_500, 10_500, 10_500), "usd"),
    Place("Poland", "country", "PL", None, "PTU", "vat", (23_000, 5_000, 23_000), "eur", is_in_oss=True),
    Place("Switzerland", "country", "CH", None, "MWST", "vat", (8_100, 2_600, 8_100), "chf"),
    Place("Oregon", "state", "US", "OR", None, None, (0, 0, 0), None),
)
SECOND = {
    8: Place("San Juan", "city", "US", "PR", "IVU municipal", "sales_tax", (1_000, 1_000, 1_000), "usd")
}
"""A second jurisdiction, by the number of the place."""
