"""Choose Stripe's API by the settings of a client; nothing above ``http`` knows which one it is."""

from __future__ import annotations

import logging
from collections.abc import Callable

from stripe_reports.http.api import Api
from stripe_reports.http.api_v1 import ApiV1
from stripe_reports.http.transport import Transport

__all__ = ["api_of"]

logger = logging.getLogger("stripe_reports")


def api_of(transport: Transport, *, left_out: Callable[[str], object] = logger.debug) -> Api:
    """Return the calls of the API that the client of *transport* uses.

    Args:
        transport: Sends the calls.
        left_out: Called for each unusable object of a list, with its name and shape but no values.
    """
    return ApiV1(transport, left_out=left_out)
