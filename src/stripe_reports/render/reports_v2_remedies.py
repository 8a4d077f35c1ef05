"""Remedies that only concern Reports v2, and the choice between Stripe's two APIs."""

from __future__ import annotations

from stripe_reports.render.remedies import Remedy

__all__ = [
    "ask_for_a_smaller_file",
    "choose_api",
    "leave_out_version",
    "list_types",
    "name_what_type_takes",
]


def list_types(*, have_versions: bool) -> Remedy:
    """See which report types there are; only those of v1 have versions."""
    return Remedy(
        "client.report_types() lists what there is.",
        f"'stripe-reports types{_option(have_versions)}' lists what there is.",
        "Choose one from the list.",
    )


def name_what_type_takes(*, has_version: bool) -> Remedy:
    """Look up the parameters and columns of a type; only those of v1 have versions."""
    return Remedy(
        "client.report_type(...) shows the parameters and columns of a report type.",
        f"'stripe-reports types TYPE{_option(has_version)}' shows its parameters and columns.",
        "Correct the field that is named.",
    )


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
        "Ask for less: fewer columns with --columns, or the period in parts: 'fetch-all' in place of "
        "'fetch', with --split month.",
        "Ask for less: fewer columns, or a shorter period.",
    )


def _option(is_v1: bool) -> str:
    """Return the option of a command that chooses the API; v1 needs none."""
    return "" if is_v1 else " --api v2"
