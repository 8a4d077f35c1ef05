"""Tab inside quotes offers the valid values, and Jupyter's help names every parameter."""

import inspect
import subprocess
import sys

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import stripe_reports as sr
from stripe_reports import catalog
from stripe_reports.catalog.names import ReportTypeName
from stripe_reports.notebook.completion import complete, install


@pytest.fixture
def names(client):
    """A session with a client, and with things that are not ours."""
    return {"client": client, "sr": sr, "read_csv": sr.read_csv, "other": subprocess, "print": print}


@pytest.mark.parametrize(
    ("code", "typed", "first"),
    [
        pytest.param('client.fetch("bal', "bal", "balance.summary", id="a report type"),
        pytest.param("client.frame('payouts.it", "payouts.it", "payouts.itemized", id="single quotes"),
        pytest.param('client.submit(report_type="tax', "tax", "tax.", id="by name"),
        pytest.param('client.fetch("summary', "summary", "balance.summary", id="from the middle of a name"),
        pytest.param('client.fetch("x", "last', "last", "last month", id="a period"),
        pytest.param('client.fetch("x", timezone="Europe/Par', "Europe/Par", "Europe/Paris", id="a zone"),
        pytest.param('client.fetch("x", timezone = "paris', "paris", "Europe/Paris", id="a city"),
        pytest.param('client.fetch("x", currency="', "", "usd", id="a currency, nothing typed yet"),
        pytest.param('client.fetch(\n    "x",\n    reuse="n', "n", "never", id="over several lines"),
        pytest.param('client.fetch("x", reporting_category="dis', "dis", "dispute", id="a category"),
        pytest.param('client.fetch_all("x", split="m', "m", "month", id="a part of the calendar"),
        pytest.param('client.fetch("x", columns="', "", "all", id="a word for columns"),
        pytest.param('df = f(client.fetch("bal', "bal", "balance.summary", id="inside another call"),
        pytest.param('x = "a(\\"b"  # "c(\nclient.fetch("bal', "bal", "balance.summary", id="after text"),
        pytest.param('sr.read_csv(f, report_type="payouts.', "payouts.", "payouts.", id="of the package"),
        pytest.param('read_csv(f, timezone="Asia/Tok', "Asia/Tok", "Asia/Tokyo", id="imported by name"),
    ],
)
def test_a_text_is_completed_by_the_values_of_its_argument(code, typed, first, names):
    """A user who does not know the name of a report presses Tab."""
    found = complete(code, names)
    assert found is not None
    assert found[0] == typed
    assert found[1][0].startswith(first)


def test_columns_are_those_of_the_type_that_the_call_names(names):
    """All versions of the type, if the call gives none."""
    columns = complete('client.fetch("payouts.itemized", "2026-10", columns=["net", "payout_', names)
    assert columns is not None
    assert set(columns[1]) == {
        column.name
        for type_ in catalog.report_types().values()
        if type_.base == "payouts.itemized"
        for column in type_.columns
        if column.name.startswith("payout_")
    }


@pytest.mark.parametrize(
    "code",
    [
        'other.run("bal',
        'print("bal',
        'unknown.fetch("bal',
        'client.settings.api_key.reveal("',
        'client.fetch(f"bal',
        'client.fetch("""bal',
        'client.fetch("x")["bal',
        '{"bal',
        "client.fetch(bal",
        ')"bal',
        "",
    ],
)
def test_nothing_is_completed_elsewhere(code, names):
    """A wrong suggestion is worse than none; and no code of the user is evaluated to find one."""
    found = complete(code, names)
    assert found is None or found[1] == []


def test_a_shell_completes_it_with_its_own_completer(client, tmp_path, monkeypatch):
    """Jupyter calls it the same way; a second installation changes nothing."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shell = InteractiveShell()
    shell.user_ns["client"] = client
    install(shell)
    sr.load_ipython_extension(shell)
    code = 'client.fetch("balance.s'
    with provisionalcompleter():
        offered = [each.text for each in shell.Completer.completions(code, len(code))]
    assert offered[:2] == ["balance.summary", "balance.summary.2"]
    assert len(offered) == len(set(offered))


def test_the_first_client_of_a_session_installs_completion_and_the_import_does_not():
    """An import changes nothing in the user's session; a user who creates a client wants Tab to work."""
    code = (
        "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance();"
        "count = lambda: print(len(s.Completer.custom_matchers));"
        "s.run_cell('import stripe_reports as sr'); count();"
        "s.run_cell('client = sr.demo(); other = sr.demo()'); count()"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert shown.split() == ["0", "1"]


@pytest.mark.parametrize("method", ["request", "fetch", "fetch_all", "frame", "submit"])
def test_help_and_completion_name_every_parameter_of_stripe(method):
    """Shift-Tab shows them and Tab completes them, because the signature has them."""
    shown = inspect.signature(getattr(sr.Client, method)).parameters
    assert {"timezone", "columns", "currency", "reporting_category", "payout", "connected_account"} <= set(
        shown
    )
    assert all(each.kind is not inspect.Parameter.VAR_KEYWORD for each in shown.values())


def test_editors_complete_every_catalogued_name():
    """The literals of the signature are the catalogue's names, with and without version."""
    ids = set(catalog.report_types())
    assert set(ReportTypeName.__args__) == ids | {id_.rpartition(".")[0] for id_ in ids}
