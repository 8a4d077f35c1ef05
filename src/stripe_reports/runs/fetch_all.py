"""Fetch a long interval in parts: stored parts are reused, the others are fetched side by side."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import replace

from stripe_reports import catalog
from stripe_reports.catalog.splitting import check_split
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest, ReportRun
from stripe_reports.parsing.overrides import NO_OVERRIDES, Overrides
from stripe_reports.planning import data_end, intervals
from stripe_reports.planning.intervals import Interval, Split
from stripe_reports.planning.reuse import Policy
from stripe_reports.planning.tax_months import in_months, takes_month
from stripe_reports.report.report import Report
from stripe_reports.report.report_set import ReportSet
from stripe_reports.runs.account import check_available
from stripe_reports.runs.fetch import Runs
from stripe_reports.runs.progress import Progress

__all__ = ["MOST_PARTS", "answer_in_parts", "requests_of"]

MOST_PARTS = 400
"""Maximum parts of one call: their runs can be polled together, and a larger number is probably a mistake."""

_AT_ONCE = 50
_NAMED = 12

_News = tuple[int, Report | BaseException] | tuple[ReportRun, float, float | None]
"""A finished part, or a poll of its run."""


class _Detached(Exception):  # noqa: N818
    """The call that needs this part has ended."""


def requests_of(request: ReportRequest, split: Split) -> tuple[ReportRequest, ...]:
    """Return the requests of the parts of an interval, in order.

    Raises:
        ParameterError: Reports of that type mean something else in parts, or the parts are too many.
    """
    check_split(request.report_type)
    is_by_month = takes_month(catalog.completed(request.report_type))
    if is_by_month and split != "month":
        raise ParameterError(
            f"{request.report_type} has the fees of one tax invoice, a month: its parts must be months. "
            f"Write split='month' instead of {split!r}.",
            param="split",
        )
    if request.tax_invoice_month is not None:
        return (request,)
    start, end = request.interval_start, request.interval_end
    if start is None or end is None:
        raise ParameterError(f"{request.report_type} needs a period to split.", param="interval_start")
    zone = request.display_zone.key
    parts = intervals.split(Interval(start, end, zone), split)
    if len(parts) > MOST_PARTS:
        raise ParameterError(
            f"By {split}, that interval has {len(parts):,} parts, each a run at Stripe; "
            f"{MOST_PARTS} are the most. Take longer parts or a shorter interval.",
            param="split",
        )
    if is_by_month:
        return in_months(request)
    return tuple(
        replace(
            request,
            interval_start=part.start,
            interval_end=part.end,
            truncated_at=request.truncated_at if part.end == end else None,
        )
        for part in parts
    )


def answer_in_parts(
    runs: Runs,
    request: ReportRequest,
    split: Split,
    policy: Policy,
    overrides: Overrides = NO_OVERRIDES,
    *,
    progress: Progress | None,
) -> ReportSet:
    """Return the report of every part: stored, or fetched side by side; see ``Client.fetch_all``.

    A failed part does not stop the others. The error is that of the first part that failed, with a note that
    names it.
    """
    requests = requests_of(request, split)
    answers: dict[int, Report | BaseException] = {}
    for number, part in enumerate(requests):
        if (report := runs.stored(part, policy, overrides)) is not None:
            answers[number] = report
    missing = [number for number in range(len(requests)) if number not in answers]
    if missing:
        check_available(request, runs.account.report_type(request.report_type))  # before any part is launched

        def fetch(number: int, progress: Progress) -> Report:
            return runs.fetch(requests[number], policy, overrides, progress=progress)

        try:
            _side_by_side(missing, fetch, progress, answers)
        except BaseException as error:
            error.add_note(
                f"{_count(answers)} of {len(requests)} parts are stored. The runs of the others go on at "
                "Stripe; the same call joins them."
            )
            raise
    reports = _all_there(requests, answers)
    last = reports[-1].request
    if notes := data_end.notes(last):  # Stripe refuses the end of the last part
        request = replace(request, interval_end=last.interval_end)
    return ReportSet(request, split, reports, notes=notes)


def _side_by_side(
    numbers: Sequence[int],
    fetch: Callable[[int, Progress], Report],
    progress: Progress | None,
    answers: dict[int, Report | BaseException],
) -> None:
    """Fetch parts in threads, and put their reports or errors into *answers*; show progress in this one."""
    todo: queue.SimpleQueue[int] = queue.SimpleQueue()
    news: queue.SimpleQueue[_News] = queue.SimpleQueue()
    detached = threading.Event()
    for number in numbers:
        todo.put(number)

    def look(run: ReportRun, elapsed: float, expected: float | None) -> None:
        if detached.is_set():
            raise _Detached
        news.put((run, elapsed, expected))

    def work() -> None:
        while not detached.is_set():
            try:
                number = todo.get_nowait()
            except queue.Empty:
                return
            try:
                news.put((number, fetch(number, look)))
            except BaseException as error:  # the thread that waits for the parts gets it
                news.put((number, error))

    for _ in range(min(_AT_ONCE, len(numbers))):
        in_context = copy_context().run  # with the time limit of this call
        threading.Thread(target=in_context, args=(work,), name="stripe-reports part", daemon=True).start()
    left = len(numbers)
    try:
        while left:
            match _next(news):
                case (int() as number, answer):
                    answers[number] = answer
                    left -= 1
                case (ReportRun() as run, elapsed, expected):
                    if progress:
                        progress(run, elapsed, expected)
    finally:
        detached.set()


def _next(news: queue.SimpleQueue[_News]) -> _News:
    """Return the next message; Windows cannot interrupt a wait without a timeout."""
    while True:
        try:
            return news.get(timeout=1.0)
        except queue.Empty:
            continue


def _all_there(
    requests: Sequence[ReportRequest], answers: dict[int, Report | BaseException]
) -> tuple[Report, ...]:
    reports = [answers[number] for number in range(len(requests))]
    failed = {n: answer for n, answer in enumerate(reports) if isinstance(answer, BaseException)}
    if failed:
        number, error = next(iter(failed.items()))
        others = [str(requests[n].last_included_day) for n in failed if n != number]
        named = ", ".join(others[:_NAMED]) + (", …" if len(others) > _NAMED else "")
        also = f" {len(others)} more failed, those to {named}." if others else ""
        error.add_note(
            f"That was the part to {requests[number].last_included_day}, {requests[number]!r}.{also} "
            f"{_count(answers)} of {len(requests)} parts are stored; the same call requests only the others."
        )
        raise error
    return tuple(report for report in reports if isinstance(report, Report))


def _count(answers: dict[int, Report | BaseException]) -> int:
    return sum(isinstance(answer, Report) for answer in answers.values())
