"""The report types that an account is offered, with their default columns and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import polars as pl

from stripe_reports import catalog
from stripe_reports.models import ReportType
from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.simulator.reports import cells, reports
from stripe_reports.simulator.reports.contents import Contents
from stripe_reports.simulator.reports.invented import Invented, invented, with_invented_columns

__all__ = ["Offer"]


class Offer:
    """The report types of an account.

    Args:
        number: Number of report types for a live key: those that are simulated, and invented ones up to this
            number; None for no invented ones.
    """

    def __init__(self, number: int | None = None) -> None:
        self._number = number

    @cached_property
    def _invented(self) -> Mapping[str, Invented]:
        missing = 0 if self._number is None else max(0, self._number - len(reports.simulated()))
        return invented(missing)

    @cached_property
    def _types(self) -> tuple[ReportType, ...]:
        return (*reports.simulated(), *(each.report_type for each in self._invented.values()))

    @cached_property
    def _default_columns(self) -> Mapping[str, tuple[str, ...]]:
        known = {type_.id: reports.default_columns(type_) for type_ in reports.simulated()}
        return known | {id_: _columns_of(each.report_type) for id_, each in self._invented.items()}

    def types(self, *, livemode: bool = True) -> list[ReportType]:
        """Return the types of a mode; test keys do not get all of them."""
        return [type_ for type_ in self._types if livemode or not type_.livemode_only]

    def get(self, id_: str) -> ReportType | None:
        """Return the type with that id, offered or only catalogued; None if there is none."""
        found = self._invented.get(id_)
        return found.report_type if found else catalog.get(id_)

    def has(self, report_type: ReportType) -> bool:
        """Tell whether a type is offered in any mode."""
        return report_type.id in self._default_columns

    def default_columns(self, report_type: ReportType) -> tuple[str, ...]:
        """Return the columns of a run that requests none."""
        return self._default_columns[report_type.id]

    def shown_columns(self, report_type: ReportType) -> list[str] | None:
        """Return the default columns as Stripe's JSON has them; None for a type that does not say."""
        is_untold = report_type.id in self._invented and report_type.default_columns is None
        return None if is_untold else list(self.default_columns(report_type))

    def csv(
        self,
        ledger: Ledger,
        report_type: ReportType,
        parameters: Mapping[str, Any],
        as_of: int,
        account: str | None = None,
    ) -> Contents:
        """Return the file of a run, as ``reports.csv`` does, for invented types too."""
        if report_type.id not in self._invented:
            return reports.csv(ledger, report_type, parameters, as_of, account)
        columns = list(parameters.get("columns") or self.default_columns(report_type))
        return Contents(
            lambda: cells.csv(self.pages(ledger, report_type, parameters, columns, as_of, account))
        )

    def pages(
        self,
        ledger: Ledger,
        report_type: ReportType,
        parameters: Mapping[str, Any],
        columns: list[str],
        as_of: int,
        account: str | None,
    ) -> Iterator[pl.DataFrame]:
        """Return the cells of a file, as ``reports.pages`` does, for invented types too."""
        found = self._invented.get(report_type.id)
        if found is None:
            return reports.pages(ledger, report_type, parameters, columns, as_of, account)

        def pages(known: list[str]) -> Iterator[pl.DataFrame]:
            # A page without any column would not say how many rows it has.
            shown = known or [found.source.columns[0].name]
            return reports.pages(ledger, found.source, parameters, shown, as_of, account)

        return with_invented_columns(columns, pages)


def _columns_of(report_type: ReportType) -> tuple[str, ...]:
    """Return the columns of a run of an invented type."""
    every = (column.name for column in report_type.columns if column.kind != "metadata")
    return report_type.default_columns or tuple(every)
