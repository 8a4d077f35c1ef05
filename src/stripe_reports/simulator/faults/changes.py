"""Changes that faults make to a correct answer: other runs, truncated files, redirects, lost connections."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

from stripe_reports.simulator.clock import Clock
from stripe_reports.simulator.ranges import etag_of, in_part, not_satisfiable, whole

__all__ = [
    "Change",
    "ConnectionDroppedError",
    "answer_lost",
    "bytes_changed",
    "connection_dropped",
    "date_moved",
    "endless",
    "etag_changed",
    "etag_weak",
    "first_page_again",
    "of_other_columns",
    "of_other_currency",
    "of_other_interval",
    "of_other_mode",
    "of_other_type",
    "range_ignored",
    "range_refused",
    "range_wrong",
    "redirected",
    "redirected_to_itself",
    "runs_changed",
    "trickling",
    "truncated",
    "truncated_after",
]

Change = Callable[[Request, Callable[[], Response]], Response]
"""Answers a request; the second argument returns the correct answer, and need not be called."""


class ConnectionDroppedError(ConnectionResetError):
    """The connection was lost. In process it is raised to the caller; over HTTP the socket is closed."""


def connection_dropped(_request: Request, _answer: Callable[[], Response]) -> Response:
    """Do nothing, and do not answer."""
    raise ConnectionDroppedError("The simulator dropped the connection before it read the request.")


def answer_lost(_request: Request, answer: Callable[[], Response]) -> Response:
    """Execute the request, but do not answer."""
    answer()
    raise ConnectionDroppedError(
        "The simulator executed the request, and dropped the connection before it answered."
    )


def truncated(_request: Request, answer: Callable[[], Response]) -> Response:
    """Send half of the bytes that the answer announces."""
    response = answer()
    return _truncated(response, (response.content_length or 0) // 2)


def truncated_after(count: int) -> Change:
    """Send at most *count* of the bytes that the answer announces."""
    return lambda _request, answer: _truncated(answer(), count)


def _truncated(response: Response, count: int) -> Response:
    body = _body(response)

    def beginning() -> Iterator[bytes]:
        yield body[:count]
        raise ConnectionDroppedError("The simulator dropped the connection in the middle of the file.")

    response.response = beginning()
    response.content_length = len(body)
    return response


def endless(_request: Request, answer: Callable[[], Response]) -> Response:
    """Repeat the bytes without end, and announce no length; an error is not changed."""
    response = answer()
    if response.status_code == 200:
        response.response = itertools.repeat(_body(response))
        response.headers.pop("Content-Length", None)
    return response


def trickling(response: Response, bytes_a_second: float, clock: Clock) -> Response:
    """Send the body of the answer slowly, by the simulator's clock."""
    body, step = _body(response), max(1, int(bytes_a_second))

    def trickle() -> Iterator[bytes]:
        for start in range(0, len(body), step):
            clock.sleep(step / bytes_a_second)
            yield body[start : start + step]

    response.response = trickle()
    response.content_length = len(body)
    return response


def first_page_again(request: Request, answer: Callable[[], Response]) -> Response:
    """Return the first page of a list, whichever page was requested, and say that there are more."""
    asked = (pair for pair in request.args.items(multi=True) if pair[0] not in ("starting_after", "page"))
    request.args = ImmutableMultiDict(asked)
    response = answer()
    content = json.loads(_body(response))
    if "has_more" in content:
        content["has_more"] = True
    response.set_data(json.dumps(content))
    return response


def bytes_changed(change: Callable[[bytes], bytes], *, encoding: str | None = None) -> Change:
    """Send other bytes, with their correct length and ETag; an error is not changed."""

    def changed(response: Response) -> None:
        content = change(_body(response))
        response.set_data(content)
        response.set_etag(etag_of(content))
        if encoding:
            response.headers["Content-Encoding"] = encoding

    return _file_changed(changed)


def _file_changed(change: Callable[[Response], None]) -> Change:
    """Change a whole file, of which a part may be requested; an error is not changed."""

    def changed(request: Request, answer: Callable[[], Response]) -> Response:
        response = whole(request, answer)
        if response.status_code != 200:
            return response
        change(response)
        return in_part(response, request)

    return changed


@_file_changed
def etag_changed(response: Response) -> None:
    """Send the file with another ETag each time."""
    response.set_etag(etag_of(response.headers["Request-Id"].encode()))


@_file_changed
def etag_weak(response: Response) -> None:
    """Send the file with a weak ETag."""
    response.set_etag(str(response.get_etag()[0]), weak=True)


def range_ignored(request: Request, answer: Callable[[], Response]) -> Response:
    """Send the whole file when a part of it is requested, and do not say what is accepted."""
    response = whole(request, answer)
    response.headers.pop("Accept-Ranges", None)
    return response


def range_refused(request: Request, answer: Callable[[], Response]) -> Response:
    """Answer 416 when a part is requested."""
    response = whole(request, answer)
    return not_satisfiable(response.content_length or 0) if "Range" in request.headers else response


def range_wrong(request: Request, answer: Callable[[], Response]) -> Response:
    """Send all bytes of the file as its part (206) when another part is requested."""
    response = whole(request, answer)
    if "Range" in request.headers and response.status_code == 200:
        length = response.content_length or 0
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes 0-{length - 1}/{length}"
    return response


def runs_changed(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    """Change members of a run, or of each run in a list; an error is not changed."""

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
    """Show another report type, or another report."""
    if "report_type" not in run:
        is_summary = run["name"] == "balance.summary"
        return {"name": "payouts.itemized" if is_summary else "balance.summary", "report": "report_61another"}
    is_summary = run["report_type"].startswith("balance.summary")
    return {"report_type": "payouts.itemized.5" if is_summary else "balance.summary.2"}


def of_other_mode(run: dict[str, Any]) -> dict[str, Any]:
    """Show live data as test data, and test data as live data."""
    return {"livemode": not run["livemode"]}


def of_other_interval(run: dict[str, Any]) -> dict[str, Any]:
    """Move the bounds of the interval by a day, where the run has them."""
    bounds = ((name, sent) for name, sent in run["parameters"].items() if name.startswith("interval_"))
    return {"parameters": run["parameters"] | {name: _a_day_later(sent) for name, sent in bounds}}


def _a_day_later(bound: int | str) -> int | str:
    if isinstance(bound, int):
        return bound + 86_400
    return (datetime.fromisoformat(bound) + timedelta(days=1)).isoformat().replace("+00:00", "Z")


def of_other_currency(run: dict[str, Any]) -> dict[str, Any]:
    """Show another currency, or a currency where none was requested."""
    currency = "usd" if run["parameters"].get("currency") == "eur" else "eur"
    return {"parameters": run["parameters"] | {"currency": currency}}


def of_other_columns(run: dict[str, Any]) -> dict[str, Any]:
    """Name the columns of a result in the opposite order."""
    result = run["result"]
    if result is None:
        return {}
    return {"result": result | {"file": result["file"] | {"columns": result["file"]["columns"][::-1]}}}


def redirected(location: str) -> Change:
    """Redirect (302) to another host, with the requested path."""

    def elsewhere(request: Request, _answer: Callable[[], Response]) -> Response:
        return Response(status=302, headers={"Location": location + request.path})

    return elsewhere


def redirected_to_itself(request: Request, _answer: Callable[[], Response]) -> Response:
    """Redirect (302) to the requested address itself."""
    return Response(status=302, headers={"Location": request.url})


def date_moved(by: timedelta) -> Change:
    """Answer correctly, but with a wrong date."""

    def moved(_request: Request, answer: Callable[[], Response]) -> Response:
        response = answer()
        response.headers["Date"] = http_date(parsedate_to_datetime(response.headers["Date"]) + by)
        return response

    return moved


def without_last_line(body: bytes) -> bytes:
    """Remove the last line of a file."""
    return body[: body.rstrip(b"\n").rfind(b"\n") + 1]


def with_last_line_twice(body: bytes) -> bytes:
    """Repeat the last line of a file."""
    return body + body[len(without_last_line(body)) :]


def corrupted(body: bytes) -> bytes:
    """Replace quotes and commas in the second half, so that the size stays the same."""
    middle = len(body) // 2
    return body[:middle] + body[middle:].replace(b'","', b"\xff\xfe\x00")


def packed(body: bytes) -> bytes:
    """Compress with gzip."""
    return gzip.compress(body, mtime=0)


def _body(response: Response) -> bytes:
    return b"".join(response.iter_encoded())
