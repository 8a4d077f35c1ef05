"""Stripe's Reporting API: one function for each endpoint, JSON in, models out.

Stripe's own library makes the JSON calls, over the session of ``transport``. Every error that Stripe
describes becomes one of ``errors``, with Stripe's message, parameter and request id.

Source: https://docs.stripe.com/api/reporting/report_run
"""

from __future__ import annotations

import hashlib
import io
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, TypeVar, cast
from urllib.parse import quote

import requests
import urllib3.exceptions

from stripe_reports import errors
from stripe_reports.http.addresses import joined, origin_of
from stripe_reports.http.settings import FILES_URL
from stripe_reports.http.transport import CONNECT_TIMEOUT, READ_TIMEOUT, REPLAYED, UNSIGNED, Transport
from stripe_reports.models import ReportRequest, ReportRun, ReportType, ResultFile, shown
from stripe_reports.models.values import checked
from stripe_reports.planning import deadline
from stripe_reports.planning.echo import contradictions
from stripe_reports.storage.disk import size_text
from stripe_reports.storage.unpack import PACKED

if TYPE_CHECKING:
    import stripe

__all__ = ["Api", "CreatedRun", "Download", "RunPage"]

logger = logging.getLogger("stripe_reports")

_T = TypeVar("_T")
_Named = TypeVar("_Named", ReportRun, ReportType)
_RUN_ID = re.compile(r"frr_\w+")
_REQUEST_ID = re.compile(r"[\w-]{1,100}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_.]{1,100}")

_RUNS, _TYPES = "/v1/reporting/report_runs", "/v1/reporting/report_types"

JSON_TIMEOUT = 120.0
"""Seconds for a JSON call and its retries, where the caller has set no timeout."""

DOWNLOAD_ATTEMPTS = 3
_CHUNK = 1 << 18
_LONGEST_KEY = 1000


@dataclass(frozen=True, slots=True)
class RunPage:
    """One page of the list of runs, newest first.

    Attributes:
        runs: Those that can be used.
        has_more: Whether there are older ones.
        last: Id of the last of the page, whether it can be used or not.
    """

    runs: tuple[ReportRun, ...]
    has_more: bool
    last: str | None


@dataclass(frozen=True, slots=True)
class CreatedRun:
    """The answer to a launch: a run, and whether an earlier launch with the same key had made it."""

    run: ReportRun
    is_replayed: bool


@dataclass(frozen=True, slots=True)
class Download:
    """What was written: how many bytes, and their SHA-256."""

    size: int
    sha256: str


class Api:
    """The endpoints, asked as one owner.

    Args:
        transport: The way there.
        left_out: Called for each object of a list that cannot be used, with its name and shape, no values.
    """

    def __init__(self, transport: Transport, *, left_out: Callable[[str], object] = logger.debug) -> None:
        self._transport = transport
        self._left_out = left_out
        self._settings = transport.settings

    def create_run(self, request: ReportRequest, *, idempotency_key: str) -> CreatedRun:
        """``POST /v1/reporting/report_runs``."""
        answer, headers = self._answer(
            "post",
            _RUNS,
            report_type=request.report_type,
            parameters=request.to_stripe(),
            idempotency_key=idempotency_key,
        )
        is_replayed = headers.get(REPLAYED, "").lower() == "true"
        return CreatedRun(self.verified(self._read(ReportRun.from_stripe, answer), request), is_replayed)

    def retrieve_run(self, id_: str, asked: ReportRequest | None = None) -> ReportRun:
        """``GET /v1/reporting/report_runs/{id}``: a run of what was *asked*, where that is known."""
        id_ = id_.strip()
        if not _RUN_ID.fullmatch(id_):
            raise errors.ParameterError(
                f"{id_!r} is not the id of a report run: it starts with 'frr_'.", param="id"
            )
        return self.verified(self._retrieved(ReportRun.from_stripe, f"{_RUNS}/{id_}", id_), asked)

    def list_runs(
        self, *, limit: int = 100, created_from: datetime | None = None, after: str | None = None
    ) -> RunPage:
        """``GET /v1/reporting/report_runs``: one page, newest first, created at or after an instant."""
        parameters: dict[str, Any] = {"limit": limit}
        if created_from is not None:
            parameters["created"] = {"gte": int(created_from.timestamp())}
        if after is not None:
            parameters["starting_after"] = after
        answer = self._call("get", _RUNS, **parameters)
        runs = self._read_list("report run", ReportRun.from_stripe, answer)

        def page(answer: Mapping[str, Any]) -> RunPage:
            last = answer["data"][-1]["id"] if answer["data"] else None
            return RunPage(runs, checked(answer["has_more"], bool), last if isinstance(last, str) else None)

        for run in runs:
            self.verified(run, None)
        return self._read(page, answer)

    def pages_of_runs(
        self, created_from: datetime | None, *, page_size: int = 100
    ) -> Iterator[list[ReportRun]]:
        """The pages of the list of runs, newest first; one that repeats what was listed ends it."""
        listed: set[str] = set()
        after = None
        while True:
            page = self.list_runs(created_from=created_from, after=after, limit=page_size)
            runs = [run for run in page.runs if run.id not in listed]
            listed.update(run.id for run in runs)
            yield runs
            if page.has_more and page.runs and not runs:
                logger.warning("%s repeats its list of runs; no more of it is read", self._settings.base_url)
            if not page.has_more or not runs or page.last is None:
                return
            after = page.last

    def list_report_types(self) -> tuple[ReportType, ...]:
        """``GET /v1/reporting/report_types``: every type the account offers."""
        return self._read_list("report type", ReportType.from_stripe, self._call("get", _TYPES))

    def retrieve_report_type(self, id_: str) -> ReportType:
        """``GET /v1/reporting/report_types/{id}``."""
        return self._retrieved(ReportType.from_stripe, f"{_TYPES}/{quote(id_, safe='')}", id_)

    def verified(self, run: ReportRun, asked: ReportRequest | ReportRun | None) -> ReportRun:
        """*run*, if it does not contradict what was *asked*, nor the mode of the key.

        Raises:
            AnswerMismatchError: It does. What was kept of the answer is forgotten.
        """
        found = contradictions(run, asked, livemode=self._settings.mode == "live")
        if not found:
            return run
        self.forget(run)
        raise errors.AnswerMismatchError(
            f"{self._settings.base_url} answered with another run than was asked for: {run.id} has "
            f"{', and '.join(found)}. Nothing of it was stored. Check base_url, and whether a gateway or "
            "proxy in between mixes up answers; then fetch again, or launch a new run with reuse='never'. If "
            "it happens again, tell Stripe's support the id of the run.",
            run=run,
            contradictions=found,
        )

    def forget(self, run: ReportRun) -> None:
        """Ask Stripe the next time, though the run has finished and its description was kept."""
        self._transport.forget(f"{_RUNS}/{run.id}")

    def request_of(self, run: ReportRun) -> ReportRequest:
        """The request behind a run that was launched elsewhere."""
        return self._read(lambda sent: ReportRequest.from_stripe(run.report_type, sent), run.parameters)

    def download(self, file: ResultFile, target: BinaryIO) -> Download:
        """Stream a result file into *target*, which is empty; from the start again if the line breaks.

        Raises:
            ResultUnavailableError: The file has no address, one that is not Stripe's, or is gone.
            NetworkError: The line broke every time.
            CallTimeoutError, RunTimeoutError: The time of the call was over before the file was there.
            DamagedFileError: Another number of bytes came than Stripe announced, and not packed ones.
        """
        if file.url is None:
            raise errors.ResultUnavailableError(
                f"Stripe names no address for the result file {file.id}, so it cannot be read. "
                "Run the report again: fetch(..., reuse='never')."
            )
        if not self._settings.may_send_key_to(file.url):
            origin = origin_of(file.url)
            where = f"{str(origin)!r}" if origin else f"no address that can be read, {shown(file.url)}"
            raise errors.ResultUnavailableError(
                f"The result file {file.id} is at {where}, which is not where this "
                "client's files are; nothing was sent there. Behind a gateway, pass files_url to Client."
            )
        broken = ""
        for attempt in range(1, DOWNLOAD_ATTEMPTS + 1):
            if attempt > 1:  # not at first: ext4 writes a file that was cut to nothing when it is closed
                target.seek(0)
                target.truncate()
            try:
                return self._stream(file, target)
            except errors.DamagedFileError:
                if attempt == DOWNLOAD_ATTEMPTS:
                    raise
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                if _is_odd(error):
                    raise errors.DamagedFileError(
                        f"The answer with the result file {file.id} cannot be read ({type(error).__name__}): "
                        "its headers are not HTTP, or name another encoding than it has. Nothing was stored; "
                        "fetch again."
                    ) from None
                broken = type(error).__name__
            arrived = size_text(target.seek(0, io.SEEK_END))
            of_all = "" if file.size is None else f" of {size_text(file.size)}"
            deadline.check(f"The result file {file.id} did not arrive ({arrived}{of_all} had come)")
        raise errors.NetworkError(
            f"The download of {file.id} broke off {DOWNLOAD_ATTEMPTS} times ({broken}). The report is ready "
            "at Stripe; fetch it again later, nothing new will be launched."
        )

    def _stream(self, file: ResultFile, target: BinaryIO) -> Download:
        copied = self._copied(file, target)
        if copied is None:
            raise errors.UnexpectedAnswerError(
                f"What came in place of the result file {file.id} repeats the API key; nothing was stored. "
                "No report of Stripe's does: look at the gateway or proxy in between."
            )
        size = copied.size
        target.seek(0)
        is_packed = target.read(4).startswith(PACKED)
        if file.size is not None and size != file.size and not is_packed:
            raise errors.DamagedFileError(
                f"The result file {file.id} should have {file.size:,} bytes, but "
                f"{'more' if size > file.size else f'only {size:,}'} came. Nothing was stored; fetch again."
            )
        return copied

    def _copied(self, file: ResultFile, target: BinaryIO) -> Download | None:
        """Stop where there is more than announced; None if there is the key, which a gateway may repeat.

        Errors are raised elsewhere: the answer is not redacted, and they show the variables of their frames.
        """
        digest, size, before = hashlib.sha256(), 0, b""
        with self._open(str(file.url), file) as response:
            for chunk in response.iter_content(_CHUNK):
                if self._settings.api_key.is_in(before + chunk):
                    return None
                before = chunk[-_LONGEST_KEY:]
                size += len(chunk)
                if file.size is not None and size > file.size:
                    break
                digest.update(chunk)
                target.write(chunk)
        return Download(size, digest.hexdigest())

    def _open(self, url: str, file: ResultFile) -> requests.Response:
        """The answer with the file's bytes. A redirect is followed over https only, and without the key."""
        headers = {"Authorization": f"Bearer {UNSIGNED}", "Stripe-Version": self._settings.api_version}
        if self._settings.account:
            headers["Stripe-Account"] = self._settings.account
        is_elsewhere = False
        for _ in range(3):
            response = self._transport.file_session.get(
                url, headers=headers, stream=True, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT)
            )
            if not response.is_redirect:
                break
            response.close()
            target = self._redirected(url, response.headers["Location"], file)
            if isinstance(target, errors.ResultUnavailableError):
                del response  # see below
                raise target
            url, headers, is_elsewhere = target, {}, True
        if response.status_code == 200:
            return response
        with response:
            refused = self._no_file(response, file, is_elsewhere=is_elsewhere)
        del response  # it is not redacted, and an error shows the variables of this frame
        raise refused

    def _redirected(self, url: str, location: str, file: ResultFile) -> str | errors.ResultUnavailableError:
        """Where a redirect leads to, or why it is not followed."""
        target = joined(url, location)
        origin = origin_of(target)
        if target is None or origin is None:
            return errors.ResultUnavailableError(
                f"The address of the result file {file.id} leads to {shown(location)}, which is no address "
                "that can be read; it was not followed."
            )
        if origin.scheme != "https" and not self._settings.may_send_key_to(target):
            return errors.ResultUnavailableError(
                f"The address of the result file {file.id} leads to {origin}, not over https; it was not "
                "followed."
            )
        return target

    def _no_file(
        self, response: requests.Response, file: ResultFile, *, is_elsewhere: bool
    ) -> errors.StripeReportsError:
        if is_elsewhere and not response.is_redirect:
            return errors.ResultUnavailableError(
                f"The address of the result file {file.id} leads to {origin_of(response.url)}, which "
                f"answered with HTTP {response.status_code} and no file."
            )
        if response.is_redirect:
            return errors.ResultUnavailableError(
                f"The address of the result file {file.id} leads from one address to the next without end."
            )
        if response.status_code in (404, 410):
            return errors.ResultUnavailableError(
                f"The result file {file.id} is no longer at Stripe (HTTP {response.status_code}; files are "
                "kept for a year). Run the report again: fetch(..., reuse='never')."
            )
        # Such an answer is not read by the transport, so it may still repeat the key.
        text = response.raw.read(100_000, decode_content=True).decode("utf-8", "replace")
        body = _json(self._settings.api_key.redact(text))
        return _translated(response.status_code, body, response.headers, f"download {file.id}")

    @cached_property
    def _stripe(self) -> stripe.StripeClient:
        import stripe

        # Else the library writes an id of this machine into the home folder and sends it along.
        stripe.enable_telemetry = False
        base = self._settings.base_url
        return stripe.StripeClient(
            UNSIGNED,
            stripe_account=self._settings.account,
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
        """The JSON of an answer, and its headers."""
        import stripe

        what = f"{method.upper()} {path}"
        raised: errors.StripeReportsError | None = None
        try:
            with deadline.within_unless_limited(self._transport.clock, JSON_TIMEOUT):
                response = self._stripe.raw_request(method, path, **parameters)
        except stripe.APIConnectionError as error:
            raised = _no_answer(self._settings.base_url, error.__cause__ or error)
        except stripe.StripeError as error:
            raised = _translated(error.http_status, error.json_body, error.headers, what)
        except _NOT_AS_EXPECTED as error:  # it expects Stripe's bodies
            self._unexpected(what, error)
        if raised is not None:  # outside the except clause: what led here is not for tracebacks
            raise raised
        answer = response.data
        if not isinstance(answer, Mapping):
            self._unexpected(what, answer)
        return answer, response.headers

    def _retrieved(self, model: Callable[[Mapping[str, Any]], _Named], path: str, id_: str) -> _Named:
        """The one object of an address, which must have that id. An answer that is odd is not kept."""
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
        """An answer as a model: the one place where what is odd about it becomes an error of ours."""
        try:
            return model(answer)
        except _NOT_AS_EXPECTED as error:
            self._unexpected("the answer", answer, error)

    def _read_list(
        self, what: str, model: Callable[[Mapping[str, Any]], _T], answer: Mapping[str, Any]
    ) -> tuple[_T, ...]:
        """The objects of a list that can be used; it is an error if none of them can."""
        usable, unusable = [], []
        for each in self._read(lambda page: list(page["data"]), answer):
            try:
                usable.append(model(each))
            except _NOT_AS_EXPECTED as error:
                unusable.append(error)
                shape = _shape(what, each)
                logger.warning("left out what Stripe lists and this version cannot use: %s", shape)
                self._left_out(shape)
        if unusable and not usable:
            self._unexpected(f"the list of each {what}", answer, unusable[0])
        return tuple(usable)

    def _unexpected(self, what: str, answer: object, error: Exception | None = None) -> NoReturn:
        why = f" ({type(error).__name__}: {str(error)[:300]})" if error else ""
        raise errors.UnexpectedAnswerError(
            f"{self._settings.base_url} does not answer like Stripe's Reporting API: {what} was "
            f"{shown(answer)}{why}. {_ADVICE[errors.UnexpectedAnswerError]}"
        )


_NOT_AS_EXPECTED = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""What is raised where an answer lacks something, has another type, or is too large or too deep."""

_NOT_DECODED = (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError)


def _is_odd(error: BaseException) -> bool:
    """Whether an answer came and could not be read, which is no fault of the connection."""
    return isinstance(error, (*_NOT_AS_EXPECTED, *_NOT_DECODED))


def _shape(what: str, thing: object) -> str:
    """Name and shape of an object, without its values: ``report run frr_1 (created str, id str)``."""
    if not isinstance(thing, Mapping):
        return f"{what} ({type(thing).__name__})"
    id_ = thing.get("id")
    name = f" {id_}" if isinstance(id_, str) and _NAME.fullmatch(id_) else ""
    members = sorted(f"{str(key)[:40]} {type(value).__name__}" for key, value in thing.items())
    return f"{what}{name} ({', '.join(members[:30])})"


def _no_answer(base_url: str, cause: BaseException) -> errors.StripeReportsError:
    host = origin_of(base_url)
    if isinstance(cause, errors.StripeReportsError):  # it only came through Stripe's library
        return cause.with_traceback(None)
    if isinstance(cause, requests.exceptions.SSLError):
        return errors.NetworkError(
            f"The certificate of {host} could not be verified. Behind a company's proxy, set "
            "REQUESTS_CA_BUNDLE to its certificate file."
        )
    if _is_odd(cause):
        return errors.UnexpectedAnswerError(
            f"{host} does not answer like Stripe's Reporting API: headers or body of the answer cannot be "
            f"read ({type(cause).__name__}). {_ADVICE[errors.UnexpectedAnswerError]}"
        )
    return errors.NetworkError(
        f"No answer from {host} ({type(cause).__name__}), after several tries. Check the connection and try "
        "again: a launch that did reach Stripe will be found, not repeated."
    )


_ADVICE: dict[type[errors.StripeAPIError], str] = {
    errors.AuthenticationError: "Check the API key: it may be mistyped, expired or of another account.",
    errors.PermissionDeniedError: "Give the restricted key the permission that is named, in the Dashboard "
    "under Developers, API keys; reports need 'Report runs and report types' and 'Files', both read.",
    errors.LiveModeRequiredError: "Use a live key for this report type.",
    errors.NotFoundError: "Ids are found only with a key of the same account and mode.",
    errors.RateLimitError: "Wait a minute, or make fewer calls at once.",
    errors.ServerError: "It may pass, and nothing is lost: try again later.",
    errors.ConflictError: "The same launch is still in progress; try again in a moment.",
    errors.UnexpectedAnswerError: "Is base_url right, and is there no proxy or login page in between?",
}

_BY_STATUS: dict[int, type[errors.StripeAPIError]] = {
    400: errors.InvalidRequestError,
    401: errors.AuthenticationError,
    402: errors.InvalidRequestError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    424: errors.ServerError,
    429: errors.RateLimitError,
}


def _translated(
    status: int | None, body: object, headers: Mapping[str, str] | None, what: str
) -> errors.StripeAPIError:
    """One of our errors for an answer of Stripe's that is an error."""
    described = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(described, Mapping):
        described = {}
    message, param = _text(described.get("message")) or "", _text(described.get("param"))
    class_ = _class_of(status, described, message)
    request_id, pause = (_header(headers or {}, name) for name in ("request-id", "retry-after"))
    where = f", {param}" if param else ""
    if message:
        says = f"was refused (HTTP {status}{where}). Stripe says: {message.removesuffix('.')}."
    else:
        says = f"was answered with HTTP {status} and no error of Stripe's."
    parts = [f"{what} {says}", _ADVICE.get(class_, "")]
    if pause and re.fullmatch(r"[0-9]{1,9}", pause):
        parts.append(f"Stripe asks for a pause of {pause} s before the next try.")
    is_id = request_id is not None and _REQUEST_ID.fullmatch(request_id) is not None
    if is_id:
        parts.append(f"Request {request_id}.")
    return class_(
        " ".join(filter(None, parts)),
        status_code=status,
        code=_text(described.get("code")),
        param=param,
        request_id=request_id if is_id else None,
        stripe_message=message or None,
    )


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)


def _class_of(status: int | None, described: Mapping[str, Any], message: str) -> type[errors.StripeAPIError]:
    if described.get("type") == "idempotency_error":
        return errors.IdempotencyError
    if described.get("code") in ("rate_limit", "lock_timeout"):
        return errors.RateLimitError
    if status == 404 and "requires a live mode key" in message:
        return errors.LiveModeRequiredError
    if status is not None and status >= 500:
        return errors.ServerError
    if not described and status != 429:
        return errors.UnexpectedAnswerError
    return _BY_STATUS.get(status or 0, errors.UnexpectedAnswerError)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _json(content: str) -> object:
    import json

    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
