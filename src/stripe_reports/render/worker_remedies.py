"""Remedies for the workers of an executor; see ``remedies``."""

from __future__ import annotations

from stripe_reports.render.remedies import Remedy, everywhere

__all__ = ["give_new_executor", "give_workers_key", "let_workers_write", "serve_application"]


def give_workers_key() -> Remedy:
    """Give the workers of an executor the API key of the client."""
    return everywhere(
        "Workers take the key from their own environment: set STRIPE_API_KEY there to the key of this "
        "client, and start them again. A key is never sent to a worker."
    )


def let_workers_write() -> Remedy:
    """Let workers write to the destination."""
    return Remedy(
        "Name a place that all workers reach: into='s3://…', or a folder that they see under the same path. "
        "Access to an object store is given by storage_options=, or in the environment of the workers.",
        "Name a place that all workers reach: --into s3://…, or a folder that they see under the same path.",
        "Name a place that all workers reach.",
    )


def serve_application() -> Remedy:
    """Serve an application, so that workers in other processes reach it."""
    return Remedy(
        "Serve the application on loopback, and give the address to Client(base_url=...); or use threads.",
        "Serve the application on loopback, and give the address to --base-url.",
        "Open the form with a client of the served application.",
    )


def give_new_executor() -> Remedy:
    """Repeat the call after workers were lost."""
    return Remedy(
        "Repeat the call with a new executor: only what is missing is requested. If workers need too much "
        "memory, use fewer of them.",
        "Run the same command again: only what is missing is requested.",
        "Press the button again.",
    )
