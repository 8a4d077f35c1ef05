"""Columns by Stripe's types in Reports v2: what the catalogue knows is better, where it can be right."""

import polars as pl
import pytest

from stripe_reports import catalog, errors, parsing
from stripe_reports.catalog.siblings import columns_in


@pytest.mark.parametrize(
    ("name", "type_", "kind"),
    [
        pytest.param("net_amount", "decimal", "money", id="an amount"),
        pytest.param("currency", "varchar", "currency", id="the catalogue says more than text"),
        pytest.param("trace_id", "bigint", "text", id="an id that looks like a number keeps its zeros"),
        pytest.param("effective_at", "timestamp", "datetime_local", id="a time"),
        pytest.param("available_on", "date", "date", id="a date where the catalogue has a time"),
        pytest.param("net_amount", "bigint", "integer", id="an amount that may be one of cents"),
        pytest.param("count", "decimal", "rate", id="a number with a point where it has an integer"),
        pytest.param("brand_new", "bigint", "integer", id="unknown: an integer"),
        pytest.param("brand_new", "decimal", "rate", id="unknown: a decimal"),
        pytest.param("brand_new", "boolean", "boolean", id="unknown: a boolean"),
        pytest.param("brand_new", "datetime", "datetime_utc", id="unknown: a time"),
        pytest.param("brand_new", "varchar", "text", id="unknown: text"),
        pytest.param("brand_new", "double", "unknown", id="unknown: no exact number"),
        pytest.param("brand_new", "geography", "unknown", id="unknown: a type that is new itself"),
    ],
)
def test_the_kind_of_a_column_is_the_catalogues_unless_stripes_type_contradicts(name, type_, kind):
    """A column that nothing is known of stays text, with a warning."""
    report_type = catalog.with_column_types(catalog.completed("payouts.itemized"), {name: type_})
    assert columns_in([name], report_type)[name].kind == kind


def converted(tmp_path, *cells, column="at", has_fractions=True):
    rows = (f"txn_{number},{cell}" for number, cell in enumerate(cells))
    csv = "\n".join([f"id,{column}", *rows, ""]).encode()
    stripes = {"id": "varchar", column: "timestamp"}
    types = catalog.with_column_types(catalog.completed("payouts.itemized"), stripes)
    options = {"has_fractions": True} if has_fractions else {}
    parsing.write_parquet(
        [csv], tmp_path / "x.parquet", name="x", report_type=types, timezone="UTC", **options
    )
    return pl.read_parquet(tmp_path / "x.parquet")[column].to_list()


@pytest.mark.parametrize("column", ["at", "effective_at"], ids=["in UTC", "local"])
def test_times_may_have_thousandths_of_a_second(tmp_path, column):
    """Reported of files of Stripe's queries; some may have them and some not."""
    cells = "2026-08-04 00:00:00.000", "2026-08-04 00:00:01", "2026-08-04 23:59:59.125"
    read = converted(tmp_path, *cells, column=column)
    assert [f"{time:%d %H:%M:%S.%f}" for time in read] == [
        "04 00:00:00.000000",
        "04 00:00:01.000000",
        "04 23:59:59.125000",
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "2026-08-04T00:00:00.000",
        "2026-08-04 00:00:00.0",
        "2026-08-04 00:00:00.0000",
        "2026-08-04 00:00:60.000",
    ],
)
def test_other_forms_of_times_are_refused(tmp_path, cell):
    """polars would accept them, and some have another meaning."""
    with pytest.raises(errors.DamagedFileError, match=r"is not a time|does not exist") as caught:
        converted(tmp_path, "2026-08-04 00:00:00.000", cell)
    assert (caught.value.line, caught.value.column) == (3, "at")


def test_thousandths_of_a_second_are_refused_in_v1(tmp_path):
    """Nobody has seen them there, so the file is more likely to be damaged."""
    with pytest.raises(errors.DamagedFileError, match="is not a time as Stripe writes it") as caught:
        converted(tmp_path, "2026-08-04 00:00:00.000", has_fractions=False)
    assert (caught.value.line, caught.value.column) == (2, "at")
