"""What the simulator says of itself to somebody who opens it in a browser."""

from __future__ import annotations

from datetime import datetime

from werkzeug.wrappers import Response

__all__ = ["front_page"]


def front_page(key: str, host_url: str, now: datetime) -> Response:
    """What this is, the key to use, and how to point Stripe's library or curl at it."""
    url = host_url.rstrip("/")
    text = f"""Stripe's Reporting API in a box: a simulator, part of stripe-reports. This is not Stripe.

It plays report types, report runs and their files over an invented account whose reports agree with
each other to the cent. Any test or live key of the right form will do; this one names the ledger:

    {key}

Its clock says {now:%Y-%m-%d %H:%M:%S} UTC.

curl:

    curl {url}/v1/reporting/report_types -u {key}:
    curl {url}/v1/reporting/report_runs -u {key}: \\
        -d report_type=balance.summary.1 \\
        -d "parameters[interval_start]=1790812800" -d "parameters[interval_end]=1793491200"

Stripe's Python library:

    client = stripe.StripeClient("{key}", base_addresses={{"api": "{url}", "files": "{url}"}})
    run = client.v1.reporting.report_runs.create({{"report_type": "balance.summary.1", "parameters": ...}})

stripe-reports:

    client = stripe_reports.Client(api_key="{key}", base_url="{url}")
    client.frame("balance.summary", "2026-10")
"""
    return Response(text, content_type="text/plain; charset=utf-8")
