"""Stripe's Reporting API in a box: a WSGI application over a seeded ledger that balances to the cent."""

from stripe_reports.simulator.app import ServedRequest, Simulator
from stripe_reports.simulator.clock import Clock, RealClock
from stripe_reports.simulator.faults import Fault, Outcome
from stripe_reports.simulator.server import serve, serve_forever

__all__ = [
    "Clock",
    "Fault",
    "Outcome",
    "RealClock",
    "ServedRequest",
    "Simulator",
    "serve",
    "serve_forever",
]
