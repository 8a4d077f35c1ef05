"""Stripe's Reporting API as a WSGI application: keys, headers, errors, faults. The rest is ``endpoints``."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

from stripe_reports.simulator.answers import StripeError, default_error
from stripe_reports.simulator.clock import Clock
from stripe_reports.simulator.endpoints import Call, match
from stripe_reports.simulator.faults import Fault, Outcome
from stripe_reports.simulator.forms import Pairs, decode
from stripe_reports.simulator.frontpage import front_page
from stripe_reports.simulator.idempotency import IdempotencyKeys, StoredAnswer
from stripe_reports.simulator.keys import Caller, authenticate
from stripe_reports.simulator.ledger import LEDGER_VERSION, Ledger
from stripe_reports.simulator.runbook import RunBook, new_id, seeded_latency
from stripe_reports.simulator.runs import Run

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["ServedRequest", "Simulator"]

_API_VERSION = "2026-10-28.endive"
_STRIPES_HOSTS = {"api.stripe.com", "files.stripe.com"}
_USUAL_SIZE = 40.0
_LARGEST_BODY = 1 << 20


@dataclass(frozen=True, slots=True)
class ServedRequest:
    """A request and the status of its answer, for counting calls."""

    method: str
    path: str
    status: int
    request_id: str


class Simulator:
    """Stripe's Reporting API in a box: a WSGI application over a seeded ledger.

    It answers as Stripe does, for any test or live key of the right form, and keeps its runs in memory.
    Mount it under an HTTP library, or serve it with :func:`stripe_reports.simulator.serve`.

    Args:
        seed: Same seed, same figures.
        clock: Its time; by default one that starts at 2026-11-05 12:00 UTC and moves only when told.
        latency: Seconds that a run stays pending: a number, or a function of a seeded ``random.Random``;
            5 to 20 by default.
        files_url: Where ``result.url`` points, such as ``"https://files.example.com"``. None for Stripe's
            own host if the request was for Stripe's, else for the host that was asked.
        charges_per_day: Size of the ledger: the mean over its two years.

    Attributes:
        clock: Move it with ``clock.advance(60)``.
        base_url: *files_url*; can be changed.
        requests: What was served, oldest first.
        faults: Answers to give in place of the true ones; each is used up in turn.

    Example:
        >>> from werkzeug.test import Client
        >>> simulator = Simulator(seed=1)
        >>> auth = {"Authorization": f"Bearer {simulator.key}"}
        >>> Client(simulator).get("/v1/reporting/report_types/payouts.itemized.5", headers=auth).json["name"]
        'Itemized payouts'
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        clock: Clock | None = None,
        latency: float | Callable[[random.Random], float] | None = None,
        files_url: str | None = None,
        charges_per_day: float = _USUAL_SIZE,
    ) -> None:
        self.seed = seed
        self.charges_per_day = charges_per_day
        self.clock = clock or Clock()
        self.base_url = files_url
        self.requests: list[ServedRequest] = []
        self.faults: list[Fault] = []
        self._book = RunBook(lambda: self.ledger, seeded_latency(latency, seed))
        self._idempotency = IdempotencyKeys()
        self._lock = threading.Lock()

    @property
    def key(self) -> str:
        """The test key that names seed and ledger version, and the size where it is not the usual one."""
        named = f"sk_test_simulator_seed{self.seed}_ledger{LEDGER_VERSION}"
        if self.charges_per_day == _USUAL_SIZE:
            return named
        return f"{named}_size{self.charges_per_day:g}".replace(".", "_")

    @property
    def ledger(self) -> Ledger:
        """The rows behind the reports; made when first needed."""
        return Ledger.of(self.seed, self.charges_per_day)

    @property
    def runs(self) -> list[Run]:
        """All runs, of all callers, oldest first."""
        return list(self._book.runs.values())

    @property
    def outcomes(self) -> list[Outcome | str]:
        """How the next runs end, one each: an :class:`Outcome` or the name of one.

        Names are ``"failed"``, ``"stuck"``, ``"no url"`` and ``"no result"``; any other is taken for the
        run's last status.
        """
        return self._book.outcomes

    @property
    def cached_answer(self) -> Literal["pending", "succeeded", "off"]:
        """What the create answer says of a run that an older file answers.

        ``"pending"`` unless set to ``"succeeded"``; ``"off"`` gives every run a file of its own.
        """
        return self._book.cached_answer

    @cached_answer.setter
    def cached_answer(self, status: Literal["pending", "succeeded", "off"]) -> None:
        self._book.cached_answer = status

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        request = Request(environ)
        request.max_content_length = request.max_form_memory_size = _LARGEST_BODY
        request_id = new_id("req_", 14)
        caller = None
        try:
            # Read before anything is locked: a slow sender must not hold up the others.
            form = _form(request)
            if request.path == "/" and request.method == "GET":
                response = front_page(self.key, request.host_url, self.clock.now())
            else:
                caller = authenticate(request, self.key)
                with self._lock:
                    response = self._answer(request, request_id, caller, form)
        except StripeError as error:
            response = self._error(error, request_id, caller)
        response.headers.setdefault("Request-Id", request_id)
        response.headers.setdefault("Stripe-Version", request.headers.get("Stripe-Version") or _API_VERSION)
        response.headers.setdefault("Date", http_date(self.clock.now()))
        self.requests.append(ServedRequest(request.method, request.path, response.status_code, request_id))
        return response(environ, start_response)

    def _answer(self, request: Request, request_id: str, caller: Caller, form: Pairs) -> Response:
        """The true answer, unless an idempotency key or a fault gives another."""
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        now = self.clock.now()
        if key and (stored := self._idempotency.find(caller, key, request.path, form, now)):
            response = Response(stored.body, stored.status, content_type="application/json")
            response.headers["Idempotent-Replayed"] = "true"
            first_id, was_executed = stored.request_id, False
        elif fault := next((f for f in self.faults if f.hits(request.method, request.path)), None):
            fault.times -= 1
            response = self._faulty(fault, request_id, caller)
            first_id, was_executed = request_id, fault.stored
        else:
            endpoint, values = match(request)
            query = decode(list(request.args.items(multi=True)))
            call = Call(caller, form, query, now, self._book, self._files_url(request))
            answer = endpoint(call, **values)
            response = answer if isinstance(answer, Response) else _json(answer)
            first_id, was_executed = request_id, True
        if key:
            response.headers.update({"Idempotency-Key": key, "Original-Request": first_id})
        if key and was_executed:
            answered = response.status_code, response.get_data()
            self._idempotency.store(caller, key, StoredAnswer(now, request.path, form, request_id, *answered))
        return response

    def _files_url(self, request: Request) -> str:
        if self.base_url is not None:
            return self.base_url.rstrip("/")
        if request.host.partition(":")[0] in _STRIPES_HOSTS:
            return "https://files.stripe.com"
        return request.host_url.rstrip("/")

    def _faulty(self, fault: Fault, request_id: str, caller: Caller) -> Response:
        if fault.body is None:
            response = self._error(default_error(fault.status), request_id, caller)
        elif isinstance(fault.body, str | bytes):
            response = Response(fault.body, fault.status)
        else:
            response = _json(dict(fault.body), fault.status)
        response.headers.update(fault.headers)
        return response

    def _error(self, error: StripeError, request_id: str, caller: Caller | None) -> Response:
        """Stripe's body; the link to its log is for whoever could open it."""
        members = dict(error.error)
        if caller is not None:
            mode = "" if caller.livemode else "test/"
            seconds = int(self.clock.now().timestamp())
            members["request_log_url"] = f"https://dashboard.stripe.com/{mode}logs/{request_id}?t={seconds}"
        return _json({"error": dict(sorted(members.items()))}, error.status)


def _json(answer: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(answer, indent=2), status, content_type="application/json")


def _form(request: Request) -> Pairs:
    try:
        return list(request.form.items(multi=True))
    except RequestEntityTooLarge:
        raise StripeError(413, f"A request body may have at most {_LARGEST_BODY} bytes.") from None
