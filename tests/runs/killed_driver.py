"""One call of ``fetch_all`` in a process of its own, which a test kills while it runs."""

import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import stripe_reports as sr
from executors import EXECUTORS
from stripe_reports.simulator import Simulator

__all__ = ["ASKED", "CELLS", "TYPES"]

_ONE, _TWO, *_ = Simulator(seed=1).account_ids()

TYPES = ["payouts.itemized.5", "balance_change_from_activity.itemized.3"]
ASKED = {"period": "2026-Q3", "split": "month", "accounts": [_ONE, _TWO, "own"]}
CELLS = 2 * 3 * 3


class NoWaiting:
    """A clock on which every wait is over at once."""

    def __init__(self) -> None:
        self._slept = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic() + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds

    def wait(self, event: threading.Event, seconds: float) -> None:
        if not event.is_set():
            self.sleep(seconds)


def main(kind: str, key: str, url: str, cache: str, place: str) -> None:
    """Fill a dataset with an executor of a kind."""
    Path(cache).mkdir(exist_ok=True)
    client = sr.Client(key, base_url=url, cache_dir=cache, clock=NoWaiting())
    with client, EXECUTORS[kind]({"STRIPE_API_KEY": key}, Path(cache)) as executor:
        client.fetch_all(TYPES, **ASKED, into=place, executor=executor, errors="raise", progress=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
