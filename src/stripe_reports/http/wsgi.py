"""A WSGI application in this process instead of the network."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import InvalidHeader

from stripe_reports.planning import deadline

__all__ = ["WSGIAdapter", "WSGIApplication"]

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WSGIAdapter(HTTPAdapter):
    """Answers from a WSGI application in this process, instead of the network.

    It replaces only the sockets: the application gets an ordinary request, the body of its answer is
    streamed, and nothing arrives after the time limit of the call.
    """

    def __init__(self, application: WSGIApplication) -> None:
        super().__init__()
        self._application = application

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Call the application."""
        started: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            started.update(status=status, headers=headers)

        try:
            body = self._application(_environ(request), start_response)
            chunks = iter(body)
            first = next(chunks, b"")  # WSGI allows start_response to be called as late as this
        except ConnectionError as error:  # an application that simulates a broken connection
            raise requests.ConnectionError(error, request=request) from error
        if deadline.left() <= 0:
            getattr(body, "close", lambda: None)()
            raise requests.ReadTimeout("the application answered too late", request=request)
        code, _, reason = started["status"].partition(" ")
        try:
            raw = HTTPResponse(
                body=_Body(first, chunks, getattr(body, "close", lambda: None)),
                headers=started["headers"],
                status=int(code),
                reason=reason,
                preload_content=False,
                decode_content=False,
            )
        except InvalidHeader as error:  # as for an answer from a socket
            raise requests.exceptions.InvalidHeader(error, request=request) from error
        return self.build_response(request, raw)


class _Body(io.RawIOBase):
    """The chunks of a WSGI answer as a file."""

    def __init__(self, first: bytes, rest: Iterator[bytes], close: Callable[[], None]) -> None:
        self._buffer = first
        self._rest = rest
        self._close = close

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._buffer:
            try:
                self._buffer = next(self._rest)
            except StopIteration:
                return 0
            if deadline.left() <= 0:
                raise TimeoutError("the rest of the body came too late")
        count = min(len(target), len(self._buffer))
        target[:count], self._buffer = self._buffer[:count], self._buffer[count:]
        return count

    def close(self) -> None:
        if not self.closed:
            self._close()
        super().close()


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    from werkzeug.test import EnvironBuilder

    body = request.body or b""
    parts = urlsplit(request.url or "")
    return EnvironBuilder(
        method=request.method or "GET",
        base_url=f"{parts.scheme}://{parts.netloc}",
        path=parts.path,
        query_string=parts.query,
        headers=list(request.headers.items()),
        data=body.encode() if isinstance(body, str) else body,
    ).get_environ()
