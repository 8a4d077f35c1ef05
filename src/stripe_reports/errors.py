"""Everything that can go wrong, by whose fault it is.

    StripeReportsError
    ├── InputError                     the caller's: nothing was launched
    │   ├── ParameterError             a report type, column, filter or id that cannot be    (also ValueError)
    │   │   ├── UnknownReportTypeError
    │   │   └── IntervalError          a period that cannot be asked for
    │   ├── ApiKeyError            no API key, not a secret key, or not to be sent there
    │   ├── MissingExtraError          what this needs is not installed       (also ImportError)
    │   └── NotPicklableError          a client, key or pending report        (also TypeError)
    ├── StripeAPIError                 Stripe answered, and the answer is no
    │   ├── AuthenticationError        401: no such key
    │   ├── PermissionDeniedError      403: the key may not do this
    │   ├── InvalidRequestError        400: a parameter was refused
    │   │   └── IdempotencyError       the same idempotency key came with other parameters
    │   ├── NotFoundError              404: no such run, type or file
    │   │   └── LiveModeRequiredError  the report type runs on live data only
    │   ├── ConflictError              409
    │   ├── RateLimitError             429, after retries; ``lock_timeout`` too
    │   ├── ServerError                424 and 5xx, after retries
    │   ├── AnswerMismatchError        an answer about something else than was asked for
    │   └── UnexpectedAnswerError      an answer that is not Stripe's API
    ├── RunError                       a report run that gives no report
    │   ├── RunFailedError             Stripe gave up on it, or its status is unknown
    │   └── RunTimeoutError            not finished and read when the time was over (also TimeoutError)
    ├── CallTimeoutError               the time was over before a run was known    (also TimeoutError)
    ├── NetworkError                   no answer                           (also ConnectionError)
    └── FileError                      the bytes of a result, a download or the store
        ├── ResultUnavailableError     a succeeded run without a file that can be fetched
        ├── NotAReportError            not that report, or none: another export, a web page, JSON
        ├── DamagedFileError           a report that is cut, ragged or changed: line and column
        ├── ResultTooLargeError        more bytes than the client may store
        ├── MixedColumnsError          the parts of a long interval have not all the same columns
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
    "RunError",
    "RunFailedError",
    "RunTimeoutError",
    "ServerError",
    "StoreError",
    "StripeAPIError",
    "StripeReportsError",
    "UnexpectedAnswerError",
    "UnknownReportTypeError",
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
        """What happened, and why."""
        return printable_lines(super().__str__())  # a traceback prints what Stripe or a cell says

    def __str__(self) -> str:
        return self._with(self.remedy.for_python if self.remedy else "")

    def for_command_line(self) -> str:
        """What happened, and what to do in terms of commands and options."""
        return self._with(self.remedy.for_command_line if self.remedy else "")

    def for_form(self) -> str:
        """What happened, and what to do in terms of the form."""
        return self._with(self.remedy.for_form if self.remedy else "")

    def _with(self, advice: str) -> str:
        return " ".join(filter(None, (self.problem, printable_lines(advice))))

    def advise(self, remedy: Remedy) -> None:
        """Add to what can be done."""
        self.remedy = remedy if self.remedy is None else self.remedy + remedy

    def __reduce__(self) -> tuple[Any, ...]:
        # Not the way of Exception, which would call the class with the message alone.
        _, arguments, *attributes = cast("tuple[Any, ...]", super().__reduce__())
        return _rebuilt, (type(self), arguments), *attributes


def _rebuilt(class_: type[StripeReportsError], arguments: tuple[str, ...]) -> StripeReportsError:
    """An error without its attributes, which follow: its own ``__init__`` would ask for them."""
    error = class_.__new__(class_, *arguments)
    super(StripeReportsError, error).__init__(*arguments)
    return error


class InputError(StripeReportsError):
    """The arguments or the key are wrong; nothing was launched at Stripe."""


class ParameterError(InputError, ValueError):
    """A report type, column, filter, id or zone that Stripe would refuse.

    Attributes:
        param: The parameter at fault, in Stripe's words (``"currency"``, ``"columns"``), or None.
    """

    def __init__(self, problem: str, *, param: str | None = None, remedy: Remedy | None = None) -> None:
        super().__init__(problem, remedy=remedy)
        self.param = param


class UnknownReportTypeError(ParameterError):
    """No report type of this name, here or at Stripe; the message has the nearest ones."""

    def __init__(self, problem: str, *, remedy: Remedy | None = None) -> None:
        super().__init__(problem, param="report_type", remedy=remedy)


class IntervalError(ParameterError):
    """A period that is not one, is empty, or lies beyond the data that Stripe has."""


class ApiKeyError(InputError):
    """No API key was found, it is not a secret key, or it must not go to that address."""


class MissingExtraError(InputError, ImportError):
    """A library that this needs is an extra, and is not installed; the message says how to install it."""


class NotPicklableError(InputError, TypeError):
    """What holds a key or a connection can be neither pickled nor copied; the message says what to do."""


class StripeAPIError(StripeReportsError):
    """Stripe answered with an error.

    Attributes:
        status_code: HTTP status.
        code: Stripe's error code (``"resource_missing"``), or None.
        param: The parameter that Stripe names, or None.
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
    """400: Stripe refused a parameter; ``param`` says which."""


class IdempotencyError(InvalidRequestError):
    """400: an idempotency key was used before with other parameters."""


class NotFoundError(StripeAPIError):
    """404: no such run, report type or file for this key and mode."""


class LiveModeRequiredError(NotFoundError):
    """404: the report type runs on live data only, and the key is a test key."""


class ConflictError(StripeAPIError):
    """409: another call with the same idempotency key is still in progress, after retries."""


class RateLimitError(StripeAPIError):
    """429 after retries: too many calls, or the object stayed locked (``code="lock_timeout"``)."""


class ServerError(StripeAPIError):
    """424 or 5xx, after retries: Stripe's side failed."""


class AnswerMismatchError(StripeAPIError):
    """A run of another report type, mode or parameter than was asked for; nothing of it is stored.

    Attributes:
        run: The run, as it was described.
        contradictions: What it says, and what was asked for; a phrase each.
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
    """A report run that did not give a report.

    Attributes:
        run: The ``ReportRun`` as last seen.
    """

    def __init__(self, problem: str, run: Any, *, remedy: Remedy | None = None) -> None:
        super().__init__(problem, remedy=remedy)
        self.run = run


class RunFailedError(RunError):
    """The run's status is ``failed``, or one that this package does not know."""


class RunTimeoutError(RunError, TimeoutError):
    """The run was still pending, or its file not yet read, when the time was over. Nothing is lost."""


class CallTimeoutError(StripeReportsError, TimeoutError):
    """A call was not finished within its timeout, or the package's own limit, and knows of no run yet."""


class NetworkError(StripeReportsError, ConnectionError):
    """No answer: no connection, a broken one, or none in time; after retries."""


class FileError(StripeReportsError):
    """The bytes of a result, a download or the store are not as they must be."""


class ResultUnavailableError(FileError):
    """The run succeeded, but its file is missing, expired, or at an address that is not trusted."""


class NotAReportError(FileError):
    """A file that is not a Stripe report, or not the one asked for; the message says what it looks like."""


class DamagedFileError(FileError):
    """A report that is cut, ragged, or holds a value that its column cannot.

    Attributes:
        path: The file, as given.
        line: Line of the file, counted from 1 (the header), or None where it is the file as a whole.
        column: Name of the column, or None.
    """

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
    """The result has more bytes than ``Client(max_result_bytes=...)`` allows; nothing of it is kept."""


class MixedColumnsError(FileError):
    """The parts of a long interval are all there, and have not all the same columns."""


class StoreError(FileError):
    """The folder of stored results cannot be read or written: full, read-only, or held elsewhere."""
