"""``expand``: the parts of an answer that can be requested as whole objects; Stripe refuses all others.

Runs and their results are always whole; the file of a file link is an id or a whole object.
Source: https://docs.stripe.com/expand
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_reports.simulator.api.answers import invalid
from stripe_reports.simulator.api.checks import checked_expand

__all__ = ["expanded"]

_DEEPEST = 4

_FIELDS: Mapping[str, Mapping[str, str]] = {
    "account": {},
    "balance": {},
    "event": {},
    "report_run": {"parameters": "parameters", "result": "file"},
    "report_type": {},
    "file": {"links": "list of file_link"},
    "file_link": {"file": "file"},
}


def expanded(values: Mapping[str, Any], what: str) -> frozenset[str]:
    """Return the paths to expand in an object, or in a ``"list of …"`` objects.

    Raises:
        StripeError: 400 if *expand* is not a list of paths, or a path does not exist.
    """
    checked_expand(values)
    paths = values.get("expand", [])
    for path in paths:
        if path.count(".") >= _DEEPEST:
            raise invalid(
                f"You cannot expand more than {_DEEPEST} levels of a property. Property: {path[:100]}",
                "expand",
                code="property_expansion_max_depth",
            )
        node: str | None = what
        for step in path.split("."):
            node = _step(node, step)
            if node is None:
                hint = (
                    f" You may want to try expanding 'data.{path[:100]}' instead."
                    if what.startswith("list of ") and not path.startswith("data.")
                    else ""
                )
                raise invalid(f"This property cannot be expanded ({path[:100]}).{hint}", "expand")
    return frozenset(path.removeprefix("data.") if what.startswith("list of ") else path for path in paths)


def _step(node: str | None, step: str) -> str | None:
    """Return the kind of object behind a name; None if it cannot be expanded."""
    if node is not None and node.startswith("list of "):
        return node.removeprefix("list of ") if step == "data" else None
    return _FIELDS.get(node or "", {}).get(step)
