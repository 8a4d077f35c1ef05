"""Who is calling: the API key, its mode, and the account it acts for."""

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
    """An account in one mode. Runs and files of one are invisible to any other."""

    livemode: bool
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """Who calls, with a key that may do what.

    Attributes:
        shown_key: The key as Stripe repeats it.
        permissions: Of a restricted key that was given some; None for a key that may do everything.
    """

    caller: Caller
    shown_key: str
    permissions: frozenset[str] | None = None


def authenticate(request: Request, own_key: str, restricted: Mapping[str, frozenset[str]]) -> Access:
    """Who makes a request, by basic or bearer key.

    Any key of the right form will do, unless it is the one of another simulator: whoever holds that one
    expects other figures.

    Args:
        request: The request.
        own_key: The key of this simulator.
        restricted: Permissions by key; any other key may do everything.

    Raises:
        StripeError: 401 for no key or a wrong one, 403 for an account that cannot be.
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
    """A key as Stripe repeats it: its prefix and its last four characters."""
    prefix = re.match(r"(?:sk|rk|pk)_(?:test|live)_", key)
    head = prefix[0] if prefix else key[:3]
    tail = key[-4:] if len(key) - len(head) >= 8 else ""
    return head + "*" * max(3, len(key) - len(head) - len(tail)) + tail
