"""The simulator for tests: served on a free port, with everything that a test changes in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stripe_reports.planning.periods import Period
from stripe_reports.simulator.api.app import ServedRequest, Simulator
from stripe_reports.simulator.clock import Clock
from stripe_reports.simulator.faults.faults import Fault
from stripe_reports.simulator.ledger.restatements import Correction, Restatement
from stripe_reports.simulator.server import serve
from stripe_reports.simulator.webhooks.webhooks import Delivery, WebhookEndpoint

__all__ = ["StripeReporting", "stripe_reporting"]


@dataclass(frozen=True, slots=True)
class StripeReporting:
    """A simulator served at an address of this machine.

    Attributes:
        url: Base address, for the API and for files.
        simulator: The simulator itself.
    """

    url: str
    simulator: Simulator

    @property
    def key(self) -> str:
        """A test key; any other test or live key of the right form is accepted too."""
        return self.simulator.key

    @property
    def clock(self) -> Clock:
        """Its clock, which stands still: ``clock.advance(60)`` finishes runs and posts events."""
        return self.simulator.clock

    @property
    def faults(self) -> list[Fault]:
        """The faults that will happen next."""
        return self.simulator.faults

    @property
    def requests(self) -> list[ServedRequest]:
        """Requests that were served, oldest first."""
        return self.simulator.requests

    @property
    def deliveries(self) -> list[Delivery]:
        """Deliveries to webhooks, oldest first."""
        return self.simulator.deliveries

    def inject_fault(self, name: str, **members: Any) -> Fault:
        """Make something go wrong, by the fault's name: see :meth:`Simulator.inject_fault`."""
        return self.simulator.inject_fault(name, **members)

    def restate(self, period: Period, change: Correction = "late fee", **members: Any) -> Restatement:
        """Change a closed period, once newer data are published: see :meth:`Simulator.restate`."""
        return self.simulator.restate(period, change, **members)

    def webhook(self, url: str, **members: Any) -> WebhookEndpoint:
        """Post events to an address of this machine from now on; its ``secret`` verifies them."""
        endpoint = WebhookEndpoint(url, **members)
        self.simulator.webhooks.append(endpoint)
        return endpoint


@contextmanager
def stripe_reporting(**options: Any) -> Iterator[StripeReporting]:
    """Serve a simulator on a real socket during a ``with`` block; *options* are those of `Simulator`.

    Example:
        >>> with stripe_reporting(seed=7) as stripe:
        ...     stripe.url.startswith("http://127.0.0.1:"), stripe.key
        (True, 'sk_test_simulator_seed7_ledger...')
    """
    simulator = Simulator(**options)
    with serve(simulator) as url:
        yield StripeReporting(url, simulator)
