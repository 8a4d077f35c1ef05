"""Find the API key if it is not passed: environment, keyring, a hidden prompt."""

from __future__ import annotations

import os
import sys

from stripe_reports.errors import ApiKeyError
from stripe_reports.http.settings import Secret
from stripe_reports.render import remedies

__all__ = ["ENVIRONMENT_VARIABLE", "KEYRING_SERVICE", "find_key", "key_of_environment"]

ENVIRONMENT_VARIABLE = "STRIPE_API_KEY"
KEYRING_SERVICE = "stripe-reports"


def find_key(given: Secret | None = None) -> Secret:
    """Return the given key, or else that of ``STRIPE_API_KEY``, of the keyring, or of a prompt.

    Raises:
        ApiKeyError: None was found and no prompt can be shown here, or it is not text.
    """
    found = given or key_of_environment() or Secret.of(_from_keyring()) or Secret.of(_from_prompt())
    if found is None:
        raise ApiKeyError("No API key.", remedy=remedies.give_key())
    if not isinstance(found.reveal(), str):
        raise ApiKeyError(f"api_key is a text, not {type(found.reveal()).__name__}.")
    return Secret(found.reveal().strip())


def key_of_environment() -> Secret | None:
    """Return the key of ``STRIPE_API_KEY``; None if it is not set."""
    return Secret.of(os.environ.get(ENVIRONMENT_VARIABLE, "").strip())


def _from_keyring() -> str | None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        key: str | None = keyring.get_password(KEYRING_SERVICE, "api_key")
    except KeyringError:  # a machine without a keyring is like a keyring without the key
        return None
    return key


def _from_prompt() -> str | None:
    """Ask for a key without echo, in a terminal or a notebook with a prompt; return None elsewhere."""
    kernel = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    can_ask = getattr(getattr(kernel, "kernel", None), "_allow_stdin", False) or (
        sys.stdin is not None and sys.stdin.isatty()
    )
    if not can_ask:
        return None
    from getpass import getpass

    try:
        return getpass("Stripe API key (hidden): ")
    except EOFError:
        return None
