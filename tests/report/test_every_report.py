"""Every report that the simulator plays is drawn, printed and published; or says that there is no chart."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

import stripe_reports as sr
from played_reports import EVERY_TERMS, KNOWN
from simulator_api import CONNECTED
from stripe_reports import catalog
from stripe_reports.charts.choosing import kinds_for, recipe_for
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import ParameterError
from stripe_reports.simulator import Simulator

NEWEST = sorted({catalog.newest(id_.rpartition(".")[0], KNOWN) for id_ in KNOWN})
OLDER = sorted(set(KNOWN) - set(NEWEST))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """In live mode every type can be had."""
    with sr.demo(livemode=True, cache_dir=tmp_path_factory.mktemp("demo")) as client:
        yield client


@pytest.fixture(scope="module")
def named(client):
    """A payout, and a connected account with a payout of its own."""
    own = client.frame("payouts.itemized", "2026-10", currency="eur")
    theirs = client.frame("connected_account_payouts.itemized", "2026-10")
    automatic = client.frame("payout_reconciliation.itemized", "2026-10", currency="eur")
    of_account = client.frame("connected_account_payout_reconciliation.itemized", "2026-10")
    assert own.height
    assert theirs.height
    return {
        False: {"payout": automatic["automatic_payout_id"][0]},
        True: {
            "payout": of_account["automatic_payout_id"][0],
            "connected_account": of_account["connected_account"][0],
        },
    }


def fetched(client, named, id_):
    type_ = catalog.get(id_)
    by_id = named["connected_account" in type_.required_parameters]
    asked = {name: value for name, value in by_id.items() if name in type_.required_parameters}
    if id_.startswith("connect_card_payments_fees."):  # run on a connected account
        with sr.demo(livemode=True, account=CONNECTED[0]) as own:
            return own.fetch(id_, "2026-10")
    return client.fetch(id_, **asked) if "payout" in asked else client.fetch(id_, "2026-10", **asked)


@pytest.mark.parametrize("id_", NEWEST)
def test_every_report_has_each_of_its_charts_a_table_and_a_page(client, named, id_, tmp_path):
    """All rows, the rows of one currency, one row and none; and the same from a file of the Dashboard."""
    report = fetched(client, named, id_)
    frame, kinds = report.frame(), report.chart_kinds()
    assert frame.height
    assert kinds, "a type whose columns are known has a chart"
    for kind in kinds:
        assert report.chart(kind, linked=True).to_dict(validate=False)["title"]["text"]
        draw = recipe_for(id_, frame.columns, kind)
        for rows, options in ((frame, {"currency": "eur"}), (frame.head(1), {}), (frame.clear(), {})):
            assert draw(rows, **options).to_dict(validate=False)["layer" if rows.is_empty() else "title"]
    assert report.table(rows=5).as_raw_html()
    assert "<svg" in report.to_html(rows=5)
    report.write_csv(tmp_path / "report.csv")
    file = sr.Report.from_csv(tmp_path / "report.csv", report_type=id_, timezone="UTC")
    assert file.chart_kinds() == kinds
    assert file.chart().to_dict(validate=False)["title"]["text"]
    assert "report.csv" in file.to_html(rows=5)
    assert file.table(rows=5).as_raw_html()
    assert file.write_excel(tmp_path / "report.xlsx") == frame.height


OF_FEES = [id_ for id_ in NEWEST if catalog.get(id_).family in ("balance", "payout_reconciliation", "fees")]


@pytest.fixture(scope="module", params=EVERY_TERMS[1:], ids=lambda terms: terms.pricing)
def other(request, tmp_path_factory):
    """An account whose fees are rows of their own, and that lists a payout in its reconciliation."""
    terms = replace(request.param, lists_payouts=True)
    simulator = Simulator(1, latency=1.0, charges_per_day=8.0, terms=terms)
    with DemoClient(simulator, livemode=True, cache_dir=tmp_path_factory.mktemp("other")) as client:
        yield client


@pytest.mark.parametrize("id_", [id_ for id_ in OF_FEES if not id_.startswith("connect")])
def test_accounts_that_pay_in_other_ways_have_the_same_charts(other, id_):
    """On interchange-plus and with stand-alone fees; each with a table and a page."""
    payout = other.frame("payout_reconciliation.itemized", "2026-10", currency="eur")["automatic_payout_id"][
        0
    ]
    by_id = "payout" in catalog.get(id_).required_parameters
    report = other.fetch(id_, payout=payout) if by_id else other.fetch(id_, "2026-10")
    assert report.frame().height
    for kind in report.chart_kinds():
        assert report.chart(kind, linked=True).to_dict(validate=False)["title"]["text"]
    assert report.table(rows=5).as_raw_html()
    assert "<svg" in report.to_html(rows=5)


@pytest.mark.parametrize("id_", OLDER)
def test_an_older_version_is_drawn_as_far_as_its_columns_go(client, named, id_):
    """It lacks columns here and there, and what needs them is not offered."""
    frame = pl.DataFrame(schema=fetched(client, named, id_).scan().collect_schema())
    for kind in kinds_for(id_, frame.columns):
        assert "There is n" in recipe_for(id_, frame.columns, kind)(frame).to_json(validate=False)


def test_a_report_without_a_chart_says_so_and_is_a_page_all_the_same(client):
    """Whatever columns were asked for."""
    report = client.fetch("payouts.itemized", "2026-10", columns=["payout_id", "currency"])
    assert report.chart_kinds() == {}
    with pytest.raises(ParameterError, match="chart"):
        report.chart()
    assert "<table" in report.to_html(rows=5)
