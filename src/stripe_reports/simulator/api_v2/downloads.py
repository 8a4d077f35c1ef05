"""Addresses of files on a second host: signed, without a key, valid for minutes.

A signed address that expired is refused with 403, and so is a request that also brings a key: both as S3,
whose signed addresses Stripe's changelog names, answers them. That Stripe's host does so is inferred.

Source: https://docs.stripe.com/changelog/dahlia/2026-04-22/reporting-query-runs-api-v2
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

from stripe_reports.simulator.api.answers import StripeError

__all__ = ["PATH", "SignedAddresses", "error_response"]

PATH = "/files/us-west-2/"
"""Begin of the path in Stripe's example of a run; the rest is inferred."""


class SignedAddresses:
    """Makes addresses and checks them; each simulator has a secret of its own."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def url(self, host: str, run_id: str, expires_at: float) -> str:
        """Return the address of a run's file, which is valid until *expires_at* in Unix seconds."""
        expires = str(int(expires_at * 1e6))
        return f"{host}{PATH}{run_id}/contents?expires={expires}&signature={self._signed(run_id, expires)}"

    def run_id(self, request: Request, now: datetime) -> str:
        """Return the id of the run whose file a request is for.

        Raises:
            StripeError: 400 if it has a key, 403 if its signature is wrong or has expired.
        """
        if "Authorization" in request.headers:
            raise StripeError(
                400, "Only one auth mechanism allowed: the signature or the header", code="InvalidArgument"
            )
        run_id = request.path.removeprefix(PATH).partition("/")[0]
        expires, signature = (request.args.get(name, "") for name in ("expires", "signature"))
        if not hmac.compare_digest(self._signed(run_id, expires).encode(), signature.encode()):
            raise StripeError(
                403, "The request signature we calculated does not match", code="SignatureDoesNotMatch"
            )
        if now.timestamp() >= int(expires) / 1e6:
            raise StripeError(403, "Request has expired", code="AccessDenied")
        return run_id

    def _signed(self, run_id: str, expires: str) -> str:
        return hmac.new(self._secret, f"{run_id} {expires}".encode(), hashlib.sha256).hexdigest()


def error_response(error: StripeError) -> Response:
    """Write an error as S3 does: XML."""
    code = error.error.get("code", "InternalError")
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(code)}</Code><Message>{escape(error.error['message'])}</Message></Error>"
    )
    response = Response(text, error.status, content_type="application/xml")
    response.headers.update(error.headers)
    return response
