"""Functions of a user's file in the app: which are called, and what is said about a file that is wrong."""

import runpy
import sys
import threading

import pytest

import stripe_reports as sr
from stripe_reports import cli
from stripe_reports.errors import ParameterError
from stripe_reports.notebook.app.functions import show_functions
from stripe_reports.notebook.app.page import EXAMPLE, page

MINE = """\
from os.path import basename
from beside import WORD

def rows(report):
    return len(report)

def hello(client):
    return WORD

def wrong(client):
    return 1 / 0

def nothing(client):
    pass

def after(client):
    return "after"

def both(report, client):
    raise AssertionError

def _helper(client):
    raise AssertionError

class Client:
    def __init__(self, client):
        raise AssertionError
"""


@pytest.fixture
def form(client):
    form = sr.explore(client)
    yield form
    form.close()


@pytest.fixture
def displayed(monkeypatch):
    """What is displayed below the cell."""
    displayed = []
    monkeypatch.setattr(
        "stripe_reports.notebook.app.functions.display", lambda place: displayed.extend(place.outputs)
    )
    monkeypatch.setattr("sys.path", [*sys.path])  # the file's folder comes first, for its imports
    return displayed


def result_of(form):
    """The first output below the form, once it is there."""
    arrived = threading.Event()
    (place,) = form.below.children
    place.observe(lambda change: arrived.set() if change.new else None, "outputs")
    form.run().result(120)
    assert arrived.wait(120)
    return place.outputs[0]["data"]


def test_functions_of_a_report_or_of_the_client_are_called_and_no_others(form, displayed, tmp_path):
    """By the name of their only parameter; the file can import others beside it.

    An error is shown in the place of its function, and the next ones are called nevertheless.
    """
    (tmp_path / "beside.py").write_text("WORD = 'hello'")
    file = tmp_path / "my functions.py"
    file.write_text(MINE)
    show_functions(str(file), form)
    hello, wrong, after = displayed
    assert [each["data"]["text/plain"] for each in (hello, after)] == ["'hello'", "'after'"]
    assert wrong["ename"] == "ZeroDivisionError"
    assert result_of(form)["text/plain"] == str(len(form.report))


def test_the_example_counts_rows_and_has_fields(form, displayed):
    """The app shows it with ``--demo``."""
    show_functions(EXAMPLE, form)
    assert result_of(form)["text/markdown"].startswith("Rows: **9** in eur, **9** in jpy, **9** in kwd")
    (fields,) = displayed
    assert "application/vnd.jupyter.widget-view+json" in fields["data"]


def test_the_fields_of_the_example_are_checked_and_draw_a_chart(client):
    """They are those of ``sr.inputs``, with a button, so that nothing is launched while somebody types."""
    widget = runpy.run_path(EXAMPLE)["payouts"](client)
    _, fields, message = widget.children
    period, currency, button, _ = fields.children
    assert (period.value, currency.value, button.description) == ("last month", "eur", "Show the payouts")
    currency.value = "euro"
    assert "three-letter" in message.value
    currency.value = "usd"
    button.click()
    assert "USD paid" in fields.result.svg_for_page()
    assert fields.auto_display


def test_a_file_without_such_functions_is_one_clear_message(form, displayed, tmp_path):
    """It is shown on the page."""
    file = tmp_path / "empty.py"
    file.write_text("def report(rows): ...")
    with pytest.raises(ParameterError, match=r"empty\.py has no function for the app\. Write one whose only"):
        show_functions(str(file), form)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"def f(:", "functions.py, line 1 is not Python: invalid syntax."),
        (b"\0", "functions.py is not Python: source code string cannot contain null bytes."),
        (None, "functions.py cannot be read: No such file or directory."),
    ],
)
def test_a_file_that_cannot_be_run_is_an_error_before_the_app_starts(
    content, says, tmp_path, monkeypatch, capsys
):
    """Not later, in a browser."""
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "functions.py").write_bytes(content)
    assert cli.main(["app", "--demo", "functions.py"]) == 2
    assert capsys.readouterr().err == f"stripe-reports: {says}\n"


def test_the_page_runs_the_file_in_the_folder_of_the_command():
    """Below the form; without a file there is the form alone."""
    _, form = page("sr.demo()", "")["cells"]
    *same, functions = page("sr.demo()", "", "/home/me/my functions.py", "/data")["cells"]
    assert same[1] == form
    assert functions["source"].endswith("os.chdir('/data')\nshow_functions('/home/me/my functions.py', form)")
