"""The reports of v2, by name and id. Each has the rows of a report type of v1.

Only the name ``balance.summary`` and its columns are proved; see ``catalog.reports_v2``. The parameters are
those of the report type, as the API describes parameters: inferred, except the two bounds of the interval.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from stripe_reports.catalog.reports_v2 import reports_v2
from stripe_reports.models import ReportType
from stripe_reports.simulator.api_v2.answers import inaccessible, not_found
from stripe_reports.simulator.reports.offer import Offer

__all__ = ["Report", "Reports"]

_TIMES = frozenset({"interval_start", "interval_end"})
_ALLOWED = {"decimal_separator": [".", ","], "decimal_format": [".", ","]}
_MEANINGS = {
    "interval_start": "First instant of the interval.",
    "interval_end": "End of the interval, not included.",
    "tax_invoice_month": "Month of the tax invoice, as YYYY-MM.",
    "timezone": "IANA name of the time zone in which local times are written.",
    "currency": "Three-letter code of the only currency to include.",
    "reporting_category": "The only reporting category to include.",
    "columns": "Columns of the result, in this order.",
    "payout": "The payout whose transactions are included.",
    "connected_account": "The connected account to report on.",
    "connected_accounts": "The connected accounts to report on.",
    "customer": "The only customer to include.",
    "invoice": "The only invoice to include.",
    "invoice_line_item": "The only invoice line item to include.",
    "decimal_separator": "Decimal sign of amounts.",
    "decimal_format": "Decimal sign of amounts.",
}
_NO_SQL = "The SQL of this report cannot be shown."
"""Stripe's libraries speak of such a message, without its text."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report that can be run.

    Attributes:
        name: Name without version.
        report_type: The report type of v1 that has its rows.
        columns: Columns of a run that names none.
    """

    name: str
    report_type: ReportType
    columns: tuple[str, ...]

    @property
    def id(self) -> str:
        """``report_…``, the same in every account."""
        return f"report_61{hashlib.sha256(self.name.encode()).hexdigest()[:16]}"

    @property
    def sql(self) -> str:
        """A message, where Stripe may show SQL."""
        return _NO_SQL

    def described_parameters(self) -> dict[str, dict[str, Any]]:
        """Describe the parameters by name."""
        return {name: self._described(name) for name in self.report_type.parameters}

    def _described(self, name: str) -> dict[str, Any]:
        type_ = "string"
        enum: dict[str, list[str]] | None = None
        array: dict[str, Any] | None = None
        if name in _TIMES:
            type_ = "timestamp"
        elif name in _ALLOWED:
            type_, enum = "enum", {"allowed_values": _ALLOWED[name]}
        elif name == "columns":
            type_ = "array"
            allowed = {"allowed_values": [column.name for column in self.report_type.columns]}
            array = {"element_type": "enum", "enum_details": allowed}
        elif name == "connected_accounts":
            type_, array = "array", {"element_type": "string", "enum_details": None}
        return {
            "type": type_,
            "required": name in self.report_type.required_parameters,
            "description": _MEANINGS.get(name, "A parameter of the same name as in v1."),
            "enum_details": enum,
            "array_details": array,
        }

    def answer(self, include: frozenset[str], *, livemode: bool) -> dict[str, Any]:
        """Write Stripe's JSON; *include* names the members that are null unless requested."""
        return {
            "id": self.id,
            "object": "v2.data.report",
            "default_sql": self.sql if "default_sql" in include else None,
            "description": self.report_type.name,
            "livemode": livemode,
            "name": self.name,
            "parameters": self.described_parameters() if "parameters" in include else None,
        }


class Reports:
    """The reports that all accounts have: in the order of the map, then those that are not in it."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer

    @cached_property
    def _every(self) -> Mapping[str, Report]:
        found = {}
        for entry in reports_v2().values():
            report_type = self._offer.get(entry.report_type)
            if report_type is not None and self._offer.has(report_type):
                columns = tuple(entry.columns) or self._offer.default_columns(report_type)
                found[entry.name] = Report(entry.name, report_type, columns)
        unmapped = {type_.base: type_ for type_ in self._offer.types() if type_.base not in found}
        for name, report_type in unmapped.items():
            found[name] = Report(name, report_type, self._offer.default_columns(report_type))
        return found

    def of(self, *, livemode: bool) -> list[Report]:
        """Return the reports of a mode; test keys do not get all of them."""
        return [each for each in self._every.values() if livemode or not each.report_type.livemode_only]

    def find(self, *, livemode: bool, id_: str | None = None, name: str | None = None) -> Report:
        """Return the report with that id or name; a name is compared exactly.

        Raises:
            StripeError: 404 if there is none, 403 if it needs a live key.
        """
        for report in self._every.values():
            if report.id == id_ or report.name == name:
                if report.report_type.livemode_only and not livemode:
                    raise inaccessible(f"The report '{report.name}' is only available for live data.")
                return report
        raise not_found("report", id_ or name or "")
