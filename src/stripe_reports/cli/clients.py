"""The client of a command: for your account, a simulator at an address, or one in this process."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from stripe_reports.errors import InputError

if TYPE_CHECKING:
    from stripe_reports.client import Client

__all__ = ["add_api_to", "add_client_to", "client_of"]


def add_client_to(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the account."""
    parser.add_argument(
        "--account",
        metavar="ACCOUNT",
        help="acct_… to act for: connected to the key's own, or of its organisation; or "
        "acct_platform/acct_connected",
    )
    parser.add_argument("--base-url", metavar="URL", help="address of a simulator, instead of Stripe's")
    parser.add_argument(
        "--files-url", metavar="URL", help="address of its result files, if they are elsewhere"
    )
    add_api_to(parser)
    parser.add_argument("--demo", action="store_true", help="use the built-in simulator; no key needed")


def add_api_to(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses one of Stripe's two APIs."""
    parser.add_argument("--api", choices=["v1", "v2"], help="v2: Reports v2, a preview; default v1")


def client_of(options: argparse.Namespace) -> Client:
    """Create the client that the options describe.

    Raises:
        InputError: ``--demo`` is combined with another choice, or there is no key.
    """
    from stripe_reports.client import Client
    from stripe_reports.demo_client import demo
    from stripe_reports.http.settings import STRIPE_URL

    if not options.demo:
        return Client(
            account=options.account,
            base_url=options.base_url or STRIPE_URL,
            files_url=options.files_url,
            api=options.api or "v1",
        )
    if options.account or options.base_url or options.files_url:
        raise InputError(
            "--demo asks the simulator in this process, so it takes no --account, no --base-url and no "
            "--files-url. Leave out one or the other."
        )
    return demo(api=options.api or "v1")
