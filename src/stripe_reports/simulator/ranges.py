"""Parts of a file: answers to ``Range`` and ``If-Range`` as RFC 9110 (sections 13 and 14) describes them.

Whether the hosts of Stripe's files do so is unproved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import parse_range_header
from werkzeug.wrappers import Request, Response

__all__ = ["etag_of", "in_part", "not_satisfiable", "whole"]


def etag_of(content: bytes) -> str:
    """Return the ETag of the bytes of a file; packed, it has another one."""
    return hashlib.sha256(content).hexdigest()


def in_part(response: Response, request: Request) -> Response:
    """Return the part of a whole answer that was requested, or the whole.

    Args:
        response: An answer with length, date and ETag.
        request: Its request. Several ranges, a unit that is not bytes, and an ``If-Range`` that is weak or
            another ETag give the whole.
    """
    environ, length = dict(request.environ), response.content_length or 0
    if _is_ignored(request, response, length):
        environ.pop("HTTP_RANGE", None)
    try:
        return response.make_conditional(environ, accept_ranges=True, complete_length=length)
    except RequestedRangeNotSatisfiable:
        return not_satisfiable(length)


def not_satisfiable(length: int) -> Response:
    """Return 416, which tells the length of the file."""
    return Response(status=416, headers={"Accept-Ranges": "bytes", "Content-Range": f"bytes */{length}"})


def whole(request: Request, answer: Callable[[], Response]) -> Response:
    """Return what *answer* returns if no range is requested."""
    requested = request.environ.pop("HTTP_RANGE", None)
    try:
        return answer()
    finally:
        if requested is not None:
            request.environ["HTTP_RANGE"] = requested


def _is_ignored(request: Request, response: Response, length: int) -> bool:
    requested = parse_range_header(request.headers.get("Range"))  # not request.range: it would be remembered
    validator = request.headers.get("If-Range")
    if requested is None or requested.units != "bytes" or len(requested.ranges) != 1:
        return True
    if requested.ranges[0][0] < -length:  # more last bytes than there are
        return True
    # werkzeug compares weakly, and If-Range needs two strong ETags.
    return validator is not None and (validator.startswith("W/") or bool(response.get_etag()[1]))
