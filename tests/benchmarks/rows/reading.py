"""From CSV to a typed frame that is checked, beside readers with a schema made beforehand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.benchmarks.data import REPORT_TYPE, ZONE
from tests.benchmarks.measure import compared, interleaved, seconds
from tests.benchmarks.table import Row

BAR = 1.0
MONEY = ["gross", "fee", "net", "customer_facing_amount"]
UTC = ["created_utc", "available_on_utc", "automatic_payout_effective_at_utc", "charge_created_utc"]
LOCAL = [name.removesuffix("_utc") for name in UTC]
FORMAT = "%Y-%m-%d %H:%M:%S"

Case = tuple[Callable[[], Any], Callable[[Any], Any]]


def rows(csv: Path, runs: int) -> list[Row]:
    """This package beside polars; pyarrow and pandas are compared where they are installed."""
    cases: dict[str, tuple[Callable[..., Case], list[Any]]] = {
        "ours": (ours, [str(csv)]),
        "polars": (polars, [str(csv)]),
    }
    samples = interleaved(cases, runs)
    if len({str(sample.value) for each in samples.values() for sample in each}) != 1:
        raise AssertionError(f"the readers do not agree: {samples}")
    ours_text, million = seconds(samples["ours"]).text(" s"), samples["ours"][0].value["rows"] / 1e6
    what = f"CSV to a typed, checked frame ({million:.2f} M rows, {csv.stat().st_size / 1e6:.0f} MB)"
    peer = f"polars, schema ready-made: {seconds(samples['polars']).text(' s')}"
    found = [
        Row(
            what,
            f"≤ {BAR} ×, time and CPU",
            ours_text,
            peer,
            *compared(samples["ours"], samples["polars"], BAR),
        )
    ]
    for name, case in {"pyarrow, typed": pyarrow, "pandas, exact decimals": pandas}.items():
        if not find_spec(case.__name__):
            found.append(Row("", "", "", f"{name}: left out, not installed here", "", None))
            continue
        beside = interleaved({"ours": (ours, [str(csv)]), name: (case, [str(csv)])}, min(runs, 2))
        peer = f"{name}: {seconds(beside[name]).text(' s')}"
        found.append(Row("", "", "", peer, *compared(beside["ours"], beside[name])))
    return found


def _sums(frame: Any) -> dict[str, Any]:
    """What all readers must agree on, to the last digit."""
    return {"rows": frame.height} | {name: str(frame[name].sum()) for name in MONEY}


def ours(csv: str) -> Case:
    """This package."""
    import stripe_reports as sr

    return lambda: sr.read_csv(csv, report_type=REPORT_TYPE, timezone=ZONE), _sums


def polars(csv: str) -> Case:
    """polars as one writes it who knows the file and the traps: exact money, times by their format."""
    rows = typed(csv)
    return lambda: rows.collect(engine="streaming"), _sums


def typed(csv: str) -> Any:
    """The file as a lazy frame of the same types."""
    import polars as pl

    texts = pl.scan_csv(
        csv, infer_schema=False, schema_overrides=dict.fromkeys(MONEY, pl.Decimal(38, 6)), glob=False
    )
    local = pl.col(LOCAL).str.to_datetime(FORMAT, time_unit="us")
    return texts.with_columns(
        pl.col(UTC).str.to_datetime(FORMAT, time_unit="us", time_zone="UTC"),
        local.dt.replace_time_zone(ZONE, ambiguous="earliest"),
    )


def pyarrow(csv: str) -> Case:
    """pyarrow with a schema made beforehand."""
    import pyarrow as pa
    import pyarrow.csv as reader

    times = dict.fromkeys([*UTC, *LOCAL], pa.timestamp("us"))
    types = dict.fromkeys(MONEY, pa.decimal128(38, 6)) | times
    options = reader.ConvertOptions(column_types=types, timestamp_parsers=[FORMAT], strings_can_be_null=True)
    parsing = reader.ParseOptions(newlines_in_values=True)
    return (
        lambda: reader.read_csv(csv, convert_options=options, parse_options=parsing),
        lambda table: {"rows": table.num_rows},
    )


def pandas(csv: str) -> Case:
    """pandas with Python's decimals, its only exact money without pyarrow."""
    import pandas as pd

    exact = dict.fromkeys(MONEY, lambda text: Decimal(text) if text else None)
    return (
        lambda: pd.read_csv(csv, dtype=str, converters=exact, parse_dates=[*UTC, *LOCAL], date_format=FORMAT),
        lambda frame: {"rows": len(frame)},
    )
