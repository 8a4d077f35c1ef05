"""The reports of Reports v2 (preview) that are taken to have the rows of a report type of v1: their names.

``reports_v2.json`` has one entry for each report. Its ``evidence`` is ``known`` if Stripe publishes such a
report with these columns, which it does for one; else ``inferred``: the name of the type without its version,
with the columns of that version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

__all__ = ["ReportNameV2", "reports_v2"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportNameV2:
    """A report of v2 and the report type of v1 that has the same rows.

    Attributes:
        name: Name in v2, which has no version.
        report_type: Versioned id in v1.
        evidence: ``"known"`` if one of Stripe's pages shows such a run, else ``"inferred"``.
        columns: Stripe's types of the columns that the page shows, by name; empty without one.
        source: The page.
        notes: What the page leaves open.
    """

    name: str
    report_type: str
    evidence: Literal["known", "inferred"]
    columns: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    notes: str | None = None


@cache
def reports_v2() -> dict[str, ReportNameV2]:
    """Return every mapped report by its name in v2."""
    content = json.loads(files(__package__).joinpath("reports_v2.json").read_text("utf-8"))
    return {name: ReportNameV2(name=name, **entry) for name, entry in content.items()}
