"""The checks that Stripe makes before it creates a run, in its order and with its texts.

Report type, mode, parameters, interval, columns. Where Stripe's own text is not known, ours is in the same
style.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from stripe_reports.models import ReportType, month_bounds
from stripe_reports.simulator.api.answers import StripeError, empty, invalid, missing, no_such, unknown
from stripe_reports.simulator.api.availability import Availability, Publications
from stripe_reports.simulator.ledger.connected_accounts import ConnectedAccount
from stripe_reports.simulator.reports.offer import Offer

__all__ = [
    "check_account",
    "check_named",
    "checked_expand",
    "checked_parameters",
    "checked_request",
    "find_report_type",
    "integer",
]

_INTEGERS = ("interval_start", "interval_end")
_LISTS = ("columns", "connected_accounts")
_MONTH = re.compile(r"[12][0-9]{3}-(?:0[1-9]|1[0-2])")
_CATEGORY = re.compile(r"[a-z_]+")
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_OF_ONE_ACCOUNT = ("connect_card_payments_fees.plan_level", "connect_card_payments_fees.transaction_level")
"""A platform runs these on a connected account.

Reported from partner notes that quote Stripe's documentation of a private preview, 2025.
"""
_LIVE_ONLY = "This report type is only available for live data and requires a live mode key."


def checked_request(
    form: Mapping[str, Any],
    *,
    livemode: bool,
    now: datetime,
    offer: Offer,
    publications: Publications,
    find_payout: Callable[[str, int], Mapping[str, Any] | None],
    find_account: Callable[[str, int], ConnectedAccount | None] = lambda id_, data_end: None,
    strict_bounds: bool = False,
) -> tuple[ReportType, dict[str, Any]]:
    """Check the request for a new run, and return its report type and parameters.

    Args:
        form: The form that was sent.
        livemode: Mode of the key.
        now: The current time.
        offer: The report types that there are.
        publications: Publications of their data.
        find_payout: Finds a payout by its id and the end of the published data.
        find_account: Finds a connected account by the same two values.
        strict_bounds: True to refuse bounds that are exactly at an end of the data.

    Raises:
        StripeError: 400 or 404, with the parameter at fault.
    """
    strangers = [name for name in form if name not in ("report_type", "parameters", "expand")]
    if strangers:
        raise unknown(strangers)
    checked_expand(form)
    report_type = find_report_type(
        _text(form, "report_type", "report_type"), "report_type", offer, livemode=livemode
    )
    sent = form.get("parameters", {})
    if not isinstance(sent, Mapping):
        raise invalid("Invalid object", "parameters")
    parameters = checked_parameters(report_type, sent)
    available = publications.newest(report_type, now)
    within = available
    if strict_bounds:
        within = available._replace(start=available.start + 1, end=available.end - 1)
    _check_interval(report_type, parameters, within)
    check_named(report_type, parameters, available.end, find_payout=find_payout, find_account=find_account)
    return report_type, parameters


def check_named(
    report_type: ReportType,
    parameters: Mapping[str, Any],
    data_end: int,
    *,
    find_payout: Callable[[str, int], Mapping[str, Any] | None],
    find_account: Callable[[str, int], ConnectedAccount | None],
) -> None:
    """Check that the accounts, the payout and the columns that the parameters name exist.

    Raises:
        StripeError: 400, with the parameter at fault.
    """
    for param, id_ in _accounts_named(parameters):
        account = find_account(id_, data_end)
        if account is None:
            raise no_such("account", id_, param, status=400)
        if "payout" in parameters:
            find_payout = _payout_of(account)
    if "payout" in parameters:
        _check_payout(find_payout(parameters["payout"], data_end), parameters["payout"], data_end)
    _check_columns(report_type, parameters.get("columns"))


def check_account(report_type: ReportType, *, is_connected: bool) -> None:
    """Refuse a report on one connected account that is not run on one.

    Raises:
        StripeError: 400; Stripe's own text is not known.
    """
    if report_type.base in _OF_ONE_ACCOUNT and not is_connected:
        raise invalid(
            f"The report type {report_type.id} must be run on a connected account. Include the "
            "Stripe-Account header with the id of the account."
        )


def find_report_type(id_: str, param: str, offer: Offer, *, livemode: bool) -> ReportType:
    """Return the report type with that id.

    Raises:
        StripeError: 404 for a type that is unknown, that needs a live key, or that is not simulated.
    """
    report_type = offer.get(id_)
    if report_type is None:
        raise no_such("report type", id_, param)
    if report_type.livemode_only and not livemode:
        raise StripeError(404, _LIVE_ONLY)
    if not offer.has(report_type):
        raise StripeError(
            404,
            f"The report type {id_} exists at Stripe, but its columns are not published, so this simulator "
            "does not offer it. GET /v1/reporting/report_types lists the report types it offers.",
            param=param,
        )
    return report_type


def checked_expand(values: Mapping[str, Any]) -> None:
    """Check that ``expand`` is a list of names; it changes nothing here, because results are always whole."""
    expand = values.get("expand", [])
    if not isinstance(expand, list) or not all(isinstance(name, str) for name in expand):
        raise invalid("Invalid array", "expand")


def integer(text: Any, param: str) -> int:
    """Read a whole number as Stripe does."""
    if text == "":
        raise empty(param)
    if not isinstance(text, str) or not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise invalid(f"Invalid integer: {_shown(text)}", param, code="parameter_invalid_integer")
    return int(text)


def checked_parameters(report_type: ReportType, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the parameters to their types, in the order they were sent.

    Raises:
        StripeError: 400, with the parameter at fault.
    """
    strangers = [f"parameters[{name}]" for name in sent if name not in report_type.parameters]
    if strangers:
        raise unknown(strangers)
    for name in report_type.required_parameters:
        if name not in sent:
            raise missing(f"parameters[{name}]")
    return {name: _parameter(name, sent) for name in sent}


def _parameter(name: str, sent: Mapping[str, Any]) -> Any:
    param = f"parameters[{name}]"
    if name in _INTEGERS:
        return integer(sent[name], param)
    if name in _LISTS:
        return _texts(sent[name], param)
    text = _text(sent, name, param)
    match name:
        case "tax_invoice_month" if not _MONTH.fullmatch(text):
            raise invalid(f"Invalid {param}: must be a month in the form YYYY-MM.", param)
        case "timezone" if text not in _zones():
            raise invalid(f"Invalid {param}: '{_shown(text)}' is not an IANA time zone.", param)
        case "currency" if not _CURRENCY.fullmatch(text):
            raise invalid(f"Invalid currency: {_shown(text)}", param)
        case "reporting_category" if not _CATEGORY.fullmatch(text):  # the list is open
            raise invalid(f"Invalid {param}: {_shown(text)}", param)
        case "decimal_separator" | "decimal_format" if text not in (".", ","):
            raise invalid(f"Invalid {param}: must be one of . or ,", param)
    return text


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "posixrules"} | {"US/Pacific-New"})


def _text(values: Mapping[str, Any], name: str, param: str) -> str:
    if name not in values:
        raise missing(param)
    value = values[name]
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {_shown(value)}", param)
    if value == "":
        raise empty(param)
    return value


def _texts(value: Any, param: str) -> list[str]:
    if value == "":
        raise empty(param)
    if not isinstance(value, list):
        raise invalid("Invalid array", param)
    return [_text({"": text}, "", f"{param}[{k}]") for k, text in enumerate(value)]


def _check_interval(report_type: ReportType, parameters: Mapping[str, Any], available: Availability) -> None:
    """Require bounds within the available data; the text for a bound exactly at their end is unproved."""
    start, end = parameters.get("interval_start"), parameters.get("interval_end")
    named = (("interval_start", start), ("interval_end", end))
    if (month := parameters.get("tax_invoice_month")) is not None:
        start, end = (int(bound.timestamp()) for bound in month_bounds(month))
        named = (("tax_invoice_month", start), ("tax_invoice_month", end))
    limit = f"Data for the report type {report_type.id} is only available"
    for name, value in named:
        asked = f"you requested `{name}` = {month or _utc(value)}." if value is not None else ""
        if value is not None and value < available.start:
            text = f"{limit} starting at {_utc(available.start)}; {asked}"
            raise invalid(text, f"parameters.{name}")
        if value is not None and value > available.end:
            text = f"{limit} through {_utc(available.end)}; {asked}"
            raise invalid(text, f"parameters.{name}")
    if start is not None and end is not None and start >= end:
        raise invalid(
            f"`interval_start` must be before `interval_end`; you requested `interval_start` = {_utc(start)} "
            f"and `interval_end` = {_utc(end)}.",
            "parameters.interval_end",
        )


def _accounts_named(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return the parameter and the id of each connected account that a run names."""
    if "connected_account" in parameters:
        yield "parameters[connected_account]", parameters["connected_account"]
    for k, id_ in enumerate(parameters.get("connected_accounts", ())):
        yield f"parameters[connected_accounts][{k}]", id_


def _payout_of(account: ConnectedAccount) -> Callable[[str, int], Mapping[str, Any] | None]:
    return lambda id_, data_end: account.ledger.payout(id_)


def _check_payout(payout: Mapping[str, Any] | None, id_: str, data_end: int) -> None:
    """Require an automatic payout that exists: for manual ones, Stripe does not know what they settle.

    The texts of Stripe's reports for either case are not known; these are its answers to the same id in a
    list of balance transactions: https://docs.stripe.com/api/balance_transactions/list
    """
    if payout is None or payout["created"] >= data_end:
        raise no_such("payout", id_, "parameters[payout]", status=400)
    if not payout["automatic"]:
        text = "Balance transaction history can only be filtered on automatic transfers, not manual."
        raise invalid(text, "parameters[payout]")


def _check_columns(report_type: ReportType, columns: list[str] | None) -> None:
    for k, name in enumerate(columns or ()):
        if report_type.column(name) is None:
            text = f"Invalid column: '{_shown(name)}' is not a column of {report_type.id}."
            raise invalid(text, f"parameters[columns][{k}]")
        if name in (columns or ())[:k]:
            raise invalid(f"Duplicate column: '{_shown(name)}'.", f"parameters[columns][{k}]")


def _utc(seconds: int) -> str:
    """Write ``2022-01-01 14:03:52 UTC``; a number that is not a date is written as it is."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return str(seconds)


def _shown(value: Any) -> str:
    return str(value)[:100]
