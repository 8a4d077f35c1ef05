"""Progress bars in a notebook: one area below a cell, with a line for each wait, emptied after the last.

They are HTML that is updated, and no widgets: a notebook that is run by a program keeps the state of every
widget that ever was, and a page made of it would load the widgets' scripts from other hosts. Within an
``ipywidgets.Output``, as in ``interact``, they are a line of text: it shows no updates of HTML.
"""

from __future__ import annotations

import logging
import sys
import threading
from html import escape
from typing import TYPE_CHECKING, Any

from stripe_reports.notebook.marimo_progress import Spinner, is_marimo_cell
from stripe_reports.notebook.shell import shell
from stripe_reports.runs.progress import Drawing, in_log, in_terminal

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["Bar", "place_to_draw"]

logger = logging.getLogger("stripe_reports")

_boards: dict[int, _Board | _BoardOfOutput] = {}
_lock = threading.Lock()

_NOTHING = {"text/plain": ""}


def place_to_draw(*, in_background: bool = False) -> Drawing:
    """Choose a bar in a notebook, a line in a terminal, or else the log.

    Args:
        in_background: True if another thread will wait; then nothing is written to a terminal, nor to a cell
            of marimo, whose result it would replace.
    """
    try:
        if not in_background and is_marimo_cell():
            return Spinner()
        session = shell()
        if (
            getattr(session, "kernel", None) is not None
            and threading.current_thread() is threading.main_thread()
        ):
            # What another thread writes reaches no ipywidgets.Output.
            is_lost = in_background and _is_in_output(session)
            return in_log() if is_lost else Bar(session, at_once=in_background)
        if not in_background and sys.stderr is not None:
            return in_terminal(sys.stderr) or in_log()
    except Exception:  # a broken front end must not prevent a report
        logger.debug("no progress is drawn", exc_info=True)
    return in_log()


class _Board:
    """The area below one cell: the lines of its bars, in the order in which they came."""

    def __init__(self) -> None:
        from IPython.display import display

        self.states: dict[Bar, tuple[str, float | None]] = {}
        self._handle: Any = display(_NOTHING, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def show(self) -> None:
        """Show the lines; without any, nothing is left in the saved notebook."""
        lines = "".join(_html(*state) for state in self.states.values())
        shown = {"text/html": f"<div>{lines}</div>", "text/plain": ""} if lines else _NOTHING
        self._handle.update(shown, raw=True)


class _BoardOfOutput:
    """A line of an ``ipywidgets.Output`` with the texts of all bars, which is written over itself."""

    def __init__(self) -> None:
        self.states: dict[Bar, tuple[str, float | None]] = {}
        self._width = 0

    def show(self) -> None:
        """Write the texts; without any, the line is blank."""
        text = " · ".join(text for text, _ in self.states.values())
        sys.stdout.write(f"\r{text.ljust(self._width)}" + ("" if text else "\r"))
        sys.stdout.flush()
        self._width = len(text)


class Bar:
    """A bar and a line of text.

    Args:
        shell: The shell that runs the cell.
        at_once: Create the area below the cell now, because another thread will draw, and its output
            belongs to no cell.
    """

    between = 0.5

    def __init__(self, shell: InteractiveShell, *, at_once: bool = False) -> None:
        self._shell = shell
        self._cell = shell.execution_count
        if at_once:
            with _lock:
                self._board().states[self] = "", None

    def draw(self, text: str, share: float | None) -> None:
        """Show the current state."""
        with _lock:
            board = self._board()
            board.states[self] = text, share
            board.show()

    def erase(self) -> None:
        """Remove the bar from the page."""
        with _lock:
            board = _boards.get(self._cell)
            if board is None or board.states.pop(self, None) is None:
                return
            board.show()
            if not board.states:
                del _boards[self._cell]

    def _board(self) -> _Board | _BoardOfOutput:
        if self._cell not in _boards:
            _boards[self._cell] = _BoardOfOutput() if _is_in_output(self._shell) else _Board()
        return _boards[self._cell]


def _html(text: str, share: float | None) -> str:
    """Return a line as HTML, with a bar if the share that is done is known."""
    bar = "" if share is None else f'<progress max="1" value="{share:.3f}" style="width:160px"></progress> '
    return f"<div>{bar}{escape(text)}</div>"


def _is_in_output(shell: Any) -> bool:
    """Tell whether what the cell displays now is shown by an ``ipywidgets.Output``."""
    widgets = sys.modules.get("ipywidgets")
    message = shell.get_parent().get("header", {}).get("msg_id")
    if widgets is None or not message:
        return False
    known = widgets.Widget.get_manager_state(drop_defaults=True)["state"].values()
    return any(one["model_name"] == "OutputModel" and one["state"].get("msg_id") == message for one in known)
