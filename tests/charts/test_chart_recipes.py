"""Every recipe: exact, one currency a panel, light, the same on any machine, and sensible at its edges."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import altair as alt
import polars as pl
import pytest
import vl_convert
from hypothesis import given, settings
from hypothesis import strategies as st

import named_recipes as recipes
import report_frames as frames
from stripe_reports.catalog import REPORTING_CATEGORIES, UNLISTED_CATEGORIES
from stripe_reports.charts import palette, theme
from stripe_reports.charts.linking import linked
from stripe_reports.charts.slots import Within
from stripe_reports.errors import ParameterError
from stripe_reports.render.money import money

Draw = Callable[..., alt.TopLevelMixin]

RECIPES: dict[str, tuple[Draw, Callable[..., pl.DataFrame]]] = {
    "activity_net": (recipes.activity_net, frames.activity),
    "activity_cumulated": (recipes.activity_cumulated, frames.activity),
    "gross_fee_net": (recipes.gross_fee_net, frames.activity),
    "fee_rate": (recipes.fee_rate, frames.activity),
    "dispute_and_refund_rates": (recipes.dispute_and_refund_rates, frames.activity),
    "payouts_made_of": (recipes.payouts_made_of, frames.activity),
    "payout_composition": (recipes.payout_composition, frames.activity),
    "accounts_by_volume": (
        recipes.accounts_by_volume,
        lambda *a, **k: frames.activity(*a, **{"accounts": 7} | k),
    ),
    "by_category": (recipes.by_category, lambda *a, **k: frames.summary(frames.activity(*a, **k))),
    "payouts_over_time": (recipes.payouts_over_time, frames.payouts),
    "fees_by_product": (recipes.fees_by_product, frames.all_fees),
    "fee_totals": (recipes.fee_totals, frames.invoiced),
    "amounts_by_component": (recipes.amounts_by_component, frames.components),
    "card_fee_rate": (recipes.card_fee_rate, frames.card_fees),
    "tax_by_jurisdiction": (recipes.tax_by_jurisdiction, frames.tax),
    "tax_over_time": (recipes.tax_over_time, frames.tax),
    "account_balances": (recipes.account_balances, frames.overview),
    "fees_by_plan": (recipes.fees_by_plan, frames.plan_fees),
    "debits_and_credits": (recipes.debits_and_credits, frames.revenue),
    "revenue_recognised": (recipes.revenue_recognised, frames.revenue),
    "booked_and_recognised": (recipes.booked_and_recognised, frames.revenue_by_invoice),
    "card_fees_by_month": (recipes.card_fees_by_month, frames.card_fees),
}
EVERY_RECIPE = pytest.mark.parametrize("name", RECIPES)


def draw(name: str, *args: Any, **options: Any) -> Any:
    recipe, frame = RECIPES[name]
    return recipe(frame(*args, **options))


def parts(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each drawing: one for each currency, or two for one with deductions below."""
    inner = spec.get("vconcat") or spec.get("concat")
    for each in inner or []:
        yield from parts(each)
    if not inner:
        yield spec


def panels(chart: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Currency and rows of each panel, as they are handed to Vega-Lite."""
    spec = chart.to_dict(validate=False)  # a test of its own validates
    found: dict[str, list[dict[str, Any]]] = {}
    for part in parts(spec):
        titles = {
            channel["axis"]["title"]
            for layer in part["layer"]
            for channel in layer.get("encoding", {}).values()
            if isinstance(channel, dict) and (channel.get("axis") or {}).get("title")
        }
        (title,) = titles
        rows = spec["datasets"][part["data"]["name"]]
        found.setdefault(title.partition(",")[0].lower(), []).extend(rows)
    yield from found.items()


def exact(text: str) -> Decimal:
    """The decimal behind ``−1,234.50 EUR``."""
    return Decimal(text.partition(" ")[0].replace("−", "-").replace("+", "").replace(",", ""))


def sums(chart: Any, *keys: str, amount: str = "exact") -> dict[tuple[str, ...], Decimal]:
    """What the bars add up to, by currency and *keys*; each float is checked to be its exact text."""
    found: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for currency, rows in panels(chart):
        for row in rows:
            if amount == "exact":
                assert row["amount"] == float(exact(row["exact"]))
                assert row["exact"].endswith(f" {currency.upper()}")
            found[currency, *(row[key] for key in keys)] += exact(row[amount])
    return dict(found)


def table(
    frame: pl.DataFrame, amount: pl.Expr | str, *keys: str, currency: str = "currency"
) -> dict[Any, Decimal]:
    """The same, of the frame."""
    grouped = frame.group_by(currency, *keys).agg(
        (pl.col(amount) if isinstance(amount, str) else amount).sum()
    )
    return {tuple(row[:-1]): row[-1] for row in grouped.iter_rows()}


# Exact

seeds = st.integers(0, 10**6)
exactly = settings(max_examples=5, deadline=None)


@exactly
@given(seed=seeds, rows=st.integers(1, 120), days=st.sampled_from([1, 31, 200, 900]))
def test_each_bar_of_the_activity_is_the_sum_of_its_days_and_category(seed, rows, days):
    frame = frames.activity(seed, rows=rows, days=days)
    chart = recipes.activity_net(frame, top=20)
    every = {"1d": "1d", "1w": "1w", "1mo": "1mo"}[theme.remarks(chart)["links"]["period"]["every"]]
    day = pl.col("created").dt.date().dt.truncate(every).dt.to_string("%Y-%m-%d")
    assert sums(chart, "period", "category") == table(
        frame.with_columns(period=day), "net", "period", "reporting_category"
    )


@exactly
@given(seed=seeds, rows=st.integers(1, 120))
def test_the_last_point_of_the_cumulated_line_is_the_net_of_all_rows(seed, rows):
    frame = frames.activity(seed, rows=rows)
    ends = {currency: rows_[-1] for currency, rows_ in panels(recipes.activity_cumulated(frame))}
    assert {(c,): exact(end["total"]) for c, end in ends.items()} == table(frame, "net")
    assert {c: end["value"] for c, end in ends.items()} == {
        c: float(exact(e["total"])) for c, e in ends.items()
    }


@exactly
@given(seed=seeds, rows=st.integers(1, 120))
def test_gross_less_fees_is_net_in_every_place(seed, rows):
    frame = frames.activity(seed, rows=rows)
    chart = recipes.gross_fee_net(frame)
    for currency, bars in panels(chart):
        for place in {bar["period"] for bar in bars}:
            here = [bar for bar in bars if bar["period"] == place]
            assert sum(exact(bar["exact"]) for bar in here) == exact(here[0]["total"]), currency


@settings(exactly, max_examples=4)
@given(seed=seeds, rows=st.integers(1, 120), top=st.integers(1, 4))
def test_small_groups_are_put_together_and_nothing_is_left_out(seed, rows, top):
    """The rest stands as a bar of its own."""
    frame = frames.activity(seed, rows=rows, accounts=9)
    nets = table(frame, "net")
    chart = recipes.activity_net(frame, top=top)
    assert sums(chart) == nets == sums(recipes.payouts_made_of(frame))
    assert len({row["category"] for _, rows_ in panels(chart) for row in rows_}) <= top + 1
    charges = frame.filter(reporting_category="charge")
    if len(charges):
        assert sums(recipes.accounts_by_volume(frame, top=top)) == table(charges, "gross")


@exactly
@given(seed=seeds, rows=st.integers(1, 80))
def test_a_composition_adds_up_to_what_was_paid_out(seed, rows):
    frame = frames.activity(seed, rows=rows)
    nets = table(frame, "net")
    for currency, bars in panels(recipes.payout_composition(frame, top=4)):
        *parts, whole = bars
        assert whole["kind"] == "total"
        assert exact(whole["amount"]) == sum(exact(part["amount"]) for part in parts) == nets[currency,]


@pytest.mark.parametrize(
    ("name", "amount", "keys"),
    [
        ("fees_by_product", "amount", {"category": "product"}),
        ("tax_over_time", "tax_amount", {"category": "country_code"}),
        ("account_balances", "balance", {}),
        ("tax_by_jurisdiction", "tax_amount", {}),
    ],
)
@exactly
@given(seed=seeds, rows=st.integers(1, 100))
def test_each_bar_is_the_sum_of_its_rows(name, amount, keys, seed, rows):
    recipe, make = RECIPES[name]
    frame = make(seed, rows=rows)
    named = frame.with_columns(pl.col(list(keys.values())).fill_null("(none)")) if keys else frame
    assert sums(recipe(frame, **({"top": 3} if not keys else {})), *keys) == table(
        named, amount, *keys.values()
    )


@exactly
@given(seed=seeds, rows=st.integers(1, 100))
def test_each_plan_costs_what_its_rows_do(seed, rows):
    frame = frames.plan_fees(seed, rows=rows)
    chart = recipes.fees_by_plan(frame, top=20)
    assert sums(chart, "category") == table(frame, "total_amount", "plan_name", currency="fee_currency")
    by_account = recipes.fees_by_plan(frame, by="connected_account_id", top=2)
    assert sums(by_account) == table(frame, "total_amount", currency="fee_currency")


@exactly
@given(seed=seeds, rows=st.integers(1, 100))
def test_a_financial_accounts_activity_is_the_sum_of_its_days_and_category(seed, rows):
    """The report names no currency, and none is made up."""
    frame = frames.financial_activity(seed, rows=rows)
    ((currency, bars),) = panels(recipes.financial_activity(frame, every="day"))
    assert currency == "no currency"
    found = {}
    for bar in bars:
        found[bar["period"], bar["category"]] = exact(bar["exact"])
    wanted = frame.group_by(pl.col("created").dt.date().cast(pl.String), "category").agg(pl.sum("amount"))
    assert found == {row[:2]: row[2] for row in wanted.iter_rows()}


@pytest.mark.parametrize(
    ("ending", "kinds"),
    [
        pytest.param("70.00", ["total", "rise", "fall", "total"], id="it adds up"),
        pytest.param("71.50", ["total", "rise", "fall", "difference", "total"], id="it does not"),
    ],
)
def test_a_financial_accounts_balance_leads_from_its_start_to_its_end(ending, kinds):
    """What does not add up has a bar of its own."""
    amounts = {"received_credit": "50.00", "outbound_payment": "-80.00"}
    frame = frames.financial_summary(starting_balance="100.00", ending_balance=ending, **amounts)
    ((_, bars),) = panels(recipes.financial_waterfall(frame))
    assert [bar["kind"] for bar in bars] == kinds
    assert [(bar["start"], bar["end"]) for bar in bars[:3]] == [(0, 100), (100, 150), (150, 70)]
    assert exact(bars[-1]["amount"]) == Decimal(ending)
    if "difference" in kinds:
        assert (exact(bars[3]["amount"]), bars[3]["end"]) == (Decimal("1.50"), 71.5)
    with pytest.raises(ParameterError, match="several balance summaries"):
        recipes.financial_waterfall(pl.concat([frame, frame]))


@pytest.mark.parametrize(
    ("periods", "labels"),
    [
        (["2026-10-01 00:00:00", "2026-09-01 00:00:00"], {"October 2026", "September 2026"}),
        (["2026-10", "2026-09"], {"October 2026", "September 2026"}),
        (["2026-10-05", "2026-10-01"], {"2026-10-05", "2026-10-01"}),
        (["Oct 2026", "Q3"], {"Oct 2026", "Q3"}),
    ],
)
def test_accounting_periods_are_months_as_people_write_them(periods, labels):
    """And anything that is no month as Stripe writes it."""
    frame = frames.revenue(1, rows=6, currencies=["eur"]).with_columns(
        accounting_period=pl.Series([periods[row % 2] for row in range(6)])
    )
    chart = recipes.debits_and_credits(frame)
    ((_, bars),) = panels(chart)
    assert {bar["label"] for bar in bars} == labels
    assert "00:00:00<" not in vl_convert.vegalite_to_svg(chart.to_json())
    assert {bar["period"] for bar in bars} == set(periods)  # what a selection leads back by


@exactly
@given(seed=seeds, rows=st.integers(1, 100))
def test_debits_and_credits_are_as_high_as_they_are_deep(seed, rows):
    frame = frames.revenue(seed, rows=rows)
    chart = recipes.debits_and_credits(frame)
    found = sums(chart, "period", "category", "side")
    for side, sign in (("debit", 1), ("credit", -1)):
        wanted = table(frame, "amount", "accounting_period", side)
        assert {k[:3]: sign * v for k, v in found.items() if k[3] == side} == wanted
    assert set(sums(chart, "period").values()) == {Decimal(0)}


@exactly
@given(seed=seeds, rows=st.integers(1, 100))
def test_the_summary_shows_gross_fees_and_net_of_each_category(seed, rows):
    frame = frames.summary(frames.activity(seed, rows=rows))
    found = sums(recipes.by_category(frame), "category", "series")
    for series, amount, sign in (("gross", "gross", 1), ("less fees", "fee", -1), ("net", "net", 1)):
        wanted = table(frame, amount, "reporting_category")
        assert {k[:2]: sign * v for k, v in found.items() if k[2] == series} == wanted


@exactly
@given(seed=seeds, rows=st.integers(1, 150))
def test_a_rate_is_the_quotient_of_the_two_amounts_that_stand_beside_it(seed, rows):
    frame = frames.activity(seed, rows=rows)
    charges = frame.filter(reporting_category="charge")
    for currency, points in panels(recipes.fee_rate(frame)) if len(charges) else ():
        points = [point for point in points if point["value"] is not None]
        for point in points:
            assert point["value"] == float(exact(point["fees"])) / float(exact(point["of"]))
        here = charges.filter(currency=currency)
        assert sum(exact(point["fees"]) for point in points) == here["fee"].sum()
        assert sum(exact(point["of"]) for point in points) == here["gross"].sum()


def test_refunds_are_less_those_that_failed_and_disputes_as_they_were_raised():
    frame = frames.activity(3, rows=300, days=1, currencies=["eur"])
    ((_, points),) = panels(recipes.dispute_and_refund_rates(frame))
    gross = {name: frame.filter(reporting_category=name)["gross"].sum() for name in frames.CATEGORIES}
    rates = {point["category"]: point for point in points}
    assert exact(rates["refunds"]["amount"]) == -(gross["refund"] + gross["refund_failure"])
    assert exact(rates["disputes"]["amount"]) == -gross["dispute"]
    assert exact(rates["disputes"]["of"]) == gross["charge"]


def test_a_rate_of_nothing_is_no_rate():
    frame = frames.activity(1, rows=5, currencies=["eur"], categories=["refund"])
    ((_, points),) = panels(recipes.dispute_and_refund_rates(frame))
    assert {(point["value"], point["rate"]) for point in points} == {(None, "nothing charged")}


def test_the_volume_of_a_charge_counts_once_however_many_fees_it_has():
    frame = frames.card_fees(1, rows=60, currencies=["eur"])
    same = frame.filter(pl.col("captured_currency") == pl.col("fee_currency"))
    ((_, points),) = panels(recipes.card_fee_rate(frame))
    assert sum(exact(point["fees"]) for point in points if point["fees"]) == same["total_amount"].sum()
    volume = same.unique("charge_id", keep="first", maintain_order=True)["captured_amount"].sum()
    assert sum(exact(point["of"]) for point in points if point["of"]) == volume


def test_fees_are_a_rate_of_the_volume_that_they_are_given():
    fees = frames.all_fees(1, currencies=["eur"])
    volume = frames.activity(1, rows=300, currencies=["eur"], categories=["charge"])
    ((_, points),) = panels(recipes.fees_by_product(fees, volume=volume, every="month"))
    assert {exact(point["of"]) for point in points} == {volume["gross"].sum()}
    assert sum(exact(point["fees"]) for point in points) == fees["amount"].sum()


def test_fees_and_their_volume_have_the_same_periods():
    """Many products make the fees choose weeks, for which the volume alone has too few bars."""
    days = [datetime(2026, 10, day, 12, tzinfo=UTC) for day in range(1, 32)]
    currencies = ("eur", "usd", "gbp")
    charge = {"gross": Decimal("800.00"), "reporting_category": "charge"}
    volume = frames.a_frame(
        "balance_change_from_activity.itemized",
        [{"created": day, "currency": code, **charge} for day in days for code in currencies],
    )
    fee = {"amount": Decimal("8.00"), "tax": Decimal(0)}
    fees = frames.a_frame(
        "all_fees.incurred_at.itemized.2",
        [
            {"incurred_at": day, "currency": code, "product": f"product {number}", **fee}
            for day in days
            for code in currencies
            for number in range(8)
        ],
    )
    chart = recipes.fees_by_product(fees, volume=volume)
    assert {point["rate"] for _, points in panels(chart) for point in points} == {"1.00 %"}


def test_revenue_without_a_transaction_was_not_booked_earlier():
    """Nobody knows when: only a transaction connects what was booked with what is recognised."""
    frame = frames.revenue_by_invoice(1, currencies=["eur"])
    frame = frame.with_columns(transaction_model_id=pl.lit(None, pl.String))
    ((_, cells),) = panels(recipes.booked_and_recognised(frame))
    assert {cell["category"] for cell in cells} == {"(none)"}


# Whatever the frame


@EVERY_RECIPE
def test_a_frame_can_be_eager_or_lazy(name):
    recipe, make = RECIPES[name]
    assert recipe(make(1)).to_dict() == recipe(make(1).lazy()).to_dict()


@EVERY_RECIPE
def test_currencies_never_share_a_panel(name):
    found = [currency for currency, _ in panels(draw(name, 1, rows=300, currencies=["eur", "usd"]))]
    assert sorted(found) == ["eur", "usd"]


@EVERY_RECIPE
def test_without_rows_a_chart_says_so(name):
    assert "There is nothing to draw" in draw(name, rows=0).to_json()


@EVERY_RECIPE
@pytest.mark.parametrize("rows", [1, 2])
def test_one_row_is_drawn(name, rows):
    recipe, make = RECIPES[name]
    wanted = (
        {"categories": ["charge"]}
        if make is frames.activity or name in ("accounts_by_volume", "by_category")
        else {}
    )
    svg = vl_convert.vegalite_to_svg(recipe(make(1, rows=rows, **wanted)).to_json())
    assert svg.startswith("<svg")
    assert "NaN" not in svg


@EVERY_RECIPE
def test_ten_currencies_have_ten_panels_and_little_to_say(name):
    ten = ["eur", "usd", "gbp", "jpy", "kwd", "chf", "sek", "nok", "dkk", "pln"]
    chart = linked(draw(name, 1, rows=900, currencies=ten))
    assert len(list(panels(chart))) == 10
    assert len(json.dumps(chart.to_dict(validate=False))) < 200_000


def test_more_currencies_than_can_be_read_are_named_and_not_hidden():
    many = [f"c{number:02}" for number in range(15)]
    chart = recipes.activity_net(frames.activity(1, rows=900, currencies=many))
    assert len(list(panels(chart))) == 12
    assert "Not drawn: " in chart.to_json()
    assert (
        len(
            list(
                panels(
                    recipes.activity_net(
                        frames.activity(1, rows=900, currencies=many), currency=["C13", "c14"]
                    )
                )
            )
        )
        == 2
    )


def test_three_hundred_accounts_are_the_largest_ten_and_the_rest():
    frame = frames.activity(1, rows=2000, accounts=300, currencies=["eur"], categories=["charge"])
    ((_, bars),) = panels(recipes.accounts_by_volume(frame))
    assert len(bars) == 11
    assert bars[-1]["category"] == "290 other accounts"
    assert [bar["amount"] for bar in bars[:-1]] == sorted((bar["amount"] for bar in bars[:-1]), reverse=True)


def test_all_negative_amounts_hang_below_zero():
    frame = frames.activity(1, currencies=["eur"], categories=["refund", "dispute"])
    ((_, bars),) = panels(recipes.activity_net(frame))
    assert all(bar["amount"] < 0 for bar in bars)
    assert "NaN" not in vl_convert.vegalite_to_svg(recipes.activity_net(frame).to_json())


@EVERY_RECIPE
def test_floats_are_refused(name):
    recipe, make = RECIPES[name]
    frame = make(1)
    with pytest.raises(ParameterError, match="is not exact"):
        recipe(frame.with_columns(pl.selectors.decimal().cast(pl.Float64)))


@EVERY_RECIPE
def test_a_missing_column_is_named(name):
    recipe, make = RECIPES[name]
    frame = make(1)
    currency = "fee_currency" if "fee_currency" in frame.columns else "currency"
    with pytest.raises(ParameterError, match=f"needs the column '(filing_)?{currency}'"):
        recipe(frame.drop(currency))


# Time


def test_days_are_those_of_the_reports_zone():
    """Half past eleven at night in London is the next day in Paris."""
    frame = frames.activity(1, rows=1).with_columns(
        created=pl.lit("2026-10-05 22:30:00").str.to_datetime(time_unit="us", time_zone="UTC")
    )
    for zone, day in (("UTC", "2026-10-05"), ("Europe/Paris", "2026-10-06"), (None, "2026-10-05")):
        ((_, (bar,)),) = panels(recipes.activity_net(frame, timezone=zone))
        assert bar["label"] == bar["period"] == day
    local = frame.with_columns(pl.col("created").dt.convert_time_zone("Europe/Paris"))
    ((_, (bar,)),) = panels(recipes.activity_net(local))
    assert bar["period"] == "2026-10-06"


def test_a_naive_time_is_its_own_day():
    frame = frames.activity(1, rows=1).with_columns(pl.col("created").dt.replace_time_zone(None))
    ((_, (bar,)),) = panels(recipes.activity_net(frame, timezone="Asia/Tokyo"))
    assert bar["period"] == f"{frame['created'][0]:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("days", "every"),
    [(1, "day"), (62, "day"), (120, "week"), (800, "month"), (2500, "quarter"), (9000, "year")],
)
def test_the_period_is_the_finest_that_can_be_read(days, every):
    frame = frames.activity(1, rows=60, days=days, currencies=["eur"])
    chart = recipes.activity_net(frame)
    total = money(frame["net"].sum(), "eur")
    assert chart.to_dict()["title"]["text"] == f"Net per {every}, by reporting category: {total}"


def test_the_period_can_be_chosen_and_places_without_rows_are_kept():
    frame = frames.activity(1, rows=2, days=31, currencies=["eur"])
    chart = recipes.activity_net(frame, every="day").to_dict()
    axis = next(parts(chart))["layer"][0]["encoding"]["x"]["scale"]["domain"]
    first, last = frame["created"].min().date(), frame["created"].max().date()
    assert axis == [f"{day}" for day in pl.date_range(first, last, eager=True)]
    with pytest.raises(ParameterError, match="every must be one of 'day', 'week'"):
        recipes.activity_net(frame, every="hour")


def test_a_period_that_makes_too_many_bars_is_refused():
    """Drawn all the same, it could neither be read nor stay light."""
    frame = frames.activity(1, rows=3000, days=3000)
    with pytest.raises(ParameterError, match=r"too many to read\. Choose a longer"):
        recipes.activity_net(frame, every="day")
    with pytest.raises(ParameterError, match="top must be a number from 1 to 60"):
        recipes.activity_net(frame, top=1000)


def test_payouts_that_cannot_be_drawn_one_by_one_are_put_together_or_said_to_be_too_many():
    many = frames.activity(1, rows=3000).with_columns(
        automatic_payout_id=pl.format("po_{}", pl.int_range(pl.len()))
    )
    assert sums(recipes.payouts_made_of(many)) == table(many, "net")
    assert "payouts per day" in recipes.payouts_made_of(many).to_json()
    undated = recipes.payouts_made_of(many.drop("automatic_payout_effective_at"))
    assert "too many to draw one by one" in undated.to_json()


def test_rows_without_a_date_have_a_place_of_their_own():
    frame = frames.activity(1, rows=20, currencies=["eur"]).with_columns(
        created=pl.when(pl.int_range(pl.len()) > 3).then("created")
    )
    chart = recipes.activity_net(frame)
    assert sums(chart) == table(frame, "net")
    assert "no date" in {bar["label"] for _, bars in panels(chart) for bar in bars}


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_a_chart_is_the_same_whatever_the_zone_of_the_machine(zone, tmp_path):
    """Vega would draw a time in the viewer's zone: half the days would stand a day off."""
    chart = recipes.activity_net(frames.activity(1, currencies=["eur"]))
    (tmp_path / "spec.json").write_text(chart.to_json())
    code = "import sys, vl_convert; print(vl_convert.vegalite_to_svg(open(sys.argv[1]).read()))"
    svg = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, tmp_path / "spec.json"],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"TZ": zone},
    ).stdout
    assert ">1 Oct</text>" in svg
    assert svg.strip() == vl_convert.vegalite_to_svg(chart.to_json()).strip()


@pytest.mark.parametrize(
    ("every", "keys", "labels"),
    [
        (
            "week",
            ["2026-10-01", "2026-10-05", "2026-10-12"],
            {"2026-10-01": "1–4 Oct", "2026-10-12": "12–14 Oct"},
        ),
        ("month", ["2026-10-01"], {"2026-10-01": "1–14 Oct"}),
    ],
)
def test_a_period_that_the_report_covers_in_part_is_pale_and_has_its_days(every, keys, labels):
    """It would look like a slump; and no position is outside the interval, with rows or without."""
    frame = frames.activity(1, rows=40, days=9, currencies=["eur"])
    within = Within(date(2026, 10, 1), date(2026, 10, 14))
    chart = recipes.activity_net(frame, every=every, within=within)
    *_, lowest = parts(chart.to_dict())
    layer = lowest["layer"][0]["encoding"]
    assert layer["x"]["scale"]["domain"] == keys
    for key, label in labels.items():
        assert f"datum.value === '{key}' ? '{label}'" in layer["x"]["axis"]["labelExpr"]
    assert json.dumps(sorted(labels)) in str(layer["fillOpacity"])
    assert f"Pale: the report covers only part of the {every}." in str(chart.to_dict()["title"])
    whole = next(parts(recipes.activity_net(frame, every=every).to_dict()))
    assert "fillOpacity" not in whole["layer"][0]["encoding"]


def test_a_day_that_is_cut_is_partial():
    """A period that ends at the end of Stripe's data covers only some hours of its last day."""
    frame = frames.activity(1, rows=40, days=3, currencies=["eur"])
    within = Within.of(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 3, 12, tzinfo=UTC))
    assert within == Within(date(2026, 10, 1), date(2026, 10, 3), frozenset({date(2026, 10, 3)}))
    layer = next(parts(recipes.activity_net(frame, within=within).to_dict()))["layer"][0]["encoding"]
    assert '["2026-10-03"]' in str(layer["fillOpacity"])


def test_a_cumulated_value_is_at_the_end_of_its_day_and_the_last_one_is_written():
    """Also if nothing happened on the last days."""
    frame = frames.activity(1, rows=40, days=20, currencies=["eur"])
    chart = recipes.activity_cumulated(frame, within=Within(date(2026, 10, 1), date(2026, 10, 31)))
    ((_, points),) = panels(chart)
    assert points[-1]["period"] == "2026-10-31"
    assert (points[-1]["exact"], exact(points[-1]["total"])) == ("0.00 EUR", frame["net"].sum())
    layers = chart.to_dict()["layer"]
    assert {layer["mark"].get("interpolate") for layer in layers[:2]} == {"step-after"}
    where, text = layers[-1]["transform"]
    assert '"2026-10-31 cumulated"' in where["filter"]
    assert text == {"calculate": "datum.total", "as": "last"}


def test_a_failed_payout_is_red_and_its_return_is_hollow_on_the_day_it_came_back():
    """Added up, they would vanish; the bank date is the same in every zone."""
    rows = [("payout", "paid", 5, 0), ("payout", "failed", 5, 0), ("payout_reversal", "failed", 5, 2)]
    frame = frames.a_frame(
        "payouts.itemized.5",
        [
            {
                "effective_at": datetime(2026, 10, day + later, tzinfo=UTC),
                "currency": "eur",
                "gross": Decimal(-10 if later else 10),
                "net": Decimal(-10 if later else 10),
                "reporting_category": category,
                "payout_expected_arrival_date": date(2026, 10, day),
                "payout_status": status,
            }
            for category, status, day, later in rows
        ],
    )
    for zone in ("UTC", "America/New_York"):
        chart = recipes.payouts_over_time(frame, every="day", timezone=zone)
        ((_, bars),) = panels(chart)
        returned = "2026-10-07" if zone == "UTC" else "2026-10-06"
        assert {(bar["period"], bar["category"], bar["amount"]) for bar in bars} == {
            ("2026-10-05", "paid", 10),
            ("2026-10-05", "failed", 10),
            (returned, "returned", -10),
        }
    spec = chart.to_dict()
    fill, outline = (spec["layer"][0]["encoding"][channel] for channel in ("fill", "stroke"))
    colours = [
        dict(zip(each["scale"]["domain"], each["scale"]["range"], strict=True)) for each in (fill, outline)
    ]
    assert [each["returned"] for each in colours] == ["transparent", colours[1]["failed"]]
    assert fill["legend"] == outline["legend"]  # one legend, whose symbol of what was returned is hollow too
    assert spec["layer"][2]["transform"][0] == {"filter": 'datum.category === "failed"'}


def test_a_currency_that_the_report_lacks_is_answered_with_those_that_it_has():
    """An empty chart would look like a month without business."""
    frame = frames.activity(1, currencies=["eur", "usd", "usd"])
    chart = recipes.activity_net(frame, currency="gbp")
    assert "no rows in GBP for this chart, only USD, EUR." in chart.to_json()


def test_places_without_tax_are_named_in_a_note_and_have_no_bar():
    """They have no filing currency either; a panel of zeros would be one for each of them."""
    row = {"country_code": "KW", "jurisdiction_name": "Kuwait", "filing_currency": None}
    taxed = {"country_code": "DE", "jurisdiction_name": "Germany", "filing_currency": "eur"}
    amounts = {"filing_tax_amount": Decimal(0), "filing_taxable_amount": Decimal(0)}
    filed = {"filing_tax_amount": Decimal("1.90"), "filing_taxable_amount": Decimal(10)}
    frame = frames.a_frame("tax.transactions.itemized.2", [row | amounts, taxed | filed])
    chart = recipes.tax_by_jurisdiction(frame)
    ((_, bars),) = panels(chart)
    assert [(bar["category"], bar["exact"], bar["on"]) for bar in bars] == [
        ("DE, Germany", "1.90 EUR", "10.00 EUR")
    ]
    assert "Without tax: KW, Kuwait." in str(chart.to_dict()["title"]["subtitle"])


# Light


def test_a_million_rows_make_a_small_chart():
    """Summed up in polars, one pass; altair's limit of 5,000 rows is never met."""
    frame = frames.activity(1, rows=1000, days=365, accounts=200)
    million = pl.concat([frame.lazy()] * 1000)
    for recipe in (
        recipes.activity_net,
        recipes.accounts_by_volume,
        recipes.payouts_made_of,
        recipes.fee_rate,
    ):
        chart = recipe(million)
        assert len(linked(chart).to_json(indent=None)) < 200_000
    assert sums(recipes.activity_net(million)) == {k: 1000 * v for k, v in table(frame, "net").items()}


# Vega-Lite


@EVERY_RECIPE
def test_a_specification_is_valid_and_draws_its_marks(name):
    chart = draw(name, 2, rows=200, currencies=["eur"])
    for each in (chart, linked(chart)):
        spec = each.to_dict(validate=True)
        assert vl_convert.vegalite_to_png(json.dumps(spec)).startswith(b"\x89PNG")
    scene = json.dumps(vl_convert.vegalite_to_scenegraph(chart.to_json()))
    ((_, rows),) = panels(chart)
    drawn = scene.count('"aria-label"') or scene.count('"description"')
    assert drawn >= len([row for row in rows if row.get("value", row.get("amount")) is not None])


@EVERY_RECIPE
def test_a_chart_fits_six_hundred_pixels(name):
    svg = vl_convert.vegalite_to_svg(draw(name, 2, rows=200).to_json())
    width = float(svg.partition('width="')[2].partition('"')[0])
    assert width <= 600


# Colours


def test_a_category_has_one_colour_in_all_charts():
    def colour(chart: alt.TopLevelMixin, name: str) -> str:
        spec = json.loads(chart.to_json())
        scale = next(parts(spec))["layer"][0]["encoding"]["color"]["scale"]
        return dict(zip(scale["domain"], scale["range"], strict=True))[name]

    few = frames.activity(1, categories=["refund", "dispute"])
    all_ = frames.activity(1)
    assert (
        colour(recipes.activity_net(few), "refund")
        == colour(recipes.activity_net(all_), "refund")
        == colour(recipes.payouts_made_of(all_), "refunds")
    )


def test_every_known_category_has_a_colour_of_its_own():
    """The same in every chart and month, and no other category has it."""
    known = list(dict.fromkeys((*REPORTING_CATEGORIES, *UNLISTED_CATEGORIES)))
    alone = [palette.colours([name], are_categories=True)[0] for name in known]
    assert palette.colours(known, are_categories=True) == alone
    assert len(set(alone)) == len(known)
    assert set(known) <= set(palette._CATEGORIES)


def test_a_category_that_nobody_knows_has_a_colour_of_its_own_in_every_chart():
    """Stripe's list of categories is open; a new one must not take another colour every month."""
    new = ["brand_new", "newer_still", *(f"category_{n}" for n in range(10))]
    together = dict(
        zip(["charge", *new], palette.colours(["charge", *new], are_categories=True), strict=True)
    )
    assert len(set(together.values())) == len(together)
    assert {together[name] for name in new}.isdisjoint(palette._CATEGORIES.values())
    (alone,) = palette.colours(["brand_new"], are_categories=True)
    assert palette.colours(["charge", "brand_new", "other"], are_categories=True)[1] == alone
    frame = frames.activity(1, categories=["refund", "brand_new"])
    assert alone in recipes.activity_net(frame).to_json()


UNLISTED = st.text(max_size=12).filter(lambda name: name not in palette._TABLE)
"""Names without a colour of their own, which the hash decides."""


@given(names=st.lists(UNLISTED, unique=True, max_size=14))
def test_no_two_names_share_a_colour_and_the_smaller_one_gives_way(names):
    """The largest has the colour of its hash in every chart; beyond ten, names are grey."""
    found = palette.colours(names)
    coloured = [colour for colour in found if colour != palette.REST]
    assert len(set(coloured)) == len(coloured) == min(len(names), 10)
    for number in range(len(names)):
        assert palette.colours(names[: number + 1]) == found[: number + 1]


LINEAR_RGB_AS_SEEN = {  # Machado, Oliveira and Fernandes (2009), severity 1.0
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.3039),
    ),
    "trichromacy": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
}


def linear(colour: str) -> list[float]:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def lab(rgb: list[float]) -> tuple[float, float, float]:
    r, g, b = (min(1.0, max(0.0, c)) for c in rgb)
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("vision", LINEAR_RGB_AS_SEEN)
def test_the_main_colours_are_told_apart_with_any_colour_vision(vision):
    matrix = LINEAR_RGB_AS_SEEN[vision]
    seen = [
        lab([sum(m * c for m, c in zip(row, linear(colour), strict=True)) for row in matrix])
        for colour in (*palette.SLOTS, palette.REST)
    ]
    for number, one in enumerate(seen):
        for other in seen[number + 1 :]:
            assert sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5 >= 18


def test_colours_stand_out_on_white_as_on_black():
    def luminance(colour: str) -> float:
        r, g, b = linear(colour)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    others = palette.REST, palette.RISE, palette.FALL, palette.DIFFERENCE
    for colour in (*palette.SLOTS, *others, *palette._TABLE.values(), *palette._OF_NEW_CATEGORIES):
        for paper in (theme.LIGHT["background"], theme.DARK["background"]):
            dark, light = sorted((luminance(colour), luminance(paper)))
            assert (light + 0.05) / (dark + 0.05) >= 2


def test_text_of_a_report_is_data_in_every_recipe():
    markup = "</script><img src=x onerror=alert(1)>"
    frame = frames.activity(1, accounts=2).with_columns(
        reporting_category=pl.lit("charge"), card_brand=pl.lit(markup), connected_account_id=pl.lit(markup)
    )
    for recipe in (recipes.fee_rate, recipes.accounts_by_volume):
        assert "<img src=x" not in recipe(frame)._repr_mimebundle_()["text/html"]
        assert "<img src=x" not in recipe(frame).to_html()
