"""Decide how a request is answered: with an earlier run, a pending one, or a new one.

The whole rule is here, and it is pure: ``plan`` decides from the known runs. If it needs more information, it
returns what to ask Stripe for; the caller asks and calls it again.

A run is as old as its data, which may be older than the run; see ``ReportRun.as_of``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from stripe_reports.catalog.families import family_of, is_rewritten
from stripe_reports.errors import ParameterError
from stripe_reports.models import Owner, ReportRequest, ReportType

__all__ = [
    "REFRESHED_EVERY",
    "SETTLED_AFTER",
    "AskForRuns",
    "AskForType",
    "Await",
    "KnownRun",
    "Launch",
    "Plan",
    "Policy",
    "Reuse",
    "check_policy",
    "generation_of",
    "idempotency_key",
    "is_closed",
    "plan",
    "request_key",
    "result_key",
]

SETTLED_AFTER = timedelta(days=5)
"""Time from the end of an interval until it is closed: fees arrive up to 96 hours late, zones add a day."""

REFRESHED_EVERY = timedelta(hours=3)
"""Assumed time from one refresh of the data of Reports v2 to the next, which Stripe does not tell.

Inferred: Stripe says that Sigma has data about three hours after they arise. That is a delay, not an
interval, and nothing is said of reports.
Source: https://docs.stripe.com/data/data-freshness
"""

JUST_LAUNCHED = timedelta(minutes=15)
"""Age up to which a run of Reports v2 answers although its data may have been refreshed meanwhile.

Only another run would tell, and a refresh within so short a time is unlikely.
"""

Policy = Literal["auto", "always", "never"] | timedelta
"""``auto`` is the rule; ``always`` and ``never`` override it; a timedelta is the maximum age of the data."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Place = Literal["stored", "launched", "listed"]


def request_key(request: ReportRequest, owner: Owner, api_version: str) -> str:
    """Return the key of equal requests: SHA-256 of owner, API version, report type and parameters sent.

    In Reports v2, the generation of the API and the id of the report are part of it, too: names have no
    version there, and can get another meaning.
    """
    parts: list[Any] = [
        [owner.key_digest, owner.account, owner.mode, owner.place],
        api_version,
        request.report_type,
        sorted(request.to_stripe().items()),
    ]
    if request.report_id is not None:
        parts.append([owner.api, request.report_id])
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def result_key(key: str, schema_overrides: Mapping[str, str]) -> str:
    """Return the key of a stored result: that of its request, combined with the user's types, if any.

    The same run read with other types is another file.
    """
    if not schema_overrides:
        return key
    made_of = json.dumps([key, sorted(schema_overrides.items())], separators=(",", ":"))
    return hashlib.sha256(made_of.encode()).hexdigest()


def idempotency_key(key: str, generation: datetime | None, attempt: int | str) -> str:
    """Return the idempotency key of a launch: from the request, the data generation and the attempt."""
    made_of = f"{key}/{generation and int(generation.timestamp())}/{attempt}"
    return f"stripe-reports-{hashlib.sha256(made_of.encode()).hexdigest()[:40]}"


def generation_of(report_type: ReportType, now: datetime) -> datetime | None:
    """Return the publication whose data a run launched *now* would have; equal launches for it share a run.

    Reports v2 tells of no publication. There it is the start of a period in which about one is made.
    """
    if report_type.report_id is None:
        return report_type.updated
    return now - (now - _EPOCH) % REFRESHED_EVERY


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A run of the request: stored here, launched from here, or listed by Stripe.

    Attributes:
        status: Stripe's status, or our reason not to use the run, such as ``gone``.
        as_of: Time of its data; for a pending run, its creation time.
        generation: ``updated`` of the report type at the launch, if launched from here; else None.
        created: Time of the launch; None if it is not known.
    """

    id: str
    status: str
    as_of: datetime
    place: Place
    generation: datetime | None = None
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reuse:
    """Answer with the result of this run."""

    run: KnownRun
    reason: str


@dataclass(frozen=True, slots=True)
class Await:
    """Answer with this run once it has finished."""

    run: KnownRun
    reason: str


@dataclass(frozen=True, slots=True)
class Launch:
    """Launch a new run: no known run can answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class AskForType:
    """Ask Stripe for the report type, and so for its time, before deciding."""


@dataclass(frozen=True, slots=True)
class AskForRuns:
    """List the runs at Stripe back to *since* before deciding."""

    since: datetime | None


Plan = Reuse | Await | Launch | AskForType | AskForRuns


def plan(
    request: ReportRequest,
    policy: Policy,
    *,
    known: Iterable[KnownRun] = (),
    report_type: ReportType | None = None,
    listed: Sequence[KnownRun] | None = None,
    now: datetime | None = None,
) -> Plan:
    """Decide how to answer a request.

    Args:
        request: The request.
        policy: ``auto``, ``always``, ``never``, or a maximum age of the data.
        known: Runs of this request that are stored here or were launched from here.
        report_type: The type as Stripe described it in the last minute; None if not yet asked.
        listed: Runs of this request found at Stripe; None if not yet asked.
        now: The time at Stripe; None if not yet known. Only a maximum age needs it.
    """
    check_policy(policy)
    if policy == "never":
        return Launch("launched because a new run was asked for")
    runs = sorted([*known, *(listed or ())], key=lambda run: _rank(run, request), reverse=True)
    passed_over: list[str] = []
    for run in runs:
        verdict = _judge(run, request, policy, report_type, now)
        if verdict.answers:
            answer = Reuse if run.status == "succeeded" else Await
            return answer(run, _sentence(run, verdict.why))
        passed_over.append(f"run {run.id} was not used: {verdict.why}")
    if report_type is None or (now is None and isinstance(policy, timedelta)):
        return AskForType()
    if listed is None:
        return AskForRuns(_oldest_usable(request, policy, report_type, now))
    if not passed_over:
        passed_over.append(f"no earlier run of this request was known{_why_unknown(request)}")
    return Launch("; ".join(["launched", *passed_over]))


def _rank(run: KnownRun, request: ReportRequest) -> tuple[bool, datetime]:
    """Return the order in which runs are considered, the greatest first: stored ones, then newer data.

    In Reports v2, newer data come first, since they have more of a period that is not over yet.
    """
    is_v2 = request.report_id is not None
    return (run.status == "succeeded" if is_v2 else run.place == "stored"), run.as_of


def is_closed(request: ReportRequest, as_of: datetime) -> bool:
    """Return True if data of *as_of* contain the whole interval, and so answer without asking Stripe.

    That is never so for a type without an interval, nor for one whose past Stripe rewrites.
    """
    closed_at = _closed_at(request)
    return closed_at is not None and as_of >= closed_at


def _closed_at(request: ReportRequest) -> datetime | None:
    if request.asked_end is None or is_rewritten(request.report_type):
        return None
    return request.asked_end + SETTLED_AFTER


def check_policy(policy: object) -> None:
    """Refuse an invalid policy, so that a typing error does not mean ``auto``.

    Raises:
        ParameterError: It is not ``auto``, ``always``, ``never`` or a timedelta of at least 0.
    """
    if policy in ("auto", "always", "never") or (isinstance(policy, timedelta) and policy >= timedelta(0)):
        return
    raise ParameterError(
        f"reuse must be 'auto', 'always', 'never' or a timedelta of at least 0; got {policy!r}. A timedelta "
        "is "
        "the maximum age of the data, such as datetime.timedelta(hours=6).",
        param="reuse",
    )


@dataclass(frozen=True, slots=True)
class _Verdict:
    answers: bool
    why: str


_UNUSABLE = {
    "failed": "it failed",
    "canceled": "it was canceled",
    "gone": "it no longer exists at Stripe",
    "expired": "its file is no longer at Stripe",
    "damaged": "its file is damaged",
}


def _judge(
    run: KnownRun,
    request: ReportRequest,
    policy: Policy,
    report_type: ReportType | None,
    now: datetime | None,
) -> _Verdict:
    if run.status not in ("succeeded", "pending"):
        return _Verdict(False, _UNUSABLE.get(run.status, f"its status is {run.status!r}"))
    if policy == "always":
        return _Verdict(True, f"any earlier run was asked for; its data are of {_at(run.as_of)}")
    if isinstance(policy, timedelta):
        if now is None:
            return _Verdict(False, "the time at Stripe is not known yet")
        young = run.as_of >= now - policy
        return _Verdict(
            young, f"its data are of {_at(run.as_of)}, {'within' if young else 'beyond'} {policy}"
        )
    end = request.asked_end
    if end is not None and is_closed(request, run.as_of):
        return _Verdict(
            True,
            f"its data are of {_at(run.as_of)}, over {SETTLED_AFTER.days} days after the interval's end "
            f"({_at(end)}), although Stripe could still restate them",
        )
    if request.report_id is not None:
        return _judge_by_refresh(run, request, now)
    if report_type is None or report_type.updated is None:
        return _Verdict(False, "it is not known yet whether newer data were published")
    if report_type.updated < run.as_of:
        return _Verdict(
            True,
            f"nothing newer was published since its data of {_at(run.as_of)}{_why_never_closed(request)}",
        )
    if run.generation == report_type.updated:
        return _Verdict(
            True,
            f"it was launched after the last publication, and Stripe answered with data of {_at(run.as_of)}",
        )
    return _Verdict(
        False,
        f"its data are of {_at(run.as_of)}, newer were published on {_at(report_type.updated)}"
        f"{_why_never_closed(request)}",
    )


def _judge_by_refresh(run: KnownRun, request: ReportRequest, now: datetime | None) -> _Verdict:
    """Judge a run of Reports v2, where only the time of the last refresh of its data is known."""
    if now is None:
        return _Verdict(False, "the time at Stripe is not known yet")
    hours = REFRESHED_EVERY // timedelta(hours=1)
    said = (
        f"its data are of {_at(run.as_of)}; Stripe is assumed to refresh data about every {hours} hours, and "
        "Reports v2 "
    )
    if now - run.as_of < REFRESHED_EVERY:
        return _Verdict(True, f"{said}does not say when{_why_never_closed(request)}")
    if run.created is not None and now - run.created < JUST_LAUNCHED:
        minutes = JUST_LAUNCHED // timedelta(minutes=1)
        return _Verdict(True, f"{said}did not have newer data less than {minutes} minutes ago")
    return _Verdict(False, f"{said}does not say when{_why_never_closed(request)}")


def _why_unknown(request: ReportRequest) -> str:
    """Return the clause that explains why runs may exist that are not known, or an empty text."""
    if request.report_id is None:
        return ""
    return " here, and Reports v2 does not list those that were launched elsewhere"


def _why_never_closed(request: ReportRequest) -> str:
    """Return the clause that explains why no interval of this type is ever closed, or an empty text."""
    if not is_rewritten(request.report_type):
        return ""
    family = str(family_of(request.report_type)).replace("_", " ")
    return f" (Stripe can change past periods of {family} with each publication)"


def _oldest_usable(
    request: ReportRequest, policy: Policy, report_type: ReportType, now: datetime | None
) -> datetime | None:
    """Return the creation time before which a listed run cannot answer."""
    if policy == "always":
        return None
    if isinstance(policy, timedelta):
        return None if now is None else now - policy
    bounds = [report_type.updated, _closed_at(request)]
    return min((bound for bound in bounds if bound is not None), default=None)


def _sentence(run: KnownRun, why: str) -> str:
    if run.status == "pending":
        return f"waited for run {run.id}, which was already in progress"
    what = {"stored": "stored result of run", "launched": "run", "listed": "run"}[run.place]
    return f"{what} {run.id} reused: {why}"


def _at(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
