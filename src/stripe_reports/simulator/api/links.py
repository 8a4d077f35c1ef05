"""File links: addresses from which a file can be downloaded without a key, until they expire.

Source: https://docs.stripe.com/api/file_links
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from stripe_reports.simulator.api.answers import StripeError, empty, invalid, no_such
from stripe_reports.simulator.api.checks import integer
from stripe_reports.simulator.api.keys import Caller
from stripe_reports.simulator.api.runs import File

__all__ = ["FileLink", "FileLinks", "checked_expiry", "checked_metadata"]

_MOST_KEYS, _LONGEST_KEY, _LONGEST_VALUE = 50, 40, 500


@dataclass(slots=True, kw_only=True)
class FileLink:
    """An address of a file. Without *expires_at* it is valid as long as the file."""

    id: str
    owner: Caller
    created: int
    file: File
    expires_at: int | None
    metadata: dict[str, str]
    token: str = field(default_factory=lambda: base64.urlsafe_b64encode(secrets.token_bytes(36)).decode())

    def is_expired(self, now: float) -> bool:
        """Tell whether the link or its file has expired."""
        return self.file.is_expired(now) or (self.expires_at is not None and now >= self.expires_at)

    def answer(self, files_url: str, now: datetime, *, whole_file: bool = False) -> dict[str, Any]:
        """Write Stripe's JSON; *whole_file* replaces the file's id by the file."""
        return {
            "id": self.id,
            "object": "file_link",
            "created": self.created,
            "expired": self.is_expired(now.timestamp()),
            "expires_at": self.expires_at,
            "file": self.file.answer(files_url) if whole_file else self.file.id,
            "livemode": self.owner.livemode,
            "metadata": dict(self.metadata),
            "url": f"{files_url}/links/{self.token}",
        }


class FileLinks:
    """All file links of a simulator; a caller sees only its own."""

    def __init__(self) -> None:
        self._links: dict[str, FileLink] = {}

    def add(self, link: FileLink) -> None:
        """Store a new link."""
        self._links[link.id] = link

    def of(self, owner: Caller) -> list[FileLink]:
        """Return the links of a caller, newest first."""
        return [link for link in reversed(self._links.values()) if link.owner == owner]

    def link(self, owner: Caller, id_: str) -> FileLink:
        """Return a link of a caller; raises Stripe's 404 if there is none."""
        link = self._links.get(id_)
        if link is None or link.owner != owner:
            raise no_such("file link", id_)
        return link

    def file(self, token: str, now: datetime) -> File:
        """Return the file behind an address; no key is needed.

        Raises:
            StripeError: 404 for an address that has expired or never existed.
        """
        for link in list(self._links.values()):
            if secrets.compare_digest(link.token.encode(), token.encode()):
                if link.is_expired(now.timestamp()):
                    break
                return link.file
        raise StripeError(404, "This link is invalid or has expired.")


def checked_expiry(text: Any, now: datetime) -> int:
    """Read the expiry of a link, in Unix seconds.

    Raises:
        StripeError: 400 if it is not a time in the future.
    """
    seconds = integer(text, "expires_at")
    if seconds <= now.timestamp():
        raise invalid("Invalid expires_at: must be a timestamp in the future.", "expires_at")
    return seconds


def checked_metadata(sent: Any, before: Mapping[str, str]) -> dict[str, str]:
    """Change metadata: values sent are added, an empty value removes its key, an empty string all keys.

    Raises:
        StripeError: 400 if the metadata is too large or its values are not strings.
    """
    if sent == "":
        return {}
    if not isinstance(sent, Mapping):
        raise invalid("Invalid object", "metadata")
    after = dict(before)
    for key, value in sent.items():
        param = f"metadata[{key[:100]}]"
        if not isinstance(value, str):
            raise invalid("Invalid string", param)
        if not key:
            raise empty(param)
        if len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            raise invalid(
                f"Metadata keys may have up to {_LONGEST_KEY} characters, and values up to {_LONGEST_VALUE}.",
                param,
            )
        after[key] = value
    after = {key: value for key, value in after.items() if value}
    if len(after) > _MOST_KEYS:
        raise invalid(f"Metadata may have up to {_MOST_KEYS} keys.", "metadata")
    return after
