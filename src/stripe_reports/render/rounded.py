"""Rounded figures as text: what is not zero is never written as zero, nor a part as the whole."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["percent", "rounded", "share"]


def rounded(figure: Decimal | float, digits: int, *, signed: bool = False) -> str:
    """Round a figure: ``1,234.6``, ``−0.5``; a small one is ``<0.1`` or ``−<0.1``.

    Args:
        figure: The figure.
        digits: Number of decimals.
        signed: True to write the sign of positive figures too: ``+0.5``.
    """
    sign = "−" if figure < 0 else "+" if figure > 0 and signed else ""
    text = f"{abs(figure):,.{digits}f}"
    if figure and not text.strip("0."):
        return f"{sign}<{Decimal(1).scaleb(-digits)}"
    return f"{sign}{text}"


def percent(fraction: Decimal | float, digits: int, *, signed: bool = False) -> str:
    """Write a fraction in percent: ``2.5 %`` for 0.025; see ``rounded``."""
    return f"{rounded(fraction * 100, digits, signed=signed)} %"


def share(fraction: Decimal | float, digits: int) -> str:
    """Write a part of a whole in percent: ``25.0 %``; one just below the whole is ``>99.9 %``."""
    whole = percent(1, digits)
    text = percent(fraction, digits)
    return f">{percent(1 - 0.1 ** (digits + 2), digits)}" if text == whole and fraction < 1 else text
