"""Fetches reports that polars cannot read at the first attempt; prints what is wrong with their results."""

import sys
import warnings
from datetime import UTC, datetime, timedelta

import polars as pl

import stripe_reports as sr
from stripe_reports.parsing import AmbiguousTimeWarning
from stripe_reports.simulator import Simulator
from stripe_reports.simulator.reports.contents import Contents

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = ["balance_transaction_id", "created", "currency", "gross"]


def rows_of(number):
    """The file of a fetch: from 1 to 5 rows, of its own, with what needs a second attempt in one of them."""
    times = ["2025-10-26 01:30:00"] * (1 + number % 5)
    amounts = ["3.00"] * len(times)
    if number % 2:
        amounts[-1] = ""  # quoted, all the same
    else:
        times[-1] = "2025-10-26 02:30:00"  # which the clock showed twice
    return [
        (f"txn_{number}_{row}", time, "eur", amount)
        for row, (time, amount) in enumerate(zip(times, amounts, strict=True))
    ]


def csv_of(rows):
    return "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in [COLUMNS, *rows]).encode()


def main(count, folder):
    asked = iter(range(count))
    real = Contents.__init__
    Contents.__init__ = lambda self, _: real(self, lambda: [csv_of(rows_of(next(asked)))])
    simulator = Simulator(seed=1, latency=0.0)
    stored = {}
    for number in range(count):
        with sr.Client(simulator.key, application=simulator, cache_dir=folder) as client:
            start = FIRST_DAY + timedelta(hours=12 * number)
            report = client.fetch(
                "balance_change_from_activity.itemized.3",
                (start, start + timedelta(hours=12)),
                columns=COLUMNS,
                timezone="Europe/Paris",
            )
            stored[number] = report.path
            check(number, report.frame(), report.provenance.rows)
    for number, path in stored.items():  # by now every late writer is done
        check(number, pl.read_parquet(path), None)
    print(f"{len(stored)} fetched")


def check(number, frame, rows):
    expected = [row[0] for row in rows_of(number)]
    found = frame["balance_transaction_id"].to_list()
    if found != expected or rows not in {None, len(expected)}:
        print(f"fetch {number}: {found}, {rows} rows, in place of {expected}")


if __name__ == "__main__":
    warnings.simplefilter("ignore", AmbiguousTimeWarning)
    main(int(sys.argv[1]), sys.argv[2])
