"""The rows of a report set: those of its reports, each with what only its request says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from stripe_reports.catalog.splitting import ACCOUNT, MOMENT, PART, has_totals
from stripe_reports.errors import MixedColumnsError, ParameterError
from stripe_reports.render import remedies
from stripe_reports.render.remedies import everywhere
from stripe_reports.report.outcome import ReportOutcome
from stripe_reports.report.report import Report
from stripe_reports.report.shared import SharedReport

__all__ = ["Part", "common_schema", "last_day", "rows_of_parts"]

_PATH = "stripe_reports_path"

Part = Report | SharedReport


def rows_of_parts(outcomes: Sequence[ReportOutcome], schema: pl.Schema) -> pl.LazyFrame:
    """Return the rows of reports that are there, with a column for what only the request of each says."""
    there = {_location(each.report): each for each in outcomes if each.report is not None}
    added: dict[str, tuple[Mapping[str, object], pl.DataType]] = {}
    if len({each.account for each in outcomes}) > 1:
        added[ACCOUNT] = {path: each.account for path, each in there.items()}, pl.String()
    requests = [each.request for each in outcomes]
    if len({request.period_end for request in requests}) > 1:
        is_of_totals = has_totals(requests[0].report_type)
        if is_of_totals:
            starts = {path: each.request.period_start for path, each in there.items()}
            added[PART] = starts, pl.Datetime("us", "UTC")
        if is_of_totals or all(request.period_start is None for request in requests):
            ends = {path: each.request.period_end for path, each in there.items()}
            added[MOMENT] = ends, pl.Datetime("us", "UTC")
    paths = list(there)
    options = _options(outcomes)
    if not added:
        return pl.scan_parquet(paths, glob=False, storage_options=options)
    if taken := [name for name in added if name in schema]:
        raise ParameterError(
            f"These reports already have a column {taken[0]!r} of Stripe's, so the rows of several cannot be "
            "told apart.",
            param="account",
            remedy=everywhere("Read them one by one."),
        )
    rows = pl.scan_parquet(paths, glob=False, storage_options=options, include_file_paths=_PATH)
    columns = [
        pl.col(_PATH).replace_strict(dict(values), return_dtype=dtype).alias(name)
        for name, (values, dtype) in added.items()
    ]
    return rows.select(*columns, pl.exclude(_PATH))


def common_schema(parts: Sequence[Part]) -> pl.Schema:
    """Return the columns of all parts.

    Raises:
        MixedColumnsError: They differ.
    """
    first, *others = parts
    schema = _schema_of(first)
    for part in others:
        if (other := _schema_of(part)) != schema:
            remedy = remedies.choose_columns() if first.request.columns is None else remedies.launch_anew()
            raise MixedColumnsError(_difference(first, schema, part, other), remedy=remedy)
    return schema


def _schema_of(part: Part) -> pl.Schema:
    if isinstance(part, SharedReport):
        return part.scan().collect_schema()
    return pl.scan_parquet(part.path, glob=False).collect_schema()  # its hash is checked when rows are read


def _location(part: Part) -> str:
    return part.location if isinstance(part, SharedReport) else str(part.path)


def _options(outcomes: Sequence[ReportOutcome]) -> dict[str, str] | None:
    """Return the options of the object store that the results are in."""
    shared = (each.report for each in outcomes if isinstance(each.report, SharedReport))
    return next((dict(report.options) or None for report in shared), None)


def last_day(part: Part) -> str:
    """Return the last day of a part as text."""
    return str(part.request.last_included_day)


def _difference(first: Part, schema: pl.Schema, part: Part, other: pl.Schema) -> str:
    only = [name for name in schema if name not in other], [name for name in other if name not in schema]
    missing, extra = (", ".join(names) or "none" for names in only)
    what = f"it lacks {missing} and adds {extra}" if any(only) else "their order or types differ"
    return (
        f"The part to {last_day(part)} of {part.request.report_type} has other columns than the part to "
        f"{last_day(first)}: {what}. Stripe's default columns change now and then."
    )
