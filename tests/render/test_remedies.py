"""The remedy of an error is worded for the place where it is read."""

import ast
import inspect
import math
import re
import shutil
import sys
from importlib import resources
from pathlib import Path

import pytest

import stripe_reports
from stripe_reports import cli, errors
from stripe_reports.notebook.form.model import Problem
from stripe_reports.render import remedies, reports_v2_remedies, worker_remedies
from stripe_reports.render.remedies import Remedy, everywhere
from stripe_reports.simulator import FAULTS, Fault

PYTHON = re.compile(
    r"\bclient\.\w|\bsr\.|\breports?\.\w+\(|fetch\(|Client\(|reuse=|timeout=|split=|schema_overrides|\bpl\."
)
"""What only makes sense to people who write Python."""

ARGUMENTS = {
    "param": "account",
    "text": "Try again later.",
    "run_id": "frr_1",
    "seconds": 600.0,
    "columns": {"net": "pl.Decimal(38, 6)", "note": "pl.String"},
    "to": "read it",
    "host": "proxy.example.com",
    "such_as": "2026-10",
    "api": "v2",
    "have_versions": False,
    "has_version": False,
    "report_type": "payouts.itemized.5",
}


def _example(function):
    """What a function of the module gives for the arguments above."""
    return function(**{name: ARGUMENTS[name] for name in inspect.signature(function).parameters})


EVERY_REMEDY = {
    name: _example(function)
    for module in (remedies, reports_v2_remedies, worker_remedies)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if name in module.__all__
}
"""All of them, as the functions of the modules give them."""


@pytest.mark.parametrize("name", EVERY_REMEDY)
def test_every_remedy_has_a_sentence_for_each_place(name):
    """Calls in Python, options on the command line, fields and buttons in the form."""
    remedy = EVERY_REMEDY[name]
    for text in (remedy.for_python, remedy.for_command_line, remedy.for_form):
        assert re.fullmatch(r"(?s)\S.*[.?]", text)
    assert not PYTHON.search(remedy.for_command_line)
    assert not re.search(r"\bclient\.\w|\bsr\.|fetch\(|Client\(|reuse=", remedy.for_form)
    assert "--" not in remedy.for_python
    assert "--" not in remedy.for_form


@pytest.mark.parametrize("name", EVERY_REMEDY)
def test_a_button_that_a_remedy_names_is_in_the_form(name):
    """Under the label that it has there now."""
    form = resources.files("stripe_reports.notebook.form")
    source = "".join(
        each.read_text("utf-8")
        for each in (*form.joinpath("front").iterdir(), form.joinpath("model.py"))
        if each.name.endswith((".js", ".py"))
    )
    for label in re.findall(r"[Pp]ress '([^']+)'", EVERY_REMEDY[name].for_form):
        assert f'"{label}"' in source


def test_all_remedies_are_tested():
    """Including new ones."""
    named = {*remedies.__all__, *reports_v2_remedies.__all__, *worker_remedies.__all__}
    assert set(EVERY_REMEDY) == named - {"Remedy"}


def test_a_remedy_is_worded_for_the_place_where_the_error_is_read():
    """The sentence about what happened is the same everywhere."""
    error = errors.RunTimeoutError("It is pending.", None, remedy=Remedy("Call.", "Type.", "Press."))
    assert error.problem == "It is pending."
    assert str(error) == "It is pending. Call."
    assert error.for_command_line() == "It is pending. Type."
    assert error.for_form() == Problem.of(error).text == "It is pending. Press."


def test_remedies_can_be_added():
    """Code further up may know more that can be done."""
    error = errors.FileError("It is damaged.")
    assert str(error) == error.for_form() == "It is damaged."
    error.advise(everywhere("Look."))
    error.advise(Remedy("Call.", "Type.", "Press."))
    assert str(error) == "It is damaged. Look. Call."
    assert error.for_command_line() == "It is damaged. Look. Type."


def test_no_remedy_contains_a_key_or_controls_a_terminal():
    """A host or a column can have any name."""
    error = errors.InputError(
        "No.", remedy=remedies.read_as({"\x1b[2J sk_live_51abcDEF": "pl.String"}, to="read")
    )
    for text in (str(error), error.for_command_line(), error.for_form()):
        assert "sk_live" not in text
        assert "\x1b" not in text


PYTHON_ONLY = {
    "client.py": "a client that is pickled",
    "models/request.py": "a ReportRequest made by hand",
    "notebook/form/contents.py": "a report that is too large to download in the browser",
    "notebook/form/widget.py": "sr.explore called with something else",
    "notebook/form/shown_report.py": "sr.explore(report=...) called with something else",
    "reconcile/books.py": "frames given to sr.tie_out",
    "reconcile/diff.py": "frames given to a comparison",
    "reconcile/restatement.py": "client.restatement",
    "charts/columns.py": "frames that are drawn",
    "report/totals.py": "ReportSet.tie_out",
    "storage/datasets/dataset.py": "sr.dataset",
    "planning/reuse.py": "another value for reuse than the command line offers",
    "parsing/__init__.py": "read_csv of a stream of text",
}
"""Modules with messages that can only come of Python, and are read there; and what of."""

SHOWS_CODE = {
    "render/remedies.py",
    *("render/reports_v2_remedies.py", "render/worker_remedies.py"),
    *("notebook/completion.py", "notebook/form/code.py", "notebook/app/page.py"),
    *("cli/app.py", "cli/demo.py", "cli/simulate.py"),
}


def _python_in_messages(path):
    """The texts of a module that name a call, without docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    loose = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
    }  # docstrings, and those of constants
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in loose
        if re.search(r"\bclient\.\w+\(|\bsr\.\w+\(|fetch\(|Client\(\.|reuse=", node.value)
    ]


def test_only_remedies_name_calls():
    """Otherwise a message would show Python on the command line and in the form too."""
    folder = Path(stripe_reports.__file__).parent
    found = {
        path.relative_to(folder).as_posix(): texts
        for path in folder.rglob("*.py")
        if "simulator" not in path.parts and (texts := _python_in_messages(path))
    }
    assert found.keys() - PYTHON_ONLY - SHOWS_CODE == set(), found


@pytest.fixture
def command(client, monkeypatch, capsys):
    """Runs a command against the simulator of this test; gives its exit status and output."""
    for name in ("fetch", "fetch_all", "tie_out", "evidence"):
        monkeypatch.setattr(sys.modules[f"stripe_reports.cli.{name}"], "client_of", lambda _: client)

    def command(*arguments):
        status = cli.main(arguments)
        return status, capsys.readouterr().err

    return command


OCTOBER = ("fetch", "payouts.itemized.5", "2026-10", "--currency", "eur", "--timeout", "120")
ITEMIZED = "balance_change_from_activity.itemized.3"


@pytest.mark.parametrize("name", [name for name in FAULTS if not name.startswith("webhook.")])
def test_command_line_and_form_never_show_python_code(name, command, client, simulator, monkeypatch):
    """Whatever a fault causes: an error, a warning, or the right answer."""
    in_form = []
    fetch = client.fetch

    def noting(*arguments, **named):
        try:
            return fetch(*arguments, **named)
        except errors.StripeReportsError as error:
            in_form.append(Problem.of(error).text)
            raise

    monkeypatch.setattr(client, "fetch", noting)
    simulator.faults.append(Fault.named(name, times=math.inf))
    status, said = command(*OCTOBER)
    assert len(in_form) == status
    assert not any(map(PYTHON.search, in_form)), in_form
    if status == 0:
        said = said.replace("sr.ReportRequest(", "")  # the request itself, which can be pasted
    assert not PYTHON.search(said), said


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("run.stuck", "Run the same command again with --timeout 600. Even tomorrow that joins this run"),
        ("run.unknown_status", "A newer version of stripe-reports may know it."),
        ("run.no_result", "give the same command with --reuse never."),
        ("run.no_url", "give the same command with --reuse never."),
        ("run.foreign_host", "give --base-url the address"),
        ("run.other_type", "give the same command with --reuse never."),
        ("answer.html", "Is --base-url right"),
        ("answer.trickle", "Run the same command again, with a longer --timeout"),
        ("file.corrupt", "give the same command with --reuse never."),
        ("file.gone", "give the same command with --reuse never."),
        ("file.trickle", "Run the same command again with a longer --timeout."),
    ],
)
def test_the_command_line_names_its_own_options(fault, says, command, simulator):
    """So the remedy can be typed as shown."""
    simulator.faults.append(Fault.named(fault, times=math.inf))
    status, said = command(*OCTOBER)
    assert status == 1
    assert says in said


def test_the_remedy_for_a_revoked_key_is_a_command(command, client, simulator, monkeypatch):
    """The run continues at Stripe."""

    def revoke(_seconds):
        simulator.faults.append(Fault("GET *", status=401))

    monkeypatch.setattr(client._transport.clock, "sleep", revoke)
    status, said = command(*OCTOBER)
    assert status == 1
    assert "The same command comes back to it." in said
    assert not PYTHON.search(said)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fetch", "balance.sumary", "2026-10"], "'stripe-reports types' lists what there is."),
        (["types", "balance.sumary", "--api", "v2"], "'stripe-reports types --api v2' lists what"),
        (["types", "no.such.3"], "Leave it out to list all, with --all also old versions."),
        (["types", "--search", "no such", "--api", "v2"], "Leave out --search to list all."),
        (["fetch", "balance.summary", "2026-10", "--tz", "Asia/Tokyo"], "The time zone is --timezone"),
        (["fetch", "balance.summary", "2026-10", "--refresh"], "with --reuse never."),
        (["fetch", "balance.summary", "--start", "2026-10-01"], "2026-10-01/2026-11-01."),
        (
            ["fetch-all", "payout_reconciliation.by_id.itemized", "2026-Q3", "--split", "month"],
            "Leave out --split.",
        ),
        (["fetch", "balance.summary.1", "2026-10", "--columns", "net_amout"], "Did you mean 'net_amount'?"),
        (
            ["fetch", "payouts.itemized", "2026-10", "--schema-overrides", "nett=String"],
            "Did you mean 'net'?",
        ),
        (["fetch-all", ITEMIZED, "2026-Q3", "--accounts", "acct 1"], "is not an account"),
        (["fetch", "balance.summary", "2026-10", "--timeout", "-1"], "seconds, 0 or more; got -1.0."),
        (["fetch", "revenue_recognition.debit_credit_by_invoice", "2026-09", "--invoice", "9"], "'in_'."),
        (["tie-out", "octobr"], "is not a period."),
        (["evidence", "2031-10", "close"], "no data for that time yet."),
    ],
)
def test_wrong_usage_is_explained_with_options(arguments, says, command):
    """Status 2: the command was wrong, not Stripe."""
    status, said = command(*arguments)
    assert status == 2
    assert says in said
    assert not PYTHON.search(said)


def test_a_missing_key_is_explained_with_options(capsys, monkeypatch):
    """And a key is not needed to try the package."""
    monkeypatch.setattr("stripe_reports.http.keys._from_keyring", lambda: None)
    assert cli.main(["fetch", "balance.summary", "2026-10"]) == 2
    said = capsys.readouterr().err
    assert "'stripe-reports demo' shows how it works" in said
    assert not PYTHON.search(said)


def test_the_doctor_names_its_own_options(simulator, url, capsys, monkeypatch):
    """It continues after a problem, and gives a remedy for each."""
    monkeypatch.setenv("STRIPE_API_KEY", simulator.key)
    simulator.faults.append(Fault.named("answer.html", match="GET */report_types*", times=math.inf))
    assert cli.main(["doctor", "--base-url", url]) == 1
    said = capsys.readouterr().out
    assert "Is --base-url right" in said
    assert not PYTHON.search(said)


def test_a_live_key_for_another_host_is_explained_with_options(capsys, monkeypatch):
    """Only Python can allow a host."""
    monkeypatch.setenv("STRIPE_API_KEY", "sk_live_51abcDEF")
    assert cli.main(["fetch", "balance.summary", "2026-10", "--base-url", "https://proxy.example.com"]) == 2
    said = capsys.readouterr().err
    assert "leave out --base-url." in said
    assert not PYTHON.search(said)


def test_a_result_that_is_too_large_is_explained_with_options(command, client):
    """Only Python can raise the limit."""
    object.__setattr__(client.settings, "max_result_bytes", 100)
    status, said = command(*OCTOBER)
    assert status == 1
    assert "fewer columns with --columns" in said
    assert not PYTHON.search(said)


def test_a_full_disk_is_explained_with_options(command, monkeypatch):
    """There, an environment variable sets the folder."""
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    status, said = command(*OCTOBER)
    assert status == 1
    assert "set STRIPE_REPORTS_CACHE_DIR to another folder." in said
    assert not PYTHON.search(said)


@pytest.mark.filterwarnings("default")
def test_a_warning_is_explained_with_options_too(command, monkeypatch):
    """A table that may not fit into memory is better written to a file."""
    monkeypatch.setattr("stripe_reports.report.report.memory.available", lambda: 1)
    status, said = command(*OCTOBER)
    assert status == 0
    assert "warning:" in said
    assert "--output FILE.parquet" in said
    assert "scan()" not in said
