"""The body of a result file as an iterator of blocks, over as many connections as it takes.

After a broken connection the rest is requested only if the first answer had a strong ETag, with ``If-Range``,
and is used only if it is certainly the rest of the same bytes: 206 from the same address with the same ETag,
the next byte and the same length (RFC 9110, sections 8.8.3, 13.1.5, 14.2 and 15.3.7). Anything else is a
``StartAgainError``: the reader discards all blocks so far and reads another body from its start. A range
counts bytes as they were sent, so they are unpacked after they are put together. Whether Stripe's files have
an ETag is unproved; without one, every download starts again.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from stripe_reports import errors
from stripe_reports.http.settings import Secret
from stripe_reports.http.stripe_errors import is_unreadable
from stripe_reports.models import FileView
from stripe_reports.models.values import shown
from stripe_reports.planning import deadline
from stripe_reports.storage.disk import size_text
from stripe_reports.storage.unpack import PACKED

__all__ = ["ACCEPTED", "BLOCK", "Ask", "Body", "Download", "Pause", "StartAgainError"]

BLOCK = 1 << 18
"""Maximum bytes of a block."""

ACCEPTED = "gzip"
"""The requested encoding; a body with another one, or several, is refused."""

BREAKS = 3
"""Number of broken connections in a row, each with little progress, after which a download fails."""

PROGRESS = 1_000_000
"""Number of bytes after which a broken connection counts as the first one again."""

_LONGEST_KEY = 1000
_GZIP = zlib.MAX_WBITS | 16
_STRONG_ETAG = re.compile(r'"[!#-~]+"')
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19})")
_LOST = (requests.RequestException, urllib3.exceptions.HTTPError)

Ask = Callable[[Mapping[str, str]], requests.Response]
"""Requests the file with additional headers: 200, or 206 or 416 if a range was requested."""

Pause = Callable[[int, str], None]
"""Waits after the given number of failures; the text says what is unfinished if the time is over."""


@dataclass(frozen=True, slots=True)
class Download:
    """The number of bytes of a body, unpacked, and their SHA-256."""

    size: int
    sha256: str


class StartAgainError(Exception):
    """The blocks read so far may not be the beginning of the file, and must be discarded.

    Attributes:
        error: The error for the user if there is no further try.
        unfinished: A clause that says how far it came, for the error when the time is over.
    """

    def __init__(self, error: errors.StripeReportsError, unfinished: str) -> None:
        super().__init__(str(error))
        self.error = error
        self.unfinished = unfinished


class Body:
    """The contents of a result file in blocks; iterate over it once.

    At its end, the announced size has been checked. ``Content-Encoding`` is undone; a file that is itself
    packed is given as it is. The time limit of the call is a context variable, so a thread that iterates
    needs a copy of the context.

    Attributes:
        length: Number of bytes sent, before unpacking; None if it was not announced.
        encoding: ``Content-Encoding``; empty if there is none.
        etag: The strong ETag, in its quotes; None if there is none.
    """

    def __init__(self, ask: Ask, file: FileView, key: Secret, pause: Pause) -> None:
        self._ask = ask
        self._file = file
        self._key = key
        self._pause = pause
        self._digest, self._size, self._start = hashlib.sha256(), 0, b""
        self._arrived = 0
        """Bytes that have arrived, as they were sent."""
        self._response: requests.Response | None = None
        try:
            response = self._response = ask({})
        except _LOST as error:
            problem = self._problem(error)
        else:
            etag = response.headers.get("ETag", "")
            self.length: int | None = response.raw.length_remaining
            self.encoding = _encoding(response.headers)
            self.etag = etag if _STRONG_ETAG.fullmatch(etag) else None
            self._address = self._address_of(response)
            ranges = response.headers.get("Accept-Ranges", "bytes")  # without it, a range may be requested
            self._takes_ranges = ranges.strip().lower() == "bytes"
            return
        raise self._start_again(problem) if isinstance(problem, errors.NetworkError) else problem

    @property
    def received(self) -> Download:
        """Size and hash of the blocks given so far."""
        return Download(self._size, self._digest.hexdigest())

    @property
    def unfinished(self) -> str:
        """A clause that says how much has arrived, for the error when the time is over."""
        of_all = "" if self._file.size is None else f" of {size_text(self._file.size)}"
        return f"The result file {self._file.id} did not arrive ({size_text(self._size)}{of_all} had come)"

    def __iter__(self) -> Iterator[bytes]:
        """Yield the blocks in order.

        Raises:
            StartAgainError: They must be discarded, and another body must be read from its start.
            NetworkError: The connection broke repeatedly.
            UnexpectedAnswerError: They repeat the API key.
            CallTimeoutError, RunTimeoutError: The time of the call was over.
        """
        before, announced = b"", self._file.size
        for block in self._unpacked():
            if self._key.is_in(block) or self._key.is_in(before + block[:_LONGEST_KEY]):
                del before, block  # an error shows the variables of this frame
                self.close()
                raise errors.UnexpectedAnswerError(
                    f"The answer for the result file {self._file.id} repeats the API key; nothing was "
                    "stored. No report of Stripe's does: look at the gateway or proxy in between."
                )
            before = (before + block[-_LONGEST_KEY:])[-_LONGEST_KEY:]
            self._start = (self._start + block[:4])[:4]
            if announced is not None and self._size + len(block) > announced and not self._is_packed:
                raise self._of_other_size("more")
            self._size += len(block)
            self._digest.update(block)
            yield block
        if announced not in (None, self._size) and not self._is_packed:
            raise self._of_other_size(f"only {self._size:,}")

    def close(self) -> None:
        """Close the connection."""
        if self._response is not None:
            self._response.close()
            self._response = None

    @property
    def _is_packed(self) -> bool:
        return self._start.startswith(PACKED)

    def _unpacked(self) -> Iterator[bytes]:
        """The blocks without their encoding."""
        if not self.encoding:
            yield from self._sent()
            return
        why = f"its encoding is {shown(self.encoding)}"
        if self.encoding == ACCEPTED:
            try:
                yield from _gunzipped(self._sent())
            except zlib.error as error:
                why = str(error)
            else:
                return
        raise self._start_again(self._unreadable(why))

    def _sent(self) -> Iterator[bytes]:
        """The blocks as they were sent, continued after a broken connection."""
        breaks = counted_from = 0
        while True:
            try:
                for block in self._answer().raw.stream(BLOCK, decode_content=False):
                    self._arrived += len(block)
                    if self.length is not None and self._arrived > self.length:
                        raise self._start_again(self._lost("more bytes came than were announced"))
                    yield block
                if self.length in (None, self._arrived):
                    return
                problem: errors.StripeReportsError = self._lost("it ended early")
            except _LOST as error:
                problem = self._problem(error)
            self.close()
            deadline.check(self.unfinished)
            if not isinstance(problem, errors.NetworkError):
                raise problem
            if not (self._arrived and self.etag and self._takes_ranges):
                raise self._start_again(problem)
            if self._arrived - counted_from >= PROGRESS:
                breaks, counted_from = 0, self._arrived
            breaks += 1
            if breaks == BREAKS:
                raise problem
            self._pause(breaks, self.unfinished)

    def _answer(self) -> requests.Response:
        """Return the answer that is being read, or a new one with the rest of the body."""
        if self._response is None:
            wanted = {"Range": f"bytes={self._arrived}-", "If-Range": str(self.etag)}
            self._response = self._ask(wanted)
            if problem := self._mismatch(self._response):
                raise self._start_again(self._lost(problem))
        return self._response

    def _address_of(self, response: requests.Response) -> str:
        """Return what an ETag of the answer is about: its address; without a key, the run that gave it.

        The address of a file of Reports v2 is another one each time, and always of the same result.
        """
        return _address(response) if self._file.needs_key else self._file.id

    def _mismatch(self, response: requests.Response) -> str | None:
        """Return the reason why an answer may not be the rest of this body; None if it certainly is."""
        headers = response.headers
        if response.status_code != 206:
            return f"its rest was asked for, and answered with HTTP {response.status_code}"
        if headers.get("ETag") != self.etag or self._address_of(response) != self._address:
            return "its rest is of another version of the file"
        if _encoding(headers) not in ("", self.encoding):  # a 206 need not repeat it
            return "its rest has another encoding"
        found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
        first, last, length = map(int, found.groups()) if found else (0, 0, 0)
        if first != self._arrived or last != length - 1 or self.length not in (None, length):
            return "another part of it was sent than was asked for"
        if response.raw.length_remaining not in (None, length - first):
            return "the length of its rest is contradictory"
        self.length = length
        return None

    def _problem(self, error: Exception) -> errors.StripeReportsError:
        why = type(error).__name__
        return self._unreadable(why) if is_unreadable(error) else self._lost(why)

    def _lost(self, why: str) -> errors.NetworkError:
        return errors.NetworkError(
            f"The download of {self._file.id} failed again and again ({why}). The report is ready at Stripe; "
            "fetch it again later, nothing new will be launched."
        )

    def _unreadable(self, why: str) -> errors.DamagedFileError:
        return errors.DamagedFileError(
            f"The answer with the result file {self._file.id} cannot be read ({why}): its headers are not "
            "HTTP, or name another encoding than it has. Nothing was stored; fetch again."
        )

    def _of_other_size(self, came: str) -> StartAgainError:
        error = errors.DamagedFileError(
            f"The result file {self._file.id} should have {self._file.size:,} bytes, but {came} came. "
            "Nothing was stored; fetch again."
        )
        return self._start_again(error)

    def _start_again(self, error: errors.StripeReportsError) -> StartAgainError:
        return StartAgainError(error, self.unfinished)


def _gunzipped(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Undo gzip; raises ``zlib.error`` for bytes that are not gzip, or end early."""
    unpacker = zlib.decompressobj(_GZIP)
    for block in blocks:
        rest, is_full = block, False
        while rest or (is_full and not unpacker.eof):
            if unpacker.eof:  # gzip may have several members
                unpacker = zlib.decompressobj(_GZIP)
            part = unpacker.decompress(rest, BLOCK)
            is_full = len(part) == BLOCK
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            if part:
                yield part
    if not unpacker.eof:
        raise zlib.error("its gzip has no end")


def _encoding(headers: Mapping[str, str]) -> str:
    name = headers.get("Content-Encoding", "").strip().lower()
    return {"identity": "", "x-gzip": "gzip"}.get(name, name)


def _address(response: requests.Response) -> str:
    """The address that gave an answer: an ETag means nothing elsewhere.

    The query is left out: in a presigned address it is the signature, and is another one each time.
    """
    return urlsplit(response.url)._replace(query="", fragment="").geturl()
