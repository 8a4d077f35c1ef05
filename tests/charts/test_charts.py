"""Charts show the figures of their report exactly, one currency a panel, and need no internet."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import altair as alt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stripe_reports as sr
from named_recipes import balance_waterfall
from report_frames import activity, all_fees, card_fees, overview, payouts, revenue, summary, tax
from stripe_reports.charts import theme
from stripe_reports.charts.choosing import chart_of, kinds_for, recipe_for
from stripe_reports.charts.selections import selection_expr
from stripe_reports.charts.source import Source
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest

SCHEMA = {
    "category": pl.String,
    "description": pl.String,
    "net_amount": pl.Decimal(38, 6),
    "currency": pl.String,
}


def a_summary(
    currency: str = "eur",
    *,
    start: str = "100.00",
    gross: str = "50.00",
    fee: str = "-2.50",
    payouts: str = "-120.00",
    payout_fee: str = "0.00",
    ending: str | None = None,
) -> pl.DataFrame:
    """The nine rows of a balance summary."""
    balance, activity, paid = (
        Decimal(start),
        Decimal(gross) + Decimal(fee),
        Decimal(payouts) + Decimal(payout_fee),
    )
    rows = [
        ("starting_balance", "Starting balance (2026-10-01)", balance),
        ("starting_balance_available", "Available balance (2026-10-01)", balance),
        ("activity_gross", "Account activity before fees", Decimal(gross)),
        ("activity_fee", "Less fees", Decimal(fee)),
        ("activity", "Activity", activity),
        ("payouts_gross", "Payouts to bank", Decimal(payouts)),
        ("payouts_fee", "Payout fees", Decimal(payout_fee)),
        ("payouts", "Total payouts", paid),
        ("ending_balance", "Ending balance (2026-10-31)", Decimal(ending or balance + activity + paid)),
    ]
    return pl.DataFrame([(*row, currency) for row in rows], schema=SCHEMA, orient="row")


def without_idle_currencies(frame: pl.DataFrame) -> pl.DataFrame:
    """As Stripe writes it: a row whose figure is an untouched zero has no currency."""
    return frame.with_columns(currency=pl.when(pl.col("net_amount") != 0).then("currency"))


def panels(chart: alt.TopLevelMixin) -> Iterator[list[dict[str, Any]]]:
    """The bars of each panel, as they are handed to Vega-Lite."""
    spec = chart.to_dict(validate=False)
    for panel in spec.get("vconcat", [spec]):
        yield spec["datasets"][panel["data"]["name"]]


def bars(chart: alt.TopLevelMixin) -> list[tuple[str, str]]:
    """Step and label of each bar of a chart with one panel."""
    (panel,) = panels(chart)
    return [(bar["step"], bar["label"]) for bar in panel]


def exact(text: str) -> Decimal:
    """The decimal behind a label such as ``−1,234.50 EUR``."""
    return Decimal(text.partition(" ")[0].replace("−", "-").replace(",", ""))


# Balance waterfall


def test_bars_stand_in_the_order_in_which_finance_reads_them():
    assert bars(balance_waterfall(a_summary())) == [
        ("Starting balance 2026-10-01", "100.00"),
        ("Gross activity", "+50.00"),
        ("Fees", "−2.50"),
        ("Payouts", "−120.00"),
        ("Ending balance 2026-10-31", "27.50"),
    ]


def test_payout_fees_have_a_bar_where_there_were_any():
    steps = dict(bars(balance_waterfall(a_summary(payout_fee="-0.25"))))
    assert steps["Payout fees"] == "−0.25"


def test_the_older_form_without_gross_and_fees_is_drawn_with_what_it_has():
    old = a_summary().filter(
        pl.col("category").is_in(["starting_balance", "activity", "payouts", "ending_balance"])
    )
    assert bars(balance_waterfall(old.drop("description"))) == [
        ("Starting balance", "100.00"),
        ("Activity", "+47.50"),
        ("Payouts", "−120.00"),
        ("Ending balance", "27.50"),
    ]


def test_a_balance_that_the_rows_do_not_explain_is_shown_with_the_difference():
    """A bar that starts elsewhere than the last one ended would be overlooked."""
    assert bars(balance_waterfall(a_summary(ending="27.49")))[-2:] == [
        ("Unexplained", "−0.01"),
        ("Ending balance 2026-10-31", "27.49"),
    ]


def an_activity(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    """An activity summary: category, gross, fee and currency."""
    data = [(category, Decimal(gross), Decimal(fee), currency) for category, gross, fee, currency in rows]
    schema = {"reporting_category": pl.String, "gross": pl.Decimal(38, 6)}
    schema |= {"fee": pl.Decimal(38, 6), "currency": pl.String}
    return pl.DataFrame(data, schema=schema, orient="row")


def test_a_balance_with_its_activity_shows_what_happened():
    """One bar of gross activity hides that refunds and disputes took half of the sales."""
    activity = an_activity(
        ("charge", "80.00", "2.00", "eur"),
        ("refund", "-25.00", "0.00", "eur"),
        ("dispute", "-4.50", "0.00", "eur"),
        ("fee", "-0.40", "0.10", "eur"),
        ("transfer", "-0.50", "0.00", "eur"),
        ("charge", "9.00", "0.00", "gbp"),  # which the balance does not have
        ("total", "49.60", "2.10", "eur"),
    )
    chart = balance_waterfall(a_summary(), activity=activity)
    assert bars(chart) == [
        ("Starting balance 2026-10-01", "100.00"),
        ("Sales", "+80.00"),
        ("Refunds", "−25.00"),
        ("Disputes", "−4.50"),
        ("Transfer", "−0.50"),
        ("Fees", "−2.50"),
        ("Payouts", "−120.00"),
        ("Ending balance 2026-10-31", "27.50"),
    ]
    assert (
        selection_expr(chart, {"bar": [{"category": "sales"}]}).code == '(pl.col("category") == "activity")'
    )


def test_an_activity_that_does_not_lead_to_the_end_shows_the_difference():
    """It may be that of another day."""
    steps = dict(bars(balance_waterfall(a_summary(), activity=an_activity(("charge", "40.00", "0", "eur")))))
    assert (steps["Sales"], steps["Unexplained"]) == ("+40.00", "+7.50")


def test_only_the_largest_of_the_other_categories_have_a_step():
    """More than a dozen steps could not be labelled."""
    others = [(f"category_{number}", f"{number}.00", "0.00", "eur") for number in range(1, 7)]
    chart = balance_waterfall(a_summary(gross="21.00", fee="0"), activity=an_activity(*others))
    steps = dict(bars(chart))
    assert (steps["Category 6"], steps["Category 5"], steps["Other activity"]) == ("+6.00", "+5.00", "+10.00")


def test_the_activity_of_another_period_is_refused(client):
    """The steps would add up to another balance."""
    balance = client.fetch("balance.summary", "2026-10")
    activity = client.fetch("balance_change_from_activity.summary", "2026-09")
    with pytest.raises(
        ParameterError, match="The activity is that of 2026-09-01 to 2026-09-30, and the balance"
    ):
        balance.chart(activity=activity)


def test_the_activity_of_one_currency_is_refused_for_others(client):
    """The others would be unexplained."""
    balance = client.fetch("balance.summary", "2026-10")
    activity = client.fetch("balance_change_from_activity.summary", "2026-10", currency="eur")
    for currency in (None, "usd", ["eur", "usd"]):
        with pytest.raises(ParameterError, match="The activity is in EUR only"):
            balance.chart(activity=activity, currency=currency)
    for currency in ("eur", "EUR", ["eur"]):
        assert "Unexplained" not in balance.chart(activity=activity, currency=currency).to_json()


def test_the_volume_of_another_period_or_currency_is_refused():
    """Fees of a month over the charges of half of it were twice the rate."""
    client = sr.demo(livemode=True)
    fees = client.fetch("all_fees.incurred_at.itemized", "2026-10")
    half = client.fetch("balance_change_from_activity.itemized", "2026-10-01/2026-10-15")
    with pytest.raises(ParameterError, match="The volume is that of 2026-10-01 to 2026-10-14, and the fees"):
        fees.chart(volume=half)
    euros = client.fetch("balance_change_from_activity.itemized", "2026-10", currency="eur")
    with pytest.raises(ParameterError, match="The volume is in EUR only"):
        fees.chart(volume=euros)
    assert fees.chart(volume=euros, currency="eur")


@pytest.mark.parametrize(
    ("zone", "partial"),
    [("Asia/Tokyo", ["2026-10-01", "2026-11-01"]), ("America/New_York", ["2026-09-30", "2026-10-31"])],
)
def test_in_another_zone_the_days_at_both_ends_are_partial_and_the_zone_is_named(client, zone, partial):
    """Nine hours are missing in the first day, and nine are on the day after the last; one end was pale."""
    report = client.fetch("balance_change_from_activity.itemized", "2026-10")
    for kind in ("net", "cumulated"):
        chart = report.chart(kind, every="day", timezone=zone, currency="eur")
        assert f"indexof({json.dumps(partial)}, datum.period)" in str(chart.to_dict())
        assert f"Days in {zone}." in chart.to_dict()["title"]["subtitle"]
    assert "Days in" not in report.chart("net", timezone="UTC").to_json()


def test_bank_dates_are_those_of_the_report_in_any_zone(client):
    """A date has no zone, so the same days are covered in part."""
    payouts = client.fetch("payouts.itemized", "2026-10")
    usual, there = (payouts.chart(every="day", **zone).to_dict() for zone in ({}, {"timezone": "Asia/Tokyo"}))
    pale = r"indexof\((.*?), datum.period\)"
    assert re.findall(pale, str(usual)) == re.findall(pale, str(there)) != []
    assert "Days in" not in str(there)


def test_a_zone_that_does_not_exist_is_refused(client):
    """Before polars fails."""
    report = client.fetch("balance_change_from_activity.itemized", "2026-10")
    with pytest.raises(ParameterError, match="'Mars/Base' is not a time zone"):
        report.chart(timezone="Mars/Base")


money = st.decimals(-(10**12), 10**12, places=6)


@settings(max_examples=15, deadline=None)
@given(
    figures=st.dictionaries(
        st.sampled_from(["eur", "usd", "jpy", "kwd"]),
        st.tuples(money, money, money, money, money),
        min_size=1,
    )
)
def test_each_bar_is_its_figure_of_the_table_and_starts_where_the_last_one_ended(figures: Mapping[str, Any]):
    names = ("start", "gross", "fee", "payouts", "payout_fee")
    frame = pl.concat(
        a_summary(currency, **dict(zip(names, map(str, amounts), strict=True)))
        for currency, amounts in figures.items()
    )
    categories = {
        "Starting": "starting_balance",
        "Gross": "activity_gross",
        "Fees": "activity_fee",
        "Payouts": "payouts_gross",
        "Payout": "payouts_fee",
        "Ending": "ending_balance",
    }
    if frame["net_amount"].eq(0).all():
        return
    for panel in panels(balance_waterfall(without_idle_currencies(frame))):
        currency = panel[0]["amount"].split()[1].lower()
        table = frame.filter(currency=currency)
        for bar in panel:
            row = table.filter(category=categories[bar["step"].split()[0]])
            assert exact(bar["label"]) == exact(bar["amount"]) == row["net_amount"].item()
            assert bar["end"] == float(exact(bar["balance"]))
            assert bar["top"] == max(bar["start"], bar["end"])
        for last, bar in pairwise(panel):
            assert last["next"] == bar["step"]
            assert bar["start"] == (0 if bar["kind"] == "total" else last["end"])
        assert panel[-1]["end"] == float(table.filter(category="ending_balance")["net_amount"].item())


def test_currencies_never_share_an_axis():
    four = pl.concat(a_summary(currency) for currency in ("usd", "eur", "jpy", "kwd"))
    chart = balance_waterfall(four)
    spec = chart.to_dict()
    assert [panel["layer"][1]["encoding"]["y"]["axis"]["title"] for panel in spec["vconcat"]] == [
        "EUR",
        "JPY",
        "KWD",
        "USD",
    ]
    assert "resolve" not in spec  # concatenated panels have scales of their own unless told otherwise
    for panel, currency in zip(panels(chart), ("EUR", "JPY", "KWD", "USD"), strict=True):
        assert {bar["amount"].split()[1] for bar in panel} == {currency}


def test_a_zero_without_currency_is_a_zero_of_every_currency():
    eur = a_summary(start="0.00", gross="10.00", fee="0.00", payouts="0.00")
    frame = without_idle_currencies(pl.concat([eur, a_summary("usd")]))
    second, first = panels(balance_waterfall(frame))
    assert [bar["label"] for bar in first] == ["0.00", "+10.00", "0.00", "0.00", "10.00"]
    assert len(second) == 5


def test_an_amount_without_currency_is_not_hidden():
    odd = a_summary().with_columns(currency=pl.lit(None, pl.String))
    spec = balance_waterfall(odd).to_dict()
    assert spec["layer"][1]["encoding"]["y"]["axis"]["title"] == "no currency"


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(a_summary().clear(), id="header only"),
        pytest.param(
            without_idle_currencies(a_summary(start="0", gross="0", fee="0", payouts="0")), id="all zero"
        ),
    ],
)
def test_where_nothing_happened_the_chart_says_so(frame):
    assert "There is no balance" in balance_waterfall(frame).to_json()


@pytest.mark.parametrize(
    ("currency", "amount", "label"),
    [
        ("eur", "1234567.80", "1,234,567.80"),
        ("jpy", "1234567", "1,234,567"),
        ("KRW", "-500", "−500"),
        ("kwd", "-1.2", "−1.200"),
        pytest.param("eur", "0.005991", "0.005991", id="more decimals than usual are not rounded away"),
        pytest.param("jpy", "0.5", "0.5", id="nor are those of a currency that should have none"),
        pytest.param(
            "eur",
            "12345678901234567890123456789012.123456",
            "12,345,678,901,234,567,890,123,456,789,012.123456",
            id="all 38 digits",
        ),
    ],
)
def test_figures_are_exact_and_written_as_their_currency_is(currency, amount, label):
    frame = pl.DataFrame([("ending_balance", "", Decimal(amount), currency)], schema=SCHEMA, orient="row")
    assert bars(balance_waterfall(frame)) == [("Ending balance", label)]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        pytest.param(a_summary().drop("currency"), "needs the column 'currency'", id="no currency"),
        pytest.param(
            a_summary().with_columns(pl.col("net_amount").cast(pl.Float64)), "is not exact", id="floats"
        ),
        pytest.param(pl.concat([a_summary(), a_summary()]), "several balance summaries", id="two months"),
        pytest.param(
            a_summary().with_columns(category=pl.lit("charge")), "is not a balance summary", id="another"
        ),
    ],
)
def test_a_frame_that_is_not_one_balance_summary_is_refused(frame, message):
    with pytest.raises(ParameterError, match=message):
        balance_waterfall(frame)


@pytest.mark.parametrize(
    ("start", "ticks"),
    [
        ("0.000004", ["0", "0.0000005"]),
        ("0.08", ["0", "0.02"]),
        ("8000", ["0", "2,000"]),
        ("80000", ["0", "20k"]),
        ("8000000000", ["0", "2B"]),
    ],
)
def test_the_axis_writes_large_figures_short(start, ticks):
    """Vega's own short form says 20m for two hundredths, and 2G for two billions."""
    frame = a_summary(start=start).filter(category="starting_balance")
    svg = balance_waterfall(frame)._repr_mimebundle_()["text/html"]
    for tick in ticks:
        assert f">{tick}</text>" in svg


# Which chart for which report


def a_report(
    report_type: str = "balance.summary.2", frame: pl.DataFrame | None = None, **parameters: Any
) -> Source:
    return Source(
        rows=(a_summary() if frame is None else frame).lazy(),
        request=ReportRequest(report_type, **parameters),
        origins=(SimpleNamespace(as_of=datetime(2026, 11, 5, 12, tzinfo=UTC)),),
    )


@pytest.mark.parametrize("name", ["balance.summary", "balance.summary.1", "balance.summary.99"])
def test_a_report_type_has_one_recipe_whatever_its_version(name):
    assert recipe_for(name, SCHEMA) is balance_waterfall


def test_the_first_kind_is_the_default_and_each_draws():
    frame = activity(rows=30, accounts=3)
    kinds = kinds_for("balance_change_from_activity.itemized.7", frame.columns)
    assert list(kinds) == ["net", "cumulated", "gross_fee_net", "fee_rate", "months", "rates", "accounts"]
    report = a_report("balance_change_from_activity.itemized.7", frame, payout="po_123")
    assert chart_of(report).to_dict() == chart_of(report, "net").to_dict()
    for kind in kinds:
        assert chart_of(report, kind).to_dict()["title"]["subtitle"]


def test_only_kinds_whose_columns_are_there_are_offered():
    frame = activity().drop("fee", "reporting_category")
    assert list(kinds_for("balance_change_from_activity.itemized.7", frame.columns)) == ["cumulated"]


@pytest.mark.parametrize(
    ("report_type", "frame", "first"),
    [
        ("payout_reconciliation.itemized.7", activity(), "payouts"),
        ("payout_reconciliation.by_id.itemized.4", activity().drop("automatic_payout_id"), "composition"),
        ("payout_reconciliation.summary.2", summary(activity()), "composition"),
        ("balance_change_from_activity.summary.2", summary(activity()), "categories"),
        ("payouts.itemized.5", payouts(), "status"),
        ("all_fees.incurred_at.itemized.2", all_fees(), "products"),
        ("connect_card_payments_fees.transaction_level.1", card_fees(), "fee_rate"),
        ("tax.transactions.itemized.2", tax(), "jurisdictions"),
        ("connect.negative_balance_refunds_disputes_overview.1", overview(), "balances"),
        ("revenue_recognition.debit_credit_by_customer.1", revenue(), "recognised"),
        (
            "connected_account_balance_change_from_activity.itemized.3",
            activity(accounts=3).rename({"connected_account_id": "connected_account"}),
            "accounts",
        ),
        ("connected_account_balance.summary.1", a_summary(), "waterfall"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_family_is_drawn_its_own_way(report_type, frame, first):
    assert next(iter(kinds_for(report_type, frame.columns))) == first


def test_an_unknown_kind_is_answered_with_the_nearest():
    with pytest.raises(ParameterError, match=r"no chart 'cumulative' .* Did you mean 'cumulated'\?"):
        recipe_for("balance_change_from_activity.itemized", activity().columns, "cumulative")


def test_a_report_type_without_a_chart_is_refused_with_those_that_have_one():
    with pytest.raises(ParameterError, match=r"no chart for failed_payouts.itemized.2, .*balance.summary"):
        recipe_for("failed_payouts.itemized.2", ["currency"])


def test_a_report_without_the_columns_is_told_which_to_fetch():
    with pytest.raises(ParameterError, match="needs the columns net_amount, currency, which"):
        recipe_for("balance.summary.1", ["category"])


@pytest.mark.parametrize(
    ("parameters", "period"),
    [
        pytest.param(
            {
                "interval_start": "2026-10-01T00:00:00+02:00",
                "interval_end": "2026-11-01T00:00:00+01:00",
                "timezone": "Europe/Paris",
            },
            "2026-10-01 to 2026-10-31, Europe/Paris",
            id="a month",
        ),
        pytest.param(
            {
                "interval_start": "2026-10-01T00:00:00-04:00",
                "interval_end": "2026-11-01T00:00:00-04:00",
                "zone": "America/New_York",
            },
            "2026-10-01 to 2026-10-31, America/New_York",
            id="a month in a zone that the type does not take",
        ),
        pytest.param(
            {"interval_start": "2026-10-05T00:00:00Z", "interval_end": "2026-10-06T00:00:00Z"},
            "2026-10-05, UTC",
            id="a day",
        ),
        pytest.param(
            {"interval_start": "2026-11-01T00:00:00Z", "interval_end": "2026-11-05T12:00:00Z"},
            "2026-11-01 00:00:00 to 2026-11-05 12:00:00, UTC",
            id="cut where the data end",
        ),
        pytest.param({"interval_end": "2026-11-01T00:00:00Z"}, "up to 2026-10-31, UTC", id="only an end"),
        pytest.param({"payout": "po_123"}, "po_123", id="one payout"),
    ],
)
def test_title_and_subtitle_state_report_period_zone_and_as_of(parameters, period):
    assert chart_of(a_report(**parameters)).to_dict()["title"] == {
        "text": "Ending balance: 27.50 EUR",
        "subtitle": [
            f"Balance summary · {period}",
            "balance.summary.2 · Stripe's data as of 2026-11-05 12:00 UTC",
        ],
    }


def test_days_are_those_of_the_zone_that_the_period_was_meant_in():
    """The last evening of October in New York is November in UTC, which its chart has no place for."""
    frame = activity(rows=1).with_columns(created=pl.lit(datetime(2026, 11, 1, 2, tzinfo=UTC)))
    bounds = {"interval_start": "2026-10-01T00:00:00-04:00", "interval_end": "2026-11-01T00:00:00-04:00"}
    report = a_report("balance_change_from_activity.itemized.2", frame, **bounds, zone="America/New_York")
    ((bar,),) = panels(chart_of(report))
    assert bar["period"] == "2026-10-31"


def test_title_and_subtitle_can_be_replaced():
    chart = chart_of(a_report(payout="po_123"), title="Ours", subtitle="October")
    assert chart.to_dict()["title"] == {"text": "Ours", "subtitle": "October"}


# Look


@pytest.fixture
def chart() -> theme.LayerChart | theme.VConcatChart:
    return balance_waterfall(a_summary(), title="Balance")


def test_our_look_lies_under_what_the_user_configures(chart):
    config = chart.configure_axis(labelFontSize=20).to_dict()["config"]
    assert config["axis"]["labelFontSize"] == 20
    assert config["axis"]["labelColor"] == theme.LIGHT["axis"]["labelColor"]


@pytest.mark.parametrize(("name", "config"), [("light", theme.LIGHT), ("dark", theme.DARK)])
def test_a_chart_has_the_theme_it_was_given_and_can_still_be_layered(name, config):
    dressed = chart_of(a_report(payout="po_123"), theme=name)
    layered = dressed + alt.Chart().mark_rule().encode(y=alt.datum(60))
    for each in (dressed, layered):
        assert each.to_dict()["config"]["background"] == config["background"]
    assert f'fill="{config["background"]}"' in dressed._repr_mimebundle_()["text/html"]


def test_a_chart_may_be_told_to_follow_the_page():
    spec = chart_of(a_report(payout="po_123"), theme="page").to_dict()
    assert spec["config"]["background"] == "var(--jp-layout-color0, #ffffff)"


def test_an_unknown_theme_is_refused():
    with pytest.raises(ParameterError, match="theme must be one of 'light', 'dark', 'page'; got 'black'"):
        chart_of(a_report(payout="po_123"), theme="black")


def test_our_themes_can_be_enabled_for_all_charts(chart):
    """Under the names by which altair finds them as soon as the package is installed."""
    with alt.theme.enable("stripe_reports_dark"):
        assert alt.Chart().mark_point().to_dict()["config"]["background"] == theme.DARK["background"]
        assert chart.to_dict()["config"]["background"] == theme.DARK["background"]


def test_a_theme_that_the_user_enabled_wins(chart):
    with alt.theme.enable("dark"):
        assert "background" not in chart.to_dict()["config"]


def test_charts_stay_ordinary_altair_charts(chart):
    """Layered, concatenated, restyled and read back; one with a config of its own could not be layered."""
    limit = alt.Chart().mark_rule().encode(y=alt.datum(60))
    layered = chart + limit
    assert isinstance(layered, theme.LayerChart)
    assert len(layered.to_dict()["layer"]) == len(chart.to_dict()["layer"]) + 1
    assert len((chart | limit).to_dict()["hconcat"]) == 2
    assert len((chart & chart).to_dict()["vconcat"]) == 2
    assert chart.properties(width=800).to_dict()["width"] == 800
    assert alt.Chart.from_json(chart.to_json()).to_dict()["layer"] == chart.to_dict()["layer"]


def test_the_specification_of_ten_currencies_is_small():
    ten = pl.concat(a_summary(f"c{number}", payout_fee="-0.25") for number in range(10))
    assert len(balance_waterfall(ten).to_json(indent=None)) < 40_000


# Without the internet


def test_a_chart_shows_itself_as_an_image_in_the_colours_of_the_page(chart):
    """altair's default shows an error where its libraries cannot be loaded."""
    html = chart._repr_mimebundle_()["text/html"]
    assert chart.svg_for_page() in html
    assert "<script" not in html
    assert "var(--jp-layout-color0, #ffffff)" in html
    assert "−120.00" in html


def test_an_untrusted_notebook_shows_the_same_chart_as_an_image(chart):
    """JupyterLab removes the style and all of the SVG but its texts, which are hidden then."""
    html = chart._repr_mimebundle_()["text/html"]
    image = re.search(r'<img alt="Chart" src="data:image/svg\+xml;base64,([^"]+)">', html)[1]
    assert b64decode(image).decode() == chart.svg_for_page()
    assert f'<div style="display:none">{chart.svg_for_page()}</div>' in html


def test_a_screen_reader_is_told_the_exact_figures(chart):
    assert 'aria-label="Payouts −120.00 EUR"' in chart._repr_mimebundle_()["text/html"]


def test_a_renderer_that_the_user_enabled_wins(chart):
    with alt.renderers.enable("mimetype"):
        assert "application/vnd.vegalite.v6.json" in chart._repr_mimebundle_()[0]


def test_showing_a_chart_changes_no_setting_of_altair(chart):
    before = alt.renderers.active, alt.theme.active, alt.data_transformers.active
    chart._repr_mimebundle_()
    assert (alt.renderers.active, alt.theme.active, alt.data_transformers.active) == before


@pytest.mark.parametrize(("name", "start"), [("c.png", b"\x89PNG"), ("c.svg", b"<svg"), ("c.pdf", b"%PDF")])
def test_charts_are_saved_as_images(chart, tmp_path, name, start):
    chart.save(tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_charts_are_saved_as_a_page_that_loads_nothing(chart, tmp_path):
    chart.save(tmp_path / "c.html")
    page = (tmp_path / "c.html").read_text("utf-8")
    assert "120.00 EUR" in page
    assert "<script src" not in page


def test_text_of_a_report_is_never_markup(tmp_path):
    """A file may hold anything; altair alone would let it end the script that the page keeps its data in."""
    markup = "</script><img src=x onerror=alert(1)>"
    chart = balance_waterfall(a_summary(markup), title=markup)
    chart.save(tmp_path / "c.html", inline=True)
    for page in (
        (tmp_path / "c.html").read_text("utf-8"),
        chart.to_html(),
        chart._repr_mimebundle_()["text/html"],
    ):
        assert "<img src=x" not in page.lower()
    assert chart.to_dict()["title"]["text"] == markup


def test_marimo_gets_the_svg_alone_or_the_chart_of_altair():
    """It is no wider than its cell; a renderer that the user enabled is kept."""
    chart = balance_waterfall(a_summary())
    html = chart._display_()._repr_html_()
    assert html.count("<svg") == html.count('<svg style="max-width:100%') == 1
    assert "--jp-layout-color0:Canvas" in html
    with alt.renderers.enable("mimetype"):
        plain = chart._display_()
    assert type(plain).__module__.startswith("altair.")
