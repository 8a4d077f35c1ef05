"""Limit calls and downloads per second, for all threads and processes of this machine that use a key.

Stripe counts by account and refuses with 429; live payments share the limits. So there is one budget for a
key, its mode and the place of Stripe, with the accounts that the key reaches. Each limit is a GCRA (a token
bucket that stores only the moment of its next turn), kept in a small locked file of the user. A caller takes
its turn first and then waits for it. Only the machine's monotonic clock counts. A simulator in this process,
or a client with a clock of its own, has a budget in memory.

No library does this: pyrate-limiter 4.5 and token-throttle retry until there is room, so a caller cannot know
whether its turn comes in time, and they sleep by the machine's clock; limits needs a server, and aiolimiter
shares nothing between processes.

Source: https://docs.stripe.com/rate-limits
"""

from __future__ import annotations

import logging
import math
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol, Self
from weakref import WeakKeyDictionary

from platformdirs import user_cache_path

from stripe_reports import notices
from stripe_reports.errors import StoreError
from stripe_reports.http.clock import Clock, SystemClock
from stripe_reports.http.settings import CALLS_PER_SECOND, Settings
from stripe_reports.models import Mode
from stripe_reports.planning import deadline
from stripe_reports.storage.disk import locked, read_json, shown_path, write_json

__all__ = ["RateBudget", "Turns", "TurnsInMemory", "TurnsOnDisk", "turns_of"]

logger = logging.getLogger("stripe_reports")

CALLS_A_SECOND: dict[Mode, float] = {"live": 100.0, "test": 25.0}
"""Stripe's limit for all calls of an account."""

CALLS_A_SECOND_AND_ENDPOINT = 25.0
DOWNLOADS_A_SECOND = 20.0
"""Stripe's limit for the endpoints of files."""

IN_USE = 60.0
"""Seconds for which a rate counts as in use after a call with it."""

_LONGEST_WAIT = 600.0
"""Seconds from now to a turn, at most; a file that says more is damaged."""

_REST, _LOCK_TIMEOUT, _LOCK_POLL = 60.0, 1.0, 0.005

_ID_IN_PATH = re.compile(r"/[^/]*[0-9.][^/]*(?=/|$)")
_FILES = re.compile(r"/v1/file(?:s|_links)(?:/|$)")
_A_DOWNLOAD = "/v1/files/{id}/contents"


@dataclass(slots=True)
class Turns:
    """The next turns of a budget, in seconds of one clock.

    Attributes:
        seen: The latest time of the clock.
        next: The next turn of each limit, if all calls before it are evenly spaced.
        rates: The rates in use, each with the time of its last call.
    """

    seen: float = 0.0
    next: dict[str, float] = field(default_factory=dict)
    rates: dict[float, float] = field(default_factory=dict)

    def take(self, limits: Mapping[str, float], rate: float, now: float, longest: float) -> float:
        """Take a turn in each of the limits, and return the seconds to wait for it.

        Args:
            limits: Stripe's limits for the call, per second.
            rate: The rate of the caller; the lowest in use applies.
            now: The time.
            longest: The turn is not taken if the wait is as long as this.
        """
        self._see(now)
        self.rates[rate] = now
        lowest, pause, taken = min(self.rates), 0.0, {}
        for name, limit in limits.items():
            allowed = min(lowest, limit)
            at_once = max(1.0, min(allowed / 4, limit - allowed))
            turn = self.next.get(name, now)
            pause = max(pause, turn - (at_once - 1) / allowed - now)
            taken[name] = turn + 1 / allowed
        if pause < longest:
            self.next |= taken
        return pause

    def _see(self, now: float) -> None:
        """Forget what is over. A clock that was put back, by a reboot for example, changes no wait."""
        back = max(0.0, self.seen - now)
        self.next = {name: at - back for name, at in self.next.items() if at - back > now}
        self.rates = {rate: at - back for rate, at in self.rates.items() if now - at + back < IN_USE}
        self.seen = now

    @classmethod
    def from_json(cls, content: Any) -> Self:
        """Return the turns of a file; raise an error if it is damaged."""
        turns = cls(
            float(content["seen"]),
            {str(name): float(at) for name, at in content["next"].items()},
            {float(rate): float(at) for rate, at in content["rates"].items()},
        )
        waits = [at - turns.seen for at in (*turns.next.values(), *turns.rates.values())]
        if not all(wait < _LONGEST_WAIT for wait in waits) or not all(rate > 0 for rate in turns.rates):
            raise ValueError("no such times")  # nan is not less either
        return turns

    def to_json(self) -> dict[str, Any]:
        """Return the contents of the file."""
        return {"seen": self.seen, "next": self.next, "rates": {str(r): at for r, at in self.rates.items()}}


class _SharedTurns(Protocol):
    def take(
        self, limits: Mapping[str, float], rate: float, now: Callable[[], float], longest: float
    ) -> float:
        """See ``Turns.take``; *now* reads the clock that all who share the turns have."""


class TurnsInMemory:
    """Turns that the threads of this process share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns = Turns()

    def take(
        self, limits: Mapping[str, float], rate: float, now: Callable[[], float], longest: float
    ) -> float:
        """See ``Turns.take``."""
        with self._lock:
            return self._turns.take(limits, rate, now(), longest)


class TurnsOnDisk:
    """Turns that all processes of this machine share, in a file.

    Python's monotonic clock is the same for all processes of a machine
    (https://docs.python.org/3/library/time.html#time.monotonic).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._instead = TurnsInMemory()
        self._rests_until = -math.inf

    def take(
        self, limits: Mapping[str, float], rate: float, now: Callable[[], float], longest: float
    ) -> float:
        """See ``Turns.take``. If the file cannot be used, this process has a budget of its own meanwhile."""
        with self._lock:
            if now() >= self._rests_until:
                try:
                    with locked(self._path.with_suffix(".lock"), timeout=_LOCK_TIMEOUT, poll=_LOCK_POLL):
                        turns = self._read()
                        pause = turns.take(limits, rate, now(), longest)
                        write_json(self._path, turns.to_json())
                        return pause
                except (OSError, StoreError) as error:
                    self._rests_until = now() + _REST
                    why = error
            else:
                why = None
        if why is not None:
            notices.warn(
                "For a minute, other processes with this key are not counted in the rate limit: "
                f"{shown_path(self._path)} cannot be used ({why}).",
                RuntimeWarning,
            )
        return self._instead.take(limits, rate, now, longest)

    def _read(self) -> Turns:
        try:
            return Turns.from_json(read_json(self._path))
        except FileNotFoundError:
            return Turns()
        except (ValueError, TypeError, KeyError, AttributeError):
            logger.warning("%s is damaged and is replaced", self._path)
            return Turns()


def turns_of(settings: Settings, application: object, clock: Clock) -> _SharedTurns:
    """Return the turns that all clients share which have the key, mode and place of *settings*."""
    name = replace(settings.owner, account=None).folder
    if application is None and isinstance(clock, SystemClock):
        return _on_disk(user_cache_path("stripe-reports") / "limits" / f"{name}.json")
    try:
        with _lock:
            return _in_memory.setdefault(application or clock, {}).setdefault(name, TurnsInMemory())
    except TypeError:  # it cannot be hashed or weakly referenced, so it is not recognised a second time
        return TurnsInMemory()


_lock = threading.Lock()
_on_disk = cache(TurnsOnDisk)
_in_memory: WeakKeyDictionary[object, dict[str, TurnsInMemory]] = WeakKeyDictionary()
"""The turns of each simulator in this process, or of each clock of a client's own."""


class RateBudget:
    """The calls and downloads that a client may make now: by its own rate, and by Stripe's limits.

    Args:
        mode: Mode of the key, which has a limit for all calls.
        clock: Current time and sleep function.
        rate: Calls per second.
        turns: Shared with others; by default, those of this budget alone.
    """

    def __init__(
        self, mode: Mode, clock: Clock, *, rate: float = CALLS_PER_SECOND, turns: _SharedTurns | None = None
    ) -> None:
        self._limit = CALLS_A_SECOND[mode]
        self._clock = clock
        self._rate = rate
        self._turns = turns or TurnsInMemory()

    def spend(self, method: str, path: str) -> None:
        """Wait until the call may be made. A download counts as a call too.

        Raises:
            CallTimeoutError, RunTimeoutError: That would be after the time limit of the call.
        """
        endpoint = f"{method} {_ID_IN_PATH.sub('/{id}', path.removeprefix('/v1'))}"
        limits = {"all": self._limit, endpoint: CALLS_A_SECOND_AND_ENDPOINT}
        if _FILES.search(path):
            limits = {"all": self._limit, "files": DOWNLOADS_A_SECOND}
        pause = self._turns.take(limits, self._rate, self._clock.monotonic, deadline.left())
        if pause > 0:
            deadline.pause(self._clock, pause, f"{endpoint} did not get its turn among many calls")

    def spend_download(self) -> None:
        """Wait until a file may be downloaded, here or by a worker.

        Raises:
            CallTimeoutError, RunTimeoutError: That would be after the time limit of the call.
        """
        self.spend("GET", _A_DOWNLOAD)
