"""The client: launch a report run or reuse one, wait for it, read it."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import NoReturn, Self, Unpack

import polars as pl

from stripe_reports.catalog import ReportTypeName
from stripe_reports.catalog.unrecognised import Group
from stripe_reports.errors import NotPicklableError
from stripe_reports.http.clock import Clock
from stripe_reports.http.connect import api_of, warn_of_preview
from stripe_reports.http.keys import find_key
from stripe_reports.http.settings import STRIPE_URL, Secret, Settings, allowed_rate, results_folder
from stripe_reports.http.transport import Transport
from stripe_reports.http.wsgi import WSGIApplication
from stripe_reports.models import ApiName, ReportRequest
from stripe_reports.notebook.completion import install_in_session
from stripe_reports.notebook.progress import place_to_draw
from stripe_reports.parsing import SchemaOverrides, checked_overrides
from stripe_reports.planning.periods import Period
from stripe_reports.planning.remarks import remarks
from stripe_reports.planning.reuse import Policy, check_policy
from stripe_reports.reconcile.closing import Closing
from stripe_reports.render.card import card
from stripe_reports.render.printable import printable
from stripe_reports.render.redaction import redacted
from stripe_reports.render.signature import spelled_out
from stripe_reports.report.report import FetchPlan, Report
from stripe_reports.runs.account import Account
from stripe_reports.runs.fetch import Runs
from stripe_reports.runs.futures import PendingReport
from stripe_reports.runs.progress import (
    GridProgress,
    GridProgressOption,
    Progress,
    ProgressOption,
    shown,
    shown_for_all,
    told_in_background,
)
from stripe_reports.runs.request import Parameters, RequestBuilder
from stripe_reports.runs.set_calls import SetCalls
from stripe_reports.storage.cache import Cache
from stripe_reports.storage.disk import shown_path
from stripe_reports.storage.store import Store

__all__ = ["Client", "Parameters"]

logger = logging.getLogger("stripe_reports")


class Client(SetCalls, Closing):
    """Stripe's reports for one API key, and the results stored for it on this machine.

    Args:
        api_key: A secret or restricted key, or an organisation's. Else it is taken from ``STRIPE_API_KEY``,
            the keyring (extra ``keyring``), or a hidden prompt where one can be shown.
        account: ``acct_…`` to act for a connected account, or a path such as
            ``acct_platform/acct_connected``. An organisation's key (``sk_org_…``) needs an account of the
            organisation, or such a path.
        timezone: IANA zone in which periods such as ``"2026-10"`` are meant, unless a call names another;
            None is UTC.
        base_url: Stripe, or a simulator on this machine.
        files_url: Address of result files, if neither at Stripe nor at *base_url*.
        cache_dir: Folder of results; None is ``STRIPE_REPORTS_CACHE_DIR``, else the user's cache folder.
        fiscal_year_start: Month in which the fiscal year of ``"FY2026"`` starts, 1 to 12; it is named after
            the year in which it ends.
        cache_limit: Bytes that the stored results may take; beyond it, the oldest are removed.
        max_result_bytes: Bytes that one result may have; a larger one is an error, and is not stored.
        trusted_hosts: Host names besides Stripe's that may get a live key.
        calls_per_second: Most calls per second, of all clients of the key on this machine; the lowest value
            in use applies. None is ``STRIPE_REPORTS_CALLS_PER_SECOND``, else 20.
        application: A WSGI application that stands in for Stripe in this process; no network is used.
        clock: Current time and sleep function; for tests.
        api: ``"v1"`` for Stripe's Reporting API, or ``"v2"`` for Reports v2, a preview that Stripe enables on
            request: the same calls and tables, by reports without versions. What is different is on the
            page *Reports v2* of the guide; Stripe's page: https://docs.stripe.com/data/api/reports.

    Creating a client uses neither network nor disk. A *timeout* is the longest time that a call may take,
    whatever it does: calls to Stripe, pauses that Stripe asks for, waiting, a very slow download. In methods
    without one, each call to Stripe takes two minutes at most, tries and pauses included.

    Raises:
        ApiKeyError: No key was found, or it must not go to that address.
        ParameterError: An account that cannot be one, or none with an organisation's key; or another API.

    Warns:
        PreviewWarning: Reports v2 is a preview; once in a process.

    Example:
        >>> client = sr.demo()
        >>> client.frame("balance.summary", "2026-10", currency="eur").columns
        ['category', 'description', 'net_amount', 'currency']
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        *,
        account: str | None = None,
        timezone: str | None = None,
        base_url: str = STRIPE_URL,
        files_url: str | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        fiscal_year_start: int = 1,
        cache_limit: int = 20_000_000_000,
        max_result_bytes: int = 100_000_000_000,
        trusted_hosts: Collection[str] = (),
        calls_per_second: float | None = None,
        application: WSGIApplication | None = None,
        clock: Clock | None = None,
        api: ApiName = "v1",
    ) -> None:
        # First of all, since a traceback may show the variables of this frame: no key stays in one.
        api_key = Secret.of(api_key)
        account, timezone = redacted(account), redacted(timezone)
        base_url, files_url = redacted(base_url), redacted(files_url)
        self.settings = Settings(
            api_key=find_key(api_key),
            account=account,
            timezone=timezone,
            base_url=base_url,
            files_url=files_url,
            cache_dir=results_folder(cache_dir),
            fiscal_year_start=fiscal_year_start,
            cache_limit=cache_limit,
            max_result_bytes=max_result_bytes,
            trusted_hosts=frozenset(trusted_hosts),
            calls_per_second=allowed_rate(calls_per_second),
            in_process=application is not None,
            api=api,
        )
        warn_of_preview(self.settings.api)
        self._store = Store(self.settings.cache_dir, self.settings.owner)
        self._transport = Transport(
            self.settings, cache_path=self._store.answers_path, application=application, clock=clock
        )
        note = self._store.launch_log.unrecognised.note
        self._api = api_of(
            self._transport, left_out=lambda shape: note({Group("left out of lists"): (shape,)})
        )
        self._account = Account(self._api, self._store.launch_log, self._transport)
        self._requests = RequestBuilder(self._account, self.settings)
        self._runs = Runs(self._account, self._api, self._store, self._transport)
        install_in_session()

    def __repr__(self) -> str:
        where = "" if self.settings.base_url == STRIPE_URL else f", {self.settings.base_url}"
        account = f", {self.settings.account}" if self.settings.account else ""
        api = f", {self.settings.api_title}" if self.settings.api_title else ""
        return printable(f"Client({self.settings.mode} mode{account}{where}{api})")

    def _repr_html_(self) -> str:
        settings = self.settings
        return card(
            type(self).__name__,
            [
                ("mode", f"{settings.mode} mode"),
                ("account", settings.account or "the key's own"),
                ("API", settings.api_title),
                ("asks", "a simulator in this process" if settings.in_process else settings.base_url),
                ("periods are in", settings.timezone or "UTC"),
                ("results are in", shown_path(settings.cache_dir)),
            ],
            kind="client of Stripe's reports",
        )

    def __reduce__(self) -> NoReturn:
        raise NotPicklableError(
            "A client cannot be pickled or copied: it holds the API key and open connections. Create one "
            "in each process (Client() takes the key from STRIPE_API_KEY), or pass reports or frames between "
            "processes: they can be pickled."
        )

    def close(self) -> None:
        """Close connections and the cache of answers. The client can still be used; it opens them again."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What to ask for

    @spelled_out(Parameters)
    def request(
        self,
        report_type: ReportTypeName | str,
        period: Period | None = None,
        **parameters: Unpack[Parameters],
    ) -> ReportRequest:
        """Return a request for a report, checked as far as possible without running it.

        Args:
            report_type: Id with or without version; without, the newest that the account offers.
            period: What the report covers, as a calendar period in *timezone*: ``"2026-10"``, ``"2026-Q3"``,
                ``"last month"``, ``"2026-10-01/2026-10-15"`` or ``(start, end)`` with the end excluded. For
                types that describe one moment, the period's end; for one payout's report, None.
            **parameters: Stripe's parameters, where the type takes them; ``timezone`` also says where the
                period is meant. ``columns`` is a list, ``"all"`` or ``"default"``.

        Raises:
            UnknownReportTypeError: No such type.
            IntervalError: No such period, or one that no data are available for.
            ParameterError: A parameter that the type does not take, or misses.

        What each parameter means: https://docs.stripe.com/reports/options.

        Example:
            >>> request = client.request("payouts.itemized", "2026-10", currency="eur")
            >>> request.last_included_day
            datetime.date(2026, 10, 31)
        """
        return self._requests.request(report_type, period, parameters).request

    # The main job; RunCalls has report_types, launch, wait and read, SetCalls fetch_all, Closing tie_out

    @spelled_out(Parameters)
    def plan(
        self,
        report_type: ReportTypeName | str | ReportRequest,
        period: Period | None = None,
        *,
        reuse: Policy = "auto",
        **parameters: Unpack[Parameters],
    ) -> FetchPlan:
        """Return what ``fetch`` would do now: use a stored result, wait for a run, or launch one.

        Nothing is launched and at most one call is made, for the report type. Runs that were launched
        elsewhere are not searched, so ``fetch`` may find one to reuse although a launch is planned.

        Args:
            report_type: Id with or without version, or a finished ``ReportRequest``.
            period: See ``request``.
            reuse: See ``fetch``.
            **parameters: See ``request``.

        Raises:
            InputError, StripeAPIError, NetworkError: See ``fetch``.

        Example:
            >>> client.plan("balance.summary", "2026-10").action
            'launched'
        """
        check_policy(reuse)
        asked = self._requests.asked(report_type, period, parameters)
        notes = (*asked.notes, *remarks(asked.request))
        return replace(self._runs.finder.plan(asked.request, reuse), notes=notes)

    @spelled_out(Parameters)
    def fetch(
        self,
        report_type: ReportTypeName | str | ReportRequest,
        period: Period | None = None,
        *,
        reuse: Policy = "auto",
        timeout: float = 900.0,
        progress: ProgressOption = "auto",
        schema_overrides: SchemaOverrides | None = None,
        **parameters: Unpack[Parameters],
    ) -> Report:
        """Return the report from the nearest place that has it: this machine, an earlier run, or a new one.

        Args:
            report_type: Id with or without version, or a finished ``ReportRequest``.
            period: See ``request``.
            reuse: ``"auto"`` reuses a run if its interval was closed (data five days past its end; never for
                revenue recognition, whose past changes) or if Stripe has published nothing newer;
                ``"always"`` reuses any, ``"never"`` none; a ``timedelta`` is the maximum age of the data.
            timeout: Maximum duration of the call, in seconds.
            progress: Called at every poll of a pending run; see ``wait``.
            schema_overrides: polars types by column, instead of those of the catalogue:
                ``{"date": pl.String}``. They are not sent to Stripe; they are recorded in the provenance, and
                a result read with other types is stored separately.
            **parameters: See ``request``.

        Raises:
            InputError: See ``request``.
            StripeAPIError, NetworkError: Stripe refused or could not be asked.
            RunFailedError, RunTimeoutError: See ``wait``; nothing is lost.
            CallTimeoutError: The time was over before a run was known.
            FileError: The result file is missing, damaged or too large.

        Warns:
            UnknownReportTypeWarning: The catalogue does not have the type or a column; once in a process.

        Example:
            >>> report = client.fetch("balance.summary", "2026-10")
            >>> report.reuse.action
            'launched'
        """
        check_policy(reuse)
        with self._within(timeout):
            overrides = checked_overrides(schema_overrides)
            with self._shown(progress, report_type) as told:
                skipped = self._account.skipped(report_type)
                asked = self._requests.asked(report_type, period, parameters)
                report = self._runs.fetch(asked.request, reuse, overrides, progress=told)
            return report.explained(skipped, asked.notes)

    @spelled_out(Parameters)
    def frame(
        self,
        report_type: ReportTypeName | str | ReportRequest,
        period: Period | None = None,
        *,
        reuse: Policy = "auto",
        timeout: float = 900.0,
        progress: ProgressOption = "auto",
        schema_overrides: SchemaOverrides | None = None,
        **parameters: Unpack[Parameters],
    ) -> pl.DataFrame:
        """Return ``fetch(...).frame()``: the report as a DataFrame.

        One row per row of Stripe's file, in its order, with the types of the catalogue: money is
        ``Decimal(38, 6)`` in major units (10.00 is ten euros). Arguments and errors are those of ``fetch``.

        Example:
            >>> client.frame("balance.summary", "2026-10", currency="eur").schema["net_amount"]
            Decimal(precision=38, scale=6)
        """
        check_policy(reuse)
        with self._within(timeout):
            overrides = checked_overrides(schema_overrides)
            with self._shown(progress, report_type) as told:
                request = self._requests.asked(report_type, period, parameters).request
                report = self._runs.fetch(request, reuse, overrides, progress=told)
            return self._runs.frame_of(report, overrides)

    @spelled_out(Parameters)
    def submit(
        self,
        report_type: ReportTypeName | str | ReportRequest,
        period: Period | None = None,
        *,
        reuse: Policy = "auto",
        timeout: float = 900.0,
        progress: ProgressOption = "auto",
        schema_overrides: SchemaOverrides | None = None,
        **parameters: Unpack[Parameters],
    ) -> PendingReport:
        """Start ``fetch`` in the background: a future of the report, which a notebook cell can also await.

        Many can be submitted at once; their runs are polled together. For the arguments see ``fetch``.

        Raises:
            InputError: At once, if Stripe has no such report. Every other error is raised by ``result()`` or
                ``await``.

        Example:
            >>> pending = [client.submit("balance.summary", month) for month in ("2026-08", "2026-09")]
            >>> [each.result().frame().height for each in pending]
            [36, 36]
        """
        check_policy(reuse)
        with self._within(timeout):  # the thread of the future has the same time limit
            overrides = checked_overrides(schema_overrides)
            with self._shown(progress, report_type):
                skipped = self._account.skipped(report_type)
                asked = self._requests.asked(report_type, period, parameters)
            pending = PendingReport(asked.request)

            def answer(progress: Progress | None) -> Report:
                told = pending.noting_run(progress)
                report = self._runs.fetch(pending.request, reuse, overrides, progress=told)
                return report.explained(skipped, asked.notes)

            about = pending.request.report_type
            pending.start(told_in_background(progress, place_to_draw, about, answer))
            return pending

    @property
    def cache(self) -> Cache:
        """The results stored on this machine: ``client.cache.info()``, ``client.cache.clear(...)``."""
        version = self.settings.api_version
        return Cache(self._store, api_version=version, now=self._transport.now, close=self.close)

    def _shown(
        self, progress: ProgressOption, about: str | ReportRequest
    ) -> AbstractContextManager[Progress | None]:
        name = about.report_type if isinstance(about, ReportRequest) else str(about)
        return shown(progress, place_to_draw, name)

    def _shown_for_all(
        self, progress: GridProgressOption, about: str
    ) -> AbstractContextManager[GridProgress | None]:
        return shown_for_all(progress, place_to_draw, about)
