"""Progress in marimo: a spinner with a line of text below the cell, removed when the wait is over."""

from __future__ import annotations

import sys
from queue import SimpleQueue

__all__ = ["Spinner", "is_marimo_cell"]


def is_marimo_cell() -> bool:
    """Tell whether this thread runs a cell of a marimo notebook."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


class Spinner:
    """A spinner of the cell that is running.

    Only threads that marimo knows from the start can change what a cell shows, so one of those draws.
    """

    between = 0.5

    def __init__(self) -> None:
        import marimo

        self._texts: SimpleQueue[str | None] = SimpleQueue()
        self._thread = marimo.Thread(target=self._work, daemon=True)
        self._thread.start()

    def draw(self, text: str, share: float | None) -> None:
        """Show the text; marimo's spinner has no share."""
        del share
        self._texts.put(text)

    def erase(self) -> None:
        """Remove it from the page, before the cell shows its result."""
        self._texts.put(None)
        self._thread.join()

    def _work(self) -> None:
        import marimo

        text = self._texts.get()
        if text is None:
            return
        with marimo.status.spinner(subtitle=text) as spinner:
            while (text := self._texts.get()) is not None:
                spinner.update(subtitle=text)
