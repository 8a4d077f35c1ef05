"""Which fault befalls what: the first in the queue that matches, if the dice say so."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from werkzeug.wrappers import Request

from stripe_reports.simulator.faults.faults import Fault, Outcome

__all__ = ["Mishaps"]


class Mishaps:
    """Takes faults from a queue.

    Args:
        faults: Gives the queue; one that is used up befalls nothing any more.
        dice: Decide about faults that are not certain; seeded, so that a bad day can be had again.
    """

    def __init__(self, faults: Callable[[], list[Fault]], dice: random.Random) -> None:
        self._faults = faults
        self._dice = dice
        self._lock = threading.Lock()

    def of_answer(self, request: Request, *, is_replayed: bool) -> Fault | None:
        """What goes wrong with a request. An answer that is replayed is not replaced."""
        return self._used(
            lambda fault: fault.hits(request.method, request.path) and not (fault.replaces and is_replayed)
        )

    def of_run(self) -> Outcome:
        """How the next run ends."""
        fault = self._used(lambda fault: fault.outcome is not None)
        return (fault.outcome if fault else None) or Outcome()

    def of_event(self) -> str | None:
        """What becomes of the next post of an event."""
        fault = self._used(lambda fault: fault.webhook is not None)
        return fault.webhook if fault else None

    def _used(self, befalls: Callable[[Fault], bool]) -> Fault | None:
        """The first fault that befalls something; one time less is left of it."""
        with self._lock:
            for fault in self._faults():
                if fault.times > 0 and befalls(fault) and self._dice.random() < fault.probability:
                    fault.times -= 1
                    return fault
        return None
