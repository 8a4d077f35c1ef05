"""Web addresses, from settings, answers and headers: parsed in one way, and never with an exception."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import urljoin

__all__ = ["Origin", "joined", "origin_of"]

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_ADDRESS = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?:[/?#][!-\[\]-~]*)?",
    re.IGNORECASE | re.ASCII,
)
"""Without user name, backslash, space or control character: with them, two parsers can see two hosts."""

_USUAL_PORTS = {"http": 80, "https": 443}
_LONGEST_HOST = 253


@dataclass(frozen=True, slots=True)
class Origin:
    """The host of an address. A host in brackets is an IPv6 address, stored without them."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _USUAL_PORTS[self.scheme] else f"{host}:{self.port}"


def origin_of(url: object) -> Origin | None:
    """Return the host of an address; None if it is not an http address, or could be parsed in two ways."""
    match = _ADDRESS.fullmatch(url) if isinstance(url, str) else None
    if match is None:
        return None
    scheme, host = match["scheme"].lower(), match["host"].lower()
    port = int(match["port"] or _USUAL_PORTS[scheme])
    if not 0 < port < 1 << 16 or len(host) > _LONGEST_HOST:
        return None
    if host.startswith("["):
        host = host[1:-1]
        try:
            IPv6Address(host)
        except ValueError:
            return None
    return Origin(scheme, host, port)


def joined(base: str, location: str) -> str | None:
    """Return the target of a redirect; None if there is none."""
    try:
        return urljoin(base, location)
    except ValueError:
        return None
