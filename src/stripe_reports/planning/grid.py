"""Decide the next step of a call that fetches many reports: a grid of types, accounts and parts.

A cell of the grid is one request of one account. ``LIFECYCLE`` says which stage may follow which, and
``next_step`` decides what the driver does next from the counts of cells by stage. Nothing here makes a call,
reads a clock or starts a thread, so every order of events can be tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from stripe_reports.models import ReportRequest

__all__ = ["LIFECYCLE", "Cell", "InFlight", "Stage", "Standing", "State", "Step", "Widths", "next_step"]

Stage = Literal["unasked", "asking", "pending", "unread", "reading", "ended"]

LIFECYCLE: Mapping[Stage, frozenset[Stage]] = {
    "unasked": frozenset({"asking", "ended"}),
    "asking": frozenset({"pending", "unread", "ended", "unasked"}),
    "pending": frozenset({"unread", "ended"}),
    "unread": frozenset({"reading", "ended"}),
    "reading": frozenset({"ended", "unasked"}),
    "ended": frozenset(),
}
"""The stages that may follow each stage of a cell.

A cell is asked for again if an earlier run was to be reused and its file is gone or damaged, or if Stripe
refused its launch because too many other runs of the call were in progress.
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One report of a grid.

    Attributes:
        request: The report type and its parameters.
        account: The account that the call acts for; None for the key's own.
    """

    request: ReportRequest
    account: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """The state of one cell.

    Attributes:
        stage: ``unasked``; ``asking``: its run is being found or launched; ``pending`` at Stripe; ``unread``:
            the run has succeeded; ``reading``: its result is being read; ``ended``, for better or worse.
        run_id: Its run, once known.
        unusable: Runs that were to be reused and whose files are gone or damaged, and which of both, so that
            they are not chosen again.
    """

    stage: Stage = "unasked"
    run_id: str | None = None
    unusable: Mapping[str, str] = field(default_factory=dict)

    def unusable_for(self, reason: str) -> State:
        """Return the state whose run is not chosen again."""
        return replace(self, unusable={**self.unusable, str(self.run_id): reason})

    def moved(self, stage: Stage, run_id: str | None = None) -> State:
        """Return the state in another stage.

        Raises:
            ValueError: That stage cannot follow this one.
        """
        if stage not in LIFECYCLE[self.stage]:
            raise ValueError(f"a cell that is {self.stage} cannot become {stage}")
        if stage == "unasked":
            return State(unusable=self.unusable)
        return replace(self, stage=stage, run_id=run_id or self.run_id)


@dataclass(frozen=True, slots=True)
class Widths:
    """The most things of a kind that may be in progress at the same time.

    Attributes:
        calling: Calls that find, launch or list runs.
        reading: Results that are being read.
        in_flight: Runs that are pending at Stripe, or being launched.
    """

    calling: int
    reading: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class InFlight:
    """The number of runs that may be in flight: halved when Stripe says that too many are, then grown again.

    Source: https://docs.stripe.com/rate-limits

    Attributes:
        most: The number that the caller allows.
        limit: The number that is allowed now.
        changed_at: Time of the last change, in seconds.
    """

    most: int
    limit: int
    changed_at: float = float("-inf")

    QUIET = 10.0
    """Seconds in which refusals count as one: the calls that caused them were already under way."""
    CALM = 60.0
    """Seconds without a refusal after which a tenth more are allowed."""

    def refused(self, now: float) -> InFlight:
        """Return the limit after Stripe refused a call for its concurrency."""
        if now - self.changed_at < self.QUIET:
            return self
        return replace(self, limit=max(1, self.limit // 2), changed_at=now)

    def calm(self, now: float) -> InFlight:
        """Return the limit after a time without refusals."""
        if self.limit == self.most or now - self.changed_at < self.CALM:
            return self
        return replace(self, limit=min(self.most, self.limit + max(1, self.limit // 10)), changed_at=now)


Action = Literal["read", "poll", "ask", "await", "pause", "finish"]


@dataclass(frozen=True, slots=True)
class Step:
    """The next step of the driver.

    Attributes:
        action: ``read`` the result of an unread cell; ``poll`` the account whose turn it is; ``ask`` for an
            unasked cell; ``await`` what is in progress; ``pause``: nothing is in progress; ``finish``.
        seconds: The longest time to wait until the next poll is due; for ``await`` and ``pause``.
    """

    action: Action
    seconds: float = 0.0


def next_step(
    counts: Mapping[Stage, int],
    widths: Widths,
    *,
    polling: int,
    poll_due: float | None,
    now: float,
    is_over: bool,
) -> Step:
    """Decide what to do next.

    Results are read first, since that makes room for others; then runs are polled that may have finished;
    then cells are asked for, in their order, as far as there is room at Stripe.

    Args:
        counts: The number of cells in each stage.
        widths: What may be in progress at the same time.
        polling: Polls in progress.
        poll_due: The time at which the next poll is due; None if nothing is left to poll.
        now: The time, in seconds, on the same counter.
        is_over: True if nothing new may be started: the time of the call is over.
    """
    calling = counts["asking"] + polling
    in_progress = calling + counts["reading"]
    if is_over:
        return Step("await") if in_progress else Step("finish")
    if counts["unread"] and counts["reading"] < widths.reading:
        return Step("read")
    if calling < widths.calling:
        if poll_due is not None and poll_due <= now:
            return Step("poll")
        if counts["unasked"] and counts["asking"] + counts["pending"] < widths.in_flight:
            return Step("ask")
    until_poll = float("inf") if poll_due is None else max(0.0, poll_due - now)
    if in_progress:
        # A poll that is due waits for a free thread, so not for the clock.
        return Step("await", until_poll if calling < widths.calling else float("inf"))
    return Step("finish") if poll_due is None else Step("pause", until_poll)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a call has come; its text is one line.

    Attributes:
        total: Number of cells.
        there: Cells whose report is there.
        failed: Cells that failed.
        at_stripe: Runs that are pending at Stripe.
        seconds: Duration of the call so far.
        seconds_left: Estimate of the time left; None if it is not known yet.
    """

    total: int
    there: int
    failed: int
    at_stripe: int
    seconds: float
    seconds_left: float | None = field(default=None, compare=False)

    @property
    def share(self) -> float:
        """The share of the cells that have ended."""
        return (self.there + self.failed) / self.total if self.total else 1.0
