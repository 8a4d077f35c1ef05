"""The README is correct: its commands are those of CI, its code runs."""

import re
from pathlib import Path

import pytest

import stripe_reports as sr
from simulator_api import CONNECTED

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)\n```", README, re.MULTILINE | re.DOTALL)


def test_it_has_one_command_for_the_main_job_and_one_for_the_checks():
    """Each is one line that installs what it needs."""
    assert len(COMMANDS) == 2
    assert COMMANDS[0].endswith("stripe-reports demo")
    assert COMMANDS[1].endswith("tox")
    assert all("\n" not in command and "pip install" in command for command in COMMANDS)


def test_ci_runs_the_command_of_the_readme():
    """Word for word."""
    assert (ROOT / ".ci" / "run").read_text("utf-8").splitlines()[-1] == COMMANDS[1]


def test_its_first_code_runs_unchanged(monkeypatch):
    """On the simulator."""
    code = re.search(r"^```python\n(.*?)\n```", README, re.MULTILINE | re.DOTALL)[1]
    names = {}
    exec(code, names)  # noqa: S102 - our own README
    assert isinstance(names["report"], sr.Report)
    names["client"].close()


@pytest.mark.parametrize("call", re.findall(r"`(client\.\w+|sr\.\w+)", README))
def test_every_call_it_names_exists(call):
    """A renamed method must not survive here."""
    owner = {"client": sr.Client, "sr": sr}[call.partition(".")[0]]
    assert hasattr(owner, call.partition(".")[2])


@pytest.mark.parametrize("link", re.findall(r"(?:\]\(|src=\"|srcset=\")([\w./-]+)[)\"]", README))
def test_every_linked_file_exists(link):
    """Pictures included."""
    assert (ROOT / link).exists()


def _calls_of_the_table():
    """The calls in the column "I write", in order; ``await`` and names without arguments are not calls."""
    table = README.partition("| I want | I write |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        yield from re.findall(r"`((?:\w+ = )?(?:client|sr|report|pyarrow|duckdb)\.[^`]*\))`", line)


def test_every_call_of_its_table_runs(tmp_path, monkeypatch):
    """From top to bottom, as a reader tries them; ids to fill in are those of the account."""
    monkeypatch.chdir(tmp_path)
    duckdb, pyarrow = pytest.importorskip("duckdb"), pytest.importorskip("pyarrow")
    with sr.demo() as client:
        report = client.fetch("payouts.itemized", "2026-10")
        payout = report.frame().filter(payout_status="paid").item(0, "payout_id")
        report.write_csv("report.csv")
        names = {"sr": sr, "client": client, "report": report, "duckdb": duckdb, "pyarrow": pyarrow}
        calls = list(_calls_of_the_table())
        for call in calls:
            call = (
                call.replace("po_…", payout).replace("frr_…", report.run.id).replace("acct_…", CONNECTED[0])
            )
            exec(call, names)  # noqa: S102 - our own README
        assert names["pending"].result(60).frame().height > 0
    assert len(calls) > 20
    assert (tmp_path / "october.xlsx").exists()
