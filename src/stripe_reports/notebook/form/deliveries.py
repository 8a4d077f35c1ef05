"""Calls to code that is not the form's: in order, one at a time, and never while the form holds a lock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

__all__ = ["Deliveries", "attempt"]


class Deliveries:
    """Calls that wait to be made, in the order in which they were added.

    Nobody waits for calls that another thread makes: such a call may itself be waiting for this thread.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], object]] = deque()
        self._turn = threading.Lock()

    def add(self, call: Callable[[], object]) -> None:
        """Put a call behind those that wait. Add with the lock that orders them; deliver without it."""
        self._waiting.append(call)

    def deliver(self) -> None:
        """Make the calls that wait, here; where one is being made, whoever makes it makes these after it."""
        while self._waiting and self._turn.acquire(blocking=False):
            try:
                while self._waiting:
                    attempt(self._waiting.popleft())
            finally:
                self._turn.release()  # and look again: another thread may have added one and found no turn

    def deliver_in_background(self) -> None:
        """Make the calls that wait in a thread of their own."""
        if self._waiting and not self._turn.locked():
            threading.Thread(target=self.deliver, name="stripe-reports observers", daemon=True).start()


def attempt(call: Callable[[], object]) -> None:
    """Make a call; an error goes where those go that end a thread: to ``threading.excepthook``."""
    try:
        call()
    except Exception as error:
        where = threading.current_thread()
        threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, where)))
