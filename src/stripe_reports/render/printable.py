"""Make text from outside safe to print: characters that control a terminal become visible escapes.

Cells, descriptions and Stripe's messages are written by others. Printed unchanged, they could clear the
screen, fill the clipboard (OSC 52), change the title of the window, or show ``100.00`` for ``00.001``. Only
printed text changes: frames, attributes and exported files keep every character.

Source: https://www.unicode.org/reports/tr9/, https://trojansource.codes
"""

from __future__ import annotations

import unicodedata

__all__ = ["printable", "printable_lines"]

_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories to escape: terminal controls; characters that are invisible or change the direction of writing;
surrogates, which no stream can encode; and line breaks other than ``\\n``."""

_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Characters needed to read Persian, Hindi and emoji; they are harmless."""


def printable(text: str) -> str:
    """Return text on one line, with such characters, line breaks and tabs as Python escapes."""
    return text if text.isprintable() else _escaped(text, kept=_JOINERS)


def printable_lines(text: str) -> str:
    """Return *text* with such characters escaped, but line breaks and tabs kept: for longer messages."""
    return text if text.isprintable() else _escaped(text, kept=_JOINERS + "\n\t")


def _escaped(text: str, *, kept: str) -> str:
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in _ESCAPED and character not in kept
        else character
        for character in text
    )
