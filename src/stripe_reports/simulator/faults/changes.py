"""What becomes of a true answer when a fault changes it: other runs, cut files, redirects, broken lines."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

from stripe_reports.simulator.clock import Clock

__all__ = [
    "Change",
    "ConnectionDroppedError",
    "answer_lost",
    "bytes_changed",
    "connection_dropped",
    "cut",
    "date_moved",
    "endless",
    "first_page_again",
    "of_other_currency",
    "of_other_interval",
    "of_other_mode",
    "of_other_type",
    "redirected",
    "redirected_to_itself",
    "runs_changed",
    "trickling",
]

Change = Callable[[Request, Callable[[], Response]], Response]
"""Makes an answer of a request and of a function that gives the true one, which it need not call."""


class ConnectionDroppedError(ConnectionResetError):
    """The connection broke. In process it is raised to the caller, over HTTP the socket is closed."""


def connection_dropped(_request: Request, _answer: Callable[[], Response]) -> Response:
    """Nothing is done and nothing is answered."""
    raise ConnectionDroppedError("The simulator dropped the connection before it read the request.")


def answer_lost(_request: Request, answer: Callable[[], Response]) -> Response:
    """What was asked for is done, but the answer never arrives."""
    answer()
    raise ConnectionDroppedError(
        "The simulator did what was asked, and dropped the connection before it answered."
    )


def cut(_request: Request, answer: Callable[[], Response]) -> Response:
    """Half of the bytes that the answer announces."""
    response = answer()
    body = _body(response)

    def half() -> Iterator[bytes]:
        yield body[: len(body) // 2]
        raise ConnectionDroppedError("The simulator dropped the connection in the middle of the file.")

    response.response = half()
    response.content_length = len(body)
    return response


def endless(_request: Request, answer: Callable[[], Response]) -> Response:
    """The bytes over and over again, and no number of them announced; an error stays as it is."""
    response = answer()
    if response.status_code == 200:
        response.response = itertools.repeat(_body(response))
        response.headers.pop("Content-Length", None)
    return response


def trickling(response: Response, bytes_a_second: float, clock: Clock) -> Response:
    """The same answer, whose body takes its time by the simulator's clock."""
    body, step = _body(response), max(1, int(bytes_a_second))

    def trickle() -> Iterator[bytes]:
        for start in range(0, len(body), step):
            clock.sleep(step / bytes_a_second)
            yield body[start : start + step]

    response.response = trickle()
    response.content_length = len(body)
    return response


def first_page_again(request: Request, answer: Callable[[], Response]) -> Response:
    """The first page of a list, whatever page was asked for, and the word that there are more."""
    asked = (pair for pair in request.args.items(multi=True) if pair[0] != "starting_after")
    request.args = ImmutableMultiDict(asked)
    response = answer()
    response.set_data(json.dumps(json.loads(_body(response)) | {"has_more": True}))
    return response


def bytes_changed(change: Callable[[bytes], bytes], *, encoding: str | None = None) -> Change:
    """Other bytes, and as many as announced; an error stays as it is."""

    def changed(_request: Request, answer: Callable[[], Response]) -> Response:
        response = answer()
        if response.status_code == 200:
            response.set_data(change(_body(response)))
            if encoding:
                response.headers["Content-Encoding"] = encoding
        return response

    return changed


def runs_changed(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    """A run, or each of a list, with other members; an error stays as it is."""

    def changed(_request: Request, answer: Callable[[], Response]) -> Response:
        response = answer()
        if response.status_code == 200:
            content = json.loads(_body(response))
            for run in content.get("data", [content]):
                run.update(change(run))
            response.set_data(json.dumps(content, indent=2))
        return response

    return changed


def of_other_type(run: dict[str, Any]) -> dict[str, Any]:
    """Another report type."""
    is_summary = run["report_type"].startswith("balance.summary")
    return {"report_type": "payouts.itemized.5" if is_summary else "balance.summary.2"}


def of_other_mode(run: dict[str, Any]) -> dict[str, Any]:
    """Live data in place of test data, or the other way round."""
    return {"livemode": not run["livemode"]}


def of_other_interval(run: dict[str, Any]) -> dict[str, Any]:
    """Bounds a day later, those that there are."""
    moved = {name: sent + 86_400 for name, sent in run["parameters"].items() if name.startswith("interval_")}
    return {"parameters": run["parameters"] | moved}


def of_other_currency(run: dict[str, Any]) -> dict[str, Any]:
    """Another currency, or one where none was asked for."""
    currency = "usd" if run["parameters"].get("currency") == "eur" else "eur"
    return {"parameters": run["parameters"] | {"currency": currency}}


def redirected(location: str) -> Change:
    """302 to an address, with the path that was asked for."""

    def elsewhere(request: Request, _answer: Callable[[], Response]) -> Response:
        return Response(status=302, headers={"Location": location + request.path})

    return elsewhere


def redirected_to_itself(request: Request, _answer: Callable[[], Response]) -> Response:
    """302 to the address that was asked for."""
    return Response(status=302, headers={"Location": request.url})


def date_moved(by: timedelta) -> Change:
    """The true answer, from a machine whose clock is wrong."""

    def moved(_request: Request, answer: Callable[[], Response]) -> Response:
        response = answer()
        response.headers["Date"] = http_date(parsedate_to_datetime(response.headers["Date"]) + by)
        return response

    return moved


def without_last_line(body: bytes) -> bytes:
    """A file that ends too early, at the end of a line."""
    return body[: body.rstrip(b"\n").rfind(b"\n") + 1]


def with_last_line_twice(body: bytes) -> bytes:
    """A file with a line too many."""
    return body + body[len(without_last_line(body)) :]


def corrupted(body: bytes) -> bytes:
    """As many bytes as before, with quotes and commas gone from the second half."""
    middle = len(body) // 2
    return body[:middle] + body[middle:].replace(b'","', b"\xff\xfe\x00")


def packed(body: bytes) -> bytes:
    """The same in gzip."""
    return gzip.compress(body, mtime=0)


def _body(response: Response) -> bytes:
    return b"".join(response.iter_encoded())
