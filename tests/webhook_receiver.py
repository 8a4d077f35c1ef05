"""A user's server that receives events."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(ThreadingHTTPServer):
    """A user's server: it keeps the posted events, and answers as set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posts: list[tuple[bytes, dict[str, str]]] = []
        self.status = 200
        self.meanwhile = lambda: None
        self.arrived = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/hook?a=b"

    @property
    def events(self) -> list[dict]:
        return [json.loads(body) for body, _ in self.posts]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((body, dict(self.headers)))
        self.server.meanwhile()
        self.send_response(self.server.status)
        self.send_header("Location", "http://192.0.2.1/")
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.arrived.set()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve in a thread during a ``with`` block."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
