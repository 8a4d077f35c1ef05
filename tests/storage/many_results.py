"""What a client does on the disk in a store with many results, counted; a test and a person run it.

python tests/storage/many_results.py 100000
"""

import json
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import stripe_reports as sr
from stripe_reports.simulator import Simulator

TYPE = "payouts.itemized.5"
STEPS = 10
"""Instructions of SQLite between two counts."""

MOST_LINKS = 50_000
"""Names that a file may have; some file systems allow no more than 65,000."""


class NoWaiting:
    """A clock that moves the simulator's time instead of waiting."""

    def __init__(self, simulator):
        self._clock = simulator.clock

    def now(self):
        return self._clock.now()

    def monotonic(self):
        return self._clock.now().timestamp()

    def sleep(self, seconds):
        self._clock.advance(seconds)

    def wait(self, event, seconds):
        if not event.is_set():
            self.sleep(seconds)


class Counted:
    """Counts the files that are opened, the entries of folders that are listed, and SQLite's instructions."""

    def __init__(self):
        self.counts = Counter()
        self._busy = threading.local()
        self._connect, sqlite3.connect = sqlite3.connect, self._connected
        sys.addaudithook(self._see)

    def _connected(self, *given, **options):
        connection = self._connect(*given, **options)
        connection.set_progress_handler(self._step, STEPS)
        return connection

    def _see(self, event, arguments):
        if getattr(self._busy, "now", False):
            return
        if event == "open" and isinstance(arguments[0], str | os.PathLike):
            self.counts["files"] += 1
        elif event in ("os.listdir", "os.scandir"):
            self._busy.now = True
            self.counts["listed"] += len(os.listdir(arguments[0] or "."))
            self._busy.now = False

    def _step(self):
        self.counts["database"] += 1

    def of(self, act):
        """The counts of one action."""
        self.counts.clear()
        act()
        return {name: self.counts[name] for name in ("files", "listed", "database")}


def client_of(simulator, cache, **options):
    return sr.Client(
        simulator.key, application=simulator, clock=NoWaiting(simulator), cache_dir=cache, **options
    )


def fill(client, results):
    """Copy one result, its launch and its cached answer, so that there are so many."""
    one = client.fetch(TYPE, "2025-12").path
    client.close()
    folder = one.parents[3]
    stored = datetime.now(UTC).timestamp()
    files = [one, one.with_suffix(".sha256")]
    copies = []
    for number in range(1, results):
        if number % MOST_LINKS == 0:
            files = [shutil.copy2(file, folder / f"{number}{file.suffix}") for file in files]
        place = one.parents[1] / f"{number:032x}"
        place.mkdir()
        for file in files:
            os.link(file, place / f"frr_1copy{number}{file.suffix}")
        path = (place / f"frr_1copy{number}.parquet").relative_to(folder).as_posix()
        copies.append((path, place.name, f"frr_1copy{number}", one.stat().st_size, stored + number / 1e6))
    with closing(sqlite3.connect(folder / "index.sqlite")) as database, database:
        ((launch,),) = database.execute("SELECT record FROM launches").fetchall()
        database.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?)", copies)
        database.executemany(
            "INSERT INTO launches VALUES (?, ?, ?, ?)",
            [(key, run, run, launch) for _, key, run, *_ in copies],
        )
    with closing(sqlite3.connect(folder / "api_answers.sqlite")) as database, database:
        kept = database.execute("SELECT value, expires FROM responses").fetchone()
        database.executemany(
            "INSERT INTO responses (key, value, expires) VALUES (?, ?, ?)",
            [(f"{run:0>64}", *kept) for _, _, run, *_ in copies],
        )
    return one.stat().st_size * results


def counts(results, cache, counted):
    """The counts of what a client does, by what it does."""
    simulator = Simulator(seed=1, latency=1.0)
    size = fill(client_of(simulator, cache), results)
    with client_of(simulator, cache) as client:  # imports, and what is asked once
        client.fetch(TYPE, "2026-01")
    found = {}
    clients = []
    found["opening"] = counted.of(lambda: clients.append(client_of(simulator, cache, cache_limit=size)))
    (client,) = clients
    with client:
        found["finding"] = counted.of(lambda: client.fetch(TYPE, "2026-01"))
        found["launching"] = counted.of(lambda: client.fetch(TYPE, "2026-02"))
        before = client.cache.info().height if results <= 1000 else None
        found["evicting"] = counted.of(lambda: client.fetch(TYPE, "2026-03", reuse="never"))
        assert before is None or client.cache.info().height <= before
        found["a plan"] = counted.of(lambda: client.plan(TYPE, "2026-04"))
        found["runs in progress"] = counted.of(client.pending)
    return found


def main(*results):
    counted = Counted()
    for number in results:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(counts(int(number), Path(folder), counted)))


if __name__ == "__main__":
    main(*sys.argv[1:])
