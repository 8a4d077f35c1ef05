"""Download result files: streamed, checked, and with the key only from addresses to which it may be sent.

A caller gives :meth:`Files.read` a function of a ``Body``, an iterator of blocks that also knows length,
encoding and ETag. When a download must start again, ``StartAgainError`` passes through the function, which
must discard its result so far; it is then called again with a new body. :meth:`Files.open` makes a single
try.

A file of Reports v2 is at an address that anyone can read who knows it, for a few minutes. The key is never
sent there. When the address has expired, the run is retrieved again for a new one, and the download goes on.

Sources: https://docs.stripe.com/api/files, https://docs.stripe.com/api/v2/data/report-runs/object
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import BinaryIO, TypeVar

import requests

from stripe_reports import errors
from stripe_reports.http.addresses import joined, origin_of
from stripe_reports.http.api import Api
from stripe_reports.http.body import ACCEPTED, Body, Download, StartAgainError
from stripe_reports.http.stripe_errors import translated
from stripe_reports.http.transport import CONNECT_TIMEOUT, READ_TIMEOUT, UNSIGNED, Transport
from stripe_reports.models import FileView, shown
from stripe_reports.planning import backoff, deadline
from stripe_reports.render import remedies

__all__ = ["Files"]

DOWNLOAD_ATTEMPTS = 3

T = TypeVar("T")


_EXPIRED = frozenset({400, 401, 403, 404, 410})
"""Answers of an address without key that may have expired; which of them Stripe's gives is unproved."""

_RENEWALS = 2
"""Maximum addresses that are requested, one after the other, for one that works no longer."""

_SPARE = timedelta(seconds=5)
"""Time before the end of an address at which it is not used any more."""


class Files:
    """The result files of one owner at Stripe.

    Args:
        transport: Sends the calls.
        api: Retrieves a run again when the address of its file has expired.
    """

    def __init__(self, transport: Transport, api: Api | None = None) -> None:
        self._api = api
        self._transport = transport
        self._settings = transport.settings

    def download(self, file: FileView, target: BinaryIO) -> Download:
        """Stream a result file into *target*, which is empty, and return its size and hash.

        Raises:
            ResultUnavailableError, NetworkError, DamagedFileError: See ``read``.
            CallTimeoutError, RunTimeoutError: See ``read``.
        """

        def copied(body: Body) -> Download:
            if target.tell():  # only then: ext4 writes a truncated file to the disk when it is closed
                target.seek(0)
                target.truncate()
            target.writelines(body)
            return body.received

        return self.read(file, copied)

    def read(self, file: FileView, consume: Callable[[Body], T]) -> T:
        """Call *consume* with the body of a result file, again for each further try; return its result.

        Its own errors are not caught, and end the download.

        Raises:
            ResultUnavailableError: The file has no address, one that is not Stripe's, or is gone.
            NetworkError: The connection broke every time.
            CallTimeoutError, RunTimeoutError: The time of the call was over before the file had arrived.
            DamagedFileError: The number of bytes is not the announced one, and the file is not packed.
        """
        for attempt in range(1, DOWNLOAD_ATTEMPTS + 1):
            try:
                with self.open(file) as body:
                    return consume(body)
            except StartAgainError as again:
                error, unfinished = again.error, again.unfinished
            deadline.check(unfinished)
            if attempt < DOWNLOAD_ATTEMPTS:
                self._pause(attempt, unfinished)
        raise error

    @contextmanager
    def open(self, file: FileView) -> Iterator[Body]:
        """Open the body of a result file from its first byte; a broken connection is resumed.

        Raises:
            StartAgainError: Also while it is read: discard the blocks so far and open it again, a few times.
            ResultUnavailableError: The file has no address, one that is not Stripe's, or is gone.
        """
        current = file

        def ask(wanted: Mapping[str, str]) -> requests.Response:
            nonlocal current
            if self._is_expired(current):
                current = self._renewed(current)
            if current.needs_key:  # no variable has the answer: it is not redacted, and an error shows them
                return self._accepted(*self._answer(current, wanted), file=current, wanted=wanted)
            response, is_elsewhere = self._answer(current, wanted)
            for _ in range(_RENEWALS):
                if response.status_code not in _EXPIRED:
                    break
                response.close()
                current = self._renewed(current)
                response, is_elsewhere = self._answer(current, wanted)
            return self._accepted(response, is_elsewhere, file=current, wanted=wanted)

        body = Body(ask, file, self._settings.api_key, self._pause)
        try:
            yield body
        finally:
            body.close()

    def _pause(self, attempt: int, unfinished: str) -> None:
        pause = backoff.retry_pause(attempt, self._transport.rng)
        deadline.pause(self._transport.clock, pause, unfinished)

    def _checked_address(self, file: FileView) -> str:
        """Return the address of a file, which is one of this client's files.

        Raises:
            ResultUnavailableError: There is none, or it is elsewhere.
        """
        if file.url is None:
            raise errors.ResultUnavailableError(
                f"Stripe names no address for the result file {file.id}, so it cannot be read.",
                remedy=remedies.launch_anew(),
            )
        settings = self._settings
        is_allowed = settings.may_send_key_to if file.needs_key else settings.may_read_without_key
        if not is_allowed(file.url):
            origin = origin_of(file.url)
            # An address without key is a secret for minutes.
            what = f", {shown(file.url)}" if file.needs_key else ""
            where = f"{str(origin)!r}" if origin else f"no address that can be read{what}"
            raise errors.ResultUnavailableError(
                f"The result file {file.id} is at {where}, which is not where this "
                "client's files are; nothing was sent there.",
                remedy=remedies.name_files_address(),
            )
        return file.url

    def _renewed(self, file: FileView) -> FileView:
        """Return a file with an address that works now, from its run.

        Raises:
            ResultUnavailableError: The run has no file any more, or another one.
            StripeAPIError, NetworkError: The run could not be retrieved.
        """
        now = None if self._api is None else self._api.retrieve_run(file.id).file
        if now is None or (now.size, now.rows) != (file.size, file.rows):
            raise errors.ResultUnavailableError(
                f"The address of the result of run {file.id} has expired, and the run does not give another "
                "one of the same file.",
                remedy=remedies.launch_anew(),
            )
        return now

    def _is_expired(self, file: FileView) -> bool:
        """Return True if the address of a file without key works no longer, or is not known."""
        if file.needs_key:
            return False
        ends = file.url_expires_at
        return file.url is None or (ends is not None and self._transport.now() >= ends - _SPARE)

    def _accepted(
        self, response: requests.Response, is_elsewhere: bool, *, file: FileView, wanted: Mapping[str, str]
    ) -> requests.Response:
        """Return an answer that has the file's contents, or the part that the headers *wanted* request.

        Raises:
            ResultUnavailableError, StripeAPIError: It has not.
        """
        if response.status_code == 200 or (wanted and response.status_code in (206, 416)):
            return response
        with response:
            refused = self._no_file(response, file, is_elsewhere=is_elsewhere)
        del response  # it is not redacted, and an error shows the variables of this frame
        raise refused

    def _answer(self, file: FileView, wanted: Mapping[str, str]) -> tuple[requests.Response, bool]:
        """Return the answer of the address of a file, and True if a redirect led elsewhere.

        A redirect is followed only over https and without the key.
        """
        url, signed = self._checked_address(file), {}
        if file.needs_key:
            signed = {"Authorization": f"Bearer {UNSIGNED}", "Stripe-Version": self._settings.api_version}
            signed |= self._settings.account_header
        is_elsewhere = False
        for _ in range(3):
            response = self._transport.file_session.get(
                url,
                headers={"Accept-Encoding": ACCEPTED, **wanted, **signed},
                stream=True,
                timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            )
            if not response.is_redirect:
                break
            response.close()
            target = self._redirected(url, response.headers["Location"], file)
            if isinstance(target, errors.ResultUnavailableError):
                del response  # see ``_accepted``
                raise target
            url, signed, is_elsewhere = target, {}, True
        return response, is_elsewhere

    def _redirected(self, url: str, location: str, file: FileView) -> str | errors.ResultUnavailableError:
        """Return the target of a redirect, or raise the error that says why it is not followed."""
        target = joined(url, location)
        origin = origin_of(target)
        if target is None or origin is None:
            where = shown(location) if file.needs_key else "another address"
            return errors.ResultUnavailableError(
                f"The address of the result file {file.id} leads to {where}, which is no address that can be "
                "read; it was not followed.",
                remedy=remedies.check_address(),
            )
        if origin.scheme != "https" and not self._settings.may_send_key_to(target):
            return errors.ResultUnavailableError(
                f"The address of the result file {file.id} leads to {origin}, not over https; it was not "
                "followed.",
                remedy=remedies.check_address(),
            )
        return target

    def _no_file(
        self, response: requests.Response, file: FileView, *, is_elsewhere: bool
    ) -> errors.StripeReportsError:
        if is_elsewhere and not response.is_redirect:
            return errors.ResultUnavailableError(
                f"The address of the result file {file.id} leads to {origin_of(response.url)}, which "
                f"answered with HTTP {response.status_code} and no file.",
                remedy=remedies.check_address(),
            )
        if not file.needs_key and not response.is_redirect:
            return errors.ResultUnavailableError(
                f"The address of the result of run {file.id} was answered with HTTP {response.status_code} "
                "and no file, although the run had just given it.",
                remedy=remedies.launch_anew(),
            )
        if response.is_redirect:
            return errors.ResultUnavailableError(
                f"The address of the result file {file.id} leads from one address to the next without end.",
                remedy=remedies.check_address(),
            )
        if response.status_code in (404, 410):
            return errors.ResultUnavailableError(
                f"The result file {file.id} is no longer at Stripe (HTTP {response.status_code}; files are "
                "kept for a year).",
                remedy=remedies.launch_anew(),
            )
        # Such an answer is not read by the transport, so it may still repeat the key.
        text = response.raw.read(100_000, decode_content=True).decode("utf-8", "replace")
        body = _json(self._settings.api_key.redact(text))
        return translated(response.status_code, body, response.headers, f"download {file.id}")


def _json(content: str) -> object:
    import json

    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
