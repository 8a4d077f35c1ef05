"""Every command at an address of this machine where nothing listens: an error at once."""

import socket

import pytest

from stripe_reports import cli
from stripe_reports.http.clock import SystemClock

pytestmark = pytest.mark.filterwarnings("ignore::stripe_reports.PreviewWarning")


@pytest.fixture
def closed_port():
    """The address of a port that was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize(
    "command",
    [
        ["fetch", "balance.summary", "2026-09"],
        ["fetch", "balance.summary", "this month"],
        ["fetch-all", "payouts.itemized", "2026-Q3", "--split", "month"],
        ["tie-out", "2026-09"],
        ["evidence", "2026-09", "evidence"],
        ["close", "2026-09", "--output", "closes"],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_a_closed_port_is_an_error_at_once(command, api, closed_port, monkeypatch, tmp_path, capsys, caplog):
    """Retries would not help: a tie-out took two minutes to say so. And it is said once."""
    monkeypatch.setattr(SystemClock, "sleep", lambda _, seconds: None)
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_1234567890")
    monkeypatch.chdir(tmp_path)
    with caplog.at_level("INFO", "stripe_reports"):
        assert cli.main([*command, "--base-url", closed_port, "--api", api]) == 1
    assert "trying again" not in caplog.text
    said = "".join(capsys.readouterr())
    address = closed_port.removeprefix("http://")
    assert said.count(f"Nothing listens at {address}: the connection was refused.") == 1
    assert said.count("correct --base-url") == 1
