"""Functions that are called with each report of a form, and what is shown of them below it."""

import subprocess
import sys
import threading

import altair as alt
import polars as pl
import pytest
from IPython.display import Markdown

import stripe_reports as sr


@pytest.fixture
def form(client):
    form = sr.explore(client)
    yield form
    form.close()


class Shown:
    """The places below a form, without a browser."""

    def __init__(self, form):
        self._form = form
        self._changed = threading.Condition()

    def wait_for(self, is_so):
        """Wait until the outputs of all functions are as they should be, and return them."""
        for place in self._form.below.children:
            place.observe(self._notice, "outputs")
        with self._changed:
            assert self._changed.wait_for(lambda: is_so(self.outputs), 120), self.outputs
        return self.outputs

    @property
    def outputs(self):
        return [place.outputs for place in self._form.below.children]

    def _notice(self, _):
        with self._changed:
            self._changed.notify_all()


def text_of(outputs):
    return "".join(str(output.get("data", output)) for output in outputs)


def test_a_function_is_called_with_the_report_and_with_each_new_one(form):
    """Its value is shown as a cell would show it; the function itself can still be called."""
    assert form.below is None
    form.choose(report_type="payouts.itemized", period="2026-10")
    first = form.run().result(120)

    @form.interact
    def rows(report):
        return Markdown(f"**{len(report)}** rows")

    shown = Shown(form)
    (outputs,) = shown.wait_for(all)
    assert outputs[0]["data"]["text/markdown"] == rows(first).data == f"**{len(first)}** rows"
    form.choose(period="2026-09")
    second = form.run().result(120)
    shown.wait_for(lambda outputs: f"**{len(second)}** rows" in text_of(outputs[0]))


def test_a_new_function_leaves_those_before_it_as_they_are(form):
    """A call may take long, and its report is the same."""
    form.run().result(120)
    form.interact(len)
    Shown(form).wait_for(all)
    changes = []
    form.below.children[0].observe(changes.append, "outputs")
    form.interact(lambda report: "new")
    Shown(form).wait_for(all)
    assert changes == []


def test_charts_frames_and_bytes_are_shown_and_none_is_not(form):
    """Whatever IPython can display."""
    form.run().result(120)
    form.interact(lambda report: report.chart())
    (chart,) = Shown(form).wait_for(all)
    assert "<svg" in chart[0]["data"]["text/html"]

    class Picture:
        def _repr_png_(self):
            return b"\x89PNG"

    def frame(report):
        return report.frame()

    def picture(report):
        return Picture()

    def nothing(report):
        called.set()

    called = threading.Event()
    for function in (frame, picture, nothing):
        form.interact(function)
    assert called.wait(120)
    outputs = Shown(form).wait_for(lambda outputs: all(outputs[:3]))
    assert "starting_balance" in outputs[1][0]["data"]["text/html"]
    assert outputs[2][0]["data"]["image/png"] == "iVBORw=="
    assert outputs[3] == ()


def test_a_chart_of_altair_is_a_picture_unless_a_renderer_was_chosen(form):
    """altair's own HTML loads its libraries from other hosts, which the app refuses."""
    form.run().result(120)

    @form.interact
    def currencies(report):
        return alt.Chart(report.frame().group_by("currency").len()).mark_bar().encode(x="len", y="currency")

    (outputs,) = Shown(form).wait_for(all)
    assert outputs[0]["data"]["image/svg+xml"].startswith("<svg")
    with alt.renderers.enable("json"):
        form.interact(currencies)
        (outputs,) = Shown(form).wait_for(all)
    assert "image/svg+xml" not in outputs[0]["data"]


def test_numpy_is_imported_before_several_threads_draw():
    """altair fails while another thread imports it, as polars does on first use, such as to read a report."""
    pytest.importorskip("numpy")
    code = "import sys, stripe_reports.{}; assert 'numpy' in sys.modules"
    for module in ("charts.theme", "notebook.form.interacting"):
        subprocess.run([sys.executable, "-c", code.format(module)], check=True, timeout=60)


def test_hosts_without_widgets_get_the_same_as_html(form):
    """marimo shows no ipywidgets: each view asks again when it is told that something changed."""
    told = []
    form.send = lambda content, buffers=None: told.append(content)
    assert form._answer_to({"ask": "below"})[0] == {"html": []}
    form.run().result(120)

    class Picture:
        def _repr_png_(self):
            return b"\x89PNG"

    values = [Markdown("**bold**"), pl.DataFrame({"n": [7]}), alt.Chart().mark_bar(), Picture(), "a < b"]
    for number, value in enumerate([*values, ZeroDivisionError("no")]):

        def function(report, value=value):
            if isinstance(value, Exception):
                raise value
            return value

        function.__qualname__ = f"function{number}"
        form.interact(function)
    Shown(form).wait_for(all)
    assert {"changed": "below"} in told
    answer, _ = form._answer_to({"ask": "below"})
    text, frame, svg, png, quoted, error = answer["html"]
    assert text == "<pre>**bold**</pre>"
    assert "<td>7</td>" in frame
    assert svg.startswith('<img alt="" src="data:image/svg+xml;base64,')
    assert png == '<img alt="" src="data:image/png;base64,iVBORw==">'
    assert quoted == "<pre>&#x27;a &lt; b&#x27;</pre>"
    assert "ZeroDivisionError: no" in error


def test_an_error_is_shown_below_the_form_and_ends_nothing(form):
    """With the line in which it happened; the next report is another chance."""
    form.choose(report_type="payouts.itemized", period="2026-10")
    form.run().result(120)

    @form.interact
    def share(report):
        raise KeyError("gross") if len(report) > 0 else SystemExit

    (outputs,) = Shown(form).wait_for(all)
    assert (outputs[0]["output_type"], outputs[0]["ename"]) == ("error", "KeyError")
    text = "\n".join(outputs[0]["traceback"])
    assert "test_interact.py" in text
    assert "interacting.py" not in text

    @form.interact
    def leave(report):
        raise SystemExit("no")

    Shown(form).wait_for(lambda outputs: "SystemExit" in text_of(outputs[1]))


def test_a_slow_function_blocks_nothing_and_its_late_result_is_not_shown(form):
    """The form, other functions and the caller go on; a newer report supersedes an older call."""
    form.choose(report_type="payouts.itemized", period="2026-10")
    form.run().result(120)
    is_called, may_end, calls = threading.Event(), threading.Event(), []

    @form.interact
    def slow(report):
        calls.append(report)
        is_called.set()
        assert may_end.wait(120)
        return len(report)

    form.interact(lambda report: "at once")
    assert is_called.wait(120)
    Shown(form).wait_for(lambda outputs: "at once" in text_of(outputs[1]))
    for period in ("2026-09", "2026-08"):
        form.choose(period=period)
        newest = form.run().result(120)
    seen = []
    form.below.children[0].observe(lambda change: seen.append(text_of(change.new)), "outputs")
    may_end.set()
    shown = Shown(form).wait_for(lambda outputs: outputs[0])
    assert str(len(newest)) in text_of(shown[0])
    assert len(calls) <= 3
    assert [text for text in seen if text and str(len(newest)) not in text] == []


def test_a_function_of_the_same_name_replaces_the_earlier_one(form):
    """A cell is run again after a correction."""
    form.run().result(120)
    for text in ("first", "second"):

        def words(report, text=text):
            return Markdown(text)

        form.interact(words)
    Shown(form).wait_for(lambda outputs: "second" in text_of(outputs[0]))
    assert len(form.below.children) == 1


def test_a_closed_form_shows_nothing_more(form):
    """A call that is still running has no place to write to."""
    form.run().result(120)
    is_called, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(report):
        is_called.set()
        may_end.wait(120)
        ended.set()
        return pl.DataFrame()

    form.interact(slow)
    assert is_called.wait(120)
    (place,) = form.below.children
    form.close()
    may_end.set()
    assert ended.wait(120)
    assert place.outputs == ()
