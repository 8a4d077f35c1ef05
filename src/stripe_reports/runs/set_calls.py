"""The public calls that fetch many reports: of several types, accounts and parts of an interval."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Unpack

from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest
from stripe_reports.parsing import SchemaOverrides, checked_overrides
from stripe_reports.planning.intervals import Split
from stripe_reports.planning.periods import Period
from stripe_reports.planning.reuse import Policy, check_policy
from stripe_reports.render.signature import spelled_out
from stripe_reports.report.report_set import ReportSet
from stripe_reports.report.set_plan import SetPlan
from stripe_reports.runs.accounts import Accounts
from stripe_reports.runs.calls import RunCalls
from stripe_reports.runs.fetch_all import (
    IN_FLIGHT,
    ErrorOption,
    Grid,
    Types,
    check_options,
    fetch_grid,
    grid_of,
    plan_grid,
)
from stripe_reports.runs.progress import GridProgress, GridProgressOption
from stripe_reports.runs.reading import readers
from stripe_reports.runs.request import Parameters, RequestBuilder
from stripe_reports.runs.results import SharedResults, StoredResults
from stripe_reports.runs.workers import ExecutorOption, check_executor
from stripe_reports.storage.datasets.opening import place_of

__all__ = ["SetCalls"]


class SetCalls(RunCalls):
    """The part of ``Client`` that fetches many reports in one call."""

    _requests: RequestBuilder

    @spelled_out(Parameters)
    def fetch_all(
        self,
        report_types: Types,
        period: Period | None = None,
        *,
        split: Split | None = None,
        accounts: Sequence[str] | None = None,
        into: str | os.PathLike[str] | None = None,
        storage_options: Mapping[str, object] | None = None,
        executor: ExecutorOption = None,
        in_flight: int = IN_FLIGHT,
        reuse: Policy = "auto",
        timeout: float | None = None,
        errors: ErrorOption = "collect",
        progress: GridProgressOption = "auto",
        schema_overrides: SchemaOverrides | None = None,
        **parameters: Unpack[Parameters],
    ) -> ReportSet:
        """Return many reports: of one or several types, for one or many accounts, whole or in calendar parts.

        Runs are launched account by account and followed together; results are read while others are still
        pending. What is stored is not requested again, so the same call after an interruption, or after some
        reports failed, asks only for what is missing. A period that is still going on, such as the present
        year, is truncated at the end of Stripe's data if it is split, and the set says so. Of any other
        period, the parts beyond Stripe's data fail without a launch, as do report types that Stripe does not
        offer to the account, or only to a live key.

        Args:
            report_types: A report type as for ``fetch``, a finished ``ReportRequest``, or a list of them.
            period: See ``request``.
            split: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; None for one report of the
                whole period. A type that describes one moment is requested for the end of each part; one that
                describes a payout cannot be split.
            accounts: Accounts that the key reaches (``acct_…``, or paths), each with results of its own; None
                for the client's own account, which is ``"own"`` in a list.
            into: A shared dataset that gets the results: a folder, or ``s3://…``, ``az://…`` or ``gs://…``
                (extra ``cloud``). What it has already is not requested again; ``sr.dataset(into)`` reads all
                of it, without a key. It has one mode, and one set of parameters for each report type.
            storage_options: Options of the object store in polars' terms; by default from the environment.
            executor: Where results are downloaded and converted: any executor of ``concurrent.futures``, or a
                client of Dask; None for a few threads of this process. Workers take the key from their own
                ``STRIPE_API_KEY``.
            in_flight: Runs that may be pending at Stripe at the same time. It is halved when Stripe says that
                too many calls are in progress.
            reuse: See ``fetch``; it applies to each report.
            timeout: Maximum duration of the call in seconds; None for no limit. Reports that are not there by
                then are missing from the set; their runs go on.
            errors: ``"collect"`` makes each failed report a row of ``status()``; ``"raise"`` raises one error
                at the end if any report failed or is missing. Failed runs are not repeated within a call.
            progress: ``"auto"`` shows one line or bar for the whole call; a function gets its state after
                each step; False shows nothing.
            schema_overrides: See ``fetch``.
            **parameters: See ``request``; they apply to all types.

        Raises:
            InputError: The arguments are wrong; see ``request``. Nothing was launched.
            StripeAPIError, NetworkError: Stripe could not be asked for the report types.
            WorkerError: A worker of the executor cannot do its tasks; nothing was launched.
            IncompleteError: With ``errors="raise"``: some reports failed or are missing.

        Example:
            >>> quarter = client.fetch_all("payouts.itemized", "2026-Q3", split="month")
            >>> quarter.status()["status"].to_list()
            ['launched', 'launched', 'launched']
        """
        check_policy(reuse)
        check_options(errors, in_flight)
        check_executor(executor)
        if into is None and storage_options is not None:
            raise ParameterError("storage_options are those of into=, which is missing.", param="into")
        overrides = checked_overrides(schema_overrides)
        limited = nullcontext() if timeout is None else self._within(timeout)
        with limited, self._shown_for_all(progress, _about(report_types)) as told:
            accounts_of_key = Accounts(self._runs, self._store, self._transport)
            place = None if into is None else place_of(into, storage_options)
            results = (
                StoredResults(accounts_of_key, reuse, overrides)
                if place is None
                else SharedResults(place, accounts_of_key, reuse, overrides)
            )
            return fetch_grid(
                self._grid(report_types, period, split, accounts, parameters),
                accounts_of_key,
                self._transport,
                results,
                policy=reuse,
                overrides=overrides,
                reading=readers(
                    executor,
                    accounts_of_key,
                    results,
                    overrides,
                    store=self._store,
                    take_download=self._transport.take_download,
                    connection=lambda are_elsewhere: self._connection(are_elsewhere=are_elsewhere),
                ),
                in_flight=in_flight,
                errors=errors,
                progress=told,
            )

    @spelled_out(Parameters)
    def plan_all(
        self,
        report_types: Types,
        period: Period | None = None,
        *,
        split: Split | None = None,
        accounts: Sequence[str] | None = None,
        in_flight: int = IN_FLIGHT,
        reuse: Policy = "auto",
        **parameters: Unpack[Parameters],
    ) -> SetPlan:
        """Return what ``fetch_all`` would do now: what is stored, what is launched, how long it takes.

        Nothing is launched, and one call is made for each report type at most. Runs that were launched
        elsewhere are not searched, so ``fetch_all`` may find some to reuse although their launch is planned.

        Args:
            report_types: See ``fetch_all``.
            period: See ``request``.
            split: See ``fetch_all``.
            accounts: See ``fetch_all``.
            in_flight: See ``fetch_all``.
            reuse: See ``fetch``.
            **parameters: See ``request``.

        Raises:
            InputError, StripeAPIError, NetworkError: See ``fetch_all``.

        Example:
            >>> client.plan_all("payouts.itemized", "2026-Q3", split="month").counts["launched"]
            3
        """
        check_policy(reuse)
        check_options("collect", in_flight)
        grid = self._grid(report_types, period, split, accounts, parameters)
        accounts_of_key = Accounts(self._runs, self._store, self._transport)
        return plan_grid(grid, accounts_of_key, self._transport, policy=reuse, in_flight=in_flight)

    def _grid(
        self,
        report_types: Types,
        period: Period | None,
        split: Split | None,
        accounts: Sequence[str] | None,
        parameters: Parameters,
    ) -> Grid:
        return grid_of(
            self._requests,
            self._account,
            report_types,
            period,
            split,
            accounts,
            parameters,
            own=self._transport.settings.account,
        )

    @abstractmethod
    def _shown_for_all(
        self, progress: GridProgressOption, about: str
    ) -> AbstractContextManager[GridProgress | None]:
        """Give the callback for *progress*, in a block that shows the state of the whole call."""


def _about(report_types: Types) -> str:
    """Return the text of the progress line until anything is known."""
    if isinstance(report_types, ReportRequest):
        return report_types.report_type
    return report_types if isinstance(report_types, str) else "several report types"
