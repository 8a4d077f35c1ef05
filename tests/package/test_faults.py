"""Every fault of the simulator gives the right answer or a clear error.

Never a lost run, never a wrong table; and when the fault is over, the same fetch gives the right answer.
"""

import math
import re
from functools import partial

import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from places import ROOT
from stripe_reports import errors
from stripe_reports.demo_client import DemoClient
from stripe_reports.simulator import FAULTS, Fault, Simulator

PAGE = ROOT / "notebooks" / "errors.md"
fetched = partial(sr.Client.frame, report_type="payouts.itemized.5", period="2026-10", currency="eur")
RIGHT = "the right answer"

# What it gives when it happens once, and when it does not stop.
OUTCOMES = {
    "run.failed": ("RunFailedError", "RunFailedError"),
    "run.stuck": ("RunTimeoutError", "RunTimeoutError"),
    "run.unknown_status": ("RunFailedError", "RunFailedError"),
    "run.no_result": ("ResultUnavailableError", "ResultUnavailableError"),
    "run.no_size": (RIGHT, RIGHT),
    "run.no_url": ("ResultUnavailableError", "ResultUnavailableError"),
    "run.foreign_host": ("ResultUnavailableError", "ResultUnavailableError"),
    "run.expired": ("ResultUnavailableError", "ResultUnavailableError"),
    "run.other_file": ("NotAReportError", "NotAReportError"),
    "run.other_type": ("AnswerMismatchError", "AnswerMismatchError"),
    "run.other_mode": ("AnswerMismatchError", "AnswerMismatchError"),
    "run.other_interval": ("AnswerMismatchError", "AnswerMismatchError"),
    "run.other_currency": ("AnswerMismatchError", "AnswerMismatchError"),
    "answer.401": ("AuthenticationError", "AuthenticationError"),
    "answer.403": ("PermissionDeniedError", "PermissionDeniedError"),
    "answer.409": (RIGHT, "ConflictError"),
    "answer.424": (RIGHT, "ServerError"),
    "answer.429": (RIGHT, "RateLimitError"),
    "answer.429_bare": (RIGHT, "RateLimitError"),
    "answer.429_retry_after": (RIGHT, "RateLimitError"),
    "answer.429_retry_after_hour": ("RateLimitError", "RateLimitError"),
    "answer.lock_timeout": (RIGHT, "RateLimitError"),
    "answer.500": (RIGHT, "ServerError"),
    "answer.500_stored": (RIGHT, "ServerError"),
    "answer.502": (RIGHT, "ServerError"),
    "answer.503": (RIGHT, "ServerError"),
    "answer.504": (RIGHT, "ServerError"),
    "answer.html": ("UnexpectedAnswerError", "UnexpectedAnswerError"),
    "answer.empty": ("UnexpectedAnswerError", "UnexpectedAnswerError"),
    "answer.slow": (RIGHT, RIGHT),
    "answer.trickle": ("CallTimeoutError", "CallTimeoutError"),
    "list.repeated": (RIGHT, RIGHT),
    "connection.reset": (RIGHT, "NetworkError"),
    "connection.lost": (RIGHT, "NetworkError"),
    "file.cut": (RIGHT, "NetworkError"),
    "file.short": (RIGHT, "DamagedFileError"),
    "file.long": (RIGHT, "DamagedFileError"),
    "file.corrupt": ("DamagedFileError", "DamagedFileError"),
    "file.empty": (RIGHT, "DamagedFileError"),
    "file.endless": (RIGHT, "DamagedFileError"),
    "file.trickle": ("RunTimeoutError", "RunTimeoutError"),
    "file.gzip": (RIGHT, RIGHT),
    "file.gzip_encoded": (RIGHT, RIGHT),
    "file.gone": ("ResultUnavailableError", "ResultUnavailableError"),
    "file.redirect_https": ("ResultUnavailableError", "ResultUnavailableError"),
    "file.redirect_http": ("ResultUnavailableError", "ResultUnavailableError"),
    "file.redirect_loop": ("ResultUnavailableError", "ResultUnavailableError"),
    "file.etag_changed": (RIGHT, RIGHT),
    "file.etag_weak": (RIGHT, RIGHT),
    "file.range_ignored": (RIGHT, RIGHT),
    "file.range_refused": (RIGHT, RIGHT),
    "file.range_wrong": (RIGHT, RIGHT),
    "date.ahead": (RIGHT, RIGHT),
    "date.behind": (RIGHT, RIGHT),
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The frame as it is without any fault."""
    with DemoClient(Simulator(1), cache_dir=tmp_path_factory.mktemp("clean")) as client:
        return fetched(client)


def test_every_fault_of_the_simulator_is_tested_here():
    """Except those of webhooks, which this client does not use."""
    assert set(OUTCOMES) == {name for name in FAULTS if not name.startswith("webhook.")}


@pytest.mark.parametrize("times", [1, math.inf], ids=["once", "without end"])
@pytest.mark.parametrize("name", OUTCOMES)
def test_each_fault_gives_the_right_answer_or_a_clear_error(
    name, times, client, simulator, expected, tmp_path
):
    """And afterwards the right answer, with no more runs than necessary."""
    outcome = OUTCOMES[name][times == math.inf]
    simulator.faults.append(Fault.named(name, times=times))
    if outcome == RIGHT:
        assert_frame_equal(fetched(client), expected)
    else:
        with pytest.raises(getattr(errors, outcome)) as caught:
            fetched(client, timeout=120)
        assert type(caught.value).__name__ == outcome
        assert caught.value.remedy or "again" in caught.value.problem, "what to do"
        assert not list((tmp_path / "cache").rglob("*.parquet"))
    assert not list((tmp_path / "cache").glob("*/staging/*"))

    simulator.faults.clear()
    reuse = "never" if name in ("run.stuck", "run.other_file") else "auto"
    assert_frame_equal(fetched(client, reuse=reuse), expected)
    assert len(simulator.runs) == (2 if FAULTS[name].outcome and outcome != RIGHT else 1)


def test_the_page_of_errors_describes_each_fault_in_the_same_way():
    """It has one table of them."""
    rows = re.findall(
        r"^\| `([a-z_]+\.\w+)` \| .* \| (.*) \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE
    )
    told = {name: tuple(text.strip("`") for text in (once, always)) for name, once, always in rows}
    assert told == OUTCOMES
