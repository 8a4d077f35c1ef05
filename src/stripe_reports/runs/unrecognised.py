"""Notice the names in a stored result that the catalogue lacks.

It runs once for each new result. Reading a stored result again notices and writes nothing.
"""

from __future__ import annotations

import logging

import polars as pl

from stripe_reports.catalog import CURRENCIES, categories, completed
from stripe_reports.catalog.siblings import columns_in
from stripe_reports.catalog.unrecognised import Group, Subject, names_of_columns, names_of_run
from stripe_reports.parsing.parquet import UNREADABLE
from stripe_reports.storage.launch_log import LaunchLog
from stripe_reports.storage.store import StoredResult

__all__ = ["note_result"]

logger = logging.getLogger("stripe_reports")

MOST_VALUES = 1000
"""Values of a column that are looked at: a column with more unknown ones does not hold categories."""


def note_result(launch_log: LaunchLog, stored: StoredResult) -> None:
    """Record the names in a new result: of its run, its header, its categories and its currencies."""
    run = stored.provenance.run
    names: dict[Group, tuple[str, ...]] = names_of_run(run)
    names |= names_of_columns(run.report_type, run.file.column_types if run.file else None)
    try:
        schema = pl.read_parquet_schema(stored.path)
        names[Group("columns", run.report_type)] = tuple(schema)
        columns = tuple(name for name, dtype in schema.items() if dtype == pl.String)
        launch_log.unrecognised.note(names | _values(stored, columns))
    except UNREADABLE as error:  # such as a result that another process has removed
        logger.info("unknown names of %s are not looked for: %s", stored.path, error)


def _values(stored: StoredResult, columns: tuple[str, ...]) -> dict[Group, tuple[str, ...]]:
    """Return the values of the columns whose values are Stripe's words, without those that are known."""
    kinds = columns_in(columns, completed(stored.provenance.request.report_type))
    of_subject: dict[Subject, list[str]] = {
        "reporting categories": [name for name in columns if name.endswith("reporting_category")],
        "currencies": [name for name in columns if kinds[name].kind == "currency"],
    }
    known = {"reporting categories": categories(), "currencies": tuple(CURRENCIES)}
    found = {}
    for subject, names in of_subject.items():
        values = [value for name in names for value in _unknown(stored, name, known[subject])]
        found[Group(subject)] = tuple(sorted(values))
    return found


def _unknown(stored: StoredResult, column: str, known: tuple[str, ...]) -> list[str]:
    """Return the values of a column besides the known ones; few are left before they are made unique."""
    cells = pl.col(column)
    new = (
        pl.scan_parquet(stored.path, glob=False)
        .select(cells)
        .filter(cells.str.contains(r"^[a-z_]{3,80}$") & ~cells.is_in(known))
        .unique()
        .head(MOST_VALUES)
    )
    return new.collect(engine="streaming").to_series().to_list()
