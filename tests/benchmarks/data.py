"""A report of any size, from the simulator in a process of its own, which serves it as Stripe would."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.benchmarks.measure import ROOT, environment

__all__ = ["COLUMNS", "REPORT_TYPE", "ZONE", "Served", "keep_csv", "served", "throttled"]

REPORT_TYPE, ZONE = "balance_change_from_activity.itemized.3", "Europe/Paris"
PERIOD = "2024-11-01/2026-10-01"
"""Closed long before the simulator's present."""

COLUMNS = [
    *("balance_transaction_id", "created_utc", "created", "available_on_utc", "available_on", "currency"),
    *("gross", "fee", "net", "reporting_category", "source_id", "description"),
    *("customer_facing_amount", "customer_facing_currency", "automatic_payout_id"),
    *("automatic_payout_effective_at_utc", "automatic_payout_effective_at", "trace_id", "customer_id"),
    *("customer_email", "customer_name", "charge_id", "payment_intent_id", "charge_created_utc"),
    *("charge_created", "invoice_id", "payment_method_type", "card_brand", "card_country"),
    "statement_descriptor",
]
"""Thirty, about 450 bytes a row, with all that is awkward in texts."""

_ROWS_OF_A_DAILY_CHARGE = 723
"""Rows in that period for each charge a day."""


@dataclass(frozen=True)
class Served:
    """A finished run at a simulator.

    Attributes:
        url: Address of the simulator.
        key: The key that it takes.
        run: Id of the run.
        csv_url: Address of the file.
        size: Bytes of the file.
    """

    url: str
    key: str
    run: str
    csv_url: str
    size: int

    @property
    def client(self) -> dict[str, Any]:
        """Arguments of a client of it, but for the folder."""
        return {"api_key": self.key, "base_url": self.url}


@contextmanager
def served(rows: int, folder: Path) -> Iterator[Served]:
    """A simulator with a finished run of about so many rows."""
    import stripe_reports as sr

    size = f"{rows / _ROWS_OF_A_DAILY_CHARGE:.4g}"
    command = [sys.executable, "-m", "stripe_reports", "simulate", "--port", "0", "--latency", "1"]
    process = subprocess.Popen(
        [*command, "--size", size], env=environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        said = process.stdout.readline() + process.stdout.readline()
        key, url = said.split('sr.Client("')[1].split('", base_url="')
        url = url.rstrip().removesuffix('")')
        with sr.Client(key, base_url=url, cache_dir=folder) as client:
            request = client.request(REPORT_TYPE, PERIOD, columns=COLUMNS, timezone=ZONE)
            run = client.launch(request)
            while True:  # making the file of a large one takes longer than a call may
                try:
                    run = client.wait(run, timeout=3600)
                    break
                except sr.errors.NetworkError:
                    continue
        yield Served(url, key, run.id, run.result.url, run.result.size)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@contextmanager
def throttled(report: Served, rate: int) -> Iterator[Served]:
    """The same run, over a connection of so many bytes a second."""
    port = urlsplit(report.url).port
    command = [sys.executable, "-m", "tests.benchmarks.throttle", str(port), str(rate)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True)
    try:
        slow = process.stdout.readline().strip()
        url, csv_url = (each.replace(f":{port}", f":{slow}", 1) for each in (report.url, report.csv_url))
        yield replace(report, url=url, csv_url=csv_url)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def keep_csv(report: Served, path: Path) -> None:
    """The file of the run, as it came."""
    import requests

    headers = {"Authorization": f"Bearer {report.key}"}
    with (
        requests.get(report.csv_url, headers=headers, stream=True, timeout=600) as answer,
        path.open("wb") as target,
    ):
        answer.raise_for_status()
        for chunk in answer.iter_content(1 << 20):
            target.write(chunk)
