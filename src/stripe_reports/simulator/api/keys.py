"""The caller of a request: the API key, its mode, and the account it acts for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from werkzeug.wrappers import Request

from stripe_reports.simulator.api.answers import StripeError, invalid
from stripe_reports.simulator.ledger.organisation import SiblingAccount, account_of_path

__all__ = ["Access", "Caller", "authenticate", "organisation_key", "own_key"]

_KEY = re.compile(r"(?:sk|rk|sk_org)_(test|live)_[A-Za-z0-9_]+")
_OF_A_SIMULATOR = re.compile(r"(?:sk|rk|sk_org)_(?:test|live)_(simulator_seed\d+_ledger\d+\w*)")


@dataclass(frozen=True, slots=True)
class Caller:
    """An account in one mode. Its runs and files are invisible to all other callers.

    Attributes:
        account: None for the main account, however it was named.
    """

    livemode: bool
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """The caller, and the permissions of its key.

    Attributes:
        shown_key: The key, masked as Stripe shows it in messages.
        is_of_organisation: True for a key of the organisation, False for one of the main account.
        permissions: Those given to a restricted key; None for a key that may do everything.
        key_digest: Digest of the key, by which its runs of v2 are counted.
    """

    caller: Caller
    shown_key: str
    is_of_organisation: bool = False
    permissions: frozenset[str] | None = None
    key_digest: str = ""


def own_key(seed: int, ledger: int, *options: str) -> str:
    """Return a simulator's test key: it names the seed, the ledger version, and what else changes figures."""
    return "_".join([f"sk_test_simulator_seed{seed}_ledger{ledger}", *filter(None, options)]).replace(
        ".", "_"
    )


def organisation_key(key: str) -> str:
    """Return the key of the organisation that the account with a secret key belongs to."""
    return key.replace("sk_", "sk_org_", 1)


def authenticate(
    request: Request,
    own_key: str,
    restricted: Mapping[str, frozenset[str]],
    accounts: Sequence[SiblingAccount],
) -> Access:
    """Identify the caller by its key, sent with basic or bearer authentication, and by the account it names.

    Any key of the right form is accepted, except the key of another simulator: its holder expects other
    figures. All keys are of the main account or of the organisation.

    Args:
        request: The request.
        own_key: The key of this simulator.
        restricted: Permissions by key; a key that is not in it may do everything.
        accounts: The accounts of the organisation, the main one first.

    Raises:
        StripeError: 401 for a missing or wrong key, 400 if an organisation's key comes without the headers
            that it needs, 403 for an account that does not exist or that the key does not reach.
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
    account = _account(request, key, accounts)
    caller = Caller(well_formed[1] == "live", account)
    digest = hashlib.sha256(key.encode()).hexdigest()
    return Access(caller, _masked(key), key.startswith("sk_org_"), restricted.get(key), digest)


def _account(request: Request, key: str, accounts: Sequence[SiblingAccount]) -> str | None:
    """Return the account that a request names in its headers; None for the main account.

    The path in ``Stripe-Context``, which supersedes ``Stripe-Account``, starts below the owner of the key:
    below the organisation with a sibling, below the main account with an account connected to it. A path
    that starts with the key's own account is accepted too, as ``Stripe-Account`` accepts it; Stripe's page
    does not say so.

    Source: https://docs.stripe.com/context
    """
    main = accounts[0].id
    account, context = (request.headers.get(name) for name in ("Stripe-Account", "Stripe-Context"))
    if key.startswith("sk_org_"):
        path = _context_of_organisation(request).split("/")
    elif context is not None or account is not None:
        named = context.split("/") if context is not None else [account or ""]
        path = named if named[0] == main else [main, *named]
    else:
        return None
    found = account_of_path(accounts, path)
    if found is None:
        raise StripeError(
            403,
            f"The provided key '{_masked(key)}' does not have access to account '{context or account}' (or "
            "that account does not exist). Application access may have been revoked.",
            code="account_invalid",
        )
    return None if found == main else found


def _context_of_organisation(request: Request) -> str:
    """Return the context that an organisation's key needs; it also needs a version of the API.

    The first text is Stripe's, as its Python library quotes it; the second is ours in the same style. The
    status and type of both are not known.

    Source: https://docs.stripe.com/keys/organization-api-keys,
    https://github.com/stripe/stripe-python/pull/1660
    """
    context = request.headers.get("Stripe-Context")
    if not context:
        raise invalid(
            "Please include the Stripe-Context header with your target account when using an Organization "
            "API key."
        )
    if not request.headers.get("Stripe-Version"):
        raise invalid("Please include the Stripe-Version header when using an Organization API key.")
    return context


def _masked(key: str) -> str:
    """Mask a key as Stripe does: only its prefix and its last four characters stay."""
    prefix = re.match(r"(?:sk|rk|pk|sk_org)_(?:test|live)_", key)
    head = prefix[0] if prefix else key[:3]
    tail = key[-4:] if len(key) - len(head) >= 8 else ""
    return head + "*" * max(3, len(key) - len(head) - len(tail)) + tail
