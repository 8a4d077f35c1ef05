"""Files of reports as bytes, and what is read from them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from stored_csv import write_parquet
from stripe_reports.errors import (
    DamagedFileError,
)
from stripe_reports.parsing import (
    read_csv,
)

MONEY = pl.Decimal(38, 6)
UTC_TIME = pl.Datetime("us", "UTC")
NAIVE_TIME = pl.Datetime("us")
PARIS = pl.Datetime("us", "Europe/Paris")

ACTIVITY = "balance_change_from_activity.itemized.3"
FEES = "connect_card_payments_fees.transaction_level.1"
TAX = "tax.transactions.itemized.2"


def at(text: str) -> datetime:
    """A time without zone."""
    return datetime.fromisoformat(text)


def lines(*rows: str) -> bytes:
    return "".join(row + "\n" for row in rows).encode()


def as_text(content: bytes, folder: Path) -> pl.DataFrame:
    """The file as a report of an unknown type, whose columns are all text."""
    source, parquet = folder / "report.csv", folder / "report.parquet"
    source.write_bytes(content)
    write_parquet(source, parquet, report_type=None, timezone=None)
    return pl.read_parquet(parquet)


def the_damage(content: bytes, **options: str) -> DamagedFileError:
    with pytest.raises(DamagedFileError) as caught:
        read_csv(content, **options)
    return caught.value


REPEATED = lines(
    "created_utc,created,currency",
    "2026-10-25 00:30:00,2026-10-25 02:30:00,usd",
    "2026-10-25 01:30:00,2026-10-25 02:30:00,usd",
    ",,usd",
)
