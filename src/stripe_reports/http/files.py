"""Download result files: streamed, checked, and only from addresses to which the key may be sent.

Source: https://docs.stripe.com/api/files
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import BinaryIO

import requests
import urllib3.exceptions

from stripe_reports import errors
from stripe_reports.http.addresses import joined, origin_of
from stripe_reports.http.stripe_errors import is_unreadable, translated
from stripe_reports.http.transport import CONNECT_TIMEOUT, READ_TIMEOUT, UNSIGNED, Transport
from stripe_reports.models import FileView, shown
from stripe_reports.planning import deadline
from stripe_reports.render import remedies
from stripe_reports.storage.disk import size_text
from stripe_reports.storage.unpack import PACKED

__all__ = ["Download", "Files"]

DOWNLOAD_ATTEMPTS = 3
_CHUNK = 1 << 18
_LONGEST_KEY = 1000


@dataclass(frozen=True, slots=True)
class Download:
    """The number of bytes written, and their SHA-256."""

    size: int
    sha256: str


class Files:
    """The result files of one owner at Stripe."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._settings = transport.settings

    def download(self, file: FileView, target: BinaryIO) -> Download:
        """Stream a result file into *target*, which is empty; from the start again if the line breaks.

        Raises:
            ResultUnavailableError: The file has no address, one that is not Stripe's, or is gone.
            NetworkError: The line broke every time.
            CallTimeoutError, RunTimeoutError: The time of the call was over before the file was there.
            DamagedFileError: Another number of bytes came than Stripe announced, and not packed ones.
        """
        if file.url is None:
            raise errors.ResultUnavailableError(
                f"Stripe names no address for the result file {file.id}, so it cannot be read.",
                remedy=remedies.launch_anew(),
            )
        if not self._settings.may_send_key_to(file.url):
            origin = origin_of(file.url)
            where = f"{str(origin)!r}" if origin else f"no address that can be read, {shown(file.url)}"
            raise errors.ResultUnavailableError(
                f"The result file {file.id} is at {where}, which is not where this "
                "client's files are; nothing was sent there.",
                remedy=remedies.name_files_address(),
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
                if is_unreadable(error):
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

    def _stream(self, file: FileView, target: BinaryIO) -> Download:
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

    def _copied(self, file: FileView, target: BinaryIO) -> Download | None:
        """Copy the file, but no more than its announced size; None if it contains the API key.

        A gateway may repeat the key. No error is raised here: a traceback can show the variables of its
        frames, and the answer among them is not redacted.
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

    def _open(self, url: str, file: FileView) -> requests.Response:
        """The answer with the file's contents. A redirect is followed only over https and without the key."""
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

    def _redirected(self, url: str, location: str, file: FileView) -> str | errors.ResultUnavailableError:
        """The address to which a redirect leads, or the error that says why it is not followed."""
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
        self, response: requests.Response, file: FileView, *, is_elsewhere: bool
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
