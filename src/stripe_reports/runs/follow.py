"""Follow a run until it finishes or the time of the call is over."""

from __future__ import annotations

import logging
from dataclasses import replace

from stripe_reports.catalog.unrecognised import names_of_run
from stripe_reports.errors import (
    AnswerMismatchError,
    NetworkError,
    NotFoundError,
    RateLimitError,
    RunCanceledError,
    RunFailedError,
    RunTimeoutError,
    RunTooLargeError,
    ServerError,
    StripeReportsError,
)
from stripe_reports.http.api import Api
from stripe_reports.http.transport import Transport
from stripe_reports.models import AnyRun, ReportRequest
from stripe_reports.planning import backoff, deadline
from stripe_reports.render import remedies, reports_v2_remedies
from stripe_reports.render.remedies import everywhere
from stripe_reports.runs.account import Account
from stripe_reports.runs.polling import Poller
from stripe_reports.runs.progress import Progress
from stripe_reports.storage.launch_log import LaunchLog

__all__ = ["GONE", "Follower"]

logger = logging.getLogger("stripe_reports")

GONE = everywhere("Fetch the report again: a new run is launched.")
"""What to do about a run that Stripe had, and does not know any more."""

LAST_POLL = 1.0
"""Seconds before the end of a wait at which the run is polled a last time."""

FILE_TOO_LARGE = "file_size_above_limit"
"""Code of the failure of a run whose file would be too large, in Reports v2.

Source: https://docs.stripe.com/api/v2/data/report-runs/object
"""

JUST_LAUNCHED = 1.0
"""Seconds since a launch that still count as none, because Stripe tells times in whole seconds."""


class Follower:
    """Waits for runs, and records how they ended."""

    def __init__(self, account: Account, api: Api, launch_log: LaunchLog, transport: Transport) -> None:
        self._account = account
        self._api = api
        self._launch_log = launch_log
        self._transport = transport
        self._poller = Poller(api, transport.clock)

    def wait(self, run: AnyRun, *, progress: Progress | None, request: ReportRequest | None = None) -> AnyRun:
        """Poll a run until it has succeeded; see ``Client.wait``. A run of another *request* is an error."""
        clock = self._transport.clock
        asked = request or self._launch_log.request_of(run.id) or run
        self._api.verified(run, asked)
        started = clock.monotonic()
        expected = backoff.estimate(self._launch_log.durations(run.report_type))
        age = self._age(run)
        pauses = backoff.poll_pauses(expected, self._transport.rng, age=age)
        last_poll = min(LAST_POLL, deadline.left() / 2)
        trouble: StripeReportsError | None = None
        try:
            with self._poller.following(run) as followed, deadline.about(run):
                while run.state == "pending":
                    elapsed = clock.monotonic() - started
                    if progress:
                        progress(run, age + elapsed, expected)
                    if deadline.left() <= 0:
                        raise _timed_out(run, elapsed) from trouble
                    before_last_poll = deadline.left() - last_poll
                    longest = before_last_poll if before_last_poll > 0 else deadline.left()
                    self._poller.pause(followed, min(next(pauses), longest))
                    if deadline.left() <= 0:
                        continue
                    try:
                        polled = self._poller.poll(run, within=deadline.left())
                        seen = self._api.verified(polled, asked)
                        if seen is not run:
                            run, trouble = seen, None
                    except (NetworkError, RateLimitError, ServerError) as error:
                        trouble = error  # it may be temporary, and the run continues meanwhile
                        logger.warning("could not poll %s: %s", run.id, error)
        except (KeyboardInterrupt, StripeReportsError) as error:
            if isinstance(error, NotFoundError):
                error.advise(GONE)
            elif isinstance(error, KeyboardInterrupt):
                error.add_note(remedies.come_back(run.id).for_python)
            elif not isinstance(error, AnswerMismatchError | RunTimeoutError):  # their advice is another
                error.advise(remedies.come_back(run.id))
            raise
        self._note_end(run, followed_for=age + clock.monotonic() - started)
        if progress:
            progress(run, age + clock.monotonic() - started, expected)
        _check_succeeded(run)
        return run

    def _age(self, run: AnyRun) -> float:
        """Return the seconds since the launch of a run that is joined, 0 for one that was just launched."""
        seconds = (self._transport.now() - run.created).total_seconds()
        return seconds if seconds > JUST_LAUNCHED else 0.0

    def finished(self, run: AnyRun) -> None:
        """Record the end of a run that was not waited for.

        Raises:
            RunFailedError: It did not succeed.
        """
        self._note_end(run)
        _check_succeeded(run)

    def _note_end(self, run: AnyRun, *, followed_for: float | None = None) -> None:
        """Record how a run ended and how long it took, for the next decision and the next estimate.

        Reports v2 does not say how long; there it is the time for which the run was followed.
        """
        is_untold = run.state == "succeeded" and run.ended_at is None
        duration = followed_for if is_untold else run.duration
        self._launch_log.unrecognised.note(names_of_run(run))
        record = self._launch_log.launch_of(run.id)
        if record is not None and record.status != run.state:
            key = self._account.key_of(record.request)
            self._launch_log.remember(key, replace(record, status=run.state, as_of=run.as_of))
            if duration is not None:
                self._launch_log.note_duration(run.report_type, duration)


def _timed_out(run: AnyRun, elapsed: float) -> RunTimeoutError:
    return RunTimeoutError(
        f"Report run {run.id} ({run.report_type}) is still pending after {elapsed:.0f} s. Stripe is still "
        "processing it; the run was not cancelled.",
        run,
        remedy=remedies.wait_for_run(run.id, 2 * max(elapsed, 300)),
    )


def _check_succeeded(run: AnyRun) -> None:
    if run.state == "succeeded":
        return
    if run.state == "canceled":
        raise RunCanceledError(
            f"Report run {run.id} ({run.report_type}) was canceled at Stripe. Fetch again, and a new run is "
            "launched.",
            run,
        )
    if run.error_code == FILE_TOO_LARGE:
        raise RunTooLargeError(
            f"Report run {run.id} ({run.report_type}) failed: its file would have more than 5 GB, the most "
            "that Stripe allows.",
            run,
            remedy=reports_v2_remedies.ask_for_a_smaller_file(),
        )
    if run.state == "failed":
        says = (run.error or "nothing").removesuffix(".")
        raise RunFailedError(
            f"Report run {run.id} ({run.report_type}) failed. Stripe says: {says}. "
            "Failures are rare and often pass: fetch again, and a new run is launched.",
            run,
        )
    raise RunFailedError(
        f"Report run {run.id} ({run.report_type}) has the status {run.status!r}, which this version of "
        "stripe-reports does not know.",
        run,
        remedy=remedies.look_at_run(run.id),
    )
