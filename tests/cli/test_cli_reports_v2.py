"""Reports v2 on the command line: the same commands with ``--api v2``."""

import argparse
import json

import polars as pl
import pytest

from stripe_reports import cli
from stripe_reports.cli import app
from stripe_reports.http.settings import PREVIEW_VERSION

pytestmark = pytest.mark.filterwarnings("ignore::stripe_reports.PreviewWarning")

IN_DINARS = ["--currency", "kwd", "--demo"]


def told(capsys, *command):
    """What a command prints for programs, if it succeeds."""
    assert cli.main([*command, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def commands():
    """The parsers of all commands by name."""
    (action,) = (each for each in cli._parser()._actions if isinstance(each, argparse._SubParsersAction))
    return action.choices


OF_NO_API = {"completions", "simulate", "verify"}
"""Commands that ask no API of Stripe's; the simulator is both."""

RUN = {
    "app": ["--port", "many"],
    "close": ["2026-09", "--output", "closes", "--demo"],
    "demo": ["--output", "shown"],
    "doctor": ["--demo"],
    "evidence": ["2026-09", "evidence", *IN_DINARS],
    "fetch": ["payouts.itemized", "this month", *IN_DINARS],
    "fetch-all": ["payouts.itemized", "2026-Q3", "--split", "month", "--plan", *IN_DINARS],
    "tie-out": ["2026-09", "--rows", *IN_DINARS],
    "types": ["payouts.itemized"],
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in ("close", "demo") else [])
        for name in sorted(commands().keys() - OF_NO_API)
    ],
)
def test_every_command_takes_the_api(name, monkeypatch, tmp_path, capsys):
    """So that one word changes, whatever is done; a new command must be tried here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("time.sleep", lambda _: None)  # the demo shows its waits
    try:
        status = cli.main([name, *RUN[name], "--api", "v2"])
    except SystemExit as ended:  # the app would be served until Ctrl-C
        assert name == "app"
        assert "--port" in capsys.readouterr().err
        status = 0 if ended.code == 2 else 1
    assert status == 0
    said = "".join(capsys.readouterr())
    assert "payouts.itemized.5" not in said.replace("payouts.itemized.5 of v1", "")
    assert "frr_" not in said


def test_a_report_is_described_with_its_type_of_v1(capsys):
    """Its columns are taken to be the same; a name with a version is one of v1."""
    assert told(capsys, "types", "payouts.itemized", "--api", "v2")["id"] == "payouts.itemized"
    assert cli.main(["types", "payouts.itemized", "--api", "v2"]) == 0
    assert "taken to be those of payouts.itemized.5 of v1" in capsys.readouterr().out
    assert cli.main(["types", "payouts.itemized.5", "--api", "v2"]) == 2
    assert "Write payouts.itemized, or leave out --api v2" in capsys.readouterr().err


def test_the_doctor_names_the_version_that_is_asked(capsys):
    """It alone tells a preview from v1 in what a user sends to the maintainers."""
    assert cli.main(["doctor", "--demo", "--api", "v2"]) == 0
    assert f"version {PREVIEW_VERSION}" in capsys.readouterr().out


def test_a_report_has_the_same_rows_as_in_v1(capsys):
    """The name has no version there, and the run has another id."""
    v1 = told(capsys, "fetch", "balance.summary", "2026-10", *IN_DINARS)
    v2 = told(capsys, "fetch", "balance.summary", "2026-10", *IN_DINARS, "--api", "v2")
    assert v2["rows"] == v1["rows"]
    assert (v1["report_type"], v2["report_type"]) == ("balance.summary.2", "balance.summary")
    assert (v1["run"][:4], v2["run"][:5]) == ("frr_", "rrun_")


def test_many_reports_are_fetched_in_one_call(capsys, tmp_path):
    """With their parts, into one file."""
    output = tmp_path / "payouts.csv"
    asked = ["fetch-all", "payouts.itemized", "2026-Q3", "--split", "month", "--output", str(output)]
    assert cli.main([*asked, *IN_DINARS, "--api", "v2"]) == 0
    assert pl.read_csv(output).height == 4


def test_a_month_ties_out_and_its_evidence_is_verified(capsys, tmp_path):
    """Evidence can be checked without knowing which API it came from."""
    folder = str(tmp_path / "evidence")
    assert told(capsys, "tie-out", "2026-10", *IN_DINARS, "--api", "v2")["passes"] is True
    assert cli.main(["evidence", "2026-10", folder, *IN_DINARS, "--api", "v2"]) == 0
    assert cli.main(["verify", folder]) == 0


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["--demo"], "sr.demo(api='v2')"),
        (["--account", "acct_1"], "sr.Client(account='acct_1', api='v2')"),
    ],
)
def test_the_app_makes_its_client_with_the_api(given, code):
    """The form runs in another process, which gets only this text."""
    options = commands()["app"].parse_args([*given, "--api", "v2"])
    assert app._client_code(options) == code


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["types", "balance.sumary"], "'stripe-reports types --api v2' lists"),
        (["fetch", "balance.sumary", "2026-09", "--demo"], "'stripe-reports types --api v2' lists"),
        (["fetch", "no.such", "2026-09", "--demo"], "'stripe-reports types --api v2' lists"),
        (
            ["fetch", "balance.summary", "2026-09", "--demo", "--columns", "nope"],
            "'stripe-reports types TYPE --api v2' shows",
        ),
    ],
)
def test_advice_names_the_api_that_was_asked(command, says, capsys):
    """Otherwise, the command would list the report types of v1."""
    assert cli.main([*command, "--api", "v2"]) != 0
    assert says in capsys.readouterr().err
