"""A selection in a chart gives exactly the rows behind the bars, as expression and as code."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import altair as alt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_chart_recipes import RECIPES, exact, panels

import named_recipes as recipes
import report_frames as frames
from stripe_reports.charts.linking import BAR, PICKED, SPAN, linked, selections_in
from stripe_reports.charts.selections import selection_expr


def selected(frame: pl.DataFrame, chart: Any, selections: Any) -> pl.DataFrame:
    """The rows behind a selection; its code is run too, and must find the same ones."""
    found = selection_expr(chart, selections)
    rows = frame.filter(found.expr)
    assert rows.equals(frame.filter(eval(found.code, {"pl": pl, "date": date})))  # noqa: S307
    return rows


def by_currency(rows: pl.DataFrame, amount: str, currency: str = "currency") -> dict[str, Decimal]:
    return {
        name: value for name, value in rows.group_by(currency).agg(pl.col(amount).sum()).iter_rows() if value
    }


def of_bars(chart: Any, *, amount: str = "exact", **wanted: set[str]) -> dict[str, Decimal]:
    """The sums of the bars of which each field is one of those wanted."""
    found: dict[str, Decimal] = {}
    for currency, bars in panels(chart):
        for bar in bars:
            if bar[amount] is not None and all(bar[field] in values for field, values in wanted.items()):
                found[currency] = found.get(currency, Decimal(0)) + exact(bar[amount])
    return {currency: value for currency, value in found.items() if value}


def places(chart: Any) -> list[str]:
    return sorted({bar["period"] for _, bars in panels(chart) for bar in bars})


def names(chart: Any) -> list[str]:
    return sorted({bar["category"] for _, bars in panels(chart) for bar in bars})


some = settings(max_examples=6, deadline=None)
OVER_TIME = {
    "activity_net": "net",
    "payouts_over_time": "gross",
    "fees_by_product": "amount",
    "amounts_by_component": "amount",
    "tax_over_time": "tax_amount",
}


@pytest.mark.parametrize("name", OVER_TIME)
@some
@given(seed=st.integers(0, 999), data=st.data())
def test_selected_days_and_names_give_the_rows_of_those_bars(name, seed, data):
    """The sum of the rows is the sum of the bars, with or without the group of the others."""
    recipe, make = RECIPES[name]
    frame = make(seed, rows=60)
    chart = recipe(frame, top=2) if recipe.top else recipe(frame)
    span = data.draw(st.lists(st.sampled_from(places(chart)), unique=True, min_size=1))
    picked = data.draw(st.lists(st.sampled_from(names(chart)), unique=True))
    rows = selected(
        frame, chart, {"span": {"period": span}, "picked": [{"category": each} for each in picked]}
    )
    wanted = {"period": set(span)} | ({"category": set(picked)} if picked else {})
    assert by_currency(rows, OVER_TIME[name]) == of_bars(chart, **wanted)


@pytest.mark.parametrize(
    ("name", "amount"),
    [
        ("accounts_by_volume", "gross"),
        ("account_balances", "balance"),
        ("tax_by_jurisdiction", "tax_amount"),
        ("fees_by_plan", "total_amount"),
        ("fee_totals", "amount"),
    ],
)
def test_a_clicked_bar_gives_the_rows_of_its_name_and_currency(name, amount):
    recipe, make = RECIPES[name]
    frame = make(5, rows=80)
    chart = recipe(frame, top=2)
    for currency, bars in panels(chart):
        for bar in bars:
            rows = selected(frame, chart, {"picked": [{"category": bar["category"], "currency": currency}]})
            column = "currency" if "currency" in frame.columns else "fee_currency"
            assert by_currency(rows, amount, column) == {currency: exact(bar["exact"])}


@pytest.mark.parametrize("every", ["day", "week", "month", "quarter", "year"])
def test_every_period_gives_the_rows_of_its_days(every):
    frame = frames.activity(4, days=500, timezone="Europe/Paris")
    chart = recipes.activity_net(frame, every=every)
    for place in places(chart)[:5]:
        rows = selected(frame, chart, {"span": {"period": [place]}})
        assert by_currency(rows, "net") == of_bars(chart, period={place})


def test_days_are_in_the_zone_of_the_chart():
    frame = frames.activity(4, days=3)
    chart = recipes.activity_net(frame, timezone="Asia/Tokyo")
    place = places(chart)[0]
    found = selection_expr(chart, {"span": {"period": [place]}})
    assert found.code.startswith('pl.col("created").dt.convert_time_zone("Asia/Tokyo").dt.date()')
    assert by_currency(frame.filter(found.expr), "net") == of_bars(chart, period={place})


def test_rows_without_a_date_or_a_name_can_be_selected():
    frame = frames.activity(4, rows=40).with_columns(
        created=pl.when(pl.int_range(pl.len()) > 9).then("created"),
        reporting_category=pl.when(pl.int_range(pl.len()) % 2 == 0).then("reporting_category"),
    )
    chart = recipes.activity_net(frame)
    for selections, wanted in (
        ({"span": {"period": ["no date"]}}, {"period": {"no date"}}),
        ({"picked": [{"category": "(none)"}]}, {"category": {"(none)"}}),
    ):
        assert by_currency(selected(frame, chart, selections), "net") == of_bars(chart, **wanted)


def test_a_selected_rate_gives_the_rows_that_it_counts():
    frame = frames.activity(4, rows=200, currencies=["eur"])
    chart = recipes.fee_rate(frame)
    rows = selected(frame, chart, {"span": {"period": places(chart)}})
    assert set(rows["reporting_category"]) == {"charge"}
    assert rows["fee"].sum() == of_bars(chart, amount="fees")["eur"]
    refunds = selected(frame, recipes.dispute_and_refund_rates(frame), {"picked": [{"category": "refunds"}]})
    assert set(refunds["reporting_category"]) == {"refund", "refund_failure"}


def test_a_selected_account_gives_every_entry_that_debits_or_credits_it():
    frame = frames.revenue(4)
    rows = selected(frame, recipes.debits_and_credits(frame), {"picked": [{"category": "Cash"}]})
    assert rows.equals(frame.filter((pl.col("debit") == "Cash") | (pl.col("credit") == "Cash")))


def test_a_selected_part_of_a_payout_gives_the_rows_that_it_is_made_of():
    """A charge is part of the sales and of the processing fees; the deposit is every row."""
    frame = frames.activity(4)
    members = {
        "sales": {"charge"},
        "processing fees": {"charge"},
        "refunds": {"refund", "refund_failure"},
        "disputes": {"dispute", "dispute_reversal"},
        "other fees": {"fee"},
        "other_adjustment": {"other_adjustment"},
        "deposit": set(frames.CATEGORIES),
    }
    chart = recipes.payout_composition(frame)
    for currency, bars in panels(chart):
        assert {bar["category"] for bar in bars} == set(members)
        for bar in bars:
            rows = selected(frame, chart, {"picked": [{"category": bar["category"], "currency": currency}]})
            assert set(rows["reporting_category"]) == members[bar["category"]]
            assert set(rows["currency"]) == {currency}
    each = recipes.payouts_made_of(frame)
    span = places(each)[:5]
    rows = selected(frame, each, {"span": {"period": span}})
    assert by_currency(rows, "net") == of_bars(each, period=set(span))


def test_rows_without_a_currency_can_be_selected():
    """Those of a financial account; its report has no such column."""
    summary = frames.financial_summary(starting_balance="1", received_credit="2", ending_balance="3")
    pick = {"picked": [{"category": "received_credit", "currency": ""}]}
    assert selected(summary, recipes.financial_waterfall(summary), pick)["amount"].to_list() == [Decimal(2)]
    frame = frames.financial_activity(4)
    chart = recipes.financial_activity(frame, every="week")
    ((_, bars),) = panels(chart)
    bar = {"period": bars[0]["period"], "category": bars[0]["category"]}
    assert selected(frame, chart, {"bar": [bar]})["amount"].sum() == exact(bars[0]["exact"])


@pytest.mark.parametrize(
    "selections",
    [
        {},
        {"span": {}, "picked": []},
        {"span": None},
        {"picked": [{"_vgsid_": 3}]},
        {"other": {"x": [1, 2]}},
        pytest.param(alt.JupyterChart(alt.Chart().mark_point()).selections, id="a widget without any"),
    ],
)
def test_an_empty_selection_gives_every_row(selections):
    frame = frames.activity(4)
    found = selection_expr(recipes.activity_net(frame), selections)
    assert found.is_everything
    assert found.code == "pl.lit(True)"
    assert frame.filter(found.expr).equals(frame)


def test_the_code_is_what_a_person_would_write():
    chart = recipes.activity_net(frames.activity(4))
    found = selection_expr(
        chart,
        {"span": {"period": ["2026-10-05", "2026-10-06", "2026-10-09"]}, "picked": [{"category": "refund"}]},
    )
    assert str(found) == (
        '(pl.col("created").dt.date().is_between(date(2026, 10, 5), date(2026, 10, 6))'
        ' | pl.col("created").dt.date().is_between(date(2026, 10, 9), date(2026, 10, 9)))'
        ' & (pl.col("reporting_category") == "refund")'
    )


def test_any_name_is_quoted_in_the_code():
    odd = "\"); print('gotcha') #\\"
    frame = frames.activity(4).with_columns(reporting_category=pl.lit(odd))
    assert selected(frame, recipes.activity_net(frame), {"picked": [{"category": odd}]}).equals(frame)


def test_the_widgets_own_selections_are_understood():
    """In the form of altair's JupyterChart, with its kinds of names and values."""
    frame = frames.activity(4, currencies=["eur"])
    chart = linked(recipes.activity_net(frame))
    widget = alt.JupyterChart(chart)
    assert set(widget.selections.trait_names()) >= {SPAN, PICKED}
    widget._vl_selections = {
        SPAN: {"value": {"period": ["2026-10-05"]}, "store": []},
        PICKED: {
            "value": {"category": ["refund"], "vlPoint": {"or": [{"category": "refund"}]}},
            "store": [],
        },
    }
    rows = selected(frame, chart, widget.selections)
    assert by_currency(rows, "net") == of_bars(chart, period={"2026-10-05"}, category={"refund"})


def test_a_specification_gives_the_same_as_its_chart():
    frame = frames.activity(4)
    spec = recipes.activity_net(frame).to_dict()
    value = SimpleNamespace(value={"period": ["2026-10-05"]})
    assert selection_expr(spec, {"span": value}).code.endswith("date(2026, 10, 5))")


def test_selecting_changes_only_the_opacity_of_marks():
    chart = recipes.activity_net(frames.activity(4))
    with_selections = linked(chart)
    assert chart.params is alt.Undefined
    assert [param["name"] for param in with_selections.to_dict()["params"]] == [
        SPAN,
        BAR,
        PICKED,
    ]
    assert with_selections.to_dict()["datasets"] == chart.to_dict()["datasets"]


def test_a_clicked_bar_along_an_axis_gives_the_rows_of_its_position_and_name():
    """Several bars give the rows of all of them."""
    frame = frames.activity(4, currencies=["eur"])
    chart = recipes.activity_net(frame, every="week")
    ((_, bars),) = panels(chart)
    two = [{"period": bar["period"], "category": bar["category"]} for bar in bars[:2]]
    rows = selected(frame, chart, {BAR: two, SPAN: {}, PICKED: {}})
    assert rows["net"].sum() == sum(exact(bar["exact"]) for bar in bars[:2])


def test_lines_are_selected_by_dragging():
    """Between two points of a line there is nothing to click on."""
    frame = frames.activity(4)
    assert selections_in(linked(recipes.activity_cumulated(frame)))[0] == SPAN
    assert BAR not in selections_in(linked(recipes.activity_cumulated(frame)))
    assert selections_in(recipes.activity_cumulated(frame)) == []


def test_a_note_has_nothing_to_select():
    note = recipes.activity_net(frames.activity(rows=0))
    assert linked(note).to_dict() == note.to_dict()
