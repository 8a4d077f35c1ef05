"""The settings of a client: addresses, API key, account, and folder of results; both values are frozen."""

from __future__ import annotations

import hashlib
import math
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_cache_path

from stripe_reports.errors import ApiKeyError, NotPicklableError, ParameterError
from stripe_reports.http.addresses import origin_of
from stripe_reports.models import ApiName, Mode, Owner, zone_named
from stripe_reports.render import remedies
from stripe_reports.render.redaction import KEY, REDACTED, redacted, without_key

__all__ = [
    "API_VERSION",
    "CALLS_PER_SECOND",
    "FILES_URL",
    "LOOPBACK",
    "PREVIEW_VERSION",
    "STRIPE_URL",
    "Secret",
    "Settings",
    "allowed_rate",
    "check_account",
    "key_digest",
    "results_folder",
    "simulated_files_url",
    "usual_files_url",
]

API_VERSION = "2026-11-18.endive"
"""The version of Stripe's API that is requested; requests with different versions are not equal."""

PREVIEW_VERSION = "2026-10-28.preview"
"""The version with which Reports v2 is called; only previews have it.

Source: https://docs.stripe.com/changelog/endive/2026-10-28/data-api
"""

STRIPE_URL = "https://api.stripe.com"
FILES_URL = "https://files.stripe.com"

CALLS_PER_SECOND = 20.0
"""Calls per second by default: with the quarter that may be made at once, 25 in any second, Stripe's smallest
limit for a mode or an endpoint."""

CACHE_VARIABLE = "STRIPE_REPORTS_CACHE_DIR"
RATE_VARIABLE = "STRIPE_REPORTS_CALLS_PER_SECOND"

_ACCOUNT = re.compile(r"acct_\w+(?:/acct_\w+)*", re.ASCII)
_LONGEST_ACCOUNT = 200
"""Maximum characters of an account or path, which is part of the name of a folder."""
_KEYLESS_HOST = "stripeusercontent.com"
"""Host of the result files of Reports v2, whose addresses need no key.

Source: https://docs.stripe.com/api/v2/data/report-runs/object
"""
_STRIPES_HOSTS = frozenset({"api.stripe.com", "files.stripe.com"})
_VERSIONS: dict[ApiName, str] = {"v1": API_VERSION, "v2": PREVIEW_VERSION}
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Secret:
    """An API key that is never shown: not in a repr, a log line, a traceback's locals or a pickle."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def of(cls, key: str | Secret | None) -> Secret | None:
        """Return the key, hidden; None if there is none.

        It checks nothing, since an error would show the frame of the caller, which still has the plain key.
        """
        return key if isinstance(key, Secret) else cls(key) if key else None

    def reveal(self) -> str:
        """Return the key itself. Only the code that signs a request may call this."""
        return self._text

    def redact(self, text: str) -> str:
        """Return *text* without the key, in any encoding, and without other keys."""
        return without_key(text, self._text)

    def is_in(self, content: bytes) -> bool:
        """Return True if *content* contains the plain key."""
        return self._text.encode() in content

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise NotPicklableError("An API key is not pickled: it would lie in a file.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of a client.

    Args:
        api_key: A secret or restricted key, or an organisation's key, which needs an account.
        account: ``acct_…`` to act for, or a path such as ``acct_platform/acct_connected``; None for the key's
            own account.
        timezone: Zone of calendar periods if a call names none; None is UTC.
        base_url: Where the API is: Stripe, or a simulator on this machine.
        files_url: Where files are, if neither there nor at Stripe's usual address.
        cache_dir: Folder of results, one folder for each owner inside.
        api: ``v1`` for the Reporting API, ``v2`` for Reports v2.
        api_version: Stripe's API version; empty for that of the generation.
        fiscal_year_start: Month in which a fiscal year starts, 1 to 12.
        cache_limit: Bytes that the stored results of this owner may take.
        max_result_bytes: Bytes that one result may have, as received and unpacked.
        trusted_hosts: Other host names that may get a live key, such as a company's gateway.
        calls_per_second: Most calls per second, of all clients of the key on this machine.
        in_process: True if the API is simulated in this process, whatever the addresses are.

    Raises:
        ApiKeyError: Not a secret key, or an address that must not get it.
        ParameterError: An account that cannot be one, or none with an organisation's key.
    """

    api_key: Secret
    account: str | None = None
    timezone: str | None = None
    base_url: str = STRIPE_URL
    files_url: str | None = None
    cache_dir: Path
    api: ApiName = "v1"
    api_version: str = ""
    fiscal_year_start: int = 1
    cache_limit: int = 20_000_000_000
    max_result_bytes: int = 100_000_000_000
    trusted_hosts: frozenset[str] = field(default=frozenset())
    calls_per_second: float = CALLS_PER_SECOND
    in_process: bool = False

    def __post_init__(self) -> None:
        if self.api not in _VERSIONS:
            raise ParameterError(f"api must be 'v1' or 'v2'; got {self.api!r}.", param="api")
        if not _is_key(self.api_key):
            raise ApiKeyError(_what_is_wrong(self.api_key.reveal()))
        self._check_account()
        if self.timezone is not None:
            zone_named(self.timezone)
        if self.fiscal_year_start not in range(1, 13):
            raise ParameterError(
                f"fiscal_year_start must be a month from 1 to 12; got {self.fiscal_year_start!r}.",
                param="fiscal_year_start",
            )
        self._check_address("base_url", self.base_url)
        if self.files_url:
            self._check_address("files_url", self.files_url, gets_key=self.api == "v1")
        if not self.api_version:
            object.__setattr__(self, "api_version", _VERSIONS[self.api])
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))
        object.__setattr__(self, "cache_dir", self.cache_dir.expanduser().absolute())

    def _check_account(self) -> None:
        if self.account is None:
            if self.is_of_organisation:
                raise ParameterError(
                    "This is an organisation's key. It can act for several accounts, so Stripe refuses it "
                    "unless an account is named.",
                    param="account",
                    remedy=remedies.name_account(),
                )
            return
        check_account(self.account)

    def _check_address(self, name: str, url: object, *, gets_key: bool = True) -> None:
        if isinstance(url, str) and REDACTED in redacted(url):
            raise ApiKeyError("Put no API key into an address.", remedy=remedies.give_key_apart())
        origin = origin_of(url)
        if origin is None:  # and may hold a password, so it is not repeated
            raise ApiKeyError(
                f"{name} is not an address such as {STRIPE_URL!r}: scheme, host, perhaps a port and a path, "
                "and no user name, password or blank.",
                remedy=remedies.give_key_apart(),
            )
        host = origin.host
        if origin.scheme == "http" and host not in LOOPBACK:
            raise ApiKeyError(
                f"The key would cross the network in clear text on its way to {origin}. "
                "Use https; plain http is for a simulator on this machine."
            )
        if gets_key and self.mode == "live" and host not in _STRIPES_HOSTS | self.trusted_hosts:
            raise ApiKeyError(
                f"A live key goes to Stripe only, not to {host}.", remedy=remedies.allow_host(host)
            )

    @property
    def mode(self) -> Mode:
        """``live`` or ``test``, from the key."""
        return "live" if "_live_" in self.api_key.reveal()[:12] else "test"

    @property
    def is_of_organisation(self) -> bool:
        """True for the key of an organisation, which Stripe refuses without a context."""
        return "k_org_" in self.api_key.reveal()[:7]

    @property
    def account_header(self) -> dict[str, str]:
        """The header that names the account; none for the key's own.

        ``Stripe-Context`` supersedes ``Stripe-Account`` and takes paths; an organisation's key needs it, and
        it is the only one known for Reports v2.
        Source: https://docs.stripe.com/context, https://docs.stripe.com/keys/organization-api-keys
        """
        if self.account is None:
            return {}
        is_context = self.is_of_organisation or "/" in self.account or self.api == "v2"
        return {"Stripe-Context" if is_context else "Stripe-Account": self.account}

    @property
    def api_title(self) -> str | None:
        """Name of the API for people; None for the usual one."""
        return "Reports v2 (preview)" if self.api == "v2" else None

    @property
    def owner(self) -> Owner:
        """The owner of these results."""
        place = "this process" if self.in_process else self.base_url
        is_stripe = not self.in_process and origin_of(place) == origin_of(STRIPE_URL)
        return Owner(
            key_digest=key_digest(self.api_key),
            account=self.account,
            mode=self.mode,
            place=None if is_stripe else _digest(place)[:8],
            api=self.api,
        )

    def may_send_key_to(self, url: str) -> bool:
        """Return True if *url* is an address of this client's files; a download sends the key only there."""
        if self.api == "v2":  # its files need no key
            return origin_of(url) is not None and origin_of(url) == origin_of(self.base_url)
        origins = {origin_of(self.base_url), origin_of(self.files_url or FILES_URL)}
        if origin_of(self.base_url) == origin_of(STRIPE_URL):
            origins.add(origin_of(FILES_URL))
        origin = origin_of(url)
        return origin is not None and origin in origins

    def may_read_without_key(self, url: str) -> bool:
        """Return True if *url* can be the address of a file that needs no key; it never gets one.

        Stripe's such files are on one host. Those of a simulator or gateway are at ``files_url``, or at its
        own address.
        """
        usual = origin_of(usual_files_url(self.base_url, self.api))
        named = origin_of(self.files_url) if self.files_url else usual
        is_stripe = origin_of(self.base_url) == origin_of(STRIPE_URL)
        origin = origin_of(url)
        return origin is not None and origin in ({named, usual} if is_stripe else {named})


def usual_files_url(base_url: str, api: ApiName) -> str:
    """Return where the files of an API are, unless they are named: at Stripe's host, or else at the API's."""
    if origin_of(base_url) != origin_of(STRIPE_URL):
        return base_url
    return FILES_URL if api == "v1" else f"https://{_KEYLESS_HOST}"


def simulated_files_url(served_at: str, api: ApiName) -> str:
    """Return where a simulator that is served on loopback has its files.

    Those of Reports v2 are under another name of this machine, since Stripe has them on a host of their own.
    """
    return served_at if api == "v1" else served_at.replace("//127.0.0.1", "//localhost", 1)


def results_folder(given: str | os.PathLike[str] | None) -> Path:
    """Return the folder of results: as given, else set for the machine, else in the user's cache folder."""
    return Path(given or os.environ.get(CACHE_VARIABLE) or user_cache_path("stripe-reports"))


def allowed_rate(given: float | None) -> float:
    """Return the calls per second that a client may make: as given or set for the machine, the lowest.

    Raises:
        ParameterError: One of them is not a number above 0.
    """
    found = [("calls_per_second", given), (RATE_VARIABLE, os.environ.get(RATE_VARIABLE) or None)]
    return min((_rate(name, value) for name, value in found if value is not None), default=CALLS_PER_SECOND)


def _rate(name: str, value: object) -> float:
    try:
        rate = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        rate = math.nan
    if isinstance(value, bool) or not 0 < rate < math.inf:
        raise ParameterError(f"{name} must be a number above 0; got {value!r}.", param="calls_per_second")
    return rate


def check_account(account: object, *, param: str = "account") -> None:
    """Refuse a text that cannot be an account or a path of accounts.

    A path starts below the owner of the key; that of an organisation's key starts with one of its accounts.
    Source: https://docs.stripe.com/context

    Raises:
        ParameterError: It is none.
    """
    text = str(account)
    if text.startswith("org_"):
        raise ParameterError(
            f"{text[:_LONGEST_ACCOUNT]!r} names an organisation. Its key says which one it is, so a path "
            "starts with an account of it.",
            param=param,
            remedy=remedies.write_account(param),
        )
    if not _ACCOUNT.fullmatch(text) or len(text) > _LONGEST_ACCOUNT:
        raise ParameterError(
            f"{text[:_LONGEST_ACCOUNT]!r} is not an account or a path of accounts: ids that "
            f"start with 'acct_', separated by '/', at most {_LONGEST_ACCOUNT} characters in all.",
            param=param,
            remedy=remedies.write_account(param),
        )


def _is_key(key: Secret) -> bool:
    return KEY.fullmatch(key.reveal()) is not None  # a match kept in a variable would show the key


def key_digest(key: Secret) -> str:
    """Return the first digits of the SHA-256 of a key: enough to distinguish keys, not to derive one."""
    return _digest(key.reveal())[:16]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _what_is_wrong(key: str) -> str:
    advice = (
        "Pass a secret key (sk_test_…, sk_live_…), a restricted one (rk_…) or an organisation's (sk_org_…)."
    )
    if key.startswith("pk_"):
        return f"This is a publishable key; it cannot read reports. {advice}"
    if key.startswith(("whsec_", "ek_", "acct_")):
        return f"This is not an API key: it starts with {key.partition('_')[0] + '_'!r}. {advice}"
    if key != key.strip():
        return f"The API key has blanks around it. {advice}"
    return f"This is not an API key of Stripe's. {advice}"
