"""``stripe-reports simulate``: Stripe's Reporting API over HTTP."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING

from stripe_reports.cli.app import check_port
from stripe_reports.cli.output import say
from stripe_reports.errors import InputError

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands
    from stripe_reports.simulator import Simulator

__all__ = ["add_to", "run"]


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "simulate",
        help="serve a simulator of Stripe's Reporting API on this machine",
        description="Serves a simulated Stripe account until Ctrl-C; its front page explains how to use it.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="name or address (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=12111, help="port (default 12111); 0 chooses a free one")
    parser.add_argument("--seed", type=int, default=1, help="seed of the account (default 1)")
    parser.add_argument(
        "--size",
        type=float,
        default=40.0,
        metavar="CHARGES",
        help="mean number of charges a day (default 40)",
    )
    parser.add_argument(
        "--accounts",
        type=int,
        default=14,
        metavar="NUMBER",
        help="accounts connected to it (default 14); GET /simulator/accounts lists them",
    )
    parser.add_argument(
        "--start", metavar="TIME", help="start time of its clock (default 2026-11-05T12:00:00Z)"
    )
    parser.add_argument(
        "--clock",
        choices=["running", "standing"],
        default="running",
        help="standing: moves only by POST /simulator/clock (default running)",
    )
    parser.add_argument(
        "--latency",
        metavar="SECONDS",
        help="seconds a run is pending: 8, 5-20, or 8~300 for a median and a 99th percentile (default 5-20, "
        "or that of the profile)",
    )
    parser.add_argument(
        "--profile",
        choices=["tidy", "real"],
        default="tidy",
        help="real: late and missed publications, slow runs, unknown report types (default tidy)",
    )
    parser.add_argument(
        "--answer-delay",
        default="0",
        metavar="SECONDS",
        help="seconds that an answer takes, in the same forms (default 0)",
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[:TIMES][@PROBABILITY]",
        help="add a fault, such as file.cut, answer.500:20@0.3 or run.stuck:always; can be repeated",
    )
    parser.add_argument(
        "--restate",
        action="append",
        default=[],
        metavar="PERIOD[=CHANGE]",
        help="a closed period whose figures change when newer data are published, such as 2026-09 or "
        "'2026-09=fee waived' (late fee, fee waived, description); can be repeated",
    )
    parser.add_argument(
        "--strict-bounds",
        action="store_true",
        help="refuse intervals that start or end exactly where the data do, as Stripe's reference says "
        "(default: as its guide says, accept them)",
    )
    parser.add_argument(
        "--category",
        action="append",
        default=[],
        metavar="NAME",
        help="a reporting category beyond Stripe's list that some rows have, such as reward; can be repeated",
    )
    parser.add_argument("--list-faults", action="store_true", help="list the names of faults, and exit")
    parser.add_argument(
        "--webhook",
        action="append",
        default=[],
        metavar="URL",
        help="post events to an address of this machine; can be repeated",
    )
    parser.add_argument(
        "--webhook-events",
        metavar="EVENT,…",
        help="event types to post (default: runs that end, and report types that are updated)",
    )
    parser.add_argument(
        "--webhook-secret", metavar="WHSEC", help="secret that signs events (default: a new one, printed)"
    )
    parser.add_argument(
        "--restrict",
        action="append",
        default=[],
        metavar="KEY=PERMISSION,…",
        help="a permission of a restricted key, such as rk_test_x=file_read; can be repeated",
    )
    parser.add_argument(
        "--pending-runs",
        type=int,
        metavar="NUMBER",
        help="refuse a run while so many are pending, with 429 (default any number: Stripe names no limit)",
    )
    parser.add_argument(
        "--running-reports",
        type=int,
        metavar="NUMBER",
        help="refuse a report run of v2 while a key has so many running (default any number)",
    )
    parser.add_argument("--no-rate-limits", action="store_true", help="do not limit requests per second")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Serve the simulator until it is interrupted."""
    from stripe_reports.simulator import FAULTS, FAULTS_V2, serve_forever

    if options.list_faults:
        for name, fault in {**FAULTS, **FAULTS_V2}.items():
            say(f"  {name:<24}{fault.about}")
        return 0
    check_port(options.port)
    try:
        simulator = _simulator(options)
    except ValueError as error:
        raise InputError(str(error)) from None

    def ready(url: str) -> None:
        _, sibling, *_ = simulator.organisation
        say(
            f"Simulator of Stripe's Reporting API at {url} (seed {options.seed}). Press Ctrl-C to end it.\n"
            f'  sr.Client("{simulator.key}", base_url="{url}")\n'
            f"  curl {url}/v1/reporting/report_types -u {simulator.key}:\n"
            f'  sr.Client("{simulator.organisation_key}", account="{sibling.id}", base_url="{url}")\n'
            f"  {url} in a browser explains more."
        )
        for endpoint in simulator.webhooks:
            say(f"  Events go to {endpoint.url}, signed with {endpoint.secret}.")

    try:
        serve_forever(simulator, options.host, options.port, ready=ready)
    except OSError as error:
        raise InputError(f"{options.host}:{options.port} cannot be served: {error}.") from None
    say("\nEnded.")
    return 0


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time. Write it as 2026-11-05T12:00:00Z.") from None


def _simulator(options: argparse.Namespace) -> Simulator:
    """Create the simulator that the options describe; raises ValueError for an invalid option."""
    from stripe_reports.simulator import (
        EVENT_TYPES,
        Clock,
        Fault,
        RateLimits,
        RealClock,
        Simulator,
        WebhookEndpoint,
        latency,
    )

    is_running = options.clock == "running"
    start = [_time(options.start)] if options.start else []
    limits = RateLimits(pending_runs=options.pending_runs, running_reports=options.running_reports)
    simulator = Simulator(
        options.seed,
        clock=(RealClock if is_running else Clock)(*start),
        latency=latency.named(options.latency) if options.latency else None,
        answer_delay=latency.named(options.answer_delay),
        # On a clock that stands still, all requests arrive in the same second.
        rate_limits=limits if is_running and not options.no_rate_limits else None,
        charges_per_day=options.size,
        categories=options.category,
        strict_bounds=options.strict_bounds,
        profile=options.profile,
        accounts=options.accounts,
    )
    simulator.faults += [Fault.parsed(text) for text in options.fault]
    for text in options.restate:
        period, _, change = text.partition("=")
        simulator.restate(period, change or "late fee")
    events = options.webhook_events.split(",") if options.webhook_events else EVENT_TYPES
    signed = {"secret": options.webhook_secret} if options.webhook_secret else {}
    for url in options.webhook:
        simulator.webhooks.append(WebhookEndpoint(url, enabled_events=events, **signed))
    for text in options.restrict:
        key, _, granted = text.partition("=")
        simulator.restrict(key, granted.split(",") if granted else [])
    return simulator
