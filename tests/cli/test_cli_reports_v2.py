"""Reports v2 on the command line: the same commands with ``--api v2``."""

import json

import polars as pl
import pytest

from stripe_reports import cli

pytestmark = pytest.mark.filterwarnings("ignore::stripe_reports.PreviewWarning")

IN_DINARS = ["--currency", "kwd", "--demo"]


def told(capsys, *command):
    """What a command prints for programs, if it succeeds."""
    assert cli.main([*command, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


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
