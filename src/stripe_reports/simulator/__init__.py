"""Simulator of Stripe's Reporting API: a WSGI application over a seeded ledger that balances to the cent."""

from stripe_reports.simulator.api.app import ServedRequest, Simulator
from stripe_reports.simulator.api.limits import RateLimits
from stripe_reports.simulator.api_v2.preview import Preview
from stripe_reports.simulator.clock import Clock, RealClock
from stripe_reports.simulator.faults.changes import ConnectionDroppedError
from stripe_reports.simulator.faults.faults import FAULTS, FAULTS_V2, Fault, Outcome
from stripe_reports.simulator.latency import heavy_tailed, uniform
from stripe_reports.simulator.ledger.pricing import Terms
from stripe_reports.simulator.ledger.restatements import Restatement
from stripe_reports.simulator.profiles import PROFILES, REAL, TIDY, Profile, Publishing
from stripe_reports.simulator.server import serve, serve_forever
from stripe_reports.simulator.testing import StripeReporting, stripe_reporting
from stripe_reports.simulator.webhooks.events import EVENT_TYPES, THIN_EVENT_TYPES
from stripe_reports.simulator.webhooks.webhooks import Delivery, WebhookEndpoint

__all__ = [
    "EVENT_TYPES",
    "FAULTS",
    "FAULTS_V2",
    "PROFILES",
    "REAL",
    "THIN_EVENT_TYPES",
    "TIDY",
    "Clock",
    "ConnectionDroppedError",
    "Delivery",
    "Fault",
    "Outcome",
    "Preview",
    "Profile",
    "Publishing",
    "RateLimits",
    "RealClock",
    "Restatement",
    "ServedRequest",
    "Simulator",
    "StripeReporting",
    "Terms",
    "WebhookEndpoint",
    "heavy_tailed",
    "serve",
    "serve_forever",
    "stripe_reporting",
    "uniform",
]
