"""Money is exact: what Python's decimal reads in a file is what the frame holds, to the last digit."""

from __future__ import annotations

from decimal import Decimal, localcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stored_csv import write_parquet
from stripe_reports import catalog
from stripe_reports.errors import DamagedFileError
from stripe_reports.parsing import exact_text, read_csv

TYPE = "balance_change_from_activity.itemized.3"
MONEY = ("gross", "fee", "net", "customer_facing_amount")
MOST_DIGITS, MOST_DECIMALS = 32, 6

DECIMALS = {"jpy": 0, "eur": 2, "kwd": 3, "usd": 6}
"""Of a currency without minor units, with cents, with a thousand of them, and of interchange fees."""


@st.composite
def amounts(draw: st.DrawFn, decimals: int, most_digits: int) -> str:
    """An amount as Stripe writes it, of any size that fits, and either sign of zero."""
    digits = draw(st.integers(1, most_digits))
    whole = str(draw(st.integers(10 ** (digits - 1) if digits > 1 else 0, 10**digits - 1)))
    fraction = f".{draw(st.integers(0, 10**decimals - 1)):0{decimals}d}" if decimals else ""
    return draw(st.sampled_from(["", "-"])) + whole + fraction


@st.composite
def files(draw: st.DrawFn, most_digits: int = MOST_DIGITS) -> list[list[str]]:
    """The rows of a report: a currency, then four amounts of it, some cells empty."""
    currencies = draw(st.lists(st.sampled_from(sorted(DECIMALS)), min_size=1, max_size=30))
    cells = {
        currency: st.one_of(amounts(places, most_digits), st.just(""))
        for currency, places in DECIMALS.items()
    }
    return [[currency, *(draw(cells[currency]) for _ in MONEY)] for currency in currencies]


def written(rows: list[list[str]]) -> bytes:
    """As Stripe writes: every cell quoted, empty ones bare."""
    lines = [["currency", *MONEY], *rows]
    return "".join(",".join(f'"{cell}"' if cell else "" for cell in line) + "\n" for line in lines).encode()


def stored(content: bytes) -> pl.DataFrame:
    """The same file, by way of Parquet."""
    with TemporaryDirectory() as folder:
        csv, parquet = Path(folder, "report.csv"), Path(folder, "report.parquet")
        csv.write_bytes(content)
        write_parquet(csv, parquet, report_type=catalog.get(TYPE), timezone="UTC")
        return pl.read_parquet(parquet)


def read(content: bytes) -> pl.DataFrame:
    """The file as a frame."""
    return read_csv(content, report_type=TYPE)


@pytest.fixture(params=[True, False], ids=["written again", "added up"])
def _checks(request, monkeypatch):
    """Small pieces are proved in another way than large ones, and must be as exact."""
    if not request.param:
        monkeypatch.setattr(exact_text, "_LARGE", 0)


@pytest.mark.usefixtures("_checks")
@pytest.mark.parametrize("way", [read, stored], ids=["read_csv", "write_parquet"])
@given(rows=files())
def test_every_amount_is_what_decimal_reads(way, rows):
    """32 digits before the point, six after it, all currencies in one column: nothing is rounded."""
    frame = way(written(rows))
    for column, name in enumerate(MONEY, 1):
        assert frame.schema[name] == pl.Decimal(38, 6)
        assert frame[name].to_list() == [Decimal(row[column]) if row[column] else None for row in rows]


@pytest.mark.usefixtures("_checks")
@given(rows=files(most_digits=MOST_DIGITS - 2))
def test_sums_are_those_of_decimal(rows):
    """A column is summed as exactly as it is read, as long as the sum fits."""
    frame = read(written(rows))
    with localcontext() as context:
        context.prec = 50
        for column, name in enumerate(MONEY, 1):
            assert frame[name].sum() == sum(Decimal(row[column] or 0) for row in rows)


@pytest.mark.usefixtures("_checks")
@pytest.mark.parametrize("way", [read, stored], ids=["read_csv", "write_parquet"])
@given(rows=files(), data=st.data())
def test_one_digit_too_many_is_refused_with_its_line_and_column(way, rows, data):
    """Rounding would be silent, and a larger scale would not add up with other reports."""
    line = data.draw(st.integers(0, len(rows) - 1), "row")
    column = data.draw(st.integers(1, len(MONEY)), "column")
    sign = data.draw(st.sampled_from(["", "-"]), "sign")
    first = data.draw(st.integers(1, 9), "first digit")
    rows[line][column] = data.draw(
        st.sampled_from([f"{sign}{first}{'0' * MOST_DIGITS}.00", f"{sign}0.{'0' * MOST_DECIMALS}{first}"]),
        "too long",
    )
    with pytest.raises(DamagedFileError, match="has more than") as caught:
        way(written(rows))
    assert (caught.value.line, caught.value.column) == (line + 2, MONEY[column - 1])
