"""Text from outside, safe to print: what a terminal would obey instead of showing becomes a visible escape.

Cells, descriptions and Stripe's messages are written by others. Printed as they are, they could clear the
screen, fill the clipboard (OSC 52), retitle the window, or show ``100.00`` where ``00.001`` stands. Only what
is printed changes: frames, attributes and exported files keep every character.

Source: https://www.unicode.org/reports/tr9/, https://trojansource.codes
"""

from __future__ import annotations

import unicodedata

__all__ = ["printable", "printable_lines"]

_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls of a terminal; characters that are invisible or turn the direction of writing; halves of
characters, which no stream can encode; and line breaks that are not ``\\n``."""

_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Persian, Hindi and emoji are not legible without them, and they move nothing."""


def printable(text: str) -> str:
    """Return text on one line: such characters, line breaks and tabs are escapes as Python writes them."""
    return text if text.isprintable() else _escaped(text, kept=_JOINERS)


def printable_lines(text: str) -> str:
    """Return *text* likewise, with its line breaks and tabs as they are: for messages of several lines."""
    return text if text.isprintable() else _escaped(text, kept=_JOINERS + "\n\t")


def _escaped(text: str, *, kept: str) -> str:
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in _ESCAPED and character not in kept
        else character
        for character in text
    )
