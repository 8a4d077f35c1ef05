"""Bodies of v2: JSON. That unknown members are refused, as in v1, is inferred."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request

from stripe_reports.simulator.api.answers import invalid, missing, unknown
from stripe_reports.simulator.api.forms import Pairs, limited

__all__ = ["body", "decoded", "members", "text"]


def body(request: Request) -> Pairs:
    """Read the body of a request as one value without a name.

    Raises:
        StripeError: 413 if the body is larger than a megabyte.
    """
    with limited(request):
        return [("", request.get_data(as_text=True))]


def decoded(form: Pairs, *known: str) -> dict[str, Any]:
    """Decode the object in a body, whose members must be among the known ones.

    Raises:
        StripeError: 400 if it is something else.
    """
    ((_, sent),) = form
    try:
        content = json.loads(sent or "{}")
        json.dumps(content, ensure_ascii=False).encode()  # JSON can name half of a character
    except (ValueError, RecursionError):
        raise invalid("Invalid request body: it is not JSON.") from None
    if not isinstance(content, dict):
        raise invalid("Invalid request body: it is not an object.")
    return members(content, "", *known)


def members(value: Any, param: str, *known: str) -> dict[str, Any]:
    """Return an object whose members are among the known ones; raises Stripe's 400 for anything else."""
    if not isinstance(value, dict):
        raise invalid(f"Invalid {param}: it is not an object.", param)
    if strangers := [f"{param}.{name}".lstrip(".") for name in value if name not in known]:
        raise unknown(strangers)
    return value


def text(sent: Mapping[str, Any], name: str) -> str:
    """Return a text that is required; raises Stripe's 400 without it."""
    if name not in sent:
        raise missing(name)
    if not isinstance(sent[name], str):
        raise invalid(f"Invalid string: {str(sent[name])[:100]}", name)
    return str(sent[name])
