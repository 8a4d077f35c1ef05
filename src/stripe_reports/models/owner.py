"""The owner of stored results."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self

__all__ = ["Mode", "Owner"]

Mode = Literal["live", "test"]

_FOLDER = re.compile(
    r"(?P<mode>live|test)-(?P<digest>[0-9a-f]{16})(?:-(?P<account>acct_\w+(?:\.acct_\w+)*))?"
    r"(?:-at-(?P<place>[0-9a-f]{8}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of stored results: the first digits of the key's SHA-256, the account, and the mode.

    The account may be a path of accounts, such as ``acct_platform/acct_connected``. It is never looked up,
    since a restricted key may not read its own account; a rotated key is therefore a new owner, and its
    results are fetched again. Results from Stripe and from elsewhere are kept apart: *place* is None for
    Stripe, and identifies a simulator or gateway by its address.
    """

    key_digest: str
    account: str | None
    mode: Mode
    place: str | None = None

    @property
    def folder(self) -> str:
        """Name of the owner's folder in the store; the slashes of a path of accounts become dots."""
        account = self.account and self.account.replace("/", ".")
        parts = [self.mode, self.key_digest, account, self.place and f"at-{self.place}"]
        return "-".join(filter(None, parts))

    @classmethod
    def of_folder(cls, name: str) -> Self | None:
        """Return the owner of a folder of that name; None if it belongs to no owner."""
        match = _FOLDER.fullmatch(name)
        if match is None:
            return None
        mode: Mode = "live" if match["mode"] == "live" else "test"
        account = match["account"] and match["account"].replace(".", "/")
        return cls(match["digest"], account, mode, match["place"])
