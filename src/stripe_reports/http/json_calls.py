"""JSON calls to Stripe, and what its answers must look like; the endpoints are in ``api_v1`` and ``api_v2``.

Stripe's own library makes the calls, over the sessions of ``http/transport``. ``http/stripe_errors`` turns
every error that Stripe describes into one of ours.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar, cast

from stripe_reports import errors
from stripe_reports.http.settings import FILES_URL
from stripe_reports.http.stripe_errors import ADVICE, NOT_AS_EXPECTED, no_answer, translated
from stripe_reports.http.transport import CONNECT_TIMEOUT, READ_TIMEOUT, UNSIGNED, Transport
from stripe_reports.models import AnyRun, ReportRequest, RunView, shown
from stripe_reports.models.values import checked
from stripe_reports.planning import deadline
from stripe_reports.planning.echo import contradictions
from stripe_reports.render import remedies

if TYPE_CHECKING:
    import requests
    import stripe

__all__ = ["JSON_TIMEOUT", "JsonCalls"]

logger = logging.getLogger("stripe_reports")

JSON_TIMEOUT = 120.0
"""Seconds for a JSON call and its retries, where the caller has set no timeout."""

_TYPE_ID = re.compile(r"[a-z0-9_]{1,60}(?:\.[a-z0-9_]{1,60}){1,6}")
_MEMBER = re.compile(r"[A-Za-z_]{1,40}")

_T = TypeVar("_T")


class _Named(Protocol):
    @property
    def id(self) -> str: ...


_N = TypeVar("_N", bound=_Named)
_R = TypeVar("_R", bound=AnyRun)


class JsonCalls:
    """Calls for one owner.

    Args:
        transport: Sends the calls.
        left_out: Called for each unusable object of a list, with its name and shape but no values.
    """

    def __init__(self, transport: Transport, *, left_out: Callable[[str], object] = logger.debug) -> None:
        self._transport = transport
        self._left_out = left_out
        self._settings = transport.settings

    def verified(self, run: _R, asked: ReportRequest | RunView | None) -> _R:
        """Return *run* if it contradicts neither what was *asked* nor the mode of the key.

        Raises:
            AnswerMismatchError: It does. A cached answer is removed.
        """
        found = contradictions(run, asked, livemode=self._settings.mode == "live")
        if not found:
            return run
        self.forget(run)
        raise errors.AnswerMismatchError(
            f"{self._settings.base_url} answered with another run than was asked for: {run.id} has "
            f"{', and '.join(found)}. Nothing of it was stored. A gateway or proxy in between may mix "
            "up answers. If it happens again, tell Stripe's support the id of the run.",
            run=run,
            remedy=remedies.check_address() + remedies.launch_anew(),
            contradictions=found,
        )

    def forget(self, run: RunView) -> None:
        """Remove the cached description of a finished run, if it was cached."""

    def retrieve_account_id(self) -> str:
        """``GET /v1/account``: the id of the account that the key or the header names.

        Source: https://docs.stripe.com/api/accounts/retrieve
        """
        return self._read(lambda account: checked(account["id"], str), self._call("get", "/v1/account"))

    @cached_property
    def _stripe(self) -> stripe.StripeClient:
        import stripe

        # Otherwise the library writes an id of this machine into the home folder and sends it.
        stripe.enable_telemetry = False
        base, account = self._settings.base_url, self._settings.account_header
        return stripe.StripeClient(
            UNSIGNED,
            stripe_account=account.get("Stripe-Account"),
            stripe_context=account.get("Stripe-Context"),
            stripe_version=self._settings.api_version,
            base_addresses={"api": base, "files": self._settings.files_url or FILES_URL},
            http_client=stripe.RequestsClient(
                session=cast("requests.Session", self._transport), timeout=(CONNECT_TIMEOUT, READ_TIMEOUT)
            ),
            max_network_retries=0,
        )

    def _call(self, method: str, path: str, **parameters: Any) -> Mapping[str, Any]:
        return self._answer(method, path, **parameters)[0]

    def _answer(
        self, method: str, path: str, **parameters: Any
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """Return the JSON of an answer, and its headers."""
        import stripe

        what = f"{method.upper()} {path}"
        raised: errors.StripeReportsError | None = None
        try:
            with deadline.within_unless_limited(self._transport.clock, JSON_TIMEOUT):
                response = self._stripe.raw_request(method, path, **parameters)
        except stripe.APIConnectionError as error:
            raised = no_answer(self._settings.base_url, error.__cause__ or error)
        except stripe.StripeError as error:
            raised = translated(error.http_status, error.json_body, error.headers, what)
        except NOT_AS_EXPECTED as error:  # it expects Stripe's bodies
            raised = no_answer(self._settings.base_url, error)
        if raised is not None:  # outside the except clause, so that tracebacks do not show the cause
            raise raised
        answer = response.data
        if not isinstance(answer, Mapping):
            self._unexpected(f"the answer to {what}", answer)
        return answer, response.headers

    def _retrieved(self, model: Callable[[Mapping[str, Any]], _N], path: str, id_: str) -> _N:
        """Return the object at an address, which must have that id. An invalid answer is not cached."""
        answer = self._call("get", path)
        try:
            value = self._read(model, answer)
            if value.id != id_:
                self._unexpected(f"the answer for {id_}", answer)
        except errors.UnexpectedAnswerError:
            self._transport.forget(path)
            raise
        return value

    def _read(self, model: Callable[[Mapping[str, Any]], _T], answer: Mapping[str, Any]) -> _T:
        """Convert an answer to a model: the only place where an invalid answer becomes one of our errors."""
        try:
            return model(answer)
        except NOT_AS_EXPECTED as error:
            self._unexpected("the answer", answer, error)

    def _read_list(
        self, what: str, model: Callable[[Mapping[str, Any]], _T], answer: Mapping[str, Any]
    ) -> tuple[_T, ...]:
        """Return the usable objects of a list; it is an error if there are only unusable ones."""
        usable, unusable = [], []
        for each in self._read(lambda page: list(page["data"]), answer):
            try:
                usable.append(model(each))
            except NOT_AS_EXPECTED as error:
                unusable.append(error)
                shape = _shape(what, each)
                logger.warning("left out what Stripe lists and this version cannot use: %s", shape)
                self._left_out(shape)
        if unusable and not usable:
            self._unexpected(f"the list of each {what}", answer, unusable[0])
        return tuple(usable)

    def _unexpected(self, what: str, answer: object, error: Exception | None = None) -> NoReturn:
        why = f" ({type(error).__name__}: {str(error)[:300]})" if error else ""
        api = self._settings.api_title or "Stripe's Reporting API"
        raise errors.UnexpectedAnswerError(
            f"{self._settings.base_url} does not answer like {api}: {what} was {shown(answer)}{why}.",
            remedy=ADVICE[errors.UnexpectedAnswerError],
        )


def _shape(what: str, thing: object) -> str:
    """Return name and shape of an object, without its values: ``report type new.1 (id str, version int)``.

    Only a report type's id is a name; the id of a run is a value.
    """
    if not isinstance(thing, Mapping):
        return f"{what} ({type(thing).__name__})"
    id_ = thing.get("id")
    name = f" {id_}" if isinstance(id_, str) and _TYPE_ID.fullmatch(id_) else ""
    members = sorted(
        f"{key} {type(value).__name__}"
        for key, value in thing.items()
        if isinstance(key, str) and _MEMBER.fullmatch(key)
    )
    return f"{what}{name} ({', '.join(members[:30])})"
