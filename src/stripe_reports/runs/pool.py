"""A few threads that make calls for one driver, and tell it what came of them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

__all__ = ["Inbox", "Pool"]

_T = TypeVar("_T")

Inbox = queue.SimpleQueue[Callable[[], None]]
"""What the driver does next with the results of its threads, in its own thread."""


class Pool:
    """Threads that end with the process, whatever they are doing, with the time limit of the caller.

    ``concurrent.futures`` would wait for them at the end of the process: an interrupted call must not.
    """

    def __init__(self, name: str, most: int, inbox: Inbox) -> None:
        self._name = name
        self._most = most
        self._inbox = inbox
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = 0
        self._working = 0  # counted in the driver's thread only

    def start(self, job: Callable[[], _T], then: Callable[[_T | Exception], None]) -> None:
        """Run *job* in a thread; in the driver's thread, call *then* with what it returned or raised."""
        self._working += 1
        if self._working > self._threads < self._most:
            self._threads += 1
            context = copy_context()
            threading.Thread(target=context.run, args=(self._work,), name=self._name, daemon=True).start()

        def finished(outcome: _T | BaseException) -> None:
            self._working -= 1
            if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
                raise outcome
            then(outcome)

        def do() -> None:
            outcome: Any
            try:
                outcome = job()
            except BaseException as error:  # the driver's thread gets it
                outcome = error
            self._inbox.put(lambda: finished(outcome))

        self._jobs.put(do)

    def close(self) -> None:
        """Let the threads end after what they are doing; jobs that were not begun are dropped."""
        while not self._jobs.empty():
            self._jobs.get()
        for _ in range(self._threads):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
