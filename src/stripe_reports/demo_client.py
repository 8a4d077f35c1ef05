"""A client without key and network: the simulator in this process, with its own clock."""

from __future__ import annotations

import atexit
import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import Literal

from stripe_reports.client import Client
from stripe_reports.models import ApiName
from stripe_reports.simulator import Profile, Simulator, serve

__all__ = ["DemoClient", "demo"]


class DemoClient(Client):
    """A ``Client`` of a simulator in this process; see ``demo``, which makes one.

    Attributes:
        simulator: The simulator that answers; its clock can be moved.
    """

    def __init__(
        self,
        simulator: Simulator,
        *,
        timezone: str | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        pace: float = 0.0,
        livemode: bool = False,
        account: str | None = None,
        api: ApiName = "v1",
    ) -> None:
        self.simulator = simulator
        folder = cache_dir or tempfile.mkdtemp(prefix="stripe-reports-demo-")
        siblings = [sibling.id for sibling in simulator.organisation[1:]]
        is_elsewhere = str(account).partition("/")[0] in siblings
        key = simulator.organisation_key if is_elsewhere else simulator.key
        super().__init__(
            key.replace("_test_", "_live_", 1) if livemode else key,
            account=account,
            timezone=timezone,
            cache_dir=folder,
            application=simulator,
            clock=_SimulatedTime(simulator, pace),
            api=api,
        )
        self._serving = ExitStack()
        self._address: str | None = None
        self._lock = threading.Lock()
        if cache_dir is None:  # at the end, since reports may outlive their client
            atexit.register(shutil.rmtree, folder, ignore_errors=True)

    def __repr__(self) -> str:
        now = self.simulator.clock.now()
        account = f", {self.settings.account}" if self.settings.account else ""
        return f"DemoClient(seed={self.simulator.seed}{account}, simulated time {now:%Y-%m-%d %H:%M} UTC)"

    def close(self) -> None:
        """Close everything; see ``Client.close``. The simulator is not served any more."""
        super().close()
        with self._lock:
            self._address = None
            self._serving.close()

    def _served_at(self) -> str:
        """Serve the simulator on loopback from now on, with the same clock and the same runs."""
        with self._lock:
            if self._address is None:
                self._address = self._serving.enter_context(serve(self.simulator))
            return self._address


class _SimulatedTime:
    """The simulator's time, which advances while the client waits."""

    def __init__(self, simulator: Simulator, pace: float) -> None:
        self._clock = simulator.clock
        self._pace = pace

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)
        if self._pace:
            time.sleep(seconds * self._pace)

    def wait(self, event: threading.Event, seconds: float) -> None:
        if not event.is_set():
            self.sleep(seconds)


def demo(
    seed: int = 1,
    *,
    timezone: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    latency: float | Callable[[random.Random], float] | None = None,
    pace: float = 0.0,
    livemode: bool = False,
    account: str | None = None,
    accounts: int = 14,
    profile: Profile | Literal["tidy", "real"] = "tidy",
    api: ApiName = "v1",
) -> DemoClient:
    """A client of the simulator in this process: no key, no network, and the same data for the same seed.

    Its clock starts at 2026-11-05 12:00 UTC and moves only while the client waits. To go live, write
    ``Client()`` in its place; nothing else changes.

    Args:
        seed: Number of the account to simulate.
        timezone: Zone of calendar periods, as for ``Client``.
        cache_dir: Folder of results; None is a temporary one, removed when Python ends.
        latency: Seconds that a run stays pending, by the simulator's clock; None varies it.
        pace: Real seconds to wait for each second that the simulator's clock moves: 0 answers at once, 1
            waits in real time.
        livemode: Use a live key: some report types, such as those on fees, are for live data only.
        account: ``acct_…`` to act for a connected account, or a path of accounts, as for ``Client``. For
            another account of the organisation (``client.simulator.organisation``), the client has the
            organisation's key.
        accounts: Number of accounts connected to it; ``client.simulator.account_ids()`` returns their ids.
            Thousands are possible: those after the first 14 are small.
        profile: ``"real"`` for an account with the habits of genuine ones: late and missed publications, runs
            of up to ten minutes, unknown report types. The figures are the same.
        api: ``"v2"`` for Reports v2, a preview; see ``Client``.

    Example:
        >>> client = sr.demo()
        >>> client.frame("balance.summary", "2026-10", currency="eur").height
        9
    """
    simulator = Simulator(seed, latency=latency, profile=profile, accounts=accounts)
    return DemoClient(
        simulator,
        timezone=timezone,
        cache_dir=cache_dir,
        pace=pace,
        livemode=livemode,
        account=account,
        api=api,
    )
