"""A connection of so many bytes a second: ``python -m tests.benchmarks.throttle port bytes``.

Passes everything on to a server on this machine, and its answers back at that rate. Printed is the port.
"""

import socket
import sys
import threading
import time

BLOCK = 1 << 18


def main() -> None:
    """Serve until killed."""
    port, rate = map(int, sys.argv[1:])
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            near, _ = server.accept()
            far = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=_pass_on, args=(near, far, None), daemon=True).start()
            threading.Thread(target=_pass_on, args=(far, near, rate), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, rate: int | None) -> None:
    """Copy what comes until the end; at a rate, which a pause of the sender does not raise afterwards."""
    free_at = time.perf_counter()
    try:
        while block := source.recv(BLOCK):
            target.sendall(block)
            if rate:
                free_at = max(free_at, time.perf_counter() - BLOCK / rate) + len(block) / rate
                time.sleep(max(free_at - time.perf_counter(), 0))
        target.shutdown(socket.SHUT_WR)
    except OSError:  # one side has closed
        source.close()
        target.close()


if __name__ == "__main__":
    main()
