"""Stripe's error answers: status, texts, and the body as in the section "Errors" of its API reference.

Members that do not apply are left out of a body, never null.
Source: https://docs.stripe.com/api/errors, https://docs.stripe.com/error-codes
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Response

__all__ = [
    "StripeError",
    "default_error",
    "empty",
    "error_response",
    "invalid",
    "json_response",
    "missing",
    "no_such",
    "unknown",
    "unrecognized_url",
]


class StripeError(Exception):
    """Carries an error answer to the caller.

    Attributes:
        status: HTTP status.
        error: Members of ``{"error": {...}}``, without those that the application adds to every error.
        headers: Additional headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type_: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(status, message)  # as pickle passes them on
        self.status = status
        self.headers: dict[str, str] = {}
        self.error: dict[str, Any] = {"message": message, "type": type_}
        if code is not None:
            slug = code.replace("_", "-")
            self.error |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{slug}"}
        if param is not None:
            self.error["param"] = param


def invalid(message: str, param: str | None = None, *, code: str | None = None) -> StripeError:
    """400: a value that is not valid."""
    return StripeError(400, message, code=code, param=param)


def unknown(params: list[str]) -> StripeError:
    """400: parameters that the endpoint does not have."""
    plural = "s" if len(params) > 1 else ""
    text = f"Received unknown parameter{plural}: {', '.join(params)}"
    return invalid(text, params[0], code="parameter_unknown")


def missing(param: str) -> StripeError:
    """400: a parameter that is required."""
    return invalid(f"Missing required param: {param}.", param, code="parameter_missing")


def empty(param: str) -> StripeError:
    """400: an empty string, which would unset a parameter that cannot be unset."""
    return invalid(
        f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a "
        f"parameter; however '{param}' cannot be unset. You should remove '{param}' from your request or "
        "supply a non-empty value.",
        param,
        code="parameter_invalid_empty",
    )


def no_such(what: str, id_: str, param: str = "id", *, status: int = 404) -> StripeError:
    """404: no object with that id in this account and mode."""
    return StripeError(status, f"No such {what}: '{id_}'", code="resource_missing", param=param)


def unrecognized_url(method: str, path: str) -> StripeError:
    """404: no such endpoint, or no such method on it."""
    return StripeError(
        404,
        f"Unrecognized request URL ({method}: {path}). If you are trying to list objects, remove the "
        "trailing slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) "
        "identifier in your code. Please see https://stripe.com/docs or we can help at "
        "https://support.stripe.com/.",
    )


def default_error(status: int) -> StripeError:
    """Stripe's general error for a status."""
    if status == 429:
        text = (
            "Request rate limit exceeded. Learn more about rate limits: https://stripe.com/docs/rate-limits"
        )
        return StripeError(429, text, code="rate_limit")
    if status >= 500 or status == 424:
        text = "An unknown error occurred. Contact us at https://support.stripe.com/ if it persists."
        return StripeError(status, text, type_="api_error")
    return StripeError(status, "The request could not be served.")


def json_response(answer: dict[str, Any], status: int = 200, *, sort_keys: bool = False) -> Response:
    """Write JSON as Stripe does."""
    text = json.dumps(answer, indent=2, sort_keys=sort_keys)
    return Response(text, status, content_type="application/json")


def error_response(error: StripeError, request_id: str, *, livemode: bool | None, now: datetime) -> Response:
    """Write Stripe's error body. Without a known caller (*livemode* is None) it has no link to the log."""
    members = dict(error.error)
    if livemode is not None:
        mode = "" if livemode else "test/"
        log = f"https://dashboard.stripe.com/{mode}logs/{request_id}?t={int(now.timestamp())}"
        members["request_log_url"] = log
    response = json_response({"error": dict(sorted(members.items()))}, error.status)
    response.headers.update(error.headers)
    return response
