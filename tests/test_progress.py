"""A wait that can be seen, where there is a place to draw it; never an error."""

import io
import logging
import sys
import threading
from types import SimpleNamespace

import pytest

from conftest import utc
from stripe_reports import client as client_module
from stripe_reports.models import ReportRun
from stripe_reports.notebook.progress import place_to_draw
from stripe_reports.runs import progress
from stripe_reports.runs.progress import Line, Log, shown, text_of, told_in_background


def a_run(status="pending"):
    return ReportRun(
        id="frr_1",
        created=utc(2026, 11, 5),
        livemode=False,
        report_type="balance.summary.2",
        parameters={},
        status=status,
    )


class Drawing:
    def __init__(self, error=None):
        self.drawn, self.erased, self._error = [], 0, error

    def draw(self, text, share):
        self.drawn.append((text, share))
        if self._error:
            raise self._error

    def erase(self):
        self.erased += 1


@pytest.fixture
def seconds(monkeypatch):
    """The time that passes between two looks, as the test wants it."""
    now = SimpleNamespace(at=0.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: now.at)
    return now


def test_what_is_done_at_once_is_not_drawn(seconds):
    """A bar that flashes helps nobody."""
    drawing = Drawing()
    with shown("auto", lambda: drawing) as told:
        told(a_run(), 0.0, 8.0)
        seconds.at = 0.5
        told(a_run("succeeded"), 0.5, 8.0)
    assert drawing.drawn == []


def test_a_wait_is_drawn_with_what_it_usually_takes_and_is_gone_afterwards(seconds):
    """Whether it ends well or not."""
    drawing = Drawing()

    def interrupted():
        with shown("auto", lambda: drawing) as told:
            told(a_run(), 0.0, 8.0)
            seconds.at = 2.0
            told(a_run(), 2.0, 8.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert drawing.drawn[0] == ("balance.summary.2: run frr_1 is pending · 2 s, usually about 8 s", 0.25)
    assert drawing.erased == 1


def test_a_wait_ends_though_its_drawing_waits_for_who_waits(seconds, monkeypatch):
    """A log handler may need the very thread that has the report; the drawing is taken away later."""
    monkeypatch.setattr(progress, "LONGEST_DRAWING", 0.0)
    monkeypatch.setattr(progress, "_BETWEEN_TICKS", 0.0)
    drawing, ticks, is_over, erased = Drawing(), threading.Event(), threading.Event(), threading.Event()

    def draw(text, share):
        if threading.current_thread().name == "stripe-reports progress":
            ticks.set()
            is_over.wait(60)

    def fetch():
        with shown("auto", lambda: drawing) as told:
            seconds.at = 2.0
            told(a_run(), 2.0, 8.0)
            assert ticks.wait(60)

    monkeypatch.setattr(drawing, "draw", draw)
    monkeypatch.setattr(drawing, "erase", erased.set)
    fetching = threading.Thread(target=fetch, daemon=True)
    fetching.start()
    fetching.join(20)
    assert not fetching.is_alive()
    is_over.set()
    assert erased.wait(60)


def test_a_wait_longer_than_expected_is_not_said_to_be_over(seconds):
    """The bar stays short of its end; where nothing is expected, there is no bar."""
    drawing = Drawing()
    with shown("auto", lambda: drawing) as told:
        seconds.at = 90.0
        told(a_run(), 90.0, 8.0)
        told(a_run(), 90.0, None)
    assert [share for _, share in drawing.drawn[:2]] == [0.97, None]
    assert "1 min 30 s" in drawing.drawn[0][0]


def test_what_cannot_be_drawn_is_no_error(seconds):
    """And is not tried again."""
    drawing = Drawing(OSError("the terminal is gone"))
    with shown("auto", lambda: drawing) as told:
        seconds.at = 2.0
        told(a_run(), 2.0, None)
        told(a_run(), 2.0, None)
    assert len(drawing.drawn) == 1


def test_ones_own_function_is_called_as_it_is_and_none_is_nothing():
    """Nothing is drawn beside it."""
    with shown(print, place_to_draw) as told:
        assert told is print
    with shown(None, place_to_draw) as told:
        assert told is None


def test_a_terminal_has_one_line_written_over_and_over(monkeypatch):
    """And empty in the end."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    line = place_to_draw()
    assert isinstance(line, Line)
    line.draw("half", 0.5)
    line.draw("unknown", None)
    line.erase()
    assert terminal.getvalue() == "\r\x1b[2K[##########          ] half\r\x1b[2Kunknown\r\x1b[2K"


def test_elsewhere_it_is_a_line_of_the_log_a_minute(seconds, caplog):
    """A job's log tells that it waits, and is not flooded."""
    caplog.set_level(logging.INFO, "stripe_reports")
    log = place_to_draw()
    assert isinstance(log, Log)
    for seconds.at in (0.0, 1.0, 59.0, 61.0):
        log.draw(f"at {seconds.at}", None)
    log.erase()
    assert [record.message for record in caplog.records] == ["at 0.0", "at 61.0"]


def test_a_wait_in_the_background_leaves_the_terminal_alone(monkeypatch):
    """Somebody is typing there."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    assert isinstance(place_to_draw(in_background=True), Log)
    assert told_in_background("auto", place_to_draw, lambda *, progress: callable(progress))()
    assert told_in_background(None, place_to_draw, lambda *, progress: progress)() is None


def test_the_end_of_a_run_is_told_in_the_same_words():
    """For whoever logs it."""
    assert text_of(a_run("failed"), 75.4, None) == "balance.summary.2: run frr_1 failed after 1 min 15 s"


def test_a_fetch_shows_its_wait_by_itself(client, monkeypatch):
    """Without being asked to."""
    drawing = Drawing()
    monkeypatch.setattr(client_module, "place_to_draw", lambda **_: drawing)
    monkeypatch.setattr(progress, "DRAWN_AFTER", -1.0)
    client.fetch("balance.summary.2", "2026-10")
    assert "is pending" in drawing.drawn[0][0]
    assert drawing.erased == 1
    client.submit("balance.summary.2", "2026-09").result(20)
    client.wait(client.launch(client.request("balance.summary.2", "2026-08")))
    assert drawing.erased >= 2


NOTEBOOK = """\
from stripe_reports.notebook.progress import Bar, _boards

shell = get_ipython()
one, two = Bar(shell, at_once=True), Bar(shell)
one.draw("<b>first</b>", 0.5)
two.draw("second", None)
shown = [bar.children[1].value for bar in _boards[shell.execution_count].box.children]
one.erase()
two.erase()
left = len(_boards)
"""


def test_a_notebook_has_one_board_below_the_cell_and_nothing_of_it_is_left(tmp_path, monkeypatch):
    """Bars of many runs stand together; a saved notebook holds none of them."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    cells = [nbformat.v4.new_code_cell(code) for code in (NOTEBOOK, "shown, left")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = notebook.cells[0].outputs
    assert [output["data"] for output in outputs] == [{"text/plain": ""}]
    assert notebook.cells[1].outputs[0]["data"]["text/plain"] == "(['&lt;b&gt;first&lt;/b&gt;', 'second'], 0)"
