"""An explained difference in every place that shows controls: in words, and without failing the close."""

import json
import sys

import pytest

import stripe_reports as sr
from played_reports import INTERCHANGE_PLUS
from stripe_reports import cli
from stripe_reports.demo_client import DemoClient
from stripe_reports.notebook.form.closing import Closing
from stripe_reports.simulator import Simulator, Terms

WORDS = "the summary counts network_cost ("


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """An account on interchange-plus, whose summary counts network costs as gross."""
    terms = Terms(INTERCHANGE_PLUS.pricing, network_cost="gross")
    simulator = Simulator(1, latency=1.0, charges_per_day=5.0, terms=terms)
    with DemoClient(simulator, cache_dir=tmp_path_factory.mktemp("demo")) as client:
        yield client


def test_the_evidence_says_it_on_its_page_and_in_its_controls_and_verifies(client, tmp_path):
    """An auditor a year later sees a difference that is not zero, and why it passed."""
    made = client.evidence("2026-10", tmp_path / "close")
    assert made.tie_out.passes
    page = (made.path / "index.html").read_text("utf-8")
    assert page.count(WORDS) == 4
    assert page.count(" explained<") == 2 * 8  # among all controls, and with both amounts
    assert (made.path / "controls.csv").read_text("utf-8").count(WORDS) == 8
    assert sr.verify(made.path).ok


def test_the_command_line_says_it_and_exits_with_zero(client, capsys, monkeypatch):
    """A monthly job goes on; its log has the reason."""
    monkeypatch.setattr(sys.modules["stripe_reports.cli.tie_out"], "client_of", lambda _: client)
    assert cli.main(["tie-out", "2026-10"]) == 0
    out = capsys.readouterr().out
    assert "60 of 60 controls pass, 8 of them with an explained difference" in out
    assert out.count(WORDS) == 4
    assert cli.main(["tie-out", "2026-10", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(WORDS in (control["explanation"] or "") for control in told["controls"]) == 8


def test_the_form_marks_it_and_shows_the_rows(client):
    """As an outcome of its own, neither equal nor failed."""
    closing = Closing(client)
    found = closing.outcome(client.request("balance.summary", "2026-10"))
    assert found["passes"]
    assert found["title"].endswith("60 of 60 controls pass, 8 of them with an explained difference")
    explained = [
        (control["control"], currency)
        for control in found["controls"]
        for currency, cell in zip(found["currencies"], control["cells"], strict=True)
        if cell["outcome"] == "explained"
    ]
    assert len(explained) == 8
    assert sum(WORDS in note for note in found["notes"]) == 4
    assert closing.rows(*explained[0])["total"] > 0
