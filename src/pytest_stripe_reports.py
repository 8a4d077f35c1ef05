"""A pytest fixture: a simulator of Stripe's Reporting API on this machine, for testing your own code.

It is installed with stripe-reports, but loads the package only when a test uses the fixture.

    def test_the_month_is_closed(stripe_reporting):
        job = start_my_job(api_base=stripe_reporting.url, api_key=stripe_reporting.key)
        stripe_reporting.clock.advance(60)               # runs are finished, webhooks are posted
        assert job.result() == ...

    @pytest.mark.stripe_reporting(profile="real")        # late data, slow runs, unknown report types
    def test_an_untidy_account(stripe_reporting): ...

    @pytest.mark.stripe_reporting(seed=7, latency=300)   # options of stripe_reports.simulator.Simulator
    def test_a_slow_month(stripe_reporting): ...

    def test_errors_are_handled(stripe_reporting):
        stripe_reporting.inject_fault("answer.500", times=3)   # stripe_reports.simulator.FAULTS has the names
        stripe_reporting.inject_fault("run.failed")

Any Stripe library in any language can be used: give it the address instead of ``https://api.stripe.com`` and
``https://files.stripe.com``. Each test has its own simulator; its clock starts at 2026-11-05 12:00 UTC and
stands still, so no test waits. ``stripe_reporting.webhook("http://127.0.0.1:…")`` posts signed events,
``stripe_reporting.requests`` lists the requests, and ``stripe_reporting.simulator`` is the simulator itself.

This module is outside of the package because pytest imports it before anything else: importing the package
here would slow down every run of pytest, and hide the package's first lines from coverage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stripe_reports.simulator import StripeReporting

__all__ = ["stripe_reporting"]


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "stripe_reporting(**options): options of the simulator behind the fixture, such as seed and latency",
    )


@pytest.fixture
def stripe_reporting(request: pytest.FixtureRequest) -> Iterator[StripeReporting]:
    """Serve a simulator on a real socket; it has ``url``, ``key``, ``clock`` and ``inject_fault``."""
    from stripe_reports.simulator import stripe_reporting

    marker = request.node.get_closest_marker("stripe_reporting")
    with stripe_reporting(**marker.kwargs if marker else {}) as served:
        yield served
