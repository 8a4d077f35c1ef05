"""Choose Stripe's API by the settings of a client; nothing above ``http`` knows which one it is."""

from __future__ import annotations

import logging
from collections.abc import Callable

from stripe_reports import notices
from stripe_reports.http.api import Api
from stripe_reports.http.api_v1 import ApiV1
from stripe_reports.http.api_v2 import ApiV2
from stripe_reports.http.transport import Transport
from stripe_reports.models import ApiName

__all__ = ["PREVIEW", "api_of", "warn_of_preview"]

PREVIEW = (
    "Reports v2 is a preview of Stripe's, which can change at any time. This package was written from its "
    "documentation and tested with a simulator only; compare a report with that of v1 before you rely on it."
)

logger = logging.getLogger("stripe_reports")


def warn_of_preview(api: ApiName) -> None:
    """Warn once that an API is a preview.

    Warns:
        PreviewWarning: It is.
    """
    if api == "v2":
        notices.warn_once(
            PREVIEW,
            notices.PreviewWarning,
        )


def api_of(transport: Transport, *, left_out: Callable[[str], object] = logger.debug) -> Api:
    """Return the calls of the API that the client of *transport* uses.

    Args:
        transport: Sends the calls.
        left_out: Called for each unusable object of a list, with its name and shape but no values.
    """
    if transport.settings.api == "v2":
        return ApiV2(transport, left_out=left_out)
    return ApiV1(transport, left_out=left_out)
