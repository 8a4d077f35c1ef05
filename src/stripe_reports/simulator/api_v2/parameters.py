"""The parameters of a report run: checked as the report describes them, and written as v1 takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stripe_reports.models import month_bounds
from stripe_reports.simulator.api.answers import invalid
from stripe_reports.simulator.api.checks import check_named, checked_parameters
from stripe_reports.simulator.api_v2.instants import in_milliseconds, seconds_of
from stripe_reports.simulator.api_v2.reports import Report
from stripe_reports.simulator.ledger.connected_accounts import ConnectedAccount

__all__ = ["Sent", "checked", "within"]

_BOUNDS = ("interval_start", "interval_end")


@dataclass(frozen=True, slots=True)
class Sent:
    """What a run was created with.

    Attributes:
        shown: The parameters as they are shown: times in one form, all else as sent.
        parameters: The same as v1 takes them.
        is_compressed: True if the file is to be a zip archive.
    """

    shown: dict[str, Any]
    parameters: dict[str, Any]
    is_compressed: bool = False


def checked(
    report: Report,
    sent: Mapping[str, Any],
    data_end: int,
    *,
    find_payout: Callable[[str, int], Mapping[str, Any] | None],
    find_account: Callable[[str, int], ConnectedAccount | None],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check the parameters of a run; return them as they are shown, and as v1 takes them.

    An interval need not lie within the data, since the API does not tell their end beforehand: inferred.

    Args:
        report: The report.
        sent: The parameters, as JSON.
        data_end: End of the published data, in Unix seconds.
        find_payout: Finds a payout by its id and the end of the published data.
        find_account: Finds a connected account by the same two values.

    Raises:
        StripeError: 400, with the parameter in its message.
    """
    as_text = {name: _as_text(name, value) for name, value in sent.items()}
    parameters = checked_parameters(report.report_type, as_text)
    start, end = (parameters.get(name) for name in _BOUNDS)
    if start is not None and end is not None and start >= end:
        raise invalid("`interval_start` must be before `interval_end`.", "parameters.interval_end")
    month = parameters.get("tax_invoice_month")
    if month is not None and month_bounds(month)[1].timestamp() > data_end:
        raise invalid(f"There is no tax invoice for {month} yet.", "parameters.tax_invoice_month")
    check_named(report.report_type, parameters, data_end, find_payout=find_payout, find_account=find_account)
    shown = {name: in_milliseconds(value) if name in _BOUNDS else value for name, value in parameters.items()}
    return shown, parameters


def within(parameters: Mapping[str, Any], data_end: int) -> dict[str, Any]:
    """Return the parameters with the interval ending where the data end."""
    cut = {name: min(parameters[name], data_end) for name in _BOUNDS if name in parameters}
    return {**parameters, **cut}


def _as_text(name: str, value: Any) -> Any:
    """Return a value as a form of v1 has it: lists and texts, of which none is a number."""
    param = f"parameters.{name}"
    if name in _BOUNDS:
        try:
            return str(seconds_of(value))
        except ValueError as error:
            raise invalid(f"Invalid timestamp: {str(value)[:100]!r} is {error}.", param) from None
    if not isinstance(value, str | list):
        raise invalid(f"Invalid {param}: {str(value)[:100]}", param)
    return value
