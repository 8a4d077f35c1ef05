"""Colours with a meaning: the same in every chart, on white and on black.

Colour is never the only sign: legends, labels and tooltips have the same information. The eight main colours
and the grey can be distinguished with any colour vision: at least 18 apart in CIELAB for colour-blind readers
(by the matrices of Machado, Oliveira and Fernandes, 2009; tested). A reversal, such as a refund that failed,
has a lighter tone of the original colour.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

__all__ = ["DIFFERENCE", "FALL", "MAIN", "REST", "RISE", "TOTAL", "colours"]

TOTAL, RISE, FALL, DIFFERENCE = "#7b8794", "#2b7bba", "#e07b39", "#a02df0"
"""Colours of the bars of a waterfall."""

REST = "#7b8794"
"""Colour of all others combined."""

_BLUE, _ORANGE, _CRIMSON, _GOLD = "#0778c7", "#e77851", "#bd0052", "#cfa80f"
_GREEN, _PURPLE, _PINK, _OLIVE = "#0ab589", "#765a92", "#f88adc", "#3f7706"

MAIN = (_BLUE, _ORANGE, _GREEN, _PURPLE, _GOLD, _CRIMSON, _PINK, _OLIVE)
"""Colours for names without their own, in this order."""


_BY_NAME = (
    *("#f000fc", "#000cfc", "#00cc00", "#fc0000", "#840c9c", "#fc00b4", "#90c00c", "#a8000c"),
    *("#fc8400", "#843030", "#e46cfc", "#843cf0", "#54cc60", "#90186c", "#30543c", "#906000"),
)
"""Colours for new names of Stripe: at least 30 apart in CIELAB from each other and from all above."""


def _lighter(colour: str) -> str:
    channels = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(channel + (255 - channel) * 0.45):02x}" for channel in channels)


def _family(colour: str, names: str, undone: str = "") -> dict[str, str]:
    return dict.fromkeys(names.split(), colour) | dict.fromkeys(undone.split(), _lighter(colour))


_OF_NAMES = {
    # Reporting categories
    **_family(_BLUE, "charge", "charge_failure partial_capture_reversal"),
    **_family(_ORANGE, "refund", "refund_failure"),
    **_family(_CRIMSON, "dispute issuing_dispute", "dispute_reversal"),
    **_family(_GOLD, "fee network_cost", "tax"),
    **_family(_GREEN, "payout financing_payout", "payout_reversal financing_payout_reversal"),
    **_family(_PURPLE, "transfer connect_collection_transfer", "transfer_reversal connect_reserved_funds"),
    **_family(_OLIVE, "topup platform_earning", "topup_reversal platform_earning_refund"),
    **_family(_PINK, "other_adjustment risk_reserved_funds", "unreconciled_customer_funds"),
    **_family("#4c6fff", "advance advance_funding financing_paydown", "financing_paydown_reversal"),
    **_family("#4c6fff", "", "anticipation_repayment"),
    **_family("#8d6e4f", "issuing_transaction issuing_authorization_hold", "issuing_authorization_release"),
    **_family("#2f8f5b", "contribution climate_order_purchase", "climate_order_refund"),
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
    "refunds": _ORANGE,
    "disputes": _CRIMSON,
}


def colours(names: Sequence[str], *, rest: str | None = None, by_name: bool = False) -> list[str]:
    """Return a colour for each name: its own if it has one, else one of those left.

    Args:
        names: The names in one chart, the most important first.
        rest: The name that means all others.
        by_name: Give a name without its own colour the same one in every chart, unless another name of the
            chart has it.
    """
    own = {name: _OF_NAMES[name] for name in names if name in _OF_NAMES}
    free = [colour for colour in MAIN if colour not in own.values()] or list(MAIN)
    free += [_lighter(colour) for colour in free]
    others = [name for name in names if name not in own and name != rest]
    own |= _by_name(others) if by_name else {name: free[n % len(free)] for n, name in enumerate(others)}
    return [REST if name == rest else own[name] for name in names]


def _by_name(names: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in sorted(names):
        first = zlib.crc32(name.encode()) % len(_BY_NAME)
        ring = (*_BY_NAME[first:], *_BY_NAME[:first])
        found[name] = next((colour for colour in ring if colour not in found.values()), ring[0])
    return found
