"""The command line, as a person or a monthly job uses it."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from datetime import timedelta
from decimal import Decimal

import polars as pl
import pytest
import stripe

from stripe_reports import cli
from stripe_reports.cli.output import only_printable, show
from stripe_reports.client import Parameters
from stripe_reports.simulator import Fault


@pytest.fixture
def at_once(monkeypatch):
    """The demo without its pauses."""
    monkeypatch.setattr("stripe_reports.demo_client.time.sleep", lambda _seconds: None)


class TestDemo:
    def test_it_shows_the_main_job_from_run_to_chart(self, at_once, tmp_path, capsys):
        """Types, exact figures, the reason of reuse, a picture, what is next."""
        assert cli.main(["demo", "--output", str(tmp_path / "out")]) == 0
        shown = capsys.readouterr().out
        assert "balance.summary.2" in shown
        assert re.search(r"[┆|] +[−\d,]+\.\d\d ", shown), "amounts for people"
        assert "Launched; no earlier run of this request was known." in shown
        assert "Stored result of run frr_" in shown
        assert "Next:" in shown
        html = (tmp_path / "out" / "balance.html").read_text()
        assert "cdn.jsdelivr" not in html
        assert (tmp_path / "out" / "balance.png").read_bytes().startswith(b"\x89PNG")
        table = pl.read_csv(tmp_path / "out" / "balance.csv", infer_schema=False)
        assert all(Decimal(figure).is_finite() for figure in table["net_amount"])

    @pytest.mark.parametrize(
        ("found", "called", "command"),
        [
            ("/usr/bin/stripe-reports", ".venv/bin/stripe-reports", "stripe-reports"),
            (None, ".venv/bin/stripe-reports", ".venv/bin/stripe-reports"),
            (None, "/src/stripe_reports/__main__.py", "python -m stripe_reports"),
        ],
    )
    def test_the_suggested_next_command_can_be_typed_unchanged(
        self, found, called, command, at_once, tmp_path, capsys, monkeypatch
    ):
        """Even if the environment is not activated, as in the README."""
        monkeypatch.setattr("shutil.which", lambda _: found)
        monkeypatch.setattr("sys.argv", [called])
        cli.main(["demo", "--output", str(tmp_path)])
        assert f"\n  {command} types\n" in capsys.readouterr().out

    def test_another_seed_is_another_account(self, at_once, tmp_path, capsys):
        """Each has its own figures."""
        outputs = []
        for seed in ("1", "2"):
            cli.main(["demo", "--seed", seed, "--output", str(tmp_path)])
            outputs.append((tmp_path / "balance.csv").read_text())
        assert outputs[0] != outputs[1]


class TestFetch:
    ASKED = ["fetch", "payouts.itemized.5", "2026-10", "--demo", "--currency", "eur"]

    def test_it_prints_a_table_and_its_provenance(self, capsys):
        """The table on standard output, everything else on standard error."""
        assert cli.main(self.ASKED) == 0
        shown = capsys.readouterr()
        assert "payout_id" in shown.out
        assert "sr.ReportRequest('payouts.itemized.5'" in shown.err
        assert "Launched" in shown.err

    def test_every_parameter_of_stripe_is_an_option(self, capsys):
        """Those of revenue recognition and Connect too; the values of a list are separated by commas."""
        with pytest.raises(SystemExit):
            cli.main(["fetch", "--help"])
        options = capsys.readouterr().out
        for name in Parameters.__annotations__:
            assert f"--{name.replace('_', '-')}" in options

    @pytest.mark.parametrize(("name", "read"), [("x.csv", pl.read_csv), ("x.parquet", pl.read_parquet)])
    def test_it_writes_csv_or_parquet(self, tmp_path, name, read, capsys):
        """By the ending of the file."""
        target = tmp_path / name
        assert cli.main([*self.ASKED, "--columns", "payout_id,net", "--output", str(target)]) == 0
        assert read(target).columns == ["payout_id", "net"]
        assert f"rows in {target}" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("arguments", "status", "says"),
        [
            (["fetch", "balance.sumary", "2026-10", "--demo"], 2, "Did you mean"),
            (["fetch", "balance.summary", "2031-10", "--demo"], 2, "Stripe has data"),
            (["fetch", "balance.summary", "2026-10", "--demo", "--output", "x.xls"], 2, "neither"),
            (["fetch", "balance.summary", "2026-10"], 2, "No API key"),
            (["fetch", "balance.summary", "2026-10", "--base-url", "http://10.0.0.1"], 2, "clear text"),
            (["types", "no.such"], 2, "no report type"),
            (["types", "no.such.3"], 2, "The catalogue has no"),
            (
                ["fetch", "balance.summary", "2026-10", "--demo", "--account", "acct_1"],
                2,
                "takes no --account",
            ),
            (
                ["fetch", "balance.summary", "2026-10", "--demo", "--files-url", "http://localhost:1"],
                2,
                "no --files-url",
            ),
        ],
    )
    def test_an_error_is_one_clear_message_and_an_exit_status(
        self, arguments, status, says, capsys, monkeypatch
    ):
        """No traceback; a job can distinguish its own mistakes from Stripe's errors."""
        monkeypatch.setattr("stripe_reports.http.keys._from_keyring", lambda: None)
        if "--base-url" in arguments:
            monkeypatch.setenv("STRIPE_API_KEY", "sk_test_1234")
        assert cli.main(arguments) == status
        shown = capsys.readouterr()
        assert says in shown.err
        assert "Traceback" not in shown.err

    def test_an_error_of_stripe_has_its_own_exit_status(self, connect, url, capsys, monkeypatch):
        """1: the command was right, and Stripe refused the request."""
        monkeypatch.setenv("STRIPE_API_KEY", "sk_test_simulator_seed99_ledger1")
        assert cli.main(["fetch", "balance.summary.2", "2026-10", "--base-url", url]) == 1
        assert "Stripe says" in capsys.readouterr().err

    def test_an_interrupt_says_how_to_continue(self, at_once, monkeypatch, capsys):
        """The run continues at Stripe."""

        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("stripe_reports.demo_client._SimulatedTime.sleep", interrupt)
        assert cli.main(self.ASKED) == 130
        assert "the same command joins it again" in capsys.readouterr().err

    def test_written_files_are_private_complete_and_without_formulas(self, tmp_path, capsys):
        """Customers can write anything into a description; a spreadsheet program would run some of it."""
        target = tmp_path / "x.csv"
        asked = [
            "fetch",
            "balance_change_from_activity.itemized.3",
            "2026-Q3",
            "--demo",
            "--output",
            str(target),
        ]
        assert cli.main([*asked, "--columns", "created,gross,description,customer_name"]) == 0
        table = pl.read_csv(target, infer_schema=False)
        assert table["created"].str.contains(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$").all()
        texts = pl.concat([table["description"], table["customer_name"]]).drop_nulls()
        assert texts.str.starts_with("'=").any()
        assert not texts.str.contains(r"^[=+@-]").any()
        assert (tmp_path / "x.csv").stat().st_mode & 0o077 == 0
        assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["x.csv"]

    @pytest.mark.parametrize("command", [["fetch", "payouts.itemized.5"], ["tie-out"]])
    @pytest.mark.parametrize("name", ["no/x.csv", "folder.csv", "file.csv/x.csv"])
    def test_an_output_that_cannot_be_written_is_refused_before_anything_is_launched(
        self, command, name, tmp_path, capsys, monkeypatch, simulator, url
    ):
        """A run of twenty minutes is not waited for in vain. No traceback."""
        (tmp_path / "folder.csv").mkdir()
        (tmp_path / "file.csv").touch()
        monkeypatch.setenv("STRIPE_API_KEY", simulator.key)
        asked = [*command, "2026-10", "--base-url", url, "--output", str(tmp_path / name)]
        assert cli.main(asked) == 1
        shown = capsys.readouterr().err
        assert "Could not write" in shown
        assert "--output" in shown
        assert simulator.requests == []
        assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["file.csv", "folder.csv"]

    def test_an_extra_that_is_missing_is_named_before_anything_is_launched(
        self, tmp_path, capsys, monkeypatch, simulator, url
    ):
        """It is installed in a minute."""
        monkeypatch.setitem(sys.modules, "xlsxwriter", None)
        monkeypatch.setenv("STRIPE_API_KEY", simulator.key)
        asked = ["fetch", "payouts.itemized.5", "2026-10", "--base-url", url]
        assert cli.main([*asked, "--output", str(tmp_path / "x.xlsx")]) != 0
        assert "stripe-reports[excel]" in capsys.readouterr().err
        assert simulator.requests == []

    @pytest.fixture
    def ask(self, simulator, connect, monkeypatch):
        """Runs a command as a new process of an account."""
        module = sys.modules["stripe_reports.cli.fetch"]
        monkeypatch.setattr(module, "client_of", lambda _: connect())
        return lambda *arguments: cli.main(["fetch", *arguments])

    def test_a_run_is_fetched_by_its_id(self, ask, connect, simulator, capsys, tmp_path):
        """Pending or finished, and wherever it was launched; no new run is launched."""
        client = connect()
        run = client.launch(client.request("payouts.itemized.5", "2026-10", currency="eur"))
        assert ask(run.id) == 0
        assert "payout_id" in capsys.readouterr().out
        assert ask(run.id, "--output", str(tmp_path / "x.csv")) == 0
        assert pl.read_csv(tmp_path / "x.csv").height == client.report(run.id).frame().height
        assert len(simulator.runs) == 1

    @pytest.mark.parametrize(
        "more",
        [["2026-10"], ["--currency", "eur"], ["--reuse", "never"], ["--schema-overrides", "net=String"]],
    )
    def test_a_run_has_its_parameters_already(self, more, ask, simulator, capsys):
        """They would be ignored."""
        assert ask("frr_1", *more) == 2
        assert "frr_1 is a run, whose period and parameters are fixed" in capsys.readouterr().err
        assert simulator.requests == []

    def test_json_has_the_rows_with_exact_amounts(self, ask, connect, capsys, tmp_path):
        """Many programs read a number of JSON as a float, which loses cents."""
        asked = ["payouts.itemized.5", "2026-10", "--currency", "eur", "--format", "json"]
        assert ask(*asked) == 0
        told = json.loads(capsys.readouterr().out)
        report = connect().fetch("payouts.itemized.5", "2026-10", currency="eur")
        assert (told["run"], told["row_count"]) == (report.run.id, report.frame().height)
        assert told["parameters"] == report.request.to_stripe()
        assert told["reuse"]["action"] == "launched"
        assert [row["net"] for row in told["rows"]] == [f"{net:f}" for net in report.frame()["net"]]
        assert told["rows"][0]["effective_at"] == report.frame()["effective_at"][0].isoformat()
        assert ask(*asked, "--output", str(tmp_path / "x.csv")) == 0
        written = json.loads(capsys.readouterr().out)
        assert "rows" not in written
        assert pl.read_csv(written["output"]).height == written["row_count"]

    def test_a_console_with_a_small_character_set_shows_the_table(self):
        """Redirected output on Windows, for example."""
        command = [sys.executable, "-m", "stripe_reports", *self.ASKED]
        done = subprocess.run(
            command, capture_output=True, check=True, env=os.environ | {"PYTHONIOENCODING": "ascii"}
        )
        assert b"payout_id" in done.stdout

    def test_a_closed_pipe_is_not_an_error(self):
        """`stripe-reports types | head`."""
        command = [sys.executable, "-u", "-m", "stripe_reports", "types", "--all"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            process.stdout.close()
            assert process.wait() == 0
            assert process.stderr.read() == b""

    def test_messages_are_not_among_the_results_if_their_stream_is_closed(self, monkeypatch, capsys):
        """As by `2>&-`, or in a service; the same for the results."""
        monkeypatch.setattr(sys, "stderr", None)
        assert cli.main([*self.ASKED, "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["report_type"] == "payouts.itemized.5"
        monkeypatch.setattr(sys, "stdout", None)
        assert cli.main(self.ASKED) == 0


def test_a_table_writes_amounts_for_people(capsys):
    """With the decimals of their currency, in the first and the last rows of a long table too."""
    amounts = [Decimal("1176.46"), *[Decimal(0)] * 500, Decimal(-1500)]
    frame = pl.DataFrame(
        {"currency": ["eur", *["usd"] * 500, "jpy"], "net": amounts},
        schema_overrides={"net": pl.Decimal(38, 6)},
    )
    show(frame)
    shown = capsys.readouterr().out
    assert "1,176.46 " in shown
    assert "−1,500 " in shown
    assert "(502, 2)" in shown
    assert "decimal" not in shown


def test_a_table_is_no_wider_than_the_terminal(monkeypatch, capsys):
    """Broken lines cannot be read; a file or a pipe gets every column."""
    frame = pl.DataFrame({f"a_long_name_{n}": ["a text of some length"] for n in range(11)})
    show(frame)
    assert "…" not in capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with only_printable():
        show(frame)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "shape: (1, 11)" in lines[0]


class TestTypes:
    def test_it_lists_the_newest_versions_by_family(self, capsys):
        """Offline; old versions on request."""
        cli.main(["types"])
        newest = capsys.readouterr().out
        cli.main(["types", "--all"])
        everything = capsys.readouterr().out
        assert "  payouts.itemized.5 " in newest
        assert "  payouts.itemized.3 " not in newest
        assert "  payouts.itemized.3 " in everything
        assert "live mode only" in newest
        assert len(re.findall(r"^  \w", everything, re.MULTILINE)) == 96

    def test_it_describes_a_type_with_parameters_and_columns(self, capsys):
        """With evidence, and a star at default columns."""
        cli.main(["types", "payouts.itemized"])
        shown = capsys.readouterr().out
        assert shown.startswith("payouts.itemized.5")
        assert "reporting_category" in shown
        assert re.search(r"\* payout_id +id ", shown)
        assert re.search(r"  trace_id +text ", shown)

    def test_json_lists_or_describes_types(self, capsys):
        """For programs."""
        cli.main(["types", "--format", "json"])
        listed = {each["id"]: each for each in json.loads(capsys.readouterr().out)["report_types"]}
        cli.main(["types", "payouts.itemized", "--format", "json"])
        described = json.loads(capsys.readouterr().out)
        columns = {column["name"]: column for column in described.pop("columns")}
        assert listed["payouts.itemized.5"] == described
        assert "currency" in described["parameters"]
        assert columns["payout_id"]["is_default"] is True
        assert (columns["trace_id"]["kind"], columns["net"]["kind"]) == ("text", "money")


class TestDoctor:
    def test_it_lists_what_works(self, url, simulator, monkeypatch, capsys):
        """Mode, permissions, clock and folder; nothing is launched."""
        monkeypatch.setenv("STRIPE_API_KEY", simulator.key)
        assert cli.main(["doctor", "--base-url", url]) == 0
        shown = capsys.readouterr().out
        assert "test mode" in shown
        assert re.search(r"ok  report types +\d+ offered", shown)
        assert re.search(r"!!  clock +this machine's clock is .* (ahead of|behind) Stripe's", shown)
        assert "can be written" in shown
        assert simulator.key not in shown
        assert not simulator.runs
        assert shown.endswith("\nNo problems found, but 1 warning; see the lines marked !!.\n")

    def test_it_says_that_nothing_is_wrong_only_if_there_is_no_warning_either(
        self, url, simulator, monkeypatch, capsys
    ):
        """The clocks differ by nothing now."""
        monkeypatch.setenv("STRIPE_API_KEY", simulator.key)
        monkeypatch.setattr("stripe_reports.client.Client.clock_skew", lambda _: timedelta())
        assert cli.main(["doctor", "--base-url", url]) == 0
        assert capsys.readouterr().out.endswith("\nNo problems found.\n")

    def test_json_has_every_finding(self, url, simulator, monkeypatch, capsys):
        """And the worst verdict; the exit status is the same."""
        monkeypatch.setenv("STRIPE_API_KEY", simulator.key)
        assert cli.main(["doctor", "--base-url", url, "--format", "json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["verdict"] == "warning"
        assert {"what": "clock", "verdict": "warning"}.items() <= told["findings"][-2].items()
        simulator.faults.append(Fault("GET /v1/reporting/report_runs", status=403, times=9))
        assert cli.main(["doctor", "--base-url", url, "--format", "json"]) == 1
        assert json.loads(capsys.readouterr().out)["verdict"] == "problem"

    def test_its_help_lists_the_exit_statuses(self, capsys):
        """For jobs."""
        with pytest.raises(SystemExit):
            cli.main(["doctor", "--help"])
        assert "exit status: 0 no problem" in capsys.readouterr().out

    def test_it_names_what_is_missing(self, url, simulator, monkeypatch, capsys):
        """A restricted key without the permission, say."""
        monkeypatch.setenv("STRIPE_API_KEY", simulator.key)
        body = {"error": {"type": "invalid_request_error", "message": "This key lacks report_runs_read."}}
        simulator.faults.append(Fault("GET /v1/reporting/report_runs", status=403, body=body, times=9))
        assert cli.main(["doctor", "--base-url", url]) == 1
        shown = capsys.readouterr().out
        assert re.search(r"XX  runs .*lacks report_runs_read.*restricted key", shown)
        assert re.search(r"ok  folder", shown)


def test_simulate_serves_stripes_api_to_any_library(tmp_path):
    """With the key that it prints, until it is stopped."""
    command = [
        sys.executable,
        "-m",
        "stripe_reports",
        "simulate",
        "--port",
        "0",
        "--seed",
        "3",
        "--latency",
        "0",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"HOME": str(tmp_path)}
    ) as process:
        try:
            url = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
            key = re.search(r"sk_test_\w+", process.stdout.readline())[0]
            client = stripe.StripeClient(
                key, base_addresses={"api": url, "files": url}, max_network_retries=0
            )
            interval = {"interval_start": 1_790_812_800, "interval_end": 1_793_491_200}
            run = client.v1.reporting.report_runs.create(
                {"report_type": "balance.summary.2", "parameters": interval}
            )
            run = client.v1.reporting.report_runs.retrieve(run.id)
            assert run.status == "succeeded"
            assert run.result.url.startswith(url)
            request = urllib.request.Request(run.result.url, headers={"Authorization": f"Bearer {key}"})  # noqa: S310
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                assert answer.read().startswith(b'"category"')
        finally:
            process.terminate()


def test_module_and_script_are_the_same_command():
    """`python -m stripe_reports` where scripts are not on the path."""
    done = subprocess.run(
        [sys.executable, "-m", "stripe_reports", "types", "balance.summary"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.dumps(done.stdout)[1:].startswith("balance.summary.2")


def test_without_a_command_it_shows_the_first_steps(capsys):
    """A user who types only the name wants an overview."""
    assert cli.main([]) == 2
    shown = capsys.readouterr().err
    assert "stripe-reports demo" in shown
    assert "doctor" in shown
