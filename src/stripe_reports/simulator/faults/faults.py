"""Faults: prepared answers, changed answers, and runs that do not succeed or whose result is wrong.

``FAULTS`` and ``FAULTS_V2`` have them by name. For any other fault, create a :class:`Fault`: it is a value.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal

from stripe_reports.simulator.faults import changes
from stripe_reports.simulator.faults.changes import Change
from stripe_reports.simulator.latency import Latency

__all__ = ["FAULTS", "FAULTS_V2", "NAMED_FAULTS", "Fault", "Outcome"]

_FAILED = "The report could not be generated. Please try again, or contact support if this keeps happening."


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a run.

    Attributes:
        status: Its final status; ``pending`` for a run that never ends. Need not be one of Stripe's.
        error: Its message, if it has one.
        result: The result of a succeeded run: its file; the file with a size of null, without an address, at
            a host that is not Stripe's, expired, or of another report; or none.
        code: The code of a failure, in v2.
    """

    status: str = "succeeded"
    error: str | None = None
    result: Literal["file", "no size", "no url", "foreign host", "expired", "other report", "none"] = "file"
    code: str = "internal_error"

    @classmethod
    def named(cls, name: str) -> Outcome:
        """Return the outcome ``succeeded``, ``failed`` or ``stuck``, or a succeeded run with a wrong result.

        Wrong results are ``no size``, ``no url``, ``no result``, ``foreign host``, ``expired`` and
        ``other report``. Any other name is used as a status.
        """
        match name:
            case "failed":
                return cls("failed", error=_FAILED)
            case "stuck":
                return cls("pending")
            case "no size" | "no url" | "foreign host" | "expired" | "other report":
                return cls(result=name)
            case "no result":
                return cls(result="none")
            case _:
                return cls(name)

    @property
    def has_file(self) -> bool:
        """Tell whether the run ends with a file that can be downloaded."""
        return self.status == "succeeded" and self.result in ("file", "no size")

    def delay(self, latency: float) -> float:
        """Seconds until the end."""
        return math.inf if self.status == "pending" else latency


@dataclass(slots=True)
class Fault:
    """Something that goes wrong, once or several times; by default, an answer that replaces the correct one.

    Attributes:
        match: Method and path, with ``*``: ``"POST /v1/reporting/report_runs"``, ``"GET /v1/files/*"``.
        status: HTTP status.
        body: JSON (a mapping), or a string or bytes sent unchanged; None for Stripe's body of that status.
        headers: Additional headers, such as ``{"Stripe-Should-Retry": "false"}``.
        times: The number of times it will still happen; ``math.inf`` for always.
        stored: True if execution had started: then the same idempotency key gets the same answer again.
        probability: The probability that it happens to a request that it matches.
        delay: Seconds by the simulator's clock before the answer is sent, or a distribution of them.
        bytes_a_second: Speed at which the body is sent, by the simulator's clock; None for at once.
        change: Creates the answer, with or without the correct one; status and body are then not used.
        outcome: The outcome of the next run; answers are then not changed.
        webhook: The fault of the next event that is posted; answers are then not changed.
        about: A description in one line.
    """

    match: str = "* *"
    status: int = 500
    body: Mapping[str, Any] | str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    times: float = 1
    stored: bool = False
    probability: float = 1.0
    delay: Latency = 0.0
    bytes_a_second: float | None = None
    change: Change | None = None
    outcome: Outcome | None = None
    webhook: Literal["twice", "lost", "forged"] | None = None
    about: str = ""

    @classmethod
    def named(cls, name: str, **members: Any) -> Fault:
        """Return a fault of ``FAULTS`` or ``FAULTS_V2``, with changed *members* such as ``times=3``.

        Raises:
            ValueError: There is no fault with that name.

        Example:
            >>> Fault.named("answer.lock_timeout", times=2).status
            429
        """
        if name not in NAMED_FAULTS:
            near = difflib.get_close_matches(name, NAMED_FAULTS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(NAMED_FAULTS)}."
            raise ValueError(f"There is no fault called {name!r}. {hint}")
        return replace(NAMED_FAULTS[name], **members)

    @classmethod
    def parsed(cls, text: str) -> Fault:
        """Read a named fault from ``NAME``, ``NAME:TIMES`` or ``NAME:TIMES@PROBABILITY``.

        It happens once by default, and always for ``NAME:always`` and ``NAME@PROBABILITY``.

        Raises:
            ValueError: There is no fault with that name, or a number is not valid.

        Example:
            >>> fault = Fault.parsed("answer.500:20@0.3")
            >>> fault.status, fault.times, fault.probability
            (500, 20, 0.3)
        """
        match = re.fullmatch(r"([^:@]+)(?::(\d+|always))?(?:@(0?\.\d+|0|1))?", text)
        if match is None:
            raise ValueError(f"{text!r} is not a fault: write NAME, NAME:TIMES or NAME:TIMES@PROBABILITY.")
        name, times, probability = match[1], match[2], match[3]
        always = times == "always" or (times is None and probability is not None)
        return cls.named(
            name, times=math.inf if always else int(times or 1), probability=float(probability or 1)
        )

    @property
    def is_of_answers(self) -> bool:
        """Tell whether it changes answers; other faults change runs or events."""
        return self.outcome is None and self.webhook is None

    @property
    def replaces(self) -> bool:
        """Tell whether it has an answer of its own, so that the request is not executed."""
        return self.is_of_answers and self.change is None

    def hits(self, method: str, path: str) -> bool:
        """Tell whether it applies to a request."""
        return self.is_of_answers and fnmatchcase(f"{method} {path}", self.match)


def _run(outcome: Outcome, about: str) -> Fault:
    return Fault("POST /v1/reporting/report_runs", outcome=outcome, about=about)


def _answer(change: Callable[[dict[str, Any]], dict[str, Any]], about: str) -> Fault:
    return Fault("POST */report_runs", change=changes.runs_changed(change), about=about)


def _error(code: str, message: str, type_: str = "invalid_request_error") -> dict[str, Any]:
    doc_url = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
    return {"error": {"code": code, "doc_url": doc_url, "message": message, "type": type_}}


def _refused_run(status: int, code: str, message: str, about: str) -> Fault:
    body = {"error": {"code": code, "message": message}}
    return Fault("POST /v2/data/report_runs", status=status, body=body, about=about)


def _file(change: Change, about: str) -> Fault:
    return Fault(_FILES, change=change, about=about)


def _unchanged(_request: Any, answer: Any) -> Any:
    return answer()


_FILES = "GET */files/*/contents"
"""Both generations have such addresses."""

_HTML = {"Content-Type": "text/html; charset=utf-8"}
_REASON = "Stripe-Rate-Limited-Reason"
_LOCKED = _error(
    "lock_timeout",
    "This object cannot be accessed right now because another API request or Stripe process is currently "
    "accessing it. If you see this error intermittently, retry the request. If you see this error frequently "
    "and are making multiple concurrent requests to a single object, make your requests serially or at a "
    "lower rate.",
)
_IN_USE = _error(
    "idempotency_key_in_use",
    "There is currently another in-progress request using this Idempotent Key (that probably means you "
    "submitted twice, and the other request is still going through). Please try again later.",
)
_EXPIRED_KEY = _error("api_key_expired", "Expired API Key provided: sk_test_************0000.")

FAULTS: Mapping[str, Fault] = {
    "run.failed": _run(Outcome.named("failed"), "the run fails, with a message"),
    "run.stuck": _run(Outcome.named("stuck"), "the run stays pending forever"),
    "run.unknown_status": _run(Outcome("paused"), "the run ends in a status that Stripe does not have"),
    "run.no_result": _run(Outcome.named("no result"), "the run succeeds without a file"),
    "run.no_size": _run(Outcome.named("no size"), "the run succeeds with a file whose size is null"),
    "run.no_url": _run(Outcome.named("no url"), "the run succeeds with a file that has no address"),
    "run.foreign_host": _run(Outcome.named("foreign host"), "the address of its file is on another host"),
    "run.expired": _run(Outcome.named("expired"), "its file is a year old and has expired"),
    "run.other_file": _run(Outcome.named("other report"), "its file belongs to another report"),
    "run.other_type": _answer(changes.of_other_type, "the answer shows another report type"),
    "run.other_mode": _answer(changes.of_other_mode, "the answer shows the other mode"),
    "run.other_interval": _answer(changes.of_other_interval, "the answer shows another interval"),
    "run.other_currency": _answer(changes.of_other_currency, "the answer shows another currency"),
    "answer.401": Fault(status=401, body=_EXPIRED_KEY, about="the key has expired"),
    "answer.403": Fault(status=403, about="the key lacks the permission"),
    "answer.409": Fault(status=409, body=_IN_USE, about="the idempotency key is in use"),
    "answer.424": Fault(status=424, about="a system that Stripe depends on failed"),
    "answer.429": Fault(
        status=429, headers={_REASON: "endpoint-rate"}, about="too many requests, with Stripe's reason"
    ),
    "answer.429_bare": Fault(status=429, about="too many requests, without any header"),
    "answer.429_retry_after": Fault(
        status=429, headers={"Retry-After": "30"}, about="too many requests, with Retry-After: 30"
    ),
    "answer.429_retry_after_hour": Fault(
        status=429, headers={"Retry-After": "3600"}, about="too many requests, with Retry-After: 3600"
    ),
    "answer.lock_timeout": Fault(
        status=429, body=_LOCKED, headers={"Stripe-Should-Retry": "true"}, about="a lock; a retry can succeed"
    ),
    "answer.500": Fault(about="Stripe fails before it does anything"),
    "answer.500_stored": Fault(
        stored=True, about="Stripe fails, and the idempotency key repeats the failure"
    ),
    "answer.502": Fault(
        status=502,
        body="<html><h1>502 Bad Gateway</h1></html>",
        headers=_HTML,
        about="an error page of a proxy",
    ),
    "answer.503": Fault(status=503, about="Stripe is not available"),
    "answer.504": Fault(status=504, about="Stripe takes too long"),
    "answer.html": Fault(
        status=200, body="<html><h1>Please log in</h1></html>", headers=_HTML, about="200 with a login page"
    ),
    "answer.empty": Fault(status=200, body="", about="200 with an empty body"),
    "answer.slow": Fault(change=_unchanged, delay=100, about="the correct answer after 100 seconds"),
    "answer.trickle": Fault(change=_unchanged, bytes_a_second=2, about="the answer at two bytes per second"),
    "list.repeated": Fault(
        "GET /v1/reporting/report_runs",
        change=changes.first_page_again,
        about="the first page of runs again and again",
    ),
    "connection.reset": Fault(
        change=changes.connection_dropped, about="lost before the request was executed"
    ),
    "connection.lost": Fault(change=changes.answer_lost, about="lost after the request was executed"),
    "file.cut": _file(changes.truncated, "half of the bytes, then the connection is lost"),
    "file.short": _file(changes.bytes_changed(changes.without_last_line), "the last line is missing"),
    "file.long": _file(changes.bytes_changed(changes.with_last_line_twice), "the last line comes twice"),
    "file.corrupt": _file(
        changes.bytes_changed(changes.corrupted), "the right number of bytes, but wrong ones"
    ),
    "file.empty": _file(changes.bytes_changed(lambda _: b""), "no bytes at all"),
    "file.endless": _file(changes.endless, "the file repeated without end"),
    "file.trickle": Fault(
        _FILES,
        change=_unchanged,
        bytes_a_second=2,
        about="the file at two bytes per second",
    ),
    "file.gzip": _file(changes.bytes_changed(changes.packed), "gzip without a header that says so"),
    "file.gzip_encoded": _file(
        changes.bytes_changed(changes.packed, encoding="gzip"), "gzip as Content-Encoding"
    ),
    "file.gone": Fault(
        _FILES,
        status=404,
        body=_error("resource_missing", "No such file upload"),
        about="404, as for a file older than a year",
    ),
    "file.redirect_https": _file(
        changes.redirected("https://files.example.com"), "redirected to another host"
    ),
    "file.redirect_http": _file(
        changes.redirected("http://files.example.com"), "redirected to another host without TLS"
    ),
    "file.redirect_loop": _file(changes.redirected_to_itself, "redirected to the same address"),
    "file.etag_changed": _file(changes.etag_changed, "another ETag each time"),
    "file.etag_weak": _file(changes.etag_weak, "a weak ETag"),
    "file.range_ignored": _file(changes.range_ignored, "the whole file where a part is requested"),
    "file.range_refused": _file(changes.range_refused, "416 where a part is requested"),
    "file.range_wrong": _file(changes.range_wrong, "another part than was requested"),
    "date.ahead": Fault(change=changes.date_moved(timedelta(days=1)), about="Date is a day ahead"),
    "date.behind": Fault(change=changes.date_moved(-timedelta(days=1)), about="Date is a day behind"),
    "webhook.twice": Fault(webhook="twice", about="an event is posted twice"),
    "webhook.lost": Fault(webhook="lost", about="an event is never posted"),
    "webhook.forged": Fault(webhook="forged", about="an event is signed with another secret"),
}
"""All named faults, of v1 and where possible of v2."""

FAULTS_V2: Mapping[str, Fault] = {
    "v2.canceled": _run(
        Outcome("canceled", error="The report run was canceled."), "the run is canceled, and says when"
    ),
    "v2.too_large": _run(
        Outcome(
            "failed",
            error="The file generated by this request exceeds the 5 GB limit.",
            code="file_size_above_limit",
        ),
        "the run fails, since its file is above 5 GB",
    ),
    "v2.inaccessible": _refused_run(
        403,
        "report_inaccessible",
        "This report is not available for this account.",
        "no access to the report",
    ),
    "v2.too_many_running": _refused_run(
        429,
        "report_run_rate_limit_exceeded",
        "An API key has reached its limit of concurrently running reports. Wait for existing reports to "
        "complete before creating a new one.",
        "the key has too many reports running",
    ),
    "v2.not_enabled": Fault(
        "* /v2/*",
        status=403,
        body={
            "error": {
                "type": "feature_not_enabled",
                "code": "feature_not_enabled",
                "message": "This account does not have access to the preview.",
            }
        },
        about="the account has no access to the preview",
    ),
    "v2.url_expired": Fault(
        "GET /files/*/contents",
        status=403,
        body="<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
        headers={"Content-Type": "application/xml"},
        about="the address of the file has expired",
    ),
    "v2.other_columns": Fault(
        "GET /v2/data/report_runs/*",
        change=changes.runs_changed(changes.of_other_columns),
        about="the run names other columns than its file has",
    ),
    "v2.list_repeated": Fault(
        "GET /v2/data/reports",
        change=changes.first_page_again,
        about="the first page of reports again and again",
    ),
}
"""Faults that only Reports v2 can have."""

NAMED_FAULTS: Mapping[str, Fault] = {**FAULTS, **FAULTS_V2}
