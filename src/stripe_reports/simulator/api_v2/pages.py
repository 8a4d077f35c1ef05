"""Pages of lists in v2: ``limit`` and ``page``, a token that Stripe gives.

Source: https://docs.stripe.com/api-v2-overview
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from stripe_reports.simulator.api.answers import invalid
from stripe_reports.simulator.api.checks import integer

__all__ = ["limit_of", "position", "token"]


def limit_of(query: Mapping[str, Any], default: int, most: int) -> int:
    """Return the number of entries on a page, as text or as a number.

    Raises:
        StripeError: 400 if it is not between 1 and *most*.
    """
    sent = query.get("limit", default)
    limit = sent if type(sent) is int else integer(sent, "limit")
    if not 1 <= limit <= most:
        raise invalid(f"Invalid limit: must be between 1 and {most}.", "limit")
    return limit


def token(first: int, **requested: Any) -> str:
    """Return the token of the page that begins with an entry; it also holds what was requested."""
    return base64.urlsafe_b64encode(json.dumps({"first": first} | requested).encode()).decode().rstrip("=")


def position(query: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the number of the first entry on the page, and what was requested with its token.

    Raises:
        StripeError: 400 for a token that was not given.
    """
    if "page" not in query:
        return 0, {}
    try:
        requested = json.loads(base64.urlsafe_b64decode(f"{query['page']}=="))
        return max(0, int(requested.pop("first"))), requested
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise invalid("Invalid page: it is not a token of this list.", "page") from None
