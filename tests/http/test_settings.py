"""The sources of a key, the hosts that may get it, and that no text shows it."""

import io
import logging
import pickle
import re
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_reports.errors import ApiKeyError, ParameterError
from stripe_reports.http.keys import find_key
from stripe_reports.http.settings import Secret, Settings
from stripe_reports.models import Owner

KEY = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
LIVE = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
ORGANISATION = "sk_org_test_4eC39HqLyjWDarjtT1zdp7dc"


def settings(tmp_path, key=KEY, **others):
    return Settings(api_key=Secret(key), cache_dir=tmp_path, **others)


def test_a_secret_is_in_no_text(tmp_path, caplog):
    """Notebooks are shared with their outputs, and tracebacks with local variables."""
    secret = Secret(KEY)
    whole = settings(tmp_path)
    logging.getLogger("stripe_reports").warning("%s %r", secret, whole)
    try:
        raise ValueError(whole)
    except ValueError:
        shown = traceback.format_exc()
    for text in (repr(secret), str(secret), f"{secret}", repr(whole), shown, caplog.text, repr(whole.owner)):
        assert KEY not in text
        assert "4eC39" not in text


def test_a_secret_is_not_pickled():
    """A pickle is a file, and a file is shared."""
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret(KEY))


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("pk_test_123456", "publishable"),
        ("whsec_123456", "not an API key"),
        (f" {KEY}", "blanks"),
        ("hello", "not an API key"),
        ("", "not an API key"),
    ],
)
def test_an_invalid_key_is_refused_without_being_repeated(tmp_path, key, says):
    """The most common mistakes have their own messages; the text might be a secret all the same."""
    with pytest.raises(ApiKeyError, match=says) as caught:
        settings(tmp_path, key)
    assert not key.strip() or key.strip() not in str(caught.value)


@pytest.mark.parametrize(
    "prefix", ["sk_test_", "rk_test_", "sk_live_", "rk_live_", "sk_org_test_", "sk_org_live_"]
)
def test_secret_and_restricted_keys_of_both_modes_are_accepted(tmp_path, prefix):
    """The key determines the mode."""
    made = settings(tmp_path, prefix + "abc123", account="acct_1")
    assert made.mode == ("live" if "live" in prefix else "test")
    assert made.is_of_organisation is ("org" in prefix)


@pytest.mark.parametrize(
    ("key", "base_url", "allowed"),
    [
        (LIVE, "https://api.stripe.com", True),
        (KEY, "https://api.stripe.com/", True),
        (KEY, "http://127.0.0.1:12111", True),
        (KEY, "http://localhost:12111", True),
        (KEY, "http://[::1]:12111", True),
        (KEY, "https://stripe.internal.example", True),
        (KEY, "http://api.stripe.com", False),
        (KEY, "http://10.0.0.5:12111", False),
        (LIVE, "http://127.0.0.1:12111", False),
        (LIVE, "https://api.stripe.com.evil.example", False),
        (LIVE, "https://evil.example", False),
        (KEY, "ftp://127.0.0.1", False),
        (KEY, "https://user:pass@api.stripe.com", False),
        (KEY, "api.stripe.com", False),
    ],
)
def test_live_keys_go_to_stripe_only_and_clear_text_stays_on_this_machine(tmp_path, key, base_url, allowed):
    """Refused when the client is made, before anything is sent."""
    if allowed:
        assert settings(tmp_path, key, base_url=base_url).base_url == base_url.rstrip("/")
    else:
        with pytest.raises(ApiKeyError):
            settings(tmp_path, key, base_url=base_url)


@pytest.mark.parametrize(
    "address",
    [
        "https://[",
        "https://api.stripe.com:99999999",
        "https://api.stripe.com:\u0661\u0662",
        "https://api.stripe.com:0",
        "https://a..b",
        "https://",
        "api.stripe.com",
        f"https://{KEY}@api.stripe.com",
        f"https://{KEY}@[",
        b"https://api.stripe.com",
        5,
        ["https://api.stripe.com"],
    ],
)
@pytest.mark.parametrize("name", ["base_url", "files_url"])
def test_an_invalid_address_is_refused_by_the_name_of_the_setting(tmp_path, name, address):
    """It is not repeated: people put keys there."""
    with pytest.raises(
        ApiKeyError, match=f"^({name} is not an address such as 'https://api.stripe.com'|Put no API key)"
    ) as caught:
        settings(tmp_path, **{name: address})
    assert KEY not in str(caught.value)


def test_an_address_is_required(tmp_path):
    """There is a default for files, and for the API too, unless None is passed."""
    with pytest.raises(ApiKeyError, match=r"^base_url is not an address"):
        settings(tmp_path, base_url=None)
    assert settings(tmp_path, files_url=None).files_url is None


@pytest.mark.parametrize(
    "others", [{"account": 5}, {"account": ["acct_1"]}, {"timezone": 5}, {"timezone": []}]
)
def test_an_account_or_zone_that_is_not_text_is_refused(tmp_path, others):
    """It is a mistake like any other."""
    with pytest.raises(ParameterError, match=r"is not (an account|a time zone)"):
        settings(tmp_path, **others)


def test_a_host_for_live_keys_is_allowed_by_name(tmp_path):
    """For a company's gateway, on purpose."""
    url = "https://gateway.example"
    assert settings(tmp_path, LIVE, base_url=url, trusted_hosts=frozenset({"gateway.example"}))


@pytest.mark.parametrize(
    ("base_url", "files_url", "url", "allowed"),
    [
        ("https://api.stripe.com", None, "https://files.stripe.com/v1/files/file_1/contents", True),
        ("https://api.stripe.com", None, "https://evil.example/v1/files/file_1/contents", False),
        ("https://api.stripe.com", None, "http://files.stripe.com/v1/files/file_1/contents", False),
        ("https://api.stripe.com", None, "https://files.stripe.com:8443/x", False),
        ("https://api.stripe.com", None, "https://files.stripe.com@evil.example/x", False),
        ("https://api.stripe.com", None, "https://evil.example\\@files.stripe.com/x", False),
        ("https://api.stripe.com", None, "https://user:word@files.stripe.com/x", False),
        ("https://api.stripe.com", None, "https://files.stripe.com/x y", False),
        ("https://api.stripe.com", None, "https://files.stripe.com\n.evil.example/x", False),
        ("http://[::1]:12111", None, "http://[::1]:12111/x?y=1", True),
        ("http://127.0.0.1:12111", None, "http://127.0.0.1:12111/v1/files/file_1/contents", True),
        ("http://127.0.0.1:12111", None, "http://127.0.0.1:12112/v1/files/file_1/contents", False),
        ("https://a.example", "https://f.example", "https://f.example/x", True),
        ("https://a.example", "https://f.example", "https://g.example/x", False),
    ],
)
def test_a_download_sends_the_key_only_to_the_host_of_files(tmp_path, base_url, files_url, url, allowed):
    """`result.url` is not trusted: urllib reads two of these addresses as files.stripe.com."""
    assert settings(tmp_path, base_url=base_url, files_url=files_url).may_send_key_to(url) is allowed


def test_owners_differ_by_key_account_and_mode(tmp_path):
    """Each of them changes the folder; none of them reveals the key."""
    owners = [
        settings(tmp_path).owner,
        settings(tmp_path, KEY + "x").owner,
        settings(tmp_path, KEY, account="acct_1").owner,
        settings(tmp_path, KEY, account="acct_1/acct_2").owner,
        settings(tmp_path, ORGANISATION, account="acct_1").owner,
        settings(tmp_path, LIVE).owner,
    ]
    assert len({owner.folder for owner in owners}) == 6
    assert not any(KEY[8:] in owner.folder for owner in owners)


@pytest.mark.parametrize(
    "account",
    [
        pytest.param("", id="nothing"),
        pytest.param("../acct_1", id="another folder"),
        pytest.param("acct_1/..", id="a folder above"),
        pytest.param("acct_1/", id="an empty end"),
        pytest.param("/acct_1", id="an empty beginning"),
        pytest.param("acct_1//acct_2", id="an empty middle"),
        pytest.param("acct_1/cus_2", id="not all accounts"),
        pytest.param("acct_1.acct_2", id="another separator"),
        pytest.param("acct_1, acct_2", id="a list"),
        pytest.param(" acct_1", id="a blank"),
        pytest.param("acct_1\n", id="a line break"),
        pytest.param("acct_é", id="not ASCII, so no header"),
        pytest.param("/".join(["acct_1234567890123456"] * 10), id="longer than a folder's name"),
    ],
)
@pytest.mark.parametrize("key", [KEY, ORGANISATION])
def test_an_account_must_have_the_form_of_an_id_or_a_path(tmp_path, key, account):
    """It becomes a header and a folder. The message shows the right form, in the words of each place."""
    with pytest.raises(ParameterError, match=r"is not an account or a path.*'acct_'") as caught:
        settings(tmp_path, key, account=account)
    assert caught.value.param == "account"
    assert "'acct_platform/acct_connected'" in str(caught.value)
    assert "--account acct_platform/acct_connected" in caught.value.for_command_line()


@pytest.mark.parametrize(
    ("key", "account", "header"),
    [
        pytest.param(KEY, None, {}, id="the key's own"),
        pytest.param(KEY, "acct_1", {"Stripe-Account": "acct_1"}, id="a connected account"),
        pytest.param(KEY, "acct_1/acct_2", {"Stripe-Context": "acct_1/acct_2"}, id="a path"),
        pytest.param(ORGANISATION, "acct_1", {"Stripe-Context": "acct_1"}, id="of an organisation"),
        pytest.param(
            ORGANISATION, "acct_1/acct_2", {"Stripe-Context": "acct_1/acct_2"}, id="below one of its accounts"
        ),
    ],
)
def test_one_header_names_the_account(tmp_path, key, account, header):
    """``Stripe-Context`` takes paths, and an organisation's key accepts no other."""
    assert settings(tmp_path, key, account=account).account_header == header


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize("account", ["org_1", "org_1/acct_1", "org_1/acct_1/acct_2"])
def test_a_path_that_starts_with_the_organisation_is_refused(tmp_path, api, account):
    """Stripe's paths start below the owner of the key, which is the organisation itself."""
    with pytest.raises(ParameterError, match="a path starts with an account of it") as caught:
        settings(tmp_path, ORGANISATION, account=account, api=api)
    assert "Write account='acct_…'" in str(caught.value)
    assert "--account acct_…" in caught.value.for_command_line()


def test_an_organisations_key_without_an_account_is_refused(tmp_path):
    """It could never work; the message has the remedy for Python, command line and form."""
    with pytest.raises(ParameterError, match="an organisation's key") as caught:
        settings(tmp_path, ORGANISATION)
    assert "Client(account='acct_…')" in str(caught.value)
    assert "--account acct_…" in caught.value.for_command_line()
    assert "open the form for that client" in caught.value.for_form()


ids = st.from_regex(r"acct_[A-Za-z0-9_]{1,20}", fullmatch=True)
paths = st.none() | st.lists(ids, min_size=1, max_size=3).map("/".join)
owners = st.builds(
    Owner,
    st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    paths,
    st.sampled_from(["live", "test"]),
    st.none() | st.from_regex(r"[0-9a-f]{8}", fullmatch=True),
)


@given(one=owners, other=owners)
def test_the_owner_can_be_restored_from_the_name_of_its_folder(one, other):
    """A path of accounts has slashes, and two owners must never share a folder."""
    assert re.fullmatch(r"[\w.-]{1,255}", one.folder, re.ASCII)
    assert Owner.of_folder(one.folder) == one
    assert (one.folder == other.folder) is (one == other)


class TestFindKey:
    def test_the_argument_comes_first_then_the_environment(self, monkeypatch):
        """As with Stripe's own tools."""
        monkeypatch.setenv("STRIPE_API_KEY", "sk_test_environment")
        assert find_key(Secret("sk_test_argument")).reveal() == "sk_test_argument"
        assert find_key().reveal() == "sk_test_environment"

    def test_spaces_around_a_key_are_removed_and_other_types_are_refused(self):
        """A copied key may end with a line break; a number is a mistake, not a key."""
        assert find_key(Secret(f" {KEY}\n")) == Secret(KEY)
        with pytest.raises(ApiKeyError, match="not int"):
            find_key(Secret.of(5))

    def test_a_keyring_that_cannot_be_opened_is_ignored(self, monkeypatch):
        """A server has none, and a locked one asks for a password."""
        keyring = pytest.importorskip("keyring")

        def locked(*_):
            raise keyring.errors.KeyringLocked

        monkeypatch.delenv("STRIPE_API_KEY", raising=False)
        monkeypatch.setattr(keyring, "get_password", locked)
        monkeypatch.setattr("sys.stdin", None)
        with pytest.raises(ApiKeyError, match="No API key"):
            find_key()

    def test_a_cancelled_prompt_gives_no_key(self, monkeypatch):
        """Control-D."""

        def left(_prompt):
            raise EOFError

        monkeypatch.delenv("STRIPE_API_KEY", raising=False)
        monkeypatch.setattr("stripe_reports.http.keys._from_keyring", lambda: None)
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("getpass.getpass", left)
        with pytest.raises(ApiKeyError, match="No API key"):
            find_key()

    def test_the_keyring_comes_after_the_environment(self, monkeypatch):
        """If the extra is installed."""
        keyring = pytest.importorskip("keyring")
        monkeypatch.delenv("STRIPE_API_KEY", raising=False)
        monkeypatch.setattr(keyring, "get_password", lambda service, name: f"sk_test_{service}_{name}")
        assert find_key().reveal() == "sk_test_stripe-reports_api_key"

    def test_without_a_key_the_error_lists_all_ways_to_give_one(self, monkeypatch):
        """There is no prompt where nobody can answer it."""
        monkeypatch.delenv("STRIPE_API_KEY", raising=False)
        monkeypatch.setattr("stripe_reports.http.keys._from_keyring", lambda: None)
        monkeypatch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(ApiKeyError, match=r"STRIPE_API_KEY.*keyring.*api_key=.*demo\(\)"):
            find_key()

    def test_in_a_terminal_the_key_is_typed_without_echo(self, monkeypatch):
        """getpass does not echo."""
        monkeypatch.delenv("STRIPE_API_KEY", raising=False)
        monkeypatch.setattr("stripe_reports.http.keys._from_keyring", lambda: None)
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("getpass.getpass", lambda _prompt: "sk_test_typed\n")
        assert find_key().reveal() == "sk_test_typed"
