"""``stripe-reports simulate``: every option, as the simulator gets it."""

import math
import random
import re
import signal
import subprocess
import sys

import pytest
import requests

from stripe_reports import cli, simulator
from stripe_reports.simulator import EVENT_TYPES, FAULTS
from stripe_reports.simulator.latency import drawn


@pytest.fixture
def simulated(monkeypatch):
    """Runs the command without serving; the simulator that it would serve, and what it prints."""

    def simulated(*arguments):
        monkeypatch.setattr("stripe_reports.simulator.serve_forever", served)
        assert cli.main(["simulate", *arguments]) == 0
        return made[-1]

    def served(simulator, host, port, *, ready):
        made.append(simulator)
        ready(f"http://{host}:{port}")

    made = []
    return simulated


def test_no_option_is_required(simulated, capsys):
    """By default: a running clock, Stripe's limits, seed 1; address and key are printed."""
    made = simulated()
    assert (made.seed, made.charges_per_day, made.clock.is_running) == (1, 40, True)
    assert made.rate_limits == simulator.RateLimits()
    assert made.faults == made.webhooks == []
    shown = capsys.readouterr().out
    assert "http://127.0.0.1:12111" in shown
    assert made.key in shown
    assert f'"{made.organisation_key}", account="{made.organisation[1].id}"' in shown


def test_seed_size_and_start_determine_the_account(simulated):
    """The same options give the same account."""
    made = simulated(
        "--seed", "7", "--size", "2.5", "--start", "2026-03-01T08:00:00+01:00", "--clock", "standing"
    )
    assert made.key == "sk_test_simulator_seed7_ledger1_size2_5"
    assert made.clock.now().isoformat() == "2026-03-01T07:00:00+00:00"
    assert not made.clock.is_running


@pytest.mark.parametrize("options", [["--clock", "standing"], ["--no-rate-limits"]])
def test_limits_are_off_with_a_stopped_clock_or_on_request(simulated, options):
    """On a clock that stands still, all requests arrive in the same second."""
    assert simulated(*options).rate_limits is None


def test_a_platform_can_have_many_accounts_and_few_runs_at_once(simulated):
    """For a test of what fetches hundreds of accounts."""
    made = simulated("--accounts", "500", "--pending-runs", "100", "--running-reports", "20")
    assert len(made.account_ids()) == 500
    assert made.rate_limits == simulator.RateLimits(pending_runs=100, running_reports=20)


def test_the_duration_of_runs_and_answers_can_be_set(simulated):
    """A number, or a distribution."""
    made = simulated("--latency", "0", "--answer-delay", "1-2")
    assert 1 <= drawn(made.answer_delay, random.Random(1)) <= 2  # noqa: S311
    assert made._book._latency() == 0


def test_faults_are_given_by_name(simulated):
    """The option can be repeated."""
    made = simulated("--fault", "file.cut", "--fault", "answer.500:20@0.3", "--fault", "run.stuck:always")
    assert [(fault.about, fault.times, fault.probability) for fault in made.faults] == [
        (FAULTS["file.cut"].about, 1, 1),
        (FAULTS["answer.500"].about, 20, 0.3),
        (FAULTS["run.stuck"].about, math.inf, 1),
    ]


def test_closed_months_can_be_restated(simulated):
    """By a late fee, unless another change is named."""
    made = simulated("--restate", "2026-08", "--restate", "2026-09=fee waived")
    assert [restatement.change for restatement in made._restatements] == ["late fee", "fee waived"]
    assert made._restatements[0].end == made._restatements[1].start


@pytest.mark.parametrize("options", [[], ["--strict-bounds"]])
def test_intervals_may_touch_the_ends_of_the_data_unless_bounds_are_strict(simulated, options):
    """Stripe's guide allows it, its reference does not."""
    assert simulated(*options).strict_bounds == bool(options)


def test_events_are_posted_to_addresses_of_this_machine(simulated, capsys):
    """All three kinds by default, signed with a secret that is printed."""
    made = simulated("--webhook", "http://127.0.0.1:9/a", "--webhook", "http://localhost:9/b")
    assert [endpoint.url for endpoint in made.webhooks] == ["http://127.0.0.1:9/a", "http://localhost:9/b"]
    assert all(tuple(endpoint.enabled_events) == EVENT_TYPES for endpoint in made.webhooks)
    shown = capsys.readouterr().out
    assert all(endpoint.secret in shown for endpoint in made.webhooks)
    one = "reporting.report_run.failed"
    options = ["--webhook", "http://127.0.0.1:9", "--webhook-secret", "whsec_1", "--webhook-events", one]
    (endpoint,) = simulated(*options).webhooks
    assert (endpoint.secret, endpoint.enabled_events) == ("whsec_1", [one])


def test_permissions_of_restricted_keys_can_be_set(simulated):
    """A key can also have none at all."""
    made = simulated("--restrict", "rk_test_1=file_read,charge_read", "--restrict", "rk_test_2=")
    assert made._restricted == {"rk_test_1": {"file_read", "charge_read"}, "rk_test_2": set()}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fault", "file.cutt"], "Did you mean 'file.cut'"),
        (["--latency", "soon"], "is not a latency"),
        (["--start", "yesterday"], "'yesterday' is not a time. Write it as 2026-11-05T12:00:00Z."),
        (["--port", "70000"], "There is no port 70000"),
        (["--size", "-1", "--port", "-1"], "There is no port -1"),
        (["--size", "-1"], "charges_per_day must be a number, 0 or more; got -1.0."),
        (["--size", "nan"], "charges_per_day must be a number, 0 or more; got nan."),
        (["--start", "2026-01-01"], "has no time zone"),
        (["--webhook", "https://example.com"], "is not an address of this machine"),
        (["--webhook", "http://127.0.0.1", "--webhook-events", "x"], "There is no event"),
        (["--restrict", "sk_test_1=file_read"], "Only restricted keys"),
        (["--host", "192.0.2.1", "--port", "0"], "cannot be served"),
        (["--restate", "soon"], "soon"),
        (["--restate", "2026-09=all"], "'late fee'"),
    ],
)
def test_a_wrong_option_is_one_clear_message(arguments, says, capsys):
    """And status 2, before anything is served."""
    assert cli.main(["simulate", *arguments]) == 2
    shown = capsys.readouterr().err
    assert says in shown
    assert shown.count("\n") == 1


def test_faults_can_be_listed(capsys):
    """Without serving anything."""
    assert cli.main(["simulate", "--list-faults"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown and fault.about in shown for name, fault in FAULTS.items())


def test_it_serves_until_it_is_interrupted():
    """With the options in force; then it says that it ended."""
    command = [sys.executable, "-m", "stripe_reports", "simulate", "--port", "0", "--fault", "answer.503"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
            answers = [
                requests.get(
                    f"{url}/v1/reporting/report_types", auth=("sk_test_1", ""), timeout=60
                ).status_code
                for _ in range(2)
            ]
            assert answers == [503, 200]
        finally:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert out.endswith("Ended.\n")
    assert (err, process.returncode) == ("", 0)
