"""Errors of v2, which are told apart by their code: ``{"error": {"code": …, "message": …}}``.

Proved are the codes ``not_found``, ``report_inaccessible``, ``query_run_api_inaccessible`` and
``report_run_rate_limit_exceeded``, with their status. All other codes are inferred, and so is the type.

Source: https://docs.stripe.com/data/api/reports
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from stripe_reports.simulator.api.answers import StripeError, json_response

__all__ = ["error_response", "inaccessible", "not_found", "queries_inaccessible", "too_many_runs"]

_TYPES = frozenset({"idempotency_error"})
"""Types that are written; without one, Stripe's libraries go by status."""

_CODES = {
    400: "invalid_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    429: "rate_limit",
}
"""Codes of errors that have none in v1."""

_RENAMED = {"resource_missing": "not_found"}


def not_found(what: str, id_: str) -> StripeError:
    """404: no report, run or event with that id or name."""
    return StripeError(404, f"No such {what}: '{id_}'", code="not_found")


def inaccessible(message: str) -> StripeError:
    """403: a report that exists but cannot be accessed; the message says why."""
    return StripeError(403, message, code="report_inaccessible")


def queries_inaccessible() -> StripeError:
    """403: the account may not run SQL, and this simulator cannot."""
    return StripeError(
        403, "The Queries API is not enabled for this account.", code="query_run_api_inaccessible"
    )


def too_many_runs() -> StripeError:
    """429: the key has as many reports running as it may; when one ends, there is room again."""
    return StripeError(
        429,
        "An API key has reached its limit of concurrently running reports. Wait for existing reports to "
        "complete before creating a new one.",
        code="report_run_rate_limit_exceeded",
    )


def error_response(error: StripeError) -> Response:
    """Write the body of an error, which may come from code that both generations share."""
    members = error.error
    code = members.get("code") or _CODES.get(error.status, "internal_error")
    written = {"code": _RENAMED.get(code, code), "message": members["message"]}
    if members["type"] in _TYPES:
        written["type"] = members["type"]
    response = json_response({"error": written}, error.status)
    response.headers.update(error.headers)
    return response
