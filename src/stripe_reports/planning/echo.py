"""Compare a run with its request: the parameters that Stripe echoes with those that were sent.

Pure. Stripe leaves some parameters out, and it is not known whether it adds defaults: only a parameter that
was sent and is echoed with another value is a contradiction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stripe_reports import catalog
from stripe_reports.models import ReportRequest, RunView, iso, shown
from stripe_reports.models.values import instant

__all__ = ["contradictions", "echoes_all"]


def contradictions(run: RunView, asked: ReportRequest | RunView | None, *, livemode: bool) -> tuple[str, ...]:
    """Return a phrase for each difference between a run and its request; empty if there is none.

    Args:
        run: The run as Stripe describes it now.
        asked: The request sent, or the earlier description of the run; None if neither is known.
        livemode: True if the key is for live data.
    """
    found = []
    if run.livemode != livemode:
        found.append(f"{_mode(run.livemode)} data, but the key is for {_mode(livemode)} data")
    if asked is None:
        return tuple(found)
    if run.report_type != asked.report_type:
        found.append(f"report type {shown(run.report_type)} instead of {asked.report_type!r}")
    if run.report_id != asked.report_id:
        found.append(f"report {shown(run.report_id)} instead of {asked.report_id!r}")
    for name, sent in _parameters(asked).items():
        echoed = run.plain_parameters.get(name)
        if not _is_left_out(echoed) and _plain(name, echoed) != _plain(name, sent):
            found.append(f"{name} {_text(name, echoed)} instead of {_text(name, sent)}")
    return tuple(found)


def echoes_all(request: ReportRequest) -> bool:
    """Return True if runs of this type show all parameters, so that a run made elsewhere is recognised.

    It is unproved for Reports v2.
    """
    type_ = catalog.get(request.report_type)
    return request.report_id is None and type_ is not None and set(type_.parameters) <= catalog.ECHOED


def _parameters(asked: ReportRequest | RunView) -> Mapping[str, Any]:
    sent = asked.to_stripe() if isinstance(asked, ReportRequest) else asked.plain_parameters
    return {name: value for name, value in sent.items() if not _is_left_out(value)}


def _is_left_out(value: Any) -> bool:
    return value in (None, "", [])


def _plain(name: str, value: Any) -> Any:
    """Normalise equal values: numbers and booleans are sent as text."""
    match value:
        case list():
            return [each if isinstance(each, list) else _plain(name, each) for each in value]
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
        case int() | float():
            return str(value)
        case str() if name == "currency":
            return value.lower()
        case "UTC" if name == "timezone":
            return "Etc/UTC"
        case _:
            return value


def _text(name: str, value: Any) -> str:
    if name in ("interval_start", "interval_end"):
        try:
            return iso(instant(float(value)))
        except (TypeError, ValueError, OverflowError):
            pass
    return shown(value)


def _mode(livemode: bool) -> str:
    return "live" if livemode else "test"
