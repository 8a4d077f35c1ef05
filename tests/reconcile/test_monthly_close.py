"""The unattended close of a month: ``stripe-reports close``."""

import json
import math
import sys

import pytest

import stripe_reports as sr
from clocks import utc
from stripe_reports import cli
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import ParameterError
from stripe_reports.reconcile.closed_months import ClosedMonths
from stripe_reports.reconcile.monthly_close import close_month
from stripe_reports.reconcile.tie_out import TieOut
from stripe_reports.report.report import Report
from stripe_reports.simulator import FAULTS, Clock, Fault, Simulator

pytestmark = pytest.mark.slow

SETTLED = utc(2026, 11, 6, 12)
"""A time at which October 2026 is settled."""

# The exit status if it happens once, and if it does not stop. A failed run is launched once more. If Stripe's
# Date is a day behind, the month is not settled, as far as the command can tell.
STATUSES = {
    "run.failed": (0, 1),
    "run.stuck": (1, 1),
    "run.unknown_status": (0, 1),
    "run.no_result": (1, 1),
    "run.no_size": (0, 0),
    "run.no_url": (1, 1),
    "run.foreign_host": (1, 1),
    "run.expired": (1, 1),
    "run.other_file": (1, 1),
    "run.other_type": (1, 1),
    "run.other_mode": (1, 1),
    "run.other_interval": (1, 1),
    "run.other_currency": (0, 0),
    "answer.401": (1, 1),
    "answer.403": (1, 1),
    "answer.409": (0, 1),
    "answer.424": (0, 1),
    "answer.429": (0, 1),
    "answer.429_bare": (0, 1),
    "answer.429_retry_after": (0, 1),
    "answer.429_retry_after_hour": (1, 1),
    "answer.lock_timeout": (0, 1),
    "answer.500": (0, 1),
    "answer.500_stored": (0, 1),
    "answer.502": (0, 1),
    "answer.503": (0, 1),
    "answer.504": (0, 1),
    "answer.html": (1, 1),
    "answer.empty": (1, 1),
    "answer.slow": (0, 1),
    "answer.trickle": (0, 1),
    "list.repeated": (0, 0),
    "connection.reset": (0, 1),
    "connection.lost": (0, 1),
    "file.cut": (0, 1),
    "file.short": (0, 1),
    "file.long": (0, 1),
    "file.corrupt": (1, 1),
    "file.empty": (0, 1),
    "file.endless": (0, 1),
    "file.trickle": (1, 1),
    "file.gzip": (0, 0),
    "file.gzip_encoded": (0, 0),
    "file.gone": (1, 1),
    "file.redirect_https": (1, 1),
    "file.redirect_http": (1, 1),
    "file.redirect_loop": (1, 1),
    "file.etag_changed": (0, 0),
    "file.etag_weak": (0, 0),
    "file.range_ignored": (0, 0),
    "file.range_refused": (0, 0),
    "file.range_wrong": (0, 0),
    "date.ahead": (0, 0),
    "date.behind": (3, 3),
    "webhook.twice": (0, 0),
    "webhook.lost": (0, 0),
    "webhook.forged": (0, 0),
}


@pytest.fixture(autouse=True)
def without_charts(monkeypatch):
    """They take most of the time, and have tests of their own."""
    monkeypatch.setattr(Report, "chart_kinds", lambda _: ())


@pytest.fixture
def simulator():
    """A small account, on a day when October is settled."""
    return Simulator(1, latency=10.0, charges_per_day=2, accounts=1, clock=Clock(SETTLED))


@pytest.fixture
def close(client, tmp_path, monkeypatch):
    """Runs the command for the client, and returns its exit status."""
    monkeypatch.setattr("stripe_reports.cli.close.client_of", lambda _: client)

    def close(period="last month", *options):
        return cli.main(["close", period, "--output", str(tmp_path / "closes"), *options])

    return close


def files(folder):
    """The contents and times of all files."""
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()
    }


def test_a_month_is_closed_in_one_folder(close, tmp_path, capsys):
    """Evidence, the controls as a workbook, the outcome, and the hash of every file; all with mode 0600."""
    assert close() == 0
    out = capsys.readouterr().out
    assert out.startswith("October 2026: 60 of 60 controls pass\nThere is no earlier closed month to check")
    month = tmp_path / "closes" / "2026-10"
    assert {path.name for path in month.iterdir()} == {
        *("close.json", "controls.xlsx", "evidence", "manifest.sha256"),
    }
    assert sr.verify(month / "evidence").digest in out
    told = json.loads((month / "close.json").read_text("utf-8"))
    assert (told["month"], told["outcome"], told["controls"]) == ("2026-10", "done", "60 of 60 controls pass")
    assert {path.stat().st_mode & 0o077 for path in month.rglob("*")} == {0}


def test_a_second_close_verifies_and_changes_no_file(close, calls, tmp_path, capsys):
    """The job can run every day. Nothing is launched either."""
    assert close() == 0
    before = files(tmp_path / "closes")
    capsys.readouterr(), calls()
    assert close() == 0
    assert files(tmp_path / "closes") == before
    out = capsys.readouterr().out
    assert "October 2026 was closed before" in out
    assert "ok  2026-10/evidence: the controls, computed again, equal those written" in out
    assert not calls("POST")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda month: (month / "controls.xlsx").write_bytes(b"x"), "controls.xlsx was changed"),
        (lambda month: (month / "close.json").unlink(), "close.json is missing"),
        (lambda month: (month / "evidence" / "note.txt").write_text("x"), "evidence/note.txt was added"),
    ],
    ids=["changed", "missing", "added"],
)
def test_a_second_close_that_finds_other_files_is_an_error(change, says, close, tmp_path, capsys):
    """Evidence must be what it was."""
    assert close() == 0
    change(tmp_path / "closes" / "2026-10")
    capsys.readouterr()
    assert close() == 1
    assert says in capsys.readouterr().out


class TestSettled:
    @pytest.mark.parametrize(
        ("now", "says"),
        [
            (utc(2026, 10, 20), "17 days are missing"),
            (utc(2026, 11, 1, 1), "5 days are missing"),
            (utc(2026, 11, 5, 12), "1 day is missing"),
        ],
    )
    def test_a_month_that_is_not_settled_is_not_closed(self, now, says, close, simulator, tmp_path, capsys):
        """At once, with the number of days; nothing is launched or written."""
        simulator.clock.set(now)
        assert close("2026-10") == 3
        assert says in capsys.readouterr().out
        assert not simulator.runs
        assert not (tmp_path / "closes").exists()

    def test_it_can_be_waited_for(self, close, simulator):
        """No longer than asked, and not at all if that is too short."""
        simulator.clock.set(utc(2026, 11, 5, 12))
        assert close("2026-10", "--wait", "40000") == 3
        assert simulator.clock.now() < utc(2026, 11, 5, 13)
        assert close("2026-10", "--wait", "44000") == 0
        assert utc(2026, 11, 6) <= simulator.clock.now() < utc(2026, 11, 6, 1)

    def test_a_wrong_time_of_stripe_closes_no_month_early(self, close, simulator, tmp_path):
        """The times of the runs show it."""
        simulator.clock.set(utc(2026, 11, 5, 12))
        simulator.inject_fault("date.ahead", times=math.inf)
        assert close("2026-10") == 3
        assert not (tmp_path / "closes" / "2026-10").exists()

    def test_data_from_before_are_not_used(self, close, client, simulator, tmp_path):
        """While Stripe publishes nothing new, it answers with an earlier file, which may lack fees."""
        simulator.clock.set(utc(2026, 11, 5, 23))
        client.tie_out("2026-10", timezone="UTC")
        simulator.clock.set(utc(2026, 11, 6, 0, 30))
        assert close("2026-10") == 3
        simulator.clock.set(utc(2026, 11, 6, 14))
        assert close("2026-10") == 0
        (known,) = (tmp_path / "closes").glob("*/evidence/provenance/activity.json")
        assert json.loads(known.read_text("utf-8"))["as_of"] >= "2026-11-06"


def test_twelve_months_in_a_row_with_a_restatement(close, simulator, tmp_path):
    """A restatement is reported once: later closes compare with the new evidence of the months it changed."""
    statuses = {}
    for number in range(12):
        month = f"{2025 + (10 + number) // 12}-{(10 + number) % 12 + 1:02}"
        simulator.clock.set(utc(2025 + (11 + number) // 12, (11 + number) % 12 + 1, 6, 14))
        statuses[month] = close()
        assert (tmp_path / "closes" / month / "close.json").is_file()
        if month == "2026-04":
            simulator.restate("2026-03", currency="eur")
    assert {month: status for month, status in statuses.items() if status} == {"2026-05": 5}
    folder = tmp_path / "closes" / "2026-05"
    told = json.loads((folder / "close.json").read_text("utf-8"))
    assert told["months_checked"] == list(statuses)[:6]
    assert {(each["month"], each["report"]) for each in told["restated"]} == {
        *(("2026-03", name) for name in ("summary", "activity", "ending_balance")),
        *(("2026-04", name) for name in ("summary", "ending_balance")),
    }
    assert {str(each["effect"]) for each in told["restated"]} == {"{'eur': '-12.340000'}"}
    assert [each["control"] for each in told["failed_controls"]] == ["previous ending = next starting"]
    again = {path.name: sr.verify(path).ok for path in (folder / "restated").iterdir()}
    assert again == {"2026-03": True, "2026-04": True}
    before = files(tmp_path / "closes")
    assert close("2026-05") == 0
    assert files(tmp_path / "closes") == before


def test_the_last_twelve_closed_months_are_checked(tmp_path):
    """Of those in the folder; a month that was not closed is no reason to stop."""
    months = [f"2025-{n:02}" for n in range(1, 13)] + ["2026-02", "2026-03"]
    for name in [*months, "2026-13", "notes"]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.sha256").touch()
    (tmp_path / "2026-01").mkdir()
    assert ClosedMonths(tmp_path).before("2026-03", 12) == months[1:-1]


class TestTrouble:
    @pytest.fixture
    def failing(self, client, monkeypatch):
        """An account whose activity lacks a row."""
        tie_out = client.tie_out

        def worse(*arguments, **options):
            result = tie_out(*arguments, **options)
            frames = {**result.frames, "activity": result.frames["activity"][1:]}
            return TieOut.of(**frames, reports=result.reports, interval=result.interval, title=result.title)

        monkeypatch.setattr(client, "tie_out", worse)

    @pytest.mark.usefixtures("failing")
    def test_a_control_that_fails_is_recorded_and_exits_with_four(self, close, tmp_path):
        """With the differences."""
        assert close() == 4
        told = json.loads((tmp_path / "closes" / "2026-10" / "close.json").read_text("utf-8"))
        assert told["outcome"] == "control fails"
        assert told["failed_controls"]

    def test_a_close_that_is_killed_leaves_nothing_half_written(
        self, close, tmp_path, monkeypatch, simulator
    ):
        """The next one starts again, and uses the runs of the first."""

        def killed(*_, **__):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(TieOut, "write_excel", killed)
            patch.setattr("stripe_reports.reconcile.closed_months.remove_folder", lambda _: None)
            assert close() == 130
        assert (tmp_path / "closes" / ".close" / "2026-10" / "evidence").is_dir()
        assert not (tmp_path / "closes" / "2026-10").exists()
        launched = len(simulator.runs)
        assert close() == 0
        assert len(simulator.runs) == launched
        assert [path.name for path in (tmp_path / "closes" / ".close").iterdir()] == ["lock"]

    def test_a_second_close_at_the_same_time_is_refused(self, close, tmp_path, simulator, capsys):
        """It says so, and launches nothing."""
        with ClosedMonths(tmp_path / "closes").writing("2026-10"):
            assert close() == 1
        assert "Another close is writing" in capsys.readouterr().err
        assert not simulator.runs

    def test_changed_evidence_of_an_earlier_month_is_an_error(self, close, simulator, tmp_path, capsys):
        """It cannot show a restatement."""
        assert close() == 0
        (tmp_path / "closes" / "2026-10" / "evidence" / "reports" / "activity.parquet").write_bytes(b"x")
        simulator.clock.set(utc(2026, 12, 6, 12))
        assert close() == 1
        assert "cannot be checked for restatements" in capsys.readouterr().err
        assert not (tmp_path / "closes" / "2026-11").exists()


@pytest.mark.parametrize(
    ("period", "options", "says"),
    [
        ("2026-Q3", [], "one calendar month"),
        ("2026-10-01/2026-10-15", [], "one calendar month"),
        ("2026-13", [], "2026-13"),
        ("2026-10", ["--timezone", "Mars"], "not a time zone"),
        ("2026-10", ["--notify", "mail 'x"], "cannot be split"),
        ("2026-10", ["--notify", ""], "needs a command"),
        ("1999-10", [], "1999"),
    ],
)
def test_wrong_usage_exits_with_two(period, options, says, close, tmp_path, capsys):
    """Nothing is written."""
    assert close(period, *options) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "closes" / "2026-10").exists()


@pytest.mark.parametrize("options", [{"livemode": True}, {"timezone": "Asia/Tokyo"}])
def test_one_folder_holds_the_closes_of_one_account(options, close, simulator, tmp_path):
    """Months of different accounts, modes or zones cannot be compared."""
    assert close() == 0
    with (
        DemoClient(simulator, cache_dir=tmp_path / "cache", **options) as other,
        pytest.raises(ParameterError, match="Use one folder for each"),
    ):
        close_month(other, "2026-10", tmp_path / "closes")


class TestNotify:
    @pytest.fixture
    def command(self, tmp_path):
        """Writes its input and its words to a file, and ends with a status."""

        def command(status=0):
            script = tmp_path / "no shell; $HOME.py"
            script.write_text(
                "import json, sys\n"
                "told = {'words': sys.argv[1:], 'told': json.load(sys.stdin)}\n"
                f"open({str(tmp_path / 'told.json')!r}, 'w').write(json.dumps(told))\n"
                f"sys.exit('no mail server' if {status} else 0)\n"
            )
            return f"{sys.executable} {str(script)!r} 'a b' $HOME"

        return command

    @pytest.fixture
    def told(self, tmp_path):
        """What the command got."""
        return lambda: json.loads((tmp_path / "told.json").read_text("utf-8"))

    def test_it_gets_one_json_object_on_every_status_but_zero(
        self, close, command, told, simulator, tmp_path
    ):
        """Its text is split into words without a shell."""
        assert close("2026-10", "--notify", command()) == 0
        assert not (tmp_path / "told.json").exists()
        simulator.clock.set(utc(2026, 12, 5, 12))
        assert close("2026-11", "--notify", command()) == 3
        assert told()["words"] == ["a b", "$HOME"]
        object_ = told()["told"]
        assert (object_["status"], object_["outcome"], object_["days_missing"]) == (3, "not settled", 1)

    def test_on_zero_too_if_asked(self, close, command, told):
        """Then a job that no longer runs is noticed."""
        assert close("2026-10", "--notify", command(), "--notify-always") == 0
        assert told()["told"]["outcome"] == "done"
        assert told()["told"]["controls"] == "60 of 60 controls pass"

    @pytest.mark.parametrize(("period", "status"), [("2026-10", 1), ("2026-Q3", 2)])
    def test_it_gets_errors_too(self, period, status, close, command, told, simulator):
        """With the message, and without the key."""
        simulator.inject_fault("answer.403", match="POST *", times=math.inf)
        assert close(period, "--notify", command()) == status
        assert told()["told"]["status"] == status
        assert told()["told"]["message"]
        assert simulator.key not in json.dumps(told())

    @pytest.mark.parametrize("text", [None, "no-such-command-here"])
    def test_its_failure_is_reported_and_changes_no_status(self, close, command, text, capsys):
        """The status is that of the close."""
        assert close("2026-10", "--notify", text or command(1), "--notify-always") == 0
        err = capsys.readouterr().err
        assert "the command of --notify" in err
        assert ("no mail server" in err) is (text is None)


def test_every_fault_of_the_simulator_has_an_exit_status():
    """A new fault needs one."""
    assert STATUSES.keys() == FAULTS.keys()


@pytest.mark.parametrize(
    ("name", "times", "expected"),
    [
        pytest.param(name, times, status, id=f"{name}, {how}")
        for name, (once, without_end) in STATUSES.items()
        for how, times, status in (("once", 1, once), ("without end", math.inf, without_end))
        if times == 1 or once == 0  # what ends the command at once cannot happen to it again
    ],
)
def test_each_fault_ends_with_the_right_exit_status(name, times, expected, close, simulator, tmp_path):
    """A month is closed or it is not: nothing is left half written."""
    simulator.faults.append(Fault.named(name, times=times))
    status = close("2026-10", "--timeout", "120")
    assert status == expected
    assert (tmp_path / "closes" / "2026-10").exists() == (status == 0)
    assert not (tmp_path / "closes" / ".close" / "2026-10").exists()
