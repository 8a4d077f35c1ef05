"""The account at Stripe: its report types, its runs, and Stripe's time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from stripe_reports import catalog
from stripe_reports.catalog.unrecognised import names_of_columns, names_of_types
from stripe_reports.errors import (
    LiveModeRequiredError,
    NetworkError,
    NotFoundError,
    ParameterError,
    StoreError,
    StripeAPIError,
    StripeReportsError,
    UnknownReportTypeError,
)
from stripe_reports.http.api import Api
from stripe_reports.http.transport import Transport
from stripe_reports.models import AnyRun, Owner, ReportRequest, ReportType
from stripe_reports.planning import data_end
from stripe_reports.planning.intervals import Interval, clip
from stripe_reports.planning.reuse import request_key
from stripe_reports.storage.launch_log import LaunchLog

__all__ = ["Account", "check_available"]

logger = logging.getLogger("stripe_reports")

OFFERED_KEPT_FOR = timedelta(days=1)


class Account:
    """One account at Stripe, as its key sees it.

    Args:
        api: Stripe's Reporting API, for this account.
        launch_log: What was launched for it.
        transport: Its transport.
        types: Gives a report type; without it, Stripe is asked for this account.
    """

    def __init__(
        self,
        api: Api,
        launch_log: LaunchLog,
        transport: Transport,
        *,
        types: Callable[[str], ReportType] | None = None,
    ) -> None:
        self._api = api
        self._types = types
        self._launch_log = launch_log
        self._transport = transport

    def key_of(self, request: ReportRequest) -> str:
        """Return the key that equal requests of this account share."""
        settings = self._transport.settings
        return request_key(request, settings.owner, settings.api_version)

    @property
    def owner(self) -> Owner:
        """The owner of its results."""
        return self._transport.settings.owner

    def own_id(self) -> str | None:
        """Return the id of the key's own account, which is asked for once; None if it cannot be known.

        A restricted key may not be allowed to read it.
        """
        known = self._launch_log.own_account()
        if known is not None:
            return known
        try:
            known = self._api.retrieve_account_id()
            self._launch_log.remember_own_account(known)
        except StripeReportsError as error:
            logger.info("the id of the key's own account is not known: %s", error)
        return known

    def as_accepted(self, request: ReportRequest) -> ReportRequest:
        """Return the request with the end that Stripe accepts, as far as its earlier answers show.

        Raises:
            ParameterError: It is a request of the other of Stripe's two APIs.
        """
        self._api.check_request(request)
        shorter = data_end.shortened(request)
        return shorter if shorter is not None and self._launch_log.is_data_end_refused() else request

    # Time

    def now(self) -> datetime:
        """Return Stripe's time according to its last answer, else this machine's time. Makes no call."""
        return self._transport.now()

    def time(self) -> datetime:
        """Return Stripe's time; make a call if no recent answer told it."""
        if self._transport.stripe_time() is None:
            self._api.ask_time()
        return self._transport.now()

    # Runs

    def runs(
        self, since: datetime | None = None, *, pages: int | None = None, page_size: int = 100
    ) -> Iterator[AnyRun]:
        """List runs at Stripe, newest first, created at or after *since*, from at most *pages* pages."""
        for runs in islice(self._api.pages_of_runs(since, page_size=page_size), pages):
            yield from runs

    def newest_runs(self, *, page_size: int) -> Iterator[AnyRun]:
        """Iterate over all runs, newest first.

        If Stripe lists none, they are those that were launched from here, each retrieved by its id.
        """
        if self._api.lists_runs:
            yield from self.runs(page_size=page_size)
            return
        for record in self._launch_log.newest():
            with suppress(NotFoundError):
                yield self._api.retrieve_run(str(record.run_id), record.request)

    def retrieve(self, id_: str) -> AnyRun:
        """Return the run with that id, as it is now; a run that was launched here must match its request."""
        run = self._api.retrieve_run(id_)
        return self._api.verified(run, self._launch_log.request_of(run.id))

    # Report types

    def report_types(self) -> list[ReportType]:
        """List every report type that the account offers, and record the names for a day."""
        types = [catalog.merge(type_) for type_ in self._api.list_report_types()]
        try:
            offered = {type_.id: type_.default_columns for type_ in types}
            described = [type_ for type_ in types if type_.is_described]
            self._launch_log.remember_offered(offered, self.now(), described=described)
        except StoreError as error:
            logger.warning("the names of the report types are asked for again next time: %s", error)
        self._launch_log.unrecognised.note(names_of_types(types))
        return types

    def report_type(self, id_: str) -> ReportType:
        """Return a report type as Stripe has it now, completed by the catalogue."""
        if self._types is not None:
            return self._types(id_)
        try:
            type_ = catalog.merge(self._api.retrieve_report_type(id_))
        except LiveModeRequiredError:
            raise
        except NotFoundError as error:
            has_versions = self._api.has_versions
            raise catalog.unknown(id_, says=error.stripe_message, have_versions=has_versions) from error
        self._launch_log.unrecognised.note(names_of_types([type_]))
        return type_

    def with_output_columns(self, report_type: ReportType) -> ReportType:
        """Return a type with the columns that Stripe tells besides those of the catalogue."""
        try:
            told = self._api.output_columns(report_type)
            self._launch_log.unrecognised.note(names_of_columns(report_type.id, told))
            return catalog.with_column_types(report_type, told)
        except StripeAPIError as error:  # such as a key that may not search
            logger.info("the columns of %s are those of the catalogue: %s", report_type.id, error)
            return report_type

    def known_type(self, id_: str) -> ReportType:
        """Return the type as known, without a call where possible.

        It is that of the catalogue, or from the columns that Stripe named. A report without version is as
        Stripe described it last; only if that was not recorded, Stripe is asked.
        """
        if not self._api.has_versions:
            described = self._launch_log.described(id_)
            return self.report_type(id_) if described is None else catalog.merge(described)
        known = catalog.completed(id_)
        if known.columns and known.sibling is None:
            return known
        remembered = self._launch_log.offered()
        default_columns = remembered[0].get(id_) if remembered else None
        return catalog.merge(replace(known, default_columns=default_columns)) if default_columns else known

    def versioned(self, name: str, *, keeps_refused: bool = False) -> str:
        """Return *name* with its version: the newest that the account offers; one call a day at most.

        If the account offers none, *keeps_refused* returns that of the catalogue.
        """
        if not isinstance(name, str):
            raise _not_a_name(name)
        name = name.strip().lower()
        try:
            return self._chosen(name).id
        except UnknownReportTypeError:
            if keeps_refused:
                with suppress(UnknownReportTypeError):  # perhaps a typing error
                    return catalog.chosen(name, list(catalog.report_types())).id
            raise

    def skipped(self, name: str | ReportRequest) -> tuple[str, ...]:
        """Return a clause for each offered newer version of *name* that says why it was not chosen."""
        if not isinstance(name, str):
            return ()
        try:
            return self._chosen(name.strip().lower()).skipped
        except UnknownReportTypeError:  # it is refused when it is asked for
            return ()

    def _chosen(self, name: str) -> catalog.Chosen:
        self._api.check_name(name)
        if name.rpartition(".")[2].isdigit():
            return catalog.chosen(name)
        remembered = self._launch_log.offered()
        if remembered is not None:
            offered, at = remembered
            if abs(self.now() - at) < OFFERED_KEPT_FOR:
                try:
                    return catalog.chosen(name, offered)
                except UnknownReportTypeError:
                    pass  # it may be new; ask
        try:
            return catalog.chosen(name, {type_.id: type_.default_columns for type_ in self.report_types()})
        except NetworkError:
            if remembered is None and not self._api.has_versions:
                raise
            return catalog.chosen(name, remembered[0] if remembered else None)


def check_available(request: ReportRequest, report_type: ReportType, now: datetime) -> None:
    """Refuse an interval for which Stripe has no data.

    Args:
        request: The request.
        report_type: Its type, as Stripe has it now.
        now: The time at Stripe: where it tells no end of its data, they cannot be later than that.

    Raises:
        IntervalError: The message has both limits.
    """
    start, end = request.period_start, request.period_end
    first, last = report_type.data_available_start, report_type.data_available_end
    if end is None:
        return
    if first is None or last is None:
        data_end.check_begun(request, now, of="it is now")
        return
    clip(
        Interval(start or end, end, request.display_zone.key),
        available_start=first,
        available_end=last,
        report_type=report_type.id,
        is_moment=start is None,
    )


def _not_a_name(given: object) -> ParameterError:
    hint = f"; pass its id, {given.id!r}" if isinstance(given, ReportType) else ""
    return ParameterError(
        f"A report type is named by a text such as 'balance.summary', not by a {type(given).__name__}{hint}.",
        param="report_type",
    )
