"""Build a request from what people write: a name, a period and parameters.

The rules are in ``planning/resolve``; this module tells it the type, the time and the zone.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, TypedDict

from stripe_reports import catalog, notices
from stripe_reports.errors import (
    IntervalError,
    LiveModeRequiredError,
    NetworkError,
    ParameterError,
    UnknownReportTypeError,
)
from stripe_reports.http.settings import Settings
from stripe_reports.models import ReportRequest
from stripe_reports.planning import periods
from stripe_reports.planning.data_end import until_now
from stripe_reports.planning.intervals import Split
from stripe_reports.planning.parts import check_split_of, requests_of
from stripe_reports.planning.periods import Period
from stripe_reports.planning.resolve import Resolution, resolve
from stripe_reports.runs.account import Account

__all__ = ["REFUSALS", "Asked", "AskedInParts", "Parameters", "RequestBuilder"]

logger = logging.getLogger("stripe_reports")


REFUSALS = IntervalError, LiveModeRequiredError, UnknownReportTypeError
"""Errors that concern one report type or period, and no other of the same call."""


class Parameters(TypedDict, total=False):
    """The parameters of a report besides its type and period; each type takes some of them."""

    timezone: str | None
    columns: Sequence[str] | Literal["all", "default"] | None
    tax_invoice_month: str | None
    currency: str | None
    reporting_category: str | None
    payout: str | None
    connected_account: str | None
    connected_accounts: Sequence[str] | None
    customer: str | None
    invoice: str | None
    invoice_line_item: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and how it was understood.

    Attributes:
        notes: What is special about it, in sentences; such as that its period is not over yet.
        truncated: True if its period continues beyond the end of Stripe's data, and was truncated there.
        is_open: True if its period is not over yet.
    """

    request: ReportRequest
    notes: tuple[str, ...] = ()
    truncated: bool = False
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class AskedInParts:
    """A request of a whole interval, and those of its parts, in order."""

    whole: Asked
    requests: tuple[ReportRequest, ...]


class RequestBuilder:
    """Builds requests, and makes a call only where the request depends on the answer."""

    def __init__(self, account: Account, settings: Settings) -> None:
        self._account = account
        self._settings = settings
        self._is_unasked_told = False  # a tie-out makes many requests

    def request(
        self,
        report_type: str,
        period: Period | None,
        parameters: Parameters,
        *,
        checks_availability: bool = True,
    ) -> Asked:
        """Return the request that a name, a period and parameters mean; see ``Client.request``.

        Args:
            report_type: Id with or without version.
            period: As people write it.
            parameters: Stripe's parameters.
            checks_availability: True to ask Stripe if it has data for the period. ``fetch`` asks later, and
                only if no stored result answers.
        """
        resolution = self._resolve(
            self._account.versioned(report_type), period, parameters, checks_availability=checks_availability
        )
        return self._asked(resolution)

    def _resolve(
        self,
        type_id: str,
        period: Period | None,
        parameters: Parameters,
        *,
        checks_availability: bool,
        truncates: bool = False,
        keeps_refused: bool = False,
    ) -> Resolution:
        """Return the request; *keeps_refused* returns it even if Stripe lacks the type, or data for it."""
        resolved = partial(
            resolve,
            period=period,
            parameters=parameters,
            now=self._time_for(period, truncates),
            default_zone=self._settings.timezone,
            fiscal_year_start=self._settings.fiscal_year_start,
            truncates=truncates,
        )
        resolution = resolved(self._account.known_type(type_id))
        is_open = resolution.interval is not None and resolution.interval.is_open
        if resolution.request is None or resolution.interval is None or not (checks_availability or is_open):
            return resolution
        try:
            by_data = resolved(self._account.report_type(type_id))
            if keeps_refused:
                by_data.unwrap()
        except NetworkError:
            if is_open:
                raise
            level = logging.INFO if self._is_unasked_told else logging.WARNING
            self._is_unasked_told = True
            logger.log(level, "Stripe could not be asked whether it has data for %r", resolution.request)
            return resolution
        except REFUSALS:
            if not keeps_refused:
                raise
            return resolution
        return by_data

    def asked(self, report_type: str | ReportRequest, period: Period | None, parameters: Parameters) -> Asked:
        """Return the request, finished or from its parts."""
        if not isinstance(report_type, ReportRequest):
            return self.request(report_type, period, parameters, checks_availability=False)
        _check_alone(period, parameters)
        accepted = self._account.as_accepted(report_type)
        catalog.check(report_type, self._account.known_type(report_type.report_type))
        return Asked(accepted)

    def in_parts(
        self,
        report_type: str | ReportRequest,
        period: Period | None,
        split: Split | None,
        parameters: Parameters,
    ) -> AskedInParts:
        """Return the request of the whole interval, and those of its parts.

        A request for which Stripe has no data, or no such type, is returned too: others of the same call are
        not affected, so it is refused later.
        """
        if isinstance(report_type, ReportRequest):
            _check_alone(period, parameters)
            self._account.as_accepted(report_type)
            requests = requests_of(report_type, split)
            catalog.check(requests[0], self._account.known_type(report_type.report_type))
            return AskedInParts(Asked(report_type), requests)
        type_id = self._account.versioned(report_type, keeps_refused=True)
        if split is not None:
            check_split_of(type_id, has_period=period is not None)
        resolution = self._resolve(
            type_id,
            period,
            parameters,
            checks_availability=False,
            truncates=split is not None,
            keeps_refused=True,
        )
        asked = self._asked(resolution)
        interval = resolution.interval
        if interval is not None and asked.request.interval_end is not None:
            interval = replace(
                interval, end=asked.request.interval_end
            )  # a second less, if Stripe refused it
        requests = requests_of(asked.request, split, interval)
        return AskedInParts(asked, until_now(requests, self._account.now()) if asked.is_open else requests)

    def _asked(self, resolution: Resolution) -> Asked:
        """Return the request, and warn of what is left to Stripe.

        There is no warning for a period that is not over yet: the report says where it ends.
        """
        request = self._account.as_accepted(resolution.unwrap())
        notes = dict(resolution.notes)
        of_period = notes.pop("period", None)
        for message in notes.values():
            notices.warn_once(message)
        is_open = resolution.interval is not None and resolution.interval.is_open
        return Asked(request, (of_period,) if of_period else (), resolution.truncated, is_open)

    def _time_for(self, period: Period | None, truncates: bool) -> datetime:
        """Return the time: Stripe's where the period depends on it, the machine's if Stripe is silent."""
        now = self._account.now()
        if period is not None and (periods.is_relative(period) or (truncates and _may_go_on(period, now))):
            try:
                return self._account.time()
            except NetworkError:
                logger.warning(
                    "Stripe could not be asked for the time; %r is by this machine's clock.", period
                )
        return now


def _check_alone(period: Period | None, parameters: Parameters) -> None:
    if period is not None or parameters:
        raise ParameterError("A ReportRequest says it all; give no period or parameters beside it.")


def _may_go_on(period: Period, now: datetime) -> bool:
    """Return True if a calendar period may not be over yet, in some zone."""
    day = timedelta(days=1)
    return periods.is_calendar(period) and periods.parse(period, timezone="UTC", now=now).end + day > now
