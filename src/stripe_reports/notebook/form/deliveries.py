"""Calls to code outside of the form: in order, one at a time, and never while the form holds a lock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

__all__ = ["Deliveries", "Observer"]


class Deliveries:
    """Calls waiting to be made, in the order in which they were added.

    A thread never waits for calls that another thread makes: such a call may be waiting for this thread.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], object]] = deque()
        self._turn = threading.Lock()

    def add(self, call: Callable[[], object]) -> None:
        """Add a call at the end. Add with the lock that orders the calls; deliver without it."""
        self._waiting.append(call)

    def deliver(self) -> None:
        """Make the waiting calls here; if another thread is making one, it makes these after it."""
        while self._waiting and self._turn.acquire(blocking=False):
            try:
                while self._waiting:
                    _attempt(self._waiting.popleft())
            finally:
                self._turn.release()  # check again: another thread may just have added one

    def deliver_in_background(self) -> None:
        """Make the waiting calls in a new thread."""
        if self._waiting and not self._turn.locked():
            threading.Thread(target=self.deliver, name="stripe-reports observers", daemon=True).start()


def _attempt(call: Callable[[], object]) -> None:
    """Make a call; pass an error to ``threading.excepthook``, as for an error that ends a thread."""
    try:
        call()
    except Exception as error:
        where = threading.current_thread()
        threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, where)))


@dataclass(frozen=True)
class Observer:
    """A function that is called with changes, equal to all others of it. Its errors stop no other observer.

    Attributes:
        function: The function.
        is_told: True for the changes that it is called with.
    """

    function: Callable[[Any], object]
    is_told: Callable[[Any], bool] = field(compare=False, repr=False)

    def __call__(self, change: Any) -> None:
        """Call the function, if it is told of this change."""
        if self.is_told(change):
            _attempt(partial(self.function, change))
