"""Find API keys in text, in any encoding, and replace them."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import TypeVar, cast

__all__ = ["KEY", "REDACTED", "redacted", "without_key"]

Value = TypeVar("Value")

REDACTED = "(API key)"
"""Replacement text, without square brackets, which a URL allows around numbers only."""

KEY = re.compile(r"[sr]k(?:_org)?_(live|test)_\w{3,}", re.ASCII)
"""A secret or restricted key of Stripe's."""


def redacted(value: Value) -> Value:
    """Replace everything in a text that looks like a secret key; other values are unchanged."""
    return cast("Value", KEY.sub(REDACTED, value)) if isinstance(value, str) else value


def without_key(text: str, key: str) -> str:
    """Replace *key* in *text*, plain or encoded, and everything else that looks like a secret key."""
    return redacted(_written_forms(key).sub(REDACTED, text))


@lru_cache(maxsize=16)
def _written_forms(key: str) -> re.Pattern[str]:
    """Return a pattern of the key as JSON, HTML and URLs escape it, and in Base64, as in Basic auth."""
    return re.compile("|".join(["".join(map(_escapes, key)), *map(re.escape, _base64_forms(key))]))


def _escapes(character: str) -> str:
    code = ord(character)
    digits = f"0*(?i:{code:x})"
    return rf"(?:{re.escape(character)}|%(?i:{code:02x})|\\+u{digits}|&#(?:[xX]{digits}|0*{code});)"


def _base64_forms(key: str) -> set[str]:
    """Return the Base64 characters that depend only on the key, for each of three possible offsets."""
    forms = set()
    for offset, skipped in enumerate((0, 2, 3)):
        length = (offset + len(key.encode())) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            forms.add(encode(b" " * offset + key.encode()).decode()[skipped:length])
    return forms
