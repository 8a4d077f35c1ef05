"""Remedies that only concern Reports v2, and the choice between Stripe's two APIs."""

from __future__ import annotations

from stripe_reports.render.remedies import Remedy

__all__ = ["ask_for_a_smaller_file", "choose_api", "leave_out_version"]


def leave_out_version(report_type: str) -> Remedy:
    """Name a report of Reports v2."""
    name = report_type.rpartition(".")[0]
    return Remedy(
        f"Write {name!r}, or ask for that version with Client(api='v1').",
        f"Write {name}, or leave out --api v2.",
        "Choose the report again.",
    )


def choose_api(api: str) -> Remedy:
    """Use the other of Stripe's two APIs."""
    return Remedy(
        f"Use a client with Client(api={api!r}), or make the request with this client.",
        f"Add --api {api}.",
        "Choose the report again.",
    )


def ask_for_a_smaller_file() -> Remedy:
    """Ask for less than what exceeds Stripe's limit of a file."""
    return Remedy(
        "Ask for less: fewer columns, or the period in parts with client.fetch_all(..., split='month').",
        "Ask for less: fewer columns with --columns, or the period in parts with 'stripe-reports fetch-all' "
        "and --split month.",
        "Ask for less: fewer columns, or a shorter period.",
    )
