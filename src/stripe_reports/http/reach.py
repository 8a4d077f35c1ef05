"""Calls without the client's key: is an address reachable, and which key does a simulator have?"""

from __future__ import annotations

from contextlib import suppress

import requests

from stripe_reports.http.addresses import origin_of
from stripe_reports.http.sessions import Session
from stripe_reports.http.settings import LOOPBACK, Secret, key_digest

__all__ = ["key_of_simulator", "why_unreachable"]

_TIMEOUT = (10.0, 20.0)
_GATEWAY_ERRORS = frozenset({407, 502, 503, 504})


def why_unreachable(url: str) -> str | None:
    """Return the reason why nothing answers at the address of an API; None if something does.

    The call has no key, so Stripe refuses it. The refusal is the answer that counts.
    """
    origin = origin_of(url)
    try:
        with Session() as session, session.get(f"{url}/v1/files", timeout=_TIMEOUT, stream=True) as answer:
            status = answer.status_code
    except requests.exceptions.SSLError:
        return f"the certificate of {origin} is not accepted"
    except requests.exceptions.ProxyError:
        return f"the proxy on the way to {origin} refuses"
    except requests.exceptions.Timeout:
        return f"{origin} does not answer in time"
    except requests.RequestException as error:
        return f"no connection to {origin} ({type(error).__name__})"
    return f"{origin} answers with HTTP {status}" if status in _GATEWAY_ERRORS else None


def key_of_simulator(url: str, digest: str) -> Secret | None:
    """Return the key of the simulator at an address of this machine that has this digest; None if none has.

    The keys of a simulator are no secrets: they are made from its seed.
    """
    origin = origin_of(url)
    if origin is None or origin.host not in LOOPBACK:
        return None
    with suppress(requests.RequestException, ValueError, KeyError, TypeError), Session() as session:
        keys = session.get(f"{url}/simulator/keys", timeout=_TIMEOUT).json()["keys"]
        return next((secret for secret in map(Secret, keys) if key_digest(secret) == digest), None)
    return None
