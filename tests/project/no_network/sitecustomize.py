"""Loaded by any Python whose path has this folder: connections beyond this machine are refused."""

import socket

_connect = socket.socket.connect


def _local_only(self, address):
    host = address[0] if isinstance(address, tuple) else ""
    if host and host not in ("127.0.0.1", "::1", "localhost"):
        raise AssertionError(f"a test reached for {host}")
    return _connect(self, address)


socket.socket.connect = _local_only
