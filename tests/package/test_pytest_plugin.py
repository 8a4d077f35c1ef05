"""The pytest plugin in another project: installed, and used by name."""

import os
import subprocess
import sys
import tomllib

import pytest

import pytest_stripe_reports
from places import ROOT


@pytest.fixture
def run(tmp_path):
    """Runs pytest over a file of tests, in a project of its own."""

    def run(tests, *options):
        (tmp_path / "test_theirs.py").write_text(tests)
        (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--strict-markers",
            "-p",
            "no:cacheprovider",
            *options,
        ]
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV"))}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def test_the_fixture_is_found_by_name(run):
    """An address, a key, a clock and faults are all that a test of other code needs."""
    done = run(
        """
import json, urllib.request
from urllib.error import HTTPError
import pytest

def ask(stripe, path, **form):
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode() or None
    headers = {"Authorization": f"Bearer {stripe.key}"}
    request = urllib.request.Request(stripe.url + path, body, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)

OCTOBER = {"parameters[interval_start]": 1790812800, "parameters[interval_end]": 1793491200}

def test_a_run(stripe_reporting):
    run = ask(stripe_reporting, "/v1/reporting/report_runs", report_type="balance.summary.1", **OCTOBER)
    stripe_reporting.clock.advance(60)
    run = ask(stripe_reporting, "/v1/reporting/report_runs/" + run["id"])
    assert run["status"] == "succeeded"
    assert run["result"]["url"].startswith(stripe_reporting.url)
    assert [request.method for request in stripe_reporting.requests] == ["POST", "GET"]

def test_a_fault(stripe_reporting):
    assert stripe_reporting.requests == [], "each test has a simulator of its own"
    stripe_reporting.inject_fault("answer.503")
    with pytest.raises(HTTPError, match="503") as caught:
        ask(stripe_reporting, "/v1/reporting/report_types")
    caught.value.close()

def test_a_webhook_is_only_posted_to_this_machine(stripe_reporting):
    with pytest.raises(ValueError):
        stripe_reporting.webhook("https://example.com")
    assert stripe_reporting.webhook("http://127.0.0.1:9").secret.startswith("whsec_")
    assert stripe_reporting.deliveries == stripe_reporting.faults == []

def test_a_closed_month_is_restated(stripe_reporting):
    assert stripe_reporting.restate("2026-09", "fee waived").change == "fee waived"

@pytest.mark.stripe_reporting(seed=7, latency=300)
def test_options(stripe_reporting):
    assert "seed7" in stripe_reporting.key
    run = ask(stripe_reporting, "/v1/reporting/report_runs", report_type="balance.summary.1", **OCTOBER)
    stripe_reporting.clock.advance(299)
    assert ask(stripe_reporting, "/v1/reporting/report_runs/" + run["id"])["status"] == "pending"
"""
    )
    assert (done.returncode, "5 passed" in done.stdout) == (0, True), done.stdout + done.stderr


def test_nothing_is_loaded_before_a_test_asks_for_it(run):
    """So that pytest starts as fast as before, and coverage sees the package's first lines."""
    done = run(
        """
import sys

def test_nothing_is_loaded():
    assert "pytest_stripe_reports" in sys.modules
    assert not [name for name in sys.modules if name.startswith(("stripe_reports", "werkzeug", "polars"))]
"""
    )
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr


def test_the_fixture_and_its_marker_explain_themselves(run):
    """To `pytest --fixtures` and `pytest --markers`."""
    assert "stripe_reporting -- " in run("", "--fixtures").stdout
    assert "@pytest.mark.stripe_reporting(**options)" in run("", "--markers").stdout


def test_the_plugin_is_a_module_beside_the_package():
    """As an entry point, in the wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["entry-points"]["pytest11"] == {"stripe_reports": "pytest_stripe_reports"}
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert "src/pytest_stripe_reports.py" in wheel
    assert pytest_stripe_reports.__doc__.startswith("A pytest fixture")
