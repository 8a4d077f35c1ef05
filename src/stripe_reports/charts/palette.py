"""Colours with a meaning: the same in every chart, on white and on black.

Reporting categories, statuses, card brands and measures have a colour each in one fixed table. Other names,
such as accounts, jurisdictions and categories that nobody knows yet, take a colour by a stable hash of the
name, so that a name keeps its colour from month to month. In one chart no two names share a colour: if two
want the same one, the smaller one gives way, and where the colours end, the smallest are grey.

Colour is never the only sign: legends, labels and tooltips have the same information. The ten slots and the
grey can be distinguished with any colour vision: at least 18 apart in CIELAB for colour-blind readers (by the
matrices of Machado, Oliveira and Fernandes, 2009; tested). A reversal, such as a refund that failed, has a
lighter tone of the original colour.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

__all__ = ["DIFFERENCE", "FALL", "MAIN", "REST", "RISE", "SLOTS", "TOTAL", "colours"]

TOTAL, RISE, FALL, DIFFERENCE = "#7b8794", "#2b7bba", "#e07b39", "#a02df0"
"""Colours of the bars of a waterfall."""

REST = "#7b8794"
"""Colour of all others combined, and of names for which no colour is left."""

_BLUE, _ORANGE, _CRIMSON, _GOLD = "#0778c7", "#e77851", "#bd0052", "#cfa80f"
_GREEN, _PURPLE, _PINK, _OLIVE = "#0ab589", "#765a92", "#f88adc", "#3f7706"

MAIN = (_BLUE, _ORANGE, _GREEN, _PURPLE, _GOLD, _CRIMSON, _PINK, _OLIVE)
"""The colours of the most common names."""

SLOTS = (*MAIN, "#6400f0", "#f014dc")
"""The ten colours of names that are not in the table, such as accounts and jurisdictions."""

_OF_NEW_CATEGORIES = (
    *("#f000fc", "#000cfc", "#00cc00", "#fc0000", "#840c9c", "#fc00b4", "#90c00c", "#a8000c"),
    *("#fc8400", "#843030", "#e46cfc", "#843cf0", "#54cc60", "#90186c", "#30543c", "#906000"),
)
"""Colours for new categories of Stripe: far from each other and from those in the table."""


def _lighter(colour: str) -> str:
    channels = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(channel + (255 - channel) * 0.45):02x}" for channel in channels)


_CATEGORIES = {
    "charge": _BLUE,
    "charge_failure": _lighter(_BLUE),
    "refund": _ORANGE,
    "refund_failure": "#d99a84",
    "dispute": _CRIMSON,
    "dispute_reversal": _lighter(_CRIMSON),
    "fee": _GOLD,
    "network_cost": "#8c6e00",
    "payout": _GREEN,
    "payout_reversal": "#5cb8a0",
    "transfer": _PURPLE,
    "transfer_reversal": _lighter(_PURPLE),
    "topup": _OLIVE,
    "topup_reversal": _lighter(_OLIVE),
    "other_adjustment": _PINK,
    "risk_reserved_funds": "#c050a0",
    "advance": "#0064f0",
    "advance_funding": "#a08cf0",
    "anticipation_repayment": "#8c7850",
    "climate_order_purchase": "#008c8c",
    "climate_order_refund": "#78b4b4",
    "connect_collection_transfer": "#503ca0",
    "connect_reserved_funds": "#8c8cc8",
    "contribution": "#005078",
    "financing_paydown": "#505000",
    "financing_paydown_reversal": "#8c8c28",
    "financing_payout": "#b4b4a0",
    "financing_payout_reversal": "#f0003c",
    "issuing_authorization_hold": "#00c8dc",
    "issuing_authorization_release": "#008cb4",
    "issuing_dispute": "#645050",
    "issuing_transaction": "#b47878",
    "partial_capture_reversal": "#f06478",
    "platform_earning": "#00783c",
    "platform_earning_refund": "#dc5014",
    "tax": "#b450b4",
    "unreconciled_customer_funds": "#f0a050",
    "currency_conversion": "#f0288c",
    "fee_credit_funding": "#14a000",
    "issuing_disbursement": "#a05028",
    "payment_network_reserve_hold": "#c814c8",
    "payment_network_reserve_release": "#8c64f0",
    "payout_minimum_balance_hold": "#003cdc",
    "payout_minimum_balance_release": "#783c50",
    "platform_fee_transfer": "#c88cc8",
    "reserve_hold": "#64783c",
    "reserve_release": "#8cb450",
    "revenue_share": "#c8a064",
    "reward": "#648c78",
    "stripe_balance_payment_debit": "#3c64c8",
    "stripe_balance_payment_debit_reversal": "#b45064",
    "tax_fund": "#f08c8c",
    "tax_withholding": "#f0503c",
}
"""Reporting categories: one colour for each."""

_OTHERS = {
    # Payouts
    "paid": _GREEN,
    "in_transit": _BLUE,
    "pending": _GOLD,
    "failed": _CRIMSON,
    "canceled": _ORANGE,
    # Card brands
    "visa": _BLUE,
    "mastercard": _ORANGE,
    "amex": _GREEN,
    "discover": _PURPLE,
    "jcb": _GOLD,
    "diners": _CRIMSON,
    "unionpay": _PINK,
    "eftpos_au": _OLIVE,
    # Measures
    "gross": _BLUE,
    "net": _GREEN,
    "less fees": _GOLD,
    "payments_fee": _GOLD,
    "dispute_fee": _CRIMSON,
    "transfer_fee": _PURPLE,
    "other_fee": _PINK,
    "sales": _BLUE,
    "refunds": _ORANGE,
    "disputes": _CRIMSON,
    "processing fees": _GOLD,
    "processing and other fees": _GOLD,
    "network costs": "#8c6e00",
    "other fees": _PINK,
    "dispute fees": _PURPLE,
    "tax on fees": _OLIVE,
    "failed charges": _lighter(_BLUE),
    "contributions": "#005078",
    "Capital paydowns": "#505000",
    # Accounts of revenue recognition
    "Cash": _BLUE,
    "AccountsReceivable": _GOLD,
    "DeferredRevenue": _PURPLE,
    "Revenue": _GREEN,
    "TaxLiability": _OLIVE,
    "Refunds": _ORANGE,
    "Disputes": _CRIMSON,
    "Fees": _PINK,
    "recognised": _GREEN,
    "deferred revenue": _PURPLE,
    "unexplained": DIFFERENCE,
    "returned": _CRIMSON,
}
"""Statuses, brands and measures; none of them is in one chart with the categories."""

_TABLE = _CATEGORIES | _OTHERS


def colours(names: Sequence[str], *, rest: str | None = None, are_categories: bool = False) -> list[str]:
    """Return a colour for each name: its own of the table, else one by the hash of the name.

    Args:
        names: The names in one chart, the largest first; the smaller of two gives way.
        rest: The name that means all others.
        are_categories: True if the names are reporting categories, which have more colours than other names.
    """
    found = {name: _TABLE[name] for name in names if name in _TABLE}
    ring = _OF_NEW_CATEGORIES if are_categories else SLOTS
    for name in names:
        if name not in found:
            first = zlib.crc32(name.encode()) % len(ring)
            free = (c for c in (*ring[first:], *ring[:first]) if c not in found.values())
            found[name] = REST if name == rest else next(free, REST)
    return [found[name] for name in names]
