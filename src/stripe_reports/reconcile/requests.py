"""Requests for the columns that a comparison needs, as far as the report type has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

from stripe_reports import catalog
from stripe_reports.models import ReportRequest
from stripe_reports.planning.periods import Period
from stripe_reports.runs.request import Parameters

if TYPE_CHECKING:
    from stripe_reports.reconcile.protocol import ReportClient

__all__ = ["request_for"]


def request_for(
    client: ReportClient,
    base: str,
    period: Period | None,
    wanted: Sequence[str] | None,
    **parameters: Unpack[Parameters],
) -> ReportRequest:
    """Return a request for those of the columns that the newest version has.

    Args:
        client: Knows the versions that the account offers.
        base: Report type without version.
        period: See ``Client.request``.
        wanted: Columns in the order of the file; None for Stripe's default.
        **parameters: See ``Client.request``.
    """
    request = client.request(base, period, **parameters)
    known = catalog.completed(request.report_type)
    if wanted is None or not known.columns:
        return request
    parameters["columns"] = [column for column in wanted if known.column(column)]
    return client.request(request.report_type, period, **parameters)
