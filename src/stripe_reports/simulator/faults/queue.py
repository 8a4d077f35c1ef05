"""Choice of the fault for a request, run or event: the first match in the queue, by its probability."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from werkzeug.wrappers import Request

from stripe_reports.simulator.faults.faults import Fault, Outcome

__all__ = ["FaultQueue"]


class FaultQueue:
    """Takes faults from a queue.

    Args:
        faults: Returns the queue; a used-up fault is ignored.
        dice: Random numbers for faults that are not certain; seeded, so that failures can be repeated.
    """

    def __init__(self, faults: Callable[[], list[Fault]], dice: random.Random) -> None:
        self._faults = faults
        self._dice = dice
        self._lock = threading.Lock()

    def of_answer(self, request: Request, *, is_replayed: bool) -> Fault | None:
        """Choose the fault of a request. A replayed answer is not replaced."""
        return self._used(
            lambda fault: fault.hits(request.method, request.path) and not (fault.replaces and is_replayed)
        )

    def of_run(self) -> Outcome:
        """Choose the outcome of the next run."""
        fault = self._used(lambda fault: fault.outcome is not None)
        return (fault.outcome if fault else None) or Outcome()

    def of_event(self) -> str | None:
        """Choose the fault of the next post of an event."""
        fault = self._used(lambda fault: fault.webhook is not None)
        return fault.webhook if fault else None

    def _used(self, applies: Callable[[Fault], bool]) -> Fault | None:
        """Return the first fault that applies, and count it down by one."""
        with self._lock:
            for fault in self._faults():
                if fault.times > 0 and applies(fault) and self._dice.random() < fault.probability:
                    fault.times -= 1
                    return fault
        return None
