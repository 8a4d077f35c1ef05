"""Sockets that deliver nothing after the time of a call is over, however slowly the bytes arrive.

The read timeout of requests and urllib3 applies to each read from the socket, so an answer whose bytes arrive
one by one would never time out. Here every read is limited to the time left: of the status line, headers,
bodies (plain or chunked), and the answer of a proxy.
"""

from __future__ import annotations

import http.client
import io
import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from stripe_reports.planning import deadline

__all__ = ["NothingListens", "SocketAdapter"]


class NothingListens(requests.exceptions.ConnectionError):
    """The connection was refused: no server listens at the address."""


class _TimedReads(io.RawIOBase):
    """Bytes read from a socket, until the deadline of the reading thread's call."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._socket = sock
        self._longest = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int | None:
        left = deadline.left()
        if left <= 0:
            raise TimeoutError("the time of the call is over")
        longest = left if self._longest is None else min(left, self._longest)
        self._socket.settimeout(None if longest == float("inf") else longest)
        return self._raw.readinto(target)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_TimedReads(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _Answer


class _TLSConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class SocketAdapter(HTTPAdapter):
    """The adapter of requests, with sockets that respect the time limit of a call."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request.

        Raises:
            NothingListens: The connection was refused.
        """
        try:
            return super().send(request, *args, **options)
        except requests.exceptions.ProxyError:
            raise
        except requests.exceptions.ConnectionError as error:
            if _is_refused(error):
                raise NothingListens(*error.args, request=request) from error
            raise

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Create the pools of direct connections."""
        super().init_poolmanager(*args, **options)
        _use_timed_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Create the pools of connections through a proxy; those of a SOCKS proxy are unchanged."""
        manager = super().proxy_manager_for(proxy, **options)
        if not proxy.lower().startswith("socks"):
            _use_timed_pools(manager)
        return manager


def _is_refused(error: requests.exceptions.ConnectionError) -> bool:
    """Return True if the cause is a refused connection, which urllib3 wraps twice."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(getattr(reason, "__cause__", None), ConnectionRefusedError)


def _use_timed_pools(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
