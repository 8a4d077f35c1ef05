"""Runs of either generation of Stripe's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from stripe_reports.models.run import ReportRun
from stripe_reports.models.run_v2 import ReportRunV2
from stripe_reports.models.values import shown

__all__ = ["AnyRun", "run_from_stripe"]

AnyRun: TypeAlias = ReportRun | ReportRunV2
"""A run as one of Stripe's two APIs describes it; what both have is ``RunView``."""

_BY_OBJECT: Mapping[str, type[AnyRun]] = {
    "reporting.report_run": ReportRun,
    "v2.data.report_run": ReportRunV2,
}


def run_from_stripe(answer: Mapping[str, Any]) -> AnyRun:
    """Read a run of either API; raise ``KeyError``, ``TypeError`` or ``ValueError`` for another object."""
    model = _BY_OBJECT.get(answer["object"])
    if model is None:
        raise ValueError(f"not a report run: {shown(answer['object'])}")
    return model.from_stripe(answer)
