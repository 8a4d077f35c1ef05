"""All errors of this package, grouped by cause.

    StripeReportsError
    ├── InputError                     wrong arguments or key: nothing was launched
    │   ├── ParameterError             a wrong report type, column, filter or id    (also ValueError)
    │   │   ├── UnknownReportTypeError
    │   │   └── IntervalError          a period that cannot be requested
    │   ├── ApiKeyError                no API key, not a secret key, or not allowed for the address
    │   ├── MissingExtraError          an optional library is not installed   (also ImportError)
    │   └── NotPicklableError          a client, key or pending report        (also TypeError)
    ├── StripeAPIError                 Stripe answered with an error
    │   ├── AuthenticationError        401: the key is unknown or expired
    │   ├── PermissionDeniedError      403: the key lacks a permission
    │   ├── InvalidRequestError        400: a parameter was refused
    │   │   └── IdempotencyError       the idempotency key was used with other parameters
    │   ├── NotFoundError              404: no such run, type or file
    │   │   └── LiveModeRequiredError  the report type needs a live key
    │   ├── ConflictError              409
    │   ├── RateLimitError             429, after retries; ``lock_timeout`` too
    │   │   └── RunLimitError          Reports v2: too many runs of the key are in progress
    │   ├── ServerError                424 and 5xx, after retries
    │   ├── AnswerMismatchError        an answer that does not match the request
    │   └── UnexpectedAnswerError      an answer that does not look like Stripe's API
    ├── RunError                       a report run without a report
    │   ├── RunFailedError             it failed at Stripe, or its status is unknown
    │   │   ├── RunCanceledError       Reports v2: it was canceled
    │   │   └── RunTooLargeError       Reports v2: its file would exceed Stripe's 5 GB
    │   └── RunTimeoutError            not finished and read within the timeout     (also TimeoutError)
    ├── IncompleteError                reports of a set failed or are missing
    ├── CallTimeoutError               the timeout ended before a run was known     (also TimeoutError)
    ├── NetworkError                   no answer, after retries               (also ConnectionError)
    ├── WorkerError                    a worker of an executor cannot do its task, or was lost
    └── FileError                      a problem with a result, a file or the store
        ├── ResultUnavailableError     a succeeded run whose file cannot be downloaded
        ├── NotAReportError            not that report, or not a report: another export, a web page, JSON
        ├── DamagedFileError           a report that is truncated or invalid: line and column
        ├── ResultTooLargeError        larger than the limit of the client
        ├── MixedColumnsError          the parts of a long interval have different columns
        └── StoreError                 the folder of results cannot be read or written

An error keeps apart what happened (``problem``) and what to do (``remedy``). Its text has both, the remedy in
terms of Python; the command line and the form word the remedy in their own terms.

No message and no attribute ever holds an API key. Every error can be pickled and copied: it comes back whole
from another process.
"""

from __future__ import annotations

from typing import Any, cast

from stripe_reports.render.printable import printable_lines
from stripe_reports.render.redaction import redacted
from stripe_reports.render.remedies import Remedy

__all__ = [
    "AnswerMismatchError",
    "ApiKeyError",
    "AuthenticationError",
    "CallTimeoutError",
    "ConflictError",
    "DamagedFileError",
    "FileError",
    "IdempotencyError",
    "IncompleteError",
    "InputError",
    "IntervalError",
    "InvalidRequestError",
    "LiveModeRequiredError",
    "MissingExtraError",
    "MixedColumnsError",
    "NetworkError",
    "NotAReportError",
    "NotFoundError",
    "NotPicklableError",
    "ParameterError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResultTooLargeError",
    "ResultUnavailableError",
    "RunCanceledError",
    "RunError",
    "RunFailedError",
    "RunLimitError",
    "RunTimeoutError",
    "RunTooLargeError",
    "ServerError",
    "StoreError",
    "StripeAPIError",
    "StripeReportsError",
    "UnexpectedAnswerError",
    "UnknownReportTypeError",
    "WorkerError",
]


class StripeReportsError(Exception):
    """Base of all errors of this package; never raised itself.

    Attributes:
        remedy: What can be done, in words for Python, command line and form; None where ``problem`` says all.
    """

    remedy: Remedy | None = None

    def __init__(self, problem: str = "", *, remedy: Remedy | None = None) -> None:
        super().__init__(redacted(problem))
        self.remedy = remedy

    @property
    def problem(self) -> str:
        """The problem and its cause."""
        return printable_lines(super().__str__())  # a traceback prints what Stripe or a cell says

    def __str__(self) -> str:
        return self._with(self.remedy.for_python if self.remedy else "")

    def for_command_line(self) -> str:
        """Return the problem and the remedy, in terms of commands and options."""
        return self._with(self.remedy.for_command_line if self.remedy else "")

    def for_form(self) -> str:
        """Return the problem and the remedy, in terms of the form."""
        return self._with(self.remedy.for_form if self.remedy else "")

    def _with(self, advice: str) -> str:
        return " ".join(filter(None, (self.problem, printable_lines(advice))))

    def advise(self, remedy: Remedy) -> None:
        """Add to what can be done."""
        self.remedy = remedy if self.remedy is None else self.remedy + remedy

    def __reduce__(self) -> tuple[Any, ...]:
        # Unlike Exception, which would call the class with only the message.
        _, arguments, *attributes = cast("tuple[Any, ...]", super().__reduce__())
        return _rebuilt, (type(self), arguments), *attributes


def _rebuilt(class_: type[StripeReportsError], arguments: tuple[str, ...]) -> StripeReportsError:
    """Return an error without its attributes, which are set later: ``__init__`` would require them."""
    error = class_.__new__(class_, *arguments)
    super(StripeReportsError, error).__init__(*arguments)
    return error


class InputError(StripeReportsError):
    """The arguments or the key are wrong; nothing was launched at Stripe."""


class ParameterError(InputError, ValueError):
    """A report type, column, filter, id or time zone that Stripe would refuse.

    Attributes:
        param: Stripe's name of the wrong parameter (``"currency"``, ``"columns"``), or None.
    """

    def __init__(self, problem: str, *, param: str | None = None, remedy: Remedy | None = None) -> None:
        super().__init__(problem, remedy=remedy)
        self.param = param


class UnknownReportTypeError(ParameterError):
    """There is no report type of this name, here or at Stripe; the message suggests the nearest ones."""

    def __init__(self, problem: str, *, remedy: Remedy | None = None) -> None:
        super().__init__(problem, param="report_type", remedy=remedy)


class IntervalError(ParameterError):
    """A period that is not valid, is empty, or extends beyond Stripe's data."""


class ApiKeyError(InputError):
    """No API key was found, it is not a secret key, or it must not be sent to that address."""


class MissingExtraError(InputError, ImportError):
    """An optional library is not installed; the message says how to install it."""


class NotPicklableError(InputError, TypeError):
    """An object with a key or a connection cannot be pickled or copied; the message says what to do."""


class StripeAPIError(StripeReportsError):
    """Stripe answered with an error.

    Attributes:
        status_code: HTTP status.
        code: Stripe's error code (``"resource_missing"``), or None.
        param: The parameter named by Stripe, or None.
        request_id: ``req_…`` to quote to Stripe's support, or None.
        stripe_message: The message as Stripe wrote it.
    """

    def __init__(
        self,
        problem: str,
        *,
        remedy: Remedy | None = None,
        status_code: int | None = None,
        code: str | None = None,
        param: str | None = None,
        request_id: str | None = None,
        stripe_message: str | None = None,
    ) -> None:
        super().__init__(problem, remedy=remedy)
        self.status_code = status_code
        self.code = code
        self.param = param
        self.request_id = request_id
        self.stripe_message = stripe_message


class AuthenticationError(StripeAPIError):
    """401: Stripe does not know the key, or it has expired."""


class PermissionDeniedError(StripeAPIError):
    """403: a restricted key lacks a permission, or may not act for the account."""


class InvalidRequestError(StripeAPIError):
    """400: Stripe refused a parameter; ``param`` is its name."""


class IdempotencyError(InvalidRequestError):
    """400: an idempotency key was used before with other parameters."""


class NotFoundError(StripeAPIError):
    """404: no such run, report type or file for this key and mode."""


class LiveModeRequiredError(NotFoundError):
    """404: the report type needs a live key, and the key is a test key."""


class ConflictError(StripeAPIError):
    """409: another call with the same idempotency key is still in progress, after retries."""


class RateLimitError(StripeAPIError):
    """429 after retries: too many calls, or the object stayed locked (``code="lock_timeout"``)."""


class RunLimitError(RateLimitError):
    """429 in Reports v2: as many runs of the key are in progress as Stripe allows.

    Raised only if none of them was launched from here for the same account, or in the same ``fetch_all``:
    otherwise the launch waits until one has ended.
    """


class ServerError(StripeAPIError):
    """424 or 5xx, after retries: an error at Stripe."""


class AnswerMismatchError(StripeAPIError):
    """A run whose report type, mode or parameters differ from the request; it is not stored.

    Attributes:
        run: The run as described by the answer.
        contradictions: A phrase for each difference from the request.
    """

    def __init__(
        self,
        problem: str,
        *,
        remedy: Remedy | None = None,
        run: Any = None,
        contradictions: tuple[str, ...] = (),
    ) -> None:
        super().__init__(problem, remedy=remedy)
        self.run = run
        self.contradictions = contradictions


class UnexpectedAnswerError(StripeAPIError):
    """An answer that does not look like Stripe's API: a proxy's page, a missing field."""


class RunError(StripeReportsError):
    """A report run without a report.

    Attributes:
        run: The ``ReportRun`` as last received.
    """

    def __init__(self, problem: str, run: Any, *, remedy: Remedy | None = None) -> None:
        super().__init__(problem, remedy=remedy)
        self.run = run


class RunFailedError(RunError):
    """The run's status is ``failed``, or one that this package does not know."""


class RunCanceledError(RunFailedError):
    """Reports v2: the run was canceled at Stripe."""


class RunTooLargeError(RunFailedError):
    """Reports v2: the run failed because its file would have more than the 5 GB that Stripe allows."""


class RunTimeoutError(RunError, TimeoutError):
    """The run was still pending, or its file not yet read, at the end of the timeout; it is not cancelled."""


class IncompleteError(StripeReportsError):
    """Reports of a set failed or are missing, and the caller wants all of them.

    Attributes:
        total: Number of reports of the set, or of the part of it that was asked for.
        failed: Number of those that failed.
        missing: Number of those that were not asked for, or whose runs go on at Stripe.
        names: The first of both, each as report type, account and interval.
    """

    def __init__(
        self,
        problem: str,
        *,
        remedy: Remedy | None = None,
        total: int = 0,
        failed: int = 0,
        missing: int = 0,
        names: tuple[str, ...] = (),
    ) -> None:
        super().__init__(problem, remedy=remedy)
        self.total = total
        self.failed = failed
        self.missing = missing
        self.names = names


class CallTimeoutError(StripeReportsError, TimeoutError):
    """A call did not finish within its timeout, or within our own limit, before a run was known."""


class NetworkError(StripeReportsError, ConnectionError):
    """No answer, after retries: no connection, a broken connection, or no answer in time."""


class WorkerError(StripeReportsError):
    """A worker of an executor cannot do its task, or was lost; the message says what to set, and where.

    An error of the task itself keeps its class: that of a damaged file is a ``DamagedFileError``.
    """


class FileError(StripeReportsError):
    """A problem with a result, a file or the store."""


class ResultUnavailableError(FileError):
    """The run succeeded, but its file is missing, expired, or at an address that is not trusted."""


class NotAReportError(FileError):
    """A file that is not a Stripe report, or not the one requested; the message says what it looks like."""


class DamagedFileError(FileError):
    """A report that is truncated, has rows of different lengths, or contains an invalid value.

    Attributes:
        path: The file, as given.
        line: Line of the file, counted from 1 (the header), or None for the whole file.
        column: Name of the column, or None.
        needs_new_run: True for the file of a run, complete as Stripe has it: only a new run helps.
    """

    needs_new_run: bool = False

    def __init__(
        self,
        problem: str,
        *,
        remedy: Remedy | None = None,
        path: str | None = None,
        line: int | None = None,
        column: str | None = None,
    ) -> None:
        super().__init__(problem, remedy=remedy)
        self.path = path
        self.line = line
        self.column = column


class ResultTooLargeError(FileError):
    """The result is larger than ``Client(max_result_bytes=...)`` allows; it is not kept."""


class MixedColumnsError(FileError):
    """The parts of a long interval are complete, but have different columns."""


class StoreError(FileError):
    """The folder of stored results cannot be read or written: it is full, read-only, or locked."""
