"""The simulator over HTTP, for any library in any language: waitress on an address of this machine."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from stripe_reports.simulator.api.app import Simulator
from stripe_reports.simulator.visitors import OwnVisitors

__all__ = ["serve", "serve_forever"]

_THREADS = 8
_BETWEEN_DELIVERIES = 0.2


@contextmanager
def serve(simulator: Simulator, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve in a thread during a ``with`` block, whose value is the address.

    The addresses below ``/simulator/`` refuse pages of other origins and unknown host names.

    Args:
        simulator: The simulator to serve.
        host: Name or address to listen on.
        port: Port to listen on; 0 chooses a free one.

    Raises:
        OSError: The port is in use, or the host is not this machine.

    Example:
        >>> with serve(Simulator()) as url:
        ...     url.startswith("http://127.0.0.1:")
        True
    """
    server = _Server(simulator, host, port)
    thread = threading.Thread(target=server.run, name="simulator", daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join()


def serve_forever(
    simulator: Simulator,
    host: str = "127.0.0.1",
    port: int = 12111,
    *,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until interrupted from the keyboard; *ready* is called with the address once it listens.

    Raises:
        OSError: The port is in use, or the host is not this machine.
    """
    server = _Server(simulator, host, port)
    if ready is not None:
        ready(server.url)
    server.run()


class _Server:
    """One listening socket of waitress, and a way to stop it, which waitress does not have."""

    def __init__(self, simulator: Simulator, host: str, port: int) -> None:
        from waitress import create_server
        from waitress.wasyncore import close_all

        # "localhost" can be two addresses, and waitress would listen on both with different free ports.
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
        self._sockets: dict[int, Any] = {}
        self._left: dict[int, Any] = {}
        self._was_told = threading.Event()
        self._has_ended = threading.Event()
        self._simulator = simulator
        # It would warn in the terminal whenever more requests arrive at once than it has threads.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        try:
            self._waitress = create_server(
                OwnVisitors(simulator, host, str(address)),
                map=self._sockets,
                host=address,
                port=port,
                threads=_THREADS,
                ident="stripe-reports simulator",
                log_socket_errors=False,  # connections dropped by faults are not logged
            )
        except OSError:
            close_all(self._sockets, ignore_all=True)
            raise
        shown = f"[{address}]" if ":" in str(address) else address
        self.url = f"http://{shown}:{self._waitress.effective_port}"

    def run(self) -> None:
        """Serve until stopped or interrupted, then close everything."""
        from waitress.wasyncore import close_all

        if self._simulator.clock.is_running:
            threading.Thread(target=self._deliver, name="simulator-webhooks", daemon=True).start()
        self._waitress.run()
        self._has_ended.set()
        if self._left:  # the thread that stopped it may still be writing to one of the sockets
            self._was_told.wait()
        self._waitress.task_dispatcher.shutdown()  # its threads write to the sockets too
        close_all(self._left or self._sockets, ignore_all=True)

    def _deliver(self) -> None:
        """Post events when they are due. A clock that stands still posts them when it is moved."""
        while not self._has_ended.wait(_BETWEEN_DELIVERIES):
            self._simulator.deliver()

    def stop(self) -> None:
        """End :meth:`run` from another thread."""
        self._waitress.trigger.pull_trigger(self._leave)
        self._was_told.set()

    def _leave(self) -> None:
        """End waitress's loop: it runs while there are sockets to watch."""
        self._left.update(self._sockets)
        self._sockets.clear()
