"""A wait is shown where there is a place for it, and the display is never an error."""

import io
import logging
import sys
import threading

import pytest

from clocks import utc
from stripe_reports import client as client_module
from stripe_reports.models import ReportRun
from stripe_reports.notebook.progress import place_to_draw
from stripe_reports.planning.grid import Standing
from stripe_reports.runs import progress
from stripe_reports.runs.progress import Line, Lines, in_terminal, shown, text_of, told_in_background
from stripe_reports.simulator import Fault


def a_run(status="pending", id_="frr_1"):
    return ReportRun(
        id=id_,
        created=utc(2026, 11, 5),
        livemode=False,
        report_type="balance.summary.2",
        parameters={},
        status=status,
    )


class Drawing:
    between = 0.5

    def __init__(self, error=None):
        self.drawn, self.erased, self._error = [], 0, error

    def draw(self, text, share):
        self.drawn.append((text, share))
        if self._error:
            raise self._error

    def erase(self):
        self.erased += 1


class Steps:
    """The clock of the drawing thread: each pause takes the next step; after the last the wait can end."""

    def __init__(self, *steps):
        self.at, self.all_done, self._steps = 0.0, threading.Event(), list(steps)

    def monotonic(self):
        return self.at

    def wait(self, event, seconds):
        self.at += seconds
        if self._steps:
            self._steps.pop(0)()
        else:
            self.all_done.set()
            event.wait(120)


def nothing():
    """Let the time pass."""


def drawn_by(*steps, drawing=None):
    """What is drawn while a wait takes these steps; each gets the function that tells of a poll."""
    drawing, told = drawing or Drawing(), []
    clock = Steps(*(lambda step=step: step(told[0]) for step in steps))
    came = threading.Event()
    first, clock.wait = clock.wait, lambda event, seconds: came.wait(120) and first(event, seconds)
    with shown("auto", lambda: drawing, "balance.summary", clock=clock) as tell:
        told.append(tell)
        came.set()
        assert clock.all_done.wait(120)
    return drawing


def test_a_wait_is_shown_within_a_second():
    """Stripe may be slow to answer before there is a run; the display does not depend on a poll."""
    drawing = drawn_by(lambda tell: None, lambda tell: None)
    assert [text for text, _ in drawing.drawn] == [
        "balance.summary: asking Stripe · 1 s",
        "balance.summary: asking Stripe · 1 s",
    ]
    assert progress.DRAWN_AFTER < 1
    assert drawing.erased == 1


def test_a_short_wait_is_not_shown():
    """A bar that flashes helps nobody."""
    assert drawn_by().drawn == []


@pytest.mark.parametrize("expected", [None, 3.0, 8.0, 59.0])
def test_a_wait_is_updated_between_polls(expected):
    """Its seconds are counted, whatever is known about its duration."""
    drawing = drawn_by(lambda tell: tell(a_run(), 0.3, expected), *[lambda tell: None] * 3)
    usual = f", usually about {expected:.0f} s" if expected else ""
    assert [text for text, _ in drawing.drawn] == [
        f"balance.summary.2: run frr_1 is pending · {second} s{usual}" for second in (0, 1, 1, 2)
    ]


def test_a_wait_is_shown_with_its_usual_duration():
    """And with the share that is done."""
    drawing = drawn_by(lambda tell: tell(a_run(), 2.0, 8.0))
    assert drawing.drawn == [("balance.summary.2: run frr_1 is pending · 2 s, usually about 8 s", 0.25)]


def test_an_interrupted_wait_is_removed_from_the_display():
    """Like one that succeeds."""
    drawing, clock = Drawing(), Steps(nothing)

    def interrupted():
        with shown("auto", lambda: drawing, "balance.summary", clock=clock):
            assert clock.all_done.wait(120)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert drawing.drawn
    assert drawing.erased == 1


def test_reading_a_large_result_is_shown_too():
    """Its download may take longer than the run."""
    drawing = drawn_by(lambda tell: tell(a_run("succeeded"), 9.0, 8.0))
    assert drawing.drawn == [("balance.summary.2: run frr_1 succeeded after 9 s · reading its result", None)]


def test_a_wait_ends_even_if_its_drawing_is_blocked(monkeypatch):
    """A log handler may need the thread that has the report; the drawing is then removed later."""
    monkeypatch.setattr(progress, "LONGEST_DRAWING", 0.0)
    drawing, draws, is_over, erased = Drawing(), threading.Event(), threading.Event(), threading.Event()

    def draw(text, share):
        draws.set()
        is_over.wait(60)

    def fetch():
        with shown("auto", lambda: drawing, "balance.summary", clock=Steps(nothing)):
            assert draws.wait(60)

    monkeypatch.setattr(drawing, "draw", draw)
    monkeypatch.setattr(drawing, "erase", erased.set)
    fetching = threading.Thread(target=fetch, daemon=True)
    fetching.start()
    fetching.join(120)
    assert not fetching.is_alive()
    is_over.set()
    assert erased.wait(60)


def test_a_wait_longer_than_expected_is_not_shown_as_complete():
    """The bar stops before its end; without an expected duration there is no bar."""
    drawing = drawn_by(lambda tell: tell(a_run(), 90.0, 8.0), lambda tell: tell(a_run(), 90.0, None))
    assert [share for _, share in drawing.drawn] == [0.97, None]
    assert "1 min 30 s" in drawing.drawn[0][0]


def test_a_failing_display_is_not_an_error():
    """And it is not tried again."""
    drawing = Drawing(OSError("the terminal is gone"))
    failed = threading.Event()
    drawing.draw = lambda text, share: (drawing.drawn.append(text), failed.set(), 1 / 0)
    with shown("auto", lambda: drawing, "balance.summary", clock=Steps(nothing)):
        assert failed.wait(120)
    assert len(drawing.drawn) == 1
    assert drawing.erased == 0


def test_a_callers_own_function_is_called_and_none_shows_nothing():
    """No bar is drawn besides."""
    with shown(print, place_to_draw, "balance.summary") as told:
        assert told is print
    for option in (None, False):
        with shown(option, place_to_draw, "balance.summary") as told:
            assert told is None


class Terminal(io.StringIO):
    def isatty(self):
        return True


def a_terminal(monkeypatch):
    """Make standard error a terminal of 40 columns."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.delenv("TERM", raising=False)
    return terminal


def test_a_terminal_shows_one_line_that_is_rewritten(monkeypatch):
    """It is empty in the end."""
    terminal = a_terminal(monkeypatch)
    line = place_to_draw()
    assert isinstance(line, Line)
    line.draw("half", 0.5)
    line.draw("unknown", None)
    line.erase()
    assert terminal.getvalue() == "\r\x1b[2K[##########          ] half\r\x1b[2Kunknown\r\x1b[2K"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a text of some length", "a text of some length"),
        ("a.type: run frr_123456 is pending · 12 s", "a.type: run frr_123…6 is pending · 12 s"),
        ("x" * 39, "x" * 39),
    ],
)
def test_the_line_is_no_wider_than_the_terminal(monkeypatch, text, shown):
    """A line that wraps cannot be rewritten. Its seconds, at the end, are kept; the bar is left out first."""
    terminal = a_terminal(monkeypatch)
    place_to_draw().draw(text, 0.5)
    assert terminal.getvalue().removeprefix("\r\x1b[2K") == shown


def test_a_terminal_that_cannot_rewrite_a_line_is_none(monkeypatch):
    """An editor's shell, for example."""
    terminal = a_terminal(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    assert in_terminal(terminal) is None
    assert isinstance(place_to_draw(), Lines)


def test_elsewhere_the_log_has_one_line_per_minute(caplog):
    """The log of a job shows the wait, and is not flooded."""
    caplog.set_level(logging.INFO, "stripe_reports")
    log = place_to_draw()
    assert isinstance(log, Lines)
    drawn_by(lambda tell: tell(a_run(), 2.0, None), *[lambda tell: None] * 2, drawing=log)
    assert [record.message for record in caplog.records] == [
        f"balance.summary.2: run frr_1 is pending · {waited}" for waited in ("2 s", "1 min 2 s", "2 min 2 s")
    ]


def test_many_runs_share_one_line_that_counts_them():
    """Whichever thread tells of a poll; the first run that is pending is named."""

    def polls(tell):
        tell(a_run("succeeded", "frr_1"), 9.0, 8.0)
        tell(a_run("pending", "frr_2"), 9.0, None)
        tell(a_run("pending", "frr_3"), 9.0, None)

    def all_end(tell):
        for number in (2, 3):
            tell(a_run("succeeded", f"frr_{number}"), 10.0, None)

    drawing = drawn_by(polls, all_end)
    assert drawing.drawn == [
        ("2 of 3 runs pending · balance.summary.2: run frr_2 is pending · 9 s", pytest.approx(1 / 3)),
        ("0 of 3 runs pending", 1.0),
    ]


def test_a_tie_out_has_one_display_for_all_its_runs(client, monkeypatch):
    """Six runs in the background are one wait."""
    places, drawing = [], Drawing()
    monkeypatch.setattr(client_module, "place_to_draw", lambda **told: places.append(told) or drawing)
    client.tie_out("2026-09")
    assert places == [{}]


def test_a_wait_in_the_background_writes_nothing_to_the_terminal(monkeypatch):
    """The user is typing there."""
    a_terminal(monkeypatch)
    assert isinstance(place_to_draw(in_background=True), Lines)
    assert told_in_background("auto", place_to_draw, "a.1", lambda *, progress: callable(progress))()
    assert told_in_background(None, place_to_draw, "a.1", lambda *, progress: progress)() is None


def test_the_end_of_a_run_is_logged_in_the_same_words():
    """For users who read the log."""
    assert text_of(a_run("failed"), 75.4, None) == "balance.summary.2: run frr_1 failed after 1 min 15 s"


@pytest.mark.parametrize(
    "slow", ["GET /v1/reporting/report_types*", "POST *", "GET /v1/reporting/report_runs/*"]
)
def test_a_fetch_shows_its_wait_by_default(client, simulator, monkeypatch, slow):
    """Whichever answer of Stripe is slow."""
    drawing, drawn = Drawing(), threading.Event()
    monkeypatch.setattr(client_module, "place_to_draw", lambda **_: drawing)
    monkeypatch.setattr(progress, "DRAWN_AFTER", 0.0)
    drawing.draw = lambda text, share: (drawing.drawn.append(text), drawn.set())
    sleep = simulator.clock.sleep
    monkeypatch.setattr(simulator.clock, "sleep", lambda s: (drawn.wait(120), sleep(s)))
    for call in (client.fetch, client.frame, client.fetch_all):
        drawn.clear()
        simulator.faults.append(Fault(slow, change=lambda request, answer: answer(), delay=1.0))
        call("payouts.itemized", f"2026-0{3 + len(simulator.runs)}")
        assert drawing.drawn
        drawing.drawn.clear()
        simulator.faults.clear()


def test_false_shows_nothing(client, monkeypatch):
    """Like None."""
    monkeypatch.setattr(client_module, "place_to_draw", lambda **_: pytest.fail("drawn"))
    client.fetch("balance.summary.2", "2026-10", progress=False)
    client.frame("balance.summary.2", "2026-08", progress=None)


NOTEBOOK = """\
from stripe_reports.notebook.progress import Bar, _boards

shell = get_ipython()
one, two = Bar(shell, at_once=True), Bar(shell)
one.draw("<b>first</b>", 0.5)
two.draw("second", None)
data, handle = [], _boards[shell.execution_count]._handle
update = handle.update
handle.update = lambda shown, raw: (data.append(shown), update(shown, raw=raw))
two.draw("second", None)
one.erase()
two.erase()
left = len(_boards)
"""

IN_A_THREAD = """\
import contextvars, threading

bar = Bar(shell)
thread = threading.Thread(target=contextvars.copy_context().run, args=(bar.draw, "third", None))
thread.start()
thread.join()
bar.erase()
"""


def test_a_notebook_shows_one_board_below_the_cell_and_removes_it(tmp_path, monkeypatch):
    """Bars of many runs are together; a saved notebook has none of them, and no state of a widget."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    cells = [nbformat.v4.new_code_cell(code) for code in (NOTEBOOK, IN_A_THREAD, "data, left")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    for cell in notebook.cells[:2]:
        assert [output["data"] for output in cell.outputs] == [{"text/plain": ""}]
    data, left = eval(notebook.cells[2].outputs[0]["data"]["text/plain"])  # noqa: S307
    both, second, none = (shown.get("text/html", "") for shown in data)
    assert both.startswith('<div><div><progress max="1" value="0.500"')
    assert both.endswith("&lt;b&gt;first&lt;/b&gt;</div><div>second</div></div>")
    assert (second, none, left) == ("<div><div>second</div></div>", "", 0)
    assert "widgets" not in notebook.metadata


IN_AN_OUTPUT = """\
import contextvars, threading
import ipywidgets
from stripe_reports.notebook.progress import Bar, place_to_draw

area = ipywidgets.Output()
area
"""

A_WAIT_IN_IT = """\
with area:
    print("mine")
    bar = place_to_draw()
    for text in ("a run is pending · 1 s", "done"):
        drawing = contextvars.copy_context().run
        thread = threading.Thread(target=drawing, args=(bar.draw, text, 0.5))
        thread.start()
        thread.join()
    if is_erased:
        bar.erase()
    print("also mine")
    background = type(place_to_draw(in_background=True)).__name__
"""


@pytest.mark.parametrize(
    ("is_erased", "shown"), [(False, "mine\ndone                  also mine\n"), (True, "mine\nalso mine\n")]
)
def test_within_an_output_a_wait_is_a_line_that_is_written_over_itself(
    tmp_path, monkeypatch, is_erased, shown
):
    """As in ``interact``: it shows no updates of HTML, only what is printed. Other outputs stay."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    codes = (f"is_erased = {is_erased}\n{IN_AN_OUTPUT}", A_WAIT_IN_IT, "background")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    states = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    (area,) = (each["state"] for each in states if each["model_name"] == "OutputModel")
    (printed,) = area["outputs"]
    lines = (line.rsplit("\r", 1)[-1] for line in printed["text"].split("\n"))  # as a page shows them
    assert "\n".join(lines) == shown
    assert printed["text"].count("1 s") == 1
    assert notebook.cells[2].outputs[0]["data"]["text/plain"] == "'Lines'"


@pytest.mark.parametrize(
    ("pending", "said"), [(0, ""), (1, " · 1 run pending"), (1200, " · 1,200 runs pending")]
)
def test_a_call_for_many_reports_is_one_line(pending, said):
    """In plain English for one run, too."""
    standing = Standing(total=3000, there=1, failed=0, at_stripe=pending, seconds=5.0)
    assert progress.standing_text(standing) == f"1 of 3,000 reports{said} · 5 s"
