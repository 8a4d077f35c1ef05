"""Answers that repeat the API key, as a gateway or a proxy may."""

from __future__ import annotations

import io

import requests
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPHeaderDict, HTTPResponse

from stripe_reports.http.settings import Secret

__all__ = ["redact_answer"]


def redact_answer(response: requests.Response, key: Secret) -> None:
    """Replace *key* in the headers of an answer and, if already read, in its body."""
    headers = {key.redact(name): key.redact(value) for name, value in response.headers.items()}
    reason = key.redact(response.reason or "")
    body = response._content or b""  # nothing until it is read
    clean = key.redact(body.decode("latin-1")).encode("latin-1")
    if (headers, reason, clean) == (dict(response.headers), response.reason or "", body):
        return
    response.headers, response.reason = CaseInsensitiveDict(headers), reason
    response.cookies.clear()
    if not clean:
        response.raw.headers, response.raw.reason = HTTPHeaderDict(headers), reason
        return
    response._content = clean
    response.headers.pop("Content-Encoding", None)  # the body below is unpacked
    # This replaces the received body: the cache of answers stores it.
    response.raw = HTTPResponse(
        io.BytesIO(clean), response.headers, response.status_code, reason=reason, preload_content=False
    )
