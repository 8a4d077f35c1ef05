"""Cards that show our values in a notebook: short, escaped, and in the colours of the page."""

import re
from html.parser import HTMLParser

import pytest

import stripe_reports as sr
from stripe_reports.render.card import card, folded

HOSTILE = "<script>alert(1)</script>\"&'"


class Text(HTMLParser):
    """Tags and text of a piece of HTML; every tag must be closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.text = [], set(), []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        if tag != "wbr":  # a place to break a long path: it has no end
            self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture
def shown(client):
    """One of each, from a report run."""
    report = client.fetch("payouts.itemized", "2026-10", timezone="Europe/Paris", currency="eur")
    return {
        "client": client,
        "type": client.report_type("payouts.itemized"),
        "run": report.run,
        "request": report.request,
        "report": report,
    }


@pytest.mark.parametrize(
    ("what", "texts"),
    [
        ("client", ["test mode", "UTC"]),
        ("type", ["payouts.itemized.5", "interval_start", "columns known"]),
        ("run", ["frr_", "✔ succeeded", "bytes"]),
        (
            "request",
            ["2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00, not included", "2026-10-31", "eur"],
        ),
        ("report", ["frr_", "2026-10-31", "Launched", ".parquet", "SHA-256"]),
    ],
)
def test_a_card_shows_the_important_facts(what, texts, shown):
    """Both bounds and the last included day; for a report also where it comes from."""
    html = shown[what]._repr_html_()
    text = " ".join(Text(html).text)
    assert all(each in text for each in texts)
    assert len(html) < 20_000


def test_no_card_holds_the_key(shown, simulator):
    """Notebooks are saved, and shared."""
    assert not [what for what, value in shown.items() if simulator.key in value._repr_html_()]


def test_a_card_is_readable_in_light_and_dark_mode(shown):
    """Text has the colour of the page; there is no background colour."""
    for value in shown.values():
        styles = " ".join(re.findall(r'style="([^"]*)"', value._repr_html_()))
        assert not re.search(r"(^|[;\s])color:(?!inherit)|background:(?!none)|#[0-9a-f]{3}", styles)


def test_hostile_text_is_shown_and_not_run():
    """Names, values and rows come from outside."""
    html = card(HOSTILE, [(HOSTILE, HOSTILE)], kind=HOSTILE, fold=folded(HOSTILE, [[HOSTILE]]))
    assert "script" not in Text(html).tags
    assert "".join(Text(html).text).count(HOSTILE) == 6


def test_the_card_of_a_failed_run_shows_its_error(client, simulator):
    """People look there first."""
    simulator.inject_fault("run.failed")
    run = client.launch(client.request("balance.summary", "2026-10"))
    with pytest.raises(sr.errors.RunFailedError) as failure:
        client.wait(run)
    assert "✘ failed" in failure.value.run._repr_html_()
    assert str(failure.value.run.error) in " ".join(Text(failure.value.run._repr_html_()).text)
