"""The caller of a request: the API key, its mode, and the account it acts for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.wrappers import Request

from stripe_reports.simulator.api.answers import StripeError

__all__ = ["Access", "Caller", "authenticate"]

_KEY = re.compile(r"(?:sk|rk)_(test|live)_[A-Za-z0-9_]+")
_OF_A_SIMULATOR = re.compile(r"(?:sk|rk)_(?:test|live)_(simulator_seed\d+_ledger\d+\w*)")
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Caller:
    """An account in one mode. Its runs and files are invisible to all other callers."""

    livemode: bool
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """The caller, and the permissions of its key.

    Attributes:
        shown_key: The key, masked as Stripe shows it in messages.
        permissions: Those given to a restricted key; None for a key that may do everything.
    """

    caller: Caller
    shown_key: str
    permissions: frozenset[str] | None = None


def authenticate(request: Request, own_key: str, restricted: Mapping[str, frozenset[str]]) -> Access:
    """Identify the caller by its key, sent with basic or bearer authentication.

    Any key of the right form is accepted, except the key of another simulator: its holder expects other
    figures.

    Args:
        request: The request.
        own_key: The key of this simulator.
        restricted: Permissions by key; a key that is not in it may do everything.

    Raises:
        StripeError: 401 for a missing or wrong key, 403 for an account that does not exist.
    """
    authorization = request.authorization
    key = authorization and (authorization.token or authorization.username)
    if not key:
        raise StripeError(
            401,
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
            "https://stripe.com/docs/api#authentication for details, or we can help at "
            "https://support.stripe.com/.",
        )
    if key.startswith("pk_"):
        text = "This API call cannot be made with a publishable API key. Please use a secret API key."
        raise StripeError(401, text, code="secret_key_required")
    well_formed = _KEY.fullmatch(key)
    if well_formed is None:
        raise StripeError(401, f"Invalid API Key provided: {_masked(key)}")
    names = _OF_A_SIMULATOR.fullmatch(key)
    if names is not None and not own_key.endswith(names[1]):
        raise StripeError(
            401,
            f"Invalid API Key provided: {_masked(key)}. It names another seed, size or version of the "
            f"ledger; this simulator's key is {own_key}.",
        )
    account = request.headers.get("Stripe-Account")
    if account is not None and not _ACCOUNT.fullmatch(account):
        raise StripeError(
            403,
            f"The provided key '{_masked(key)}' does not have access to account '{account}' (or that account "
            "does not exist). Application access may have been revoked.",
            code="account_invalid",
        )
    return Access(Caller(well_formed[1] == "live", account), _masked(key), restricted.get(key))


def _masked(key: str) -> str:
    """Mask a key as Stripe does: only its prefix and its last four characters stay."""
    prefix = re.match(r"(?:sk|rk|pk)_(?:test|live)_", key)
    head = prefix[0] if prefix else key[:3]
    tail = key[-4:] if len(key) - len(head) >= 8 else ""
    return head + "*" * max(3, len(key) - len(head) - len(tail)) + tail
