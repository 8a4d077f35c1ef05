"""Fetch a grid of reports, or plan to: from the public arguments to the set of what came of each cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal

from stripe_reports import notices
from stripe_reports.catalog import ReportTypeName
from stripe_reports.errors import IntervalError, ParameterError, StoreError, StripeReportsError
from stripe_reports.http.settings import check_account
from stripe_reports.http.transport import Transport
from stripe_reports.models import ReportRequest, ReportType
from stripe_reports.notices import AdvisedWarning
from stripe_reports.parsing.overrides import Overrides
from stripe_reports.planning import backoff, data_end
from stripe_reports.planning.fewer_runs import ACCOUNT_COLUMN, covers_all_accounts, fewer_runs
from stripe_reports.planning.grid import Cell
from stripe_reports.planning.intervals import Split
from stripe_reports.planning.periods import Period
from stripe_reports.planning.remarks import remarks
from stripe_reports.planning.reuse import Policy
from stripe_reports.planning.schedule import Limits, schedule
from stripe_reports.render import remedies
from stripe_reports.render.remedies import everywhere
from stripe_reports.report.outcome import OWN_ACCOUNT, ReportOutcome
from stripe_reports.report.report import FetchPlan, Report
from stripe_reports.report.report_set import ReportSet, incomplete
from stripe_reports.report.set_plan import SetPlan
from stripe_reports.runs.account import Account, check_available
from stripe_reports.runs.accounts import Accounts
from stripe_reports.runs.grid import Driver, Pace
from stripe_reports.runs.pool import Inbox
from stripe_reports.runs.progress import GridProgress
from stripe_reports.runs.reading import Reader
from stripe_reports.runs.request import REFUSALS, AskedInParts, Parameters, RequestBuilder
from stripe_reports.runs.results import Results, SharedResults
from stripe_reports.storage.disk import shown_path

__all__ = [
    "IN_FLIGHT",
    "ErrorOption",
    "Grid",
    "Types",
    "check_options",
    "fetch_grid",
    "grid_of",
    "plan_grid",
]

Types = ReportTypeName | str | ReportRequest | Sequence[ReportTypeName | str | ReportRequest]
"""One report type or finished request, or several."""

ErrorOption = Literal["collect", "raise"]
"""``"collect"`` makes a failed report a row of ``status()``, ``"raise"`` raises an error at the end."""

_NEVER = datetime.max.replace(tzinfo=UTC)
"""The end of what has no end, such as a report about a payout."""

IN_FLIGHT = 500
"""Runs that may be pending at Stripe at the same time, unless the caller names another number."""

_CALLING = 16
"""Threads that make calls; the rate limit, not their number, decides how many are made."""

_SHARE_OF_POLLS = 0.25
"""Share of the calls that may be spent on lists of pending runs."""


@dataclass(frozen=True, slots=True)
class Grid:
    """All that a call asks for.

    Attributes:
        parts: The requests by report type, of one account.
        split: The period of each part, if they are parts.
        accounts: The accounts; None is the key's own.
        skipped: Clauses about newer versions of report types that were skipped.
    """

    parts: tuple[AskedInParts, ...]
    split: Split | None
    accounts: tuple[str | None, ...]
    skipped: tuple[str, ...]

    @property
    def requests(self) -> tuple[ReportRequest, ...]:
        """The requests of each account."""
        return tuple(request for each in self.parts for request in each.requests)

    @property
    def cells(self) -> list[Cell]:
        """A cell for each request of each account, account by account."""
        return [Cell(request, account) for account in self.accounts for request in self.requests]

    @property
    def notes(self) -> tuple[str, ...]:
        """How the requests were understood, and how fewer runs would do, in sentences."""
        advice = fewer_runs(self.requests, len(self.accounts))
        understood = [note for each in self.parts for note in each.whole.notes]
        return tuple(dict.fromkeys([*([str(advice)] if advice else []), *understood]))


def check_options(errors: object, in_flight: object) -> None:
    """Refuse options that mean nothing.

    Raises:
        ParameterError: One of them is wrong.
    """
    if errors not in ("collect", "raise"):
        raise ParameterError(f"errors must be 'collect' or 'raise'; got {errors!r}.", param="errors")
    if not isinstance(in_flight, int) or in_flight < 1:
        raise ParameterError(
            f"in_flight must be a number of runs, at least 1; got {in_flight!r}.", param="in_flight"
        )


def grid_of(
    requests: RequestBuilder,
    account: Account,
    report_types: Types,
    period: Period | None,
    split: Split | None,
    accounts: Sequence[str] | None,
    parameters: Parameters,
    *,
    own: str | None,
) -> Grid:
    """Return the grid that the arguments of ``fetch_all`` mean.

    Raises:
        InputError: There is no such report, or no account or type is named.
    """
    types = [report_types] if isinstance(report_types, str | ReportRequest) else _listed(report_types)
    if not types:
        raise ParameterError("No report type is named.", param="report_types")
    asked = [requests.in_parts(each, period, split, parameters) for each in types]
    parts = {each.whole.request: each for each in asked}  # each once: rows would count twice
    skipped = tuple(dict.fromkeys(clause for each in types for clause in account.skipped(each)))
    return Grid(tuple(parts.values()), split, _accounts(accounts, own, account), skipped)


def _listed(report_types: Sequence[str | ReportRequest]) -> list[str | ReportRequest]:
    if not isinstance(report_types, Sequence):
        raise ParameterError(
            f"report_types is a name or a list of names, not a {type(report_types).__name__}.",
            param="report_types",
        )
    return list(report_types)


def _accounts(named: Sequence[str] | None, own: str | None, of_key: Account) -> tuple[str | None, ...]:
    """Return the accounts, each once; None for the key's own, which may be named by its id, too."""
    if named is None:
        return (own,)
    if isinstance(named, str):
        raise ParameterError(f"accounts must be a list of accounts; got {named!r}.", param="accounts")
    accounts = tuple(dict.fromkeys(own if each == OWN_ACCOUNT else each for each in named))
    if not accounts:
        raise ParameterError("accounts is an empty list; None means the client's own.", param="accounts")
    for account in accounts:
        if account is not None:
            check_account(account, param="accounts")
    if None not in accounts or len(accounts) == 1:
        return accounts
    own_id = of_key.own_id()
    return tuple(each for each in accounts if each is None or each != own_id)


def fetch_grid(
    grid: Grid,
    accounts: Accounts,
    transport: Transport,
    results: Results,
    *,
    policy: Policy,
    overrides: Overrides,
    reading: AbstractContextManager[Callable[[Inbox], Reader]],
    in_flight: int,
    errors: ErrorOption,
    progress: GridProgress | None,
) -> ReportSet:
    """Fetch every cell of a grid; see ``Client.fetch_all``.

    *reading* is entered before anything is launched, and not at all if everything is stored.
    """
    cells = grid.cells
    if isinstance(results, SharedResults):
        results.prepare(cells)
    known, first_error = _known(cells, accounts, results)
    if len(known) == len(cells):
        outcomes = [known[number] for number in range(len(cells))]
    else:
        with reading as reader:
            driver = Driver(
                cells,
                known,
                accounts,
                results,
                transport.clock,
                policy=policy,
                overrides=overrides,
                reader=reader,
                pace=_pace(transport, in_flight),
                durations={name: accounts[None].runs.durations(name) for name in _types(grid)},
                progress=progress,
            )
            outcomes = [_if_still_there(each) for each in driver.run()]
            first_error = first_error or driver.first_error
    outcomes = _with_data(outcomes, grid)
    if errors == "raise" and any(each.report is None for each in outcomes):
        raise incomplete(outcomes) from first_error
    asked = tuple(_as_accepted(each, outcomes) for each in grid.parts)
    unfinished = [*_unfinished(asked, outcomes)]
    notes = [*grid.notes, *unfinished, *_missing_account_columns(outcomes)]
    notes += [note for each in outcomes for note in remarks(each.request)]
    return ReportSet(
        asked=asked,
        split=grid.split,
        outcomes=tuple(outcomes),
        truncated=any(each.whole.truncated for each in grid.parts)
        or bool(unfinished)
        or any(each.error == IntervalError.__name__ for each in outcomes),
    ).explained(grid.skipped, notes)


def plan_grid(
    grid: Grid, accounts: Accounts, transport: Transport, *, policy: Policy, in_flight: int
) -> SetPlan:
    """Plan every cell of a grid; see ``Client.plan_all``."""
    cells = grid.cells
    plans = tuple(_planned(cell, accounts, policy) for cell in cells)
    known = [backoff.estimate(accounts[None].runs.durations(name)) for name in _types(grid)]
    each = max((seconds for seconds in known if seconds is not None), default=None)
    launches = sum(plan.action == "launched" for plan in plans)
    limits = Limits(calls_per_second=transport.settings.calls_per_second, in_flight=in_flight)
    estimated = schedule(launches, limits, seconds_per_run=each)
    return SetPlan(
        cells=tuple(cells),
        plans=plans,
        seconds=estimated.seconds,
        limited_by=estimated.limited_by,
        is_assumed=each is None,
        notes=grid.notes,
    )


def _planned(cell: Cell, accounts: Accounts, policy: Policy) -> FetchPlan:
    try:
        plan = accounts[cell.account].runs.finder.plan(cell.request, policy)
        if plan.action == "launched":
            type_ = accounts.types(cell.request.report_type)
            check_available(cell.request, type_, accounts[None].runs.account.now())
    except REFUSALS as error:
        return FetchPlan("refused", error.problem, remedy=error.remedy)
    return plan


def _types(grid: Grid) -> Iterator[str]:
    return (each.whole.request.report_type for each in grid.parts)


def _pace(transport: Transport, in_flight: int) -> Pace:
    # A simulator in this process answers one call at a time, and in the order of the cells.
    calling = 1 if transport.settings.in_process else _CALLING
    return Pace(
        in_flight=in_flight,
        calling=calling,
        polls_per_second=transport.settings.calls_per_second * _SHARE_OF_POLLS,
        refusals=lambda: transport.concurrency_refusals,
    )


def _known(
    cells: Sequence[Cell], accounts: Accounts, results: Results
) -> tuple[dict[int, ReportOutcome], Exception | None]:
    """Return what is certain of cells before any launch, by their number: stored, or refused.

    Stripe is asked for a type once a report of it is not stored; the others of the type are left to the
    driver, except those that cannot be requested.

    Returns:
        The outcomes, and the error of the first refused cell.
    """
    now = accounts[None].runs.account.now
    known: dict[int, ReportOutcome] = {}
    types: dict[str, ReportType | StripeReportsError] = {}
    first_error: Exception | None = None
    for number, cell in enumerate(cells):
        name = cell.request.report_type
        refusal = _refusal(cell.request, types[name], now()) if name in types else None
        if name in types and refusal is None:
            continue
        try:
            report = results.stored(cell, asks=False)
        except StoreError as error:
            report, refusal = None, error
        if report is not None:
            known[number] = ReportOutcome.of(cell, report)
            continue
        if refusal is None and name not in types:
            types[name] = _described(name, accounts)
            refusal = _refusal(cell.request, types[name], now())
        if refusal is not None:
            known[number] = ReportOutcome.failing(cell, refusal)
            first_error = first_error or refusal
    return known, first_error


def _described(report_type: str, accounts: Accounts) -> ReportType | StripeReportsError:
    """Return a type as Stripe describes it now, or the reason why the account cannot request it."""
    try:
        return accounts.types(report_type)
    except REFUSALS as error:
        return error


def _refusal(
    request: ReportRequest, described: ReportType | StripeReportsError, now: datetime
) -> StripeReportsError | None:
    """Return the reason why a request is not worth a launch; None if it is."""
    if isinstance(described, StripeReportsError):
        return described
    try:
        check_available(request, described, now)
    except REFUSALS as error:
        return error
    return None


def _if_still_there(outcome: ReportOutcome) -> ReportOutcome:
    """Return an outcome, or a failure if the result was removed meanwhile to make room for others."""
    if not isinstance(outcome.report, Report) or outcome.report.path.exists():
        return outcome
    gone = StoreError(
        f"Its result is no longer stored: {shown_path(outcome.report.path)} was removed.",
        remedy=remedies.keep_more(),
    )
    return ReportOutcome.failing(outcome.cell, gone, run_id=outcome.run_id)


def _with_data(outcomes: Sequence[ReportOutcome], grid: Grid) -> list[ReportOutcome]:
    """Leave out the last parts of a period that goes on if their runs show that they have no data yet."""
    ends_before = {
        later: part.asked_end
        for each in grid.parts
        if each.whole.is_open
        for part, later in pairwise(each.requests)
    }

    def has_data(outcome: ReportOutcome) -> bool:
        before, end = ends_before.get(outcome.cell.request), outcome.request.period_end
        if before is None or end is None or outcome.run_id is None:
            return True
        return outcome.error != IntervalError.__name__ and end > before

    return [each for each in outcomes if has_data(each)]


def _as_accepted(asked: AskedInParts, outcomes: Sequence[ReportOutcome]) -> ReportRequest:
    """Return the request of a whole interval as its parts were made.

    It is a second shorter if Stripe refused the end of the last one, and ends where the data of the last one
    of some account end if Stripe told that after the run.
    """
    whole, parts = asked.whole.request, set(asked.requests)
    ends = {}
    for each in outcomes:
        if each.cell.request == asked.requests[-1] and data_end.notes(each.request):
            return data_end.shortened(whole) or whole
        if each.cell.request in parts:
            ends[each.account] = each.request.period_end
    end = min(filter(None, ends.values()), default=None)
    return whole if end is None else whole.truncated_by(end)


def _unfinished(asked: Sequence[ReportRequest], outcomes: Sequence[ReportOutcome]) -> Iterator[str]:
    """Say which data end before their period: those of a whole interval, and of an older run within it."""
    ends = {each.report_type: each.period_end or _NEVER for each in asked}
    for each in asked:
        yield from data_end.unfinished(each)
    parts = sorted((each.request for each in outcomes), key=lambda part: part.period_end or _NEVER)
    for part in dict.fromkeys(parts):  # equal ones are of several accounts: that which ends first
        if (part.asked_end or _NEVER) <= ends[part.report_type]:
            yield from data_end.unfinished(part)


def _missing_account_columns(outcomes: Sequence[ReportOutcome]) -> Iterator[str]:
    """Check the first result of each type that should have all accounts; warn if it has not."""
    checked = set()
    for each in outcomes:
        name = each.request.report_type
        if each.report is None or name in checked or not covers_all_accounts(each.request):
            continue
        checked.add(name)
        if ACCOUNT_COLUMN not in each.report.scan().collect_schema():
            note = (
                f"{name} was expected to have the rows of all connected accounts, but the result of run "
                f"{each.report.run.id} has no column {ACCOUNT_COLUMN}, so its rows cannot be told apart."
            )
            notices.warn_once(AdvisedWarning(note, everywhere("Fetch each account by itself.")))
            yield note
