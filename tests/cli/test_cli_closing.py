"""The commands of a monthly job: tie-out, evidence, verify."""

import json
import sys
import types

import polars as pl
import pytest

from stripe_reports import cli
from stripe_reports.cli import clients
from stripe_reports.reconcile.tie_out import TieOut


def test_a_month_that_ties_out_exits_with_zero(capsys, tmp_path):
    """And writes the controls to the given file."""
    table = tmp_path / "controls.csv"
    assert cli.main(["tie-out", "2026-10", "--demo", "--output", str(table)]) == 0
    assert capsys.readouterr().out == "October 2026: 60 of 60 controls pass\n"
    assert pl.read_csv(table).height == 60


def test_json_has_every_control_with_amounts_as_text(capsys):
    """A program that reads them as floats would lose cents."""
    assert cli.main(["tie-out", "2026-10", "--demo", "--currency", "kwd", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["passes"] is True
    assert told["title"] == "October 2026 in kwd"
    assert {control["difference"] for control in told["controls"]} == {"0.000000"}
    assert all(run.startswith("frr_") for run in told["reports"].values())


@pytest.fixture
def failing(client, monkeypatch):
    """An account whose activity lacks a row."""
    result = client.tie_out("2026-10", currency="eur")
    frames = {**result.frames, "activity": result.frames["activity"][1:]}
    worse = TieOut.of(**frames, interval=result.interval, title="October 2026")
    monkeypatch.setattr(client, "tie_out", lambda *_, **__: worse)
    for module in (clients, sys.modules["stripe_reports.cli.tie_out"]):
        monkeypatch.setattr(module, "client_of", lambda _: client)
    return result.frames["activity"]["balance_transaction_id"][0]


def test_a_control_that_fails_exits_with_one_and_shows_the_rows(failing, capsys):
    """So a monthly job stops, and its log says why."""
    assert isinstance(cli.tie_out, types.ModuleType)
    assert cli.main(["tie-out", "2026-10", "--rows"]) == 1
    out = capsys.readouterr().out
    assert "itemised = summary" in out
    assert failing in out
    assert cli.main(["tie-out", "2026-10", "--rows", "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["passes"] is False
    assert told["rows"][0]["rows"][0]["balance_transaction_id"] == failing


def test_an_output_other_than_csv_is_refused(capsys, tmp_path):
    """Before anything is fetched."""
    assert cli.main(["tie-out", "2026-10", "--demo", "--output", str(tmp_path / "x.xlsx")]) == 2
    assert "not a .csv file" in capsys.readouterr().err
