"""Progress bars in a notebook: one board below a cell, with a bar for each wait, removed after the last."""

from __future__ import annotations

import logging
import sys
import threading
from html import escape
from typing import TYPE_CHECKING, Any

from stripe_reports.runs.progress import Drawing, in_log, in_terminal

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["Bar", "place_to_draw"]

logger = logging.getLogger("stripe_reports")

_boards: dict[int, _Board] = {}
_lock = threading.Lock()


def place_to_draw(*, in_background: bool = False) -> Drawing:
    """Choose a bar in a notebook, a line in a terminal, or else the log.

    Args:
        in_background: True if another thread will wait; then nothing is written to a terminal.
    """
    try:
        shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        if (
            getattr(shell, "kernel", None) is not None
            and threading.current_thread() is threading.main_thread()
        ):
            return Bar(shell, at_once=in_background)
        if not in_background and sys.stderr is not None:
            return in_terminal(sys.stderr) or in_log()
    except Exception:  # a broken front end must not prevent a report
        logger.debug("no progress is drawn", exc_info=True)
    return in_log()


class _Board:
    """The area below one cell."""

    def __init__(self) -> None:
        import ipywidgets
        from IPython.display import display

        self.box = ipywidgets.VBox()
        self._handle: Any = display(self.box, display_id=True)  # type: ignore[no-untyped-call]

    def add(self, bar: Any) -> None:
        self.box.children = (*self.box.children, bar)

    def remove(self, bar: Any) -> bool:
        """Remove a bar, and tell whether the board is removed with its last bar."""
        self.box.children = tuple(each for each in self.box.children if each is not bar)
        if self.box.children:
            return False
        self._handle.update({"text/plain": ""}, raw=True)  # nothing is left in the saved notebook
        self.box.close()
        return True


class Bar:
    """A bar and a line of text.

    Args:
        shell: The shell that runs the cell.
        at_once: Create the area below the cell now, because another thread will draw, and its output
            belongs to no cell.
    """

    between = 0.5

    def __init__(self, shell: InteractiveShell, *, at_once: bool = False) -> None:
        self._cell = shell.execution_count
        self._bar: Any = None
        if at_once:
            self._show()

    def draw(self, text: str, share: float | None) -> None:
        """Show the current state."""
        if self._bar is None:
            self._show()
        progress, line = self._bar.children
        progress.value = share or 0.0
        progress.layout.display = "none" if share is None else ""
        line.value = escape(text)
        self._bar.layout.display = ""

    def erase(self) -> None:
        """Remove the bar from the page."""
        if self._bar is None:
            return
        with _lock:
            board = _boards.get(self._cell)
            if board is not None and board.remove(self._bar):
                del _boards[self._cell]
        for widget in (*self._bar.children, self._bar):
            widget.close()

    def _show(self) -> None:
        import ipywidgets

        progress = ipywidgets.FloatProgress(max=1.0, layout={"width": "160px"})
        self._bar = ipywidgets.HBox([progress, ipywidgets.HTML()], layout={"display": "none"})
        with _lock:
            if self._cell not in _boards:
                _boards[self._cell] = _Board()
            _boards[self._cell].add(self._bar)
