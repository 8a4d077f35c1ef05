"""Texts that look like an API key are replaced."""

import base64
import json

import pytest

from stripe_reports.render.redaction import REDACTED, redacted, without_key

KEY = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
BODY = KEY.removeprefix("sk_live_")


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(KEY, id="plain"),
        pytest.param(f"Bearer {KEY}", id="bearer"),
        pytest.param(KEY.replace("_", "%5F"), id="address"),
        pytest.param("".join(f"%{ord(c):02x}" for c in KEY), id="every character of an address"),
        pytest.param(KEY.replace("_", r"\u005f"), id="JSON"),
        pytest.param(json.dumps(json.dumps({KEY.replace("_", r"\u005f"): 1})), id="JSON within JSON"),
        pytest.param("".join(f"&#{ord(c)};" for c in KEY), id="HTML"),
        pytest.param("".join(f"&#x{ord(c):X};" for c in KEY), id="HTML in hexadecimal"),
        pytest.param(base64.b64encode(f"{KEY}:".encode()).decode(), id="basic authorization"),
        pytest.param(base64.b64encode(f"u:{KEY}".encode()).decode(), id="basic, as the password"),
        pytest.param(base64.urlsafe_b64encode(f"Bearer {KEY}".encode()).decode(), id="base64 for addresses"),
        pytest.param(base64.b64encode(f"authorization: {KEY}\r\n".encode()).decode(), id="base64, anywhere"),
    ],
)
def test_a_key_is_replaced_in_any_encoding(written):
    """A gateway repeats it in JSON, HTML, an address or a header; each can be decoded again."""
    shown = without_key(f"before {written} after", KEY)
    assert REDACTED in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert BODY not in shown
    assert len(shown) < len(written) + len("before  after")


@pytest.mark.parametrize(
    "key", ["sk_test_123", "rk_live_abc", "sk_org_live_abc", "sk_org_test_1_a", KEY[:20]]
)
def test_any_secret_key_is_replaced(key):
    """A gateway may repeat its own key, or a part of ours; this code knows neither."""
    assert redacted(f"no such key: {key}.") == f"no such key: {REDACTED}."


@pytest.mark.parametrize(
    "text",
    [
        "sk_test_…",
        "sk_org_…",
        "sk_test_****p7dc",
        "pk_test_123",
        "risk_test",
        "balance.summary.1",
        "",
        None,
        5,
    ],
)
def test_text_that_is_not_a_secret_key_is_unchanged(text):
    """Stripe itself shows the last digits, and our remedies name the prefixes."""
    assert redacted(text) == text
