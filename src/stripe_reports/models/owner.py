"""The owner of stored results."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self

__all__ = ["ApiName", "Mode", "Owner"]

Mode = Literal["live", "test"]

ApiName = Literal["v1", "v2"]
"""The generation of Stripe's API for reports: the Reporting API, or Reports v2."""

_FOLDER = re.compile(
    r"(?P<mode>live|test)-(?P<digest>[0-9a-f]{16})(?:-(?P<account>acct_\w+(?:\.acct_\w+)*))?"
    r"(?:-at-(?P<place>[0-9a-f]{8}))?(?P<v2>-v2)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of stored results: the first digits of the key's SHA-256, account, mode and generation.

    The account may be a path of accounts, such as ``acct_platform/acct_connected``. It is never looked up,
    since a restricted key may not read its own account; a rotated key is therefore a new owner, and its
    results are fetched again. Results from Stripe and from elsewhere are kept apart: *place* is None for
    Stripe, and identifies a simulator or gateway by its address. The two generations of Stripe's API are
    kept apart, too: a report of the same name may have other columns.
    """

    key_digest: str
    account: str | None
    mode: Mode
    place: str | None = None
    api: ApiName = "v1"

    @property
    def folder(self) -> str:
        """Name of the owner's folder in the store; the slashes of a path of accounts become dots."""
        account = self.account and self.account.replace("/", ".")
        parts = [self.mode, self.key_digest, account, self.place and f"at-{self.place}"]
        parts += [None if self.api == "v1" else self.api]
        return "-".join(filter(None, parts))

    @property
    def api_facts(self) -> dict[str, str]:
        """What a shared dataset notes of the API; nothing for v1, whose datasets existed before v2."""
        return {} if self.api == "v1" else {"api": self.api}

    @classmethod
    def of_folder(cls, name: str) -> Self | None:
        """Return the owner of a folder of that name; None if it belongs to no owner."""
        match = _FOLDER.fullmatch(name)
        if match is None:
            return None
        mode: Mode = "live" if match["mode"] == "live" else "test"
        account = match["account"] and match["account"].replace(".", "/")
        return cls(match["digest"], account, mode, match["place"], "v2" if match["v2"] else "v1")
