"""Stripe's form encoding: ``parameters[columns][0]=created`` as nested dictionaries and lists.

Lists come as ``[]`` (the documentation) or as ``[0]`` (the libraries); both are understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from stripe_reports.simulator.api.answers import StripeError, invalid, unknown

__all__ = ["Pairs", "body", "decode", "limited"]

Pairs = list[tuple[str, str]]
"""Names and values, as they were sent."""

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_POSITION = re.compile(r"[0-9]{1,4}")
_DEEPEST = 5
_LARGEST_BODY = 1 << 20


def body(request: Request) -> Pairs:
    """Read the names and values in the body of a request.

    Raises:
        StripeError: 413 if the body is larger than a megabyte.
    """
    with limited(request):
        return list(request.form.items(multi=True))


@contextmanager
def limited(request: Request) -> Iterator[None]:
    """Read the body of a request, if it is not too large.

    Raises:
        StripeError: 413 if the body is larger than a megabyte.
    """
    request.max_content_length = request.max_form_memory_size = _LARGEST_BODY
    try:
        yield
    except RequestEntityTooLarge:
        raise StripeError(413, f"A request body may have at most {_LARGEST_BODY} bytes.") from None


def decode(items: Pairs) -> dict[str, Any]:
    """Decode the nested values of a body or query.

    Raises:
        StripeError: 400 if a name is used for both a value and a list.
    """
    tree: dict[str, Any] = {}
    for key, value in items:
        match = _KEY.fullmatch(key)
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])] if match else [key]
        if len(path) > _DEEPEST:
            raise unknown([key[:100]])
        node = tree
        for step in path[:-1]:
            node = node.setdefault(_position(step, node), {})
            if not isinstance(node, dict):
                raise _contradiction(key)
        last = _position(path[-1], node)
        if isinstance(node.get(last), dict):
            raise _contradiction(key)
        node[last] = value
    # The keys of metadata are names, even if they look like positions in a list.
    return {name: value if name == "metadata" else _as_lists(value) for name, value in tree.items()}


def _position(step: str, node: dict[str, Any]) -> str:
    """Return the name itself, or the next free position for the ``[]`` of a list."""
    return step or str(len(node))


def _contradiction(key: str) -> StripeError:
    return invalid(f"Invalid {key[:100]}: sent both as a value and as a list.", key[:100])


def _as_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if all(_POSITION.fullmatch(name) for name in value):
        return [_as_lists(value[name]) for name in sorted(value, key=int)]
    return {name: _as_lists(nested) for name, nested in value.items()}
