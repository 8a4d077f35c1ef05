"""The simulator's own addresses, below ``/simulator/``: keys, accounts, clock, faults, bounds, restatements.

They are for any language, need no key, and faults do not apply to them. The server must refuse foreign
pages; see ``visitors``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from werkzeug.wrappers import Request, Response

from stripe_reports.errors import IntervalError
from stripe_reports.simulator.api.answers import empty, invalid, json_response, missing, unrecognized_url
from stripe_reports.simulator.clock import Clock
from stripe_reports.simulator.faults.faults import NAMED_FAULTS, Fault
from stripe_reports.simulator.ledger.organisation import SiblingAccount
from stripe_reports.simulator.ledger.restatements import Restatement

__all__ = ["control"]


class _Controlled(Protocol):
    clock: Clock
    faults: list[Fault]
    strict_bounds: bool

    @property
    def key(self) -> str: ...

    @property
    def organisation_key(self) -> str: ...

    @property
    def organisation(self) -> Sequence[SiblingAccount]: ...

    def restate(self, period: Any, change: Any = ..., *, currency: str | None = None) -> Restatement: ...


def control(simulator: _Controlled, request: Request, form: Mapping[str, str]) -> Response:
    """Answer a request for the simulator itself.

    Raises:
        StripeError: 400 for a value that is not valid, 404 for an address that does not exist.
    """
    match request.method, request.path:
        case "GET", "/simulator/keys":
            return _keys(simulator)
        case "GET", "/simulator/clock":
            return _clock(simulator)
        case "POST", "/simulator/clock":
            _move(simulator.clock, form)
            return _clock(simulator)
        case "GET", "/simulator/faults":
            return _faults(simulator)
        case "POST", "/simulator/faults":
            simulator.faults.append(_fault(form))
            return _faults(simulator)
        case "DELETE", "/simulator/faults":
            simulator.faults.clear()
            return _faults(simulator)
        case "GET", "/simulator/bounds":
            return _bounds(simulator)
        case "POST", "/simulator/bounds":
            simulator.strict_bounds = _is_strict(form)
            return _bounds(simulator)
        case "POST", "/simulator/restatements":
            return _restated(simulator, form)
        case "GET", "/simulator/accounts":
            return _accounts(simulator)
        case _:
            raise unrecognized_url(request.method, request.path)


def _keys(simulator: _Controlled) -> Response:
    """Its keys, which are made from its seed and are no secrets: for test data, then for live data."""
    keys = [simulator.key, simulator.organisation_key]
    return json_response({"keys": keys + [key.replace("_test_", "_live_", 1) for key in keys]})


def _accounts(simulator: _Controlled) -> Response:
    connected = simulator.organisation[0].connected_accounts
    return json_response(
        {"accounts": [{"id": each.id, "name": each.name, "country": each.country} for each in connected]}
    )


def _move(clock: Clock, form: Mapping[str, str]) -> None:
    try:
        if "advance" in form:
            clock.advance(float(form["advance"]))
        elif "to" in form:
            clock.set(datetime.fromisoformat(form["to"]))
        else:
            raise missing("advance")
    except (ValueError, OverflowError) as error:
        raise invalid(str(error), "to" if "to" in form else "advance") from None


def _fault(form: Mapping[str, str]) -> Fault:
    if "fault" not in form:
        raise missing("fault")
    if not form["fault"]:
        raise empty("fault")
    try:
        return Fault.parsed(form["fault"])
    except ValueError as error:
        raise invalid(str(error), "fault") from None


def _is_strict(form: Mapping[str, str]) -> bool:
    if "strict" not in form:
        raise missing("strict")
    if form["strict"] not in ("true", "false"):
        raise invalid(f"Invalid boolean: {form['strict'][:100]}", "strict")
    return form["strict"] == "true"


def _bounds(simulator: _Controlled) -> Response:
    return json_response({"strict": simulator.strict_bounds})


def _restated(simulator: _Controlled, form: Mapping[str, str]) -> Response:
    if "period" not in form:
        raise missing("period")
    try:
        made = simulator.restate(
            form["period"], form.get("change", "late fee"), currency=form.get("currency")
        )
    except IntervalError as error:
        raise invalid(str(error), "period") from None
    except (ValueError, OverflowError) as error:
        raise invalid(str(error), "change" if "change" in form else "currency") from None
    return json_response(
        {
            "change": made.change,
            "currency": made.currency,
            "start": _iso(made.start),
            "end": _iso(made.end),
            "published": _iso(made.published),
        }
    )


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _clock(simulator: _Controlled) -> Response:
    clock, now = simulator.clock, simulator.clock.now()
    return json_response({"now": now.isoformat(), "unix": now.timestamp(), "is_running": clock.is_running})


def _faults(simulator: _Controlled) -> Response:
    left = [
        {"about": fault.about, "times": "always" if math.isinf(fault.times) else fault.times}
        for fault in simulator.faults
        if fault.times > 0
    ]
    return json_response(
        {"faults": left, "names": {name: fault.about for name, fault in NAMED_FAULTS.items()}}
    )
