"""Turn the errors of Stripe and of the connection into ours: the class, the message and the advice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import requests
import urllib3.exceptions

from stripe_reports import errors
from stripe_reports.http.addresses import origin_of
from stripe_reports.http.sockets import NothingListens
from stripe_reports.render import remedies, reports_v2_remedies
from stripe_reports.render.remedies import Remedy, everywhere

__all__ = ["ADVICE", "NOT_AS_EXPECTED", "RUN_LIMIT", "is_unreadable", "no_answer", "translated"]

_REQUEST_ID = re.compile(r"[\w-]{1,100}", re.ASCII)

RUN_LIMIT = "report_run_rate_limit_exceeded"
"""Code of the refusal of a launch while too many runs of the key are in progress, in Reports v2."""

ADVICE: dict[type[errors.StripeAPIError], Remedy] = {
    errors.AuthenticationError: everywhere(
        "Check the API key: it may be mistyped, expired or of another account."
    ),
    errors.PermissionDeniedError: everywhere(
        "Give the restricted key the permission that is named, in the Dashboard under Developers, API keys; "
        "reports need 'Report runs and report types' and 'Files', both read."
    ),
    errors.LiveModeRequiredError: everywhere("Use a live key for this report type."),
    errors.NotFoundError: everywhere(
        "Check the id: it is found only with a key of the same account and mode."
    ),
    errors.RunLimitError: everywhere(
        "Wait for a run of this key to end; those that were launched elsewhere cannot be listed."
    ),
    errors.RateLimitError: everywhere("Wait a minute, or make fewer calls at once."),
    errors.ServerError: everywhere("It may pass, and nothing is lost: try again later."),
    errors.ConflictError: everywhere("The same launch is still in progress; try again in a moment."),
    errors.UnexpectedAnswerError: remedies.check_address(),
}

_PREVIEW_ADVICE = everywhere(
    "Reports v2 is a preview that Stripe enables on request. A restricted key needs 'Reports', read, under "
    "'Data'."
)
"""Source: https://docs.stripe.com/data/api/reports"""

_BY_CODE: dict[str, type[errors.StripeAPIError]] = {
    "rate_limit": errors.RateLimitError,
    "lock_timeout": errors.RateLimitError,
    RUN_LIMIT: errors.RunLimitError,
    "report_inaccessible": errors.PermissionDeniedError,
    "query_run_api_inaccessible": errors.PermissionDeniedError,
    "feature_not_enabled": errors.PermissionDeniedError,
    "quota_exceeded": errors.RateLimitError,
    "service_unavailable": errors.ServerError,
    "idempotency_error": errors.IdempotencyError,
}
"""Errors that their type or code decides; the last ones are of Reports v2, where the type may be absent.

Source: https://docs.stripe.com/data/api/reports, stripe-python 16.1.0a4, `_api_requestor.py`
"""

_BY_STATUS: dict[int, type[errors.StripeAPIError]] = {
    400: errors.InvalidRequestError,
    401: errors.AuthenticationError,
    402: errors.InvalidRequestError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    424: errors.ServerError,
    429: errors.RateLimitError,
}

NOT_AS_EXPECTED = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""Raised where an answer lacks something, has another type, or is too large or too deeply nested."""

_NOT_DECODED = (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError)


def is_unreadable(error: BaseException) -> bool:
    """Return True if an answer arrived but cannot be read, so the connection is not the cause."""
    return isinstance(error, (*NOT_AS_EXPECTED, *_NOT_DECODED))


def no_answer(base_url: str, cause: BaseException) -> errors.StripeReportsError:
    """Return the error that explains why no answer of *base_url* was received or could be read."""
    host = origin_of(base_url)
    if isinstance(cause, errors.StripeReportsError):  # it only came through Stripe's library
        return cause.with_traceback(None)
    if isinstance(cause, requests.exceptions.SSLError):
        return errors.NetworkError(
            f"The certificate of {host} could not be verified. Behind a company's proxy, set "
            "REQUESTS_CA_BUNDLE to its certificate file."
        )
    if is_unreadable(cause):
        return errors.UnexpectedAnswerError(
            f"{host} does not answer like Stripe's Reporting API: headers or body of the answer cannot be "
            f"read ({type(cause).__name__}).",
            remedy=ADVICE[errors.UnexpectedAnswerError],
        )
    if isinstance(cause, NothingListens):
        return errors.NetworkError(
            f"Nothing listens at {host}: the connection was refused.", remedy=remedies.start_server()
        )
    return errors.NetworkError(
        f"No answer from {host} ({type(cause).__name__}). Check the connection and try "
        "again: a launch that did reach Stripe will be found, not repeated."
    )


def translated(
    status: int | None, body: object, headers: Mapping[str, str] | None, what: str
) -> errors.StripeAPIError:
    """Return our error for an error answer of Stripe."""
    described = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(described, Mapping):
        described = {}
    said = _text(described.get("message")) or _text(described.get("user_message"))
    message, param = said or "", _text(described.get("param"))
    class_ = _class_of(status, described, message)
    request_id, pause = (_header(headers or {}, name) for name in ("request-id", "retry-after"))
    where = f", {param}" if param else ""
    if message:
        says = f"was refused (HTTP {status}{where}). Stripe says: {message.removesuffix('.')}."
    elif status is not None and status < 400:
        says = f"was answered with HTTP {status}, but not with JSON as Stripe answers."
    else:
        says = f"was answered with HTTP {status} and no error of Stripe's."
    parts = [f"{what} {says}"]
    if pause and re.fullmatch(r"[0-9]{1,9}", pause):
        parts.append(f"Stripe asks for a pause of {pause} s before the next try.")
    is_id = request_id is not None and _REQUEST_ID.fullmatch(request_id) is not None
    if is_id:
        parts.append(f"Request {request_id}.")
    return class_(
        " ".join(parts),
        remedy=_remedy(class_, described, message, what),
        status_code=status,
        code=_text(described.get("code")),
        param=param,
        request_id=request_id if is_id else None,
        stripe_message=message or None,
    )


def _remedy(
    class_: type[errors.StripeAPIError], described: Mapping[str, Any], message: str, what: str
) -> Remedy | None:
    if described.get("code") == "account_invalid":
        return remedies.check_account()
    if described.get("code") == "report_inaccessible":
        return everywhere("Stripe's words say why this account or key cannot have the report.")
    if " /v2/" in what and class_ is errors.PermissionDeniedError:
        return _PREVIEW_ADVICE
    if "Stripe-Account" in message or "Stripe-Context" in message:
        return remedies.act_for_another_account()
    if class_ is errors.InvalidRequestError:
        return reports_v2_remedies.name_what_type_takes(has_version=" /v2/" not in what)
    return ADVICE.get(class_)


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)


def _class_of(status: int | None, described: Mapping[str, Any], message: str) -> type[errors.StripeAPIError]:
    for name in ("code", "type"):  # the code says more
        if (by_name := _BY_CODE.get(str(described.get(name)))) is not None:
            return by_name
    if status == 404 and "requires a live mode key" in message:
        return errors.LiveModeRequiredError
    if status is not None and status >= 500:
        return errors.ServerError
    if not described and status != 429:
        return errors.UnexpectedAnswerError
    return _BY_STATUS.get(status or 0, errors.UnexpectedAnswerError)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
