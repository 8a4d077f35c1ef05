"""From what people write to what Stripe is asked for: names, periods and parameters become a request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from inspect import Parameter, Signature, signature
from typing import Any, Literal, TypedDict, TypeVar

from stripe_reports import catalog, notices
from stripe_reports.catalog.splitting import check_split
from stripe_reports.errors import NetworkError, ParameterError, StoreError, UnknownReportTypeError
from stripe_reports.http.api_v1 import Api
from stripe_reports.http.transport import Transport
from stripe_reports.models import ReportRequest, ReportType
from stripe_reports.planning import intervals, periods
from stripe_reports.planning.intervals import Split
from stripe_reports.planning.periods import Period
from stripe_reports.runs.fetch_all import requests_of
from stripe_reports.runs.runs import Runs, cut_to_available
from stripe_reports.storage.store import Store

__all__ = ["Asking", "Parameters", "spelled_out"]

logger = logging.getLogger("stripe_reports")

OFFERED_KEPT_FOR = timedelta(days=1)


class Parameters(TypedDict, total=False):
    """What a report can be asked for besides its type and period; which of it applies is the type's."""

    timezone: str | None
    columns: Sequence[str] | Literal["all", "default"] | None
    currency: str | None
    reporting_category: str | None
    payout: str | None
    connected_account: str | None
    connected_accounts: Sequence[str] | None
    customer: str | None
    invoice: str | None
    invoice_line_item: str | None


_PARAMETERS = {*Parameters.__annotations__, "interval_start", "interval_end"}

_Method = TypeVar("_Method", bound=Callable[..., Any])


def spelled_out(method: _Method) -> _Method:
    """Show each of Stripe's parameters in the signature, where ``**parameters`` stands for them.

    Type checkers read ``Unpack[Parameters]``; Jupyter's completion and help read the signature.
    """
    shown = signature(method)
    named = [each for each in shown.parameters.values() if each.kind is not Parameter.VAR_KEYWORD]
    named += [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind.__forward_arg__)
        for name, kind in Parameters.__annotations__.items()
    ]
    method.__signature__ = Signature(named, return_annotation=shown.return_annotation)  # type: ignore[attr-defined]
    return method


class Asking:
    """What one owner asks for, with what that takes: the types that are offered, and Stripe's time."""

    def __init__(self, api: Api, store: Store, transport: Transport, runs: Runs) -> None:
        self._api = api
        self._store = store
        self._transport = transport
        self._runs = runs

    def request(self, report_type: str, period: Period | None, parameters: Parameters) -> ReportRequest:
        """The request that a name, a period and parameters mean; see ``Client.request``."""
        type_id = self.versioned(report_type)
        known = catalog.get(type_id)
        given: dict[str, Any] = {name: value for name, value in parameters.items() if value is not None}
        asked_zone = given.pop("timezone", None)
        zone = asked_zone or self._transport.settings.timezone
        if zone and ("timezone" in known.parameters if known else asked_zone):
            given["timezone"] = zone
        given["columns"] = catalog.columns_named(known or _unknown_type(type_id), given.pop("columns", None))
        given |= self._bounds(type_id, known, period, zone or "UTC")
        strangers = {name: given.pop(name) for name in list(given) if name not in _PARAMETERS}
        shown_in = None if "timezone" in given else zone
        request = ReportRequest(type_id, **given, other=strangers, zone=shown_in)
        for message in catalog.check(request, known):
            notices.warn(message)
        return request

    def report_types(self) -> list[ReportType]:
        """Every report type that the account offers; their names are remembered for a day."""
        types = [catalog.merge(type_) for type_ in self._api.list_report_types()]
        try:
            self._store.journal.remember_offered([type_.id for type_ in types], self._transport.clock.now())
        except StoreError as error:
            logger.warning("the names of the report types are asked for again next time: %s", error)
        return types

    def asked(
        self, report_type: str | ReportRequest, period: Period | None, parameters: Parameters
    ) -> ReportRequest:
        """The request, finished or from its parts."""
        if not isinstance(report_type, ReportRequest):
            return self.request(report_type, period, parameters)
        if period is not None or parameters:
            raise ParameterError("A ReportRequest says it all; give no period or parameters beside it.")
        catalog.check(report_type)
        return report_type

    def in_parts(
        self,
        report_type: str | ReportRequest,
        period: Period | None,
        split: Split,
        parameters: Parameters,
    ) -> tuple[ReportRequest, bool]:
        """The request of the whole interval, known to be one that splits, and whether its end was cut."""
        if isinstance(report_type, ReportRequest):
            request = self.asked(report_type, period, parameters)
            requests_of(request, split)
            return request, False
        type_id = self.versioned(report_type)
        check_split(type_id)
        zone = parameters.get("timezone") or self._transport.settings.timezone or "UTC"
        cut = False
        if period is not None:
            interval = self._interval(type_id, period, zone, as_far_as_it_goes=True)
            cut = interval.is_open and interval.end < self._end_of(period, zone)
            period = (interval.start, interval.end)
        request = self.request(type_id, period, parameters)
        requests_of(request, split)
        return request, cut

    def versioned(self, name: str) -> str:
        """*name* with its version: the newest that the account offers, asked at most once a day."""
        if not isinstance(name, str):
            raise _not_a_name(name)
        name = name.strip().lower()
        if name.rpartition(".")[2].isdigit():
            return name
        remembered = self._store.journal.offered()
        if remembered is not None:
            ids, at = remembered
            if abs(self._transport.clock.now() - at) < OFFERED_KEPT_FOR:
                try:
                    return catalog.newest(name, ids)
                except UnknownReportTypeError:
                    pass  # it may be new; ask
        try:
            return catalog.newest(name, [type_.id for type_ in self.report_types()])
        except NetworkError:
            return catalog.newest(name, remembered[0] if remembered else None)

    def _bounds(
        self, type_id: str, known: ReportType | None, period: Period | None, zone: str
    ) -> dict[str, datetime]:
        takes = known.parameters if known else ("interval_start", "interval_end")
        names = [name for name in ("interval_start", "interval_end") if name in takes]
        if period is None:
            return {}
        if not names:
            raise ParameterError(
                f"{type_id} describes one payout and takes no period; pass payout='po_…' alone.",
                param="payout",
            )
        interval = self._interval(type_id, period, zone)
        values = {"interval_start": interval.start, "interval_end": interval.end}
        return {name: values[name] for name in names}

    def _interval(
        self, type_id: str, period: Period, zone: str, *, as_far_as_it_goes: bool = False
    ) -> intervals.Interval:
        """The interval of a period, an open one cut to what Stripe has data for.

        Args:
            type_id: Whose data.
            period: As the caller wrote it.
            zone: Where it is meant.
            as_far_as_it_goes: A calendar period that is still going on is open too.
        """
        interval = periods.parse(period, timezone=zone, now=self._time_for(period))
        if as_far_as_it_goes and periods.is_calendar(period) and interval.end > self._transport.now():
            now = self._runs.time()
            interval = replace(interval, is_open=interval.start <= now < interval.end)
        if interval.is_open:
            interval = cut_to_available(interval, self._runs.report_type(type_id))
        return interval

    def _end_of(self, period: Period, zone: str) -> datetime:
        return periods.parse(period, timezone=zone, now=self._transport.now()).end

    def _time_for(self, period: Period) -> datetime:
        """Now, by Stripe's clock where the period depends on it; by the machine's if Stripe is silent."""
        if periods.is_relative(period):
            try:
                return self._runs.time()
            except NetworkError:
                logger.warning(
                    "Stripe could not be asked for the time; %r is by this machine's clock.", period
                )
        return self._transport.now()


def _not_a_name(given: object) -> ParameterError:
    hint = f"; pass its id, {given.id!r}" if isinstance(given, ReportType) else ""
    return ParameterError(
        f"A report type is named by a text such as 'balance.summary', not by a {type(given).__name__}{hint}.",
        param="report_type",
    )


def _unknown_type(id_: str) -> ReportType:
    return ReportType(id=id_, name=id_, version=int(id_.rpartition(".")[2]))
