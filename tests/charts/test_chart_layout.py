"""What a chart says and shows: its title, its scales, its strips; and that each panel draws its own rows."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from itertools import pairwise

import polars as pl
import pytest
import vl_convert
from test_chart_recipes import RECIPES, draw, exact, panels, parts

import named_recipes as recipes
import report_frames as frames
from stripe_reports.charts.linking import linked
from stripe_reports.charts.selections import selection_expr
from stripe_reports.charts.slots import Within
from stripe_reports.render.money import money

# Small currencies, rates of a month, and what a title says


def test_a_currency_with_few_rows_is_a_strip_below_the_others():
    """A panel of the same size says that a handful of rows matters as much as a thousand."""
    rows = [frames.activity(1, rows=190), frames.activity(2, rows=10, currencies=["kwd"])]
    *large, small = recipes.activity_cumulated(pl.concat(rows)).to_dict()["vconcat"]
    assert [panel["width"] for panel in large] == [small["width"]] * 3
    assert all(panel["height"] > 4 * small["height"] for panel in large)
    *large, small = recipes.activity_net(pl.concat(rows)).to_dict()["vconcat"]
    assert [len(panel["vconcat"]) for panel in large] == [2, 2, 2]
    assert small["height"] == 44


def test_refunds_and_disputes_are_rates_of_the_last_thirty_days():
    """One day has too few charges for a rate. A selected day means all the days that its rate is of."""
    frame = frames.activity(3, rows=400, days=60, currencies=["eur"])
    chart = recipes.dispute_and_refund_rates(frame)
    ((_, rows),) = panels(chart)
    point = next(row for row in rows if (row["period"], row["category"]) == ("2026-11-15", "refunds"))
    picked = selection_expr(chart, {"span": {"period": ["2026-11-15"]}})
    behind = frame.filter(picked.expr)
    assert point["label"] == "2026-10-17 to 2026-11-15"
    assert behind["created"].dt.date().min() >= date(2026, 10, 17)
    refunds = behind.filter(pl.col("reporting_category").is_in(["refund", "refund_failure"]))
    assert exact(point["amount"]) == -refunds["gross"].sum()
    assert exact(point["of"]) == behind.filter(pl.col("reporting_category") == "charge")["gross"].sum()
    assert "of the last 30 days" in str(chart.to_dict()["title"])
    assert "per month" in str(recipes.dispute_and_refund_rates(frame, every="month").to_dict()["title"])


def test_a_title_says_the_sum_of_each_currency_as_long_as_there_is_room():
    """They are listed in the order of currencies, and never added up."""
    frame = frames.activity(1, currencies=["eur", "usd"])
    euros, dollars = (money(frame.filter(currency=each)["net"].sum(), each) for each in ("eur", "usd"))
    for draw_, word in ((recipes.gross_fee_net, " net"), (recipes.activity_cumulated, "")):
        text = draw_(frame, currency="eur").to_dict()["title"]["text"]
        assert text.endswith(f": {euros}{word}")
        listed = [each for each, _ in panels(draw_(frame))]
        said = [{"eur": euros, "usd": dollars}[each] for each in listed]
        assert draw_(frame).to_dict()["title"]["text"].endswith(f": {said[0]} and {said[1]}{word}")
    many = frames.activity(1, rows=400, currencies=["eur", "usd", "gbp", "jpy", "kwd", "chf"])
    assert re.search(
        r": .* [A-Z]{3} and \d more net$", recipes.gross_fee_net(many).to_dict()["title"]["text"]
    )
    for recipe, make in RECIPES.values():
        assert len(recipe(make(1)).to_dict()["title"]["text"]) <= 68


def test_deductions_are_below_the_charges_on_a_scale_of_their_own():
    """Below large sales, small fees were less than a pixel."""
    frame = frames.activity(1, rows=300, currencies=["eur"], categories=["charge", "fee"])
    for recipe in (recipes.gross_fee_net, recipes.payouts_made_of):
        above, below = parts(recipe(frame).to_dict())
        axes = [part["layer"][0]["encoding"]["y"]["axis"]["title"] for part in (above, below)]
        assert axes == ["EUR", "EUR, deductions on a scale of their own"]
        datasets = recipe(frame).to_dict()["datasets"]
        above, below = (datasets[part["data"]["name"]] for part in (above, below))
        assert min(row["amount"] for row in above) >= 0 > max(row["amount"] for row in below)
    charges = frame.filter(reporting_category="charge").with_columns(fee=pl.col("fee") * 0, net="gross")
    assert len(list(parts(recipes.gross_fee_net(charges).to_dict()))) == 1


def labels_of_lines(chart):
    """The texts beside the lines of each panel, with their place from the left and from the top."""
    spec = chart.to_dict()
    for panel in spec.get("vconcat", [spec]):
        alone = {**panel, "datasets": spec["datasets"], "config": spec["config"]}
        svg = vl_convert.vegalite_to_svg(alone)
        texts = re.findall(
            r'transform="translate\(([-.\d]+),([-.\d]+)\)[^"]*"[^>]*>([^<]+ [\d.]+ %)</text>', svg
        )
        marks = re.findall(r'<path aria-label="[^"]*" [^>]*transform="translate\(([-.\d]+),', svg)
        yield [(float(x), float(y)) for x, y, _ in texts], max(map(float, marks))


def test_the_labels_of_six_lines_cover_neither_each_other_nor_a_line():
    """Also in a strip, which is as high as its labels need; a line that ends earlier has none."""
    rows = [frames.activity(1, rows=900), frames.activity(2, rows=60, currencies=["kwd"])]
    frame = pl.concat(rows).filter(pl.col("reporting_category") == "charge")
    for labels, last in labels_of_lines(recipes.fee_rate(frame, by="card_brand", every="week")):
        assert labels
        assert all(x > last for x, _ in labels)
        places = sorted(y for _, y in labels)
        assert all(below - above >= 12 for above, below in pairwise(places))
    few = frame.filter((pl.col("card_brand") != "visa") | (pl.col("created").dt.day() < 8))
    written = str(vl_convert.vegalite_to_svg(recipes.fee_rate(few, by="card_brand", every="week").to_dict()))
    assert not re.search(r">visa [\d.]+ %<", written)
    assert re.search(r">mastercard [\d.]+ %<", written)


@pytest.mark.parametrize(
    ("gross", "domain"),
    [(["100", "-4"], [0, 0.042]), (["100", "4"], [-0.042, 0]), (["100", "0"], [0, 0.01])],
    ids=["refunds", "only failed refunds", "none"],
)
def test_the_axis_of_rates_has_zero_and_all_values_and_little_more(gross, domain):
    """A rate below zero drew an axis up to 100 %."""
    at = datetime(2026, 10, 5, tzinfo=UTC)
    rows = {"created": [at, at], "currency": ["eur", "eur"], "reporting_category": ["charge", "refund"]}
    frame = pl.DataFrame(rows).with_columns(gross=pl.Series(gross).cast(pl.Decimal(38, 6)))
    (layer, *_) = recipes.dispute_and_refund_rates(frame, every="month").to_dict()["layer"]
    assert layer["encoding"]["y"]["scale"]["domain"] == pytest.approx(domain)


def test_the_cells_of_a_year_with_long_names_have_rounded_amounts_and_the_chart_says_so():
    """A colour alone says little; the exact amount is in the tooltip."""
    frame = frames.activity(1, rows=900, days=365)
    named_long = frame.with_columns(
        card_brand=pl.format("a_brand_of_cards_with_a_long_name_{}", "card_brand")
    )
    chart = recipes.charge_fees_by_month(named_long)
    assert "Cells have rounded amounts" in str(chart.to_dict()["title"]["subtitle"])
    for _, cells in panels(chart):
        for cell in cells:
            digits, unit = re.fullmatch(r"−?([\d.]+)([kMB]?)", cell["figure"]).groups()
            size = float(digits) * {"": 1, "k": 1e3, "M": 1e6, "B": 1e9}[unit]
            assert size == pytest.approx(abs(float(exact(cell["exact"]))), rel=0.06, abs=0.051)
            assert len(digits + unit) <= 4
    one = frame.filter(reporting_category="charge").head(1)
    for without in (
        recipes.charge_fees_by_month(one),
        recipes.charge_fees_by_month(named_long, every="week"),
    ):
        assert "Cells have rounded amounts" not in str(without.to_dict()["title"])


@pytest.mark.parametrize(
    ("fee", "currency", "written"),
    [
        ("0.04", "eur", "0.04"),
        ("-0.25", "eur", "−0.2"),
        ("0.049", "kwd", "<0.1"),
        ("-0.001", "kwd", "−<0.1"),
        ("5", "jpy", "5"),
        ("8.25", "eur", "8.25"),
        ("82.55", "eur", "83"),
        ("999999.5", "eur", "1.0M"),
        ("0", "eur", "0"),
    ],
)
def test_a_short_amount_is_exact_where_it_fits_and_zero_only_if_it_is(fee, currency, written):
    """Four hundredths were 0.0 in a cell, and five yen 5.0."""
    at = [datetime(2026, month, 5, tzinfo=UTC) for month in range(1, 13)]
    frame = pl.DataFrame({"created": at}).with_columns(
        pl.lit("charge").alias("reporting_category"),
        currency=pl.lit(currency),
        card_brand=pl.lit("a_brand_of_cards_with_a_long_name"),
        fee=pl.Series([fee, *["123456.78"] * 11]).cast(pl.Decimal(38, 6)),
    )
    ((_, cells),) = panels(recipes.charge_fees_by_month(frame))
    assert cells[0]["figure"] == written


def test_a_share_or_a_rate_is_zero_only_if_the_amount_is():
    """A cent of a million was 0.0 %, and a dispute of ten among them 0.00 %."""
    at = datetime(2026, 10, 5, tzinfo=UTC)
    rows = {"created": at, "currency": "eur", "reporting_category": ["charge", "charge", "dispute"]}
    amounts = pl.Series(["1000000", "0.01", "-10"]).cast(pl.Decimal(38, 6))
    frame = pl.DataFrame(rows).with_columns(gross=amounts, connected_account_id=pl.Series(["a", "b", "a"]))
    ((_, bars),) = panels(recipes.accounts_by_volume(frame))
    assert [bar["share"] for bar in bars] == [">99.9 %", "<0.1 %"]
    chart = recipes.dispute_and_refund_rates(frame, every="month")
    ((_, points),) = panels(chart)
    assert {point["category"]: point["rate"] for point in points} == {
        "disputes": "<0.01 %",
        "refunds": "0.00 %",
    }
    ticks = re.findall(r">([\d.]+)%</text>", vl_convert.vegalite_to_svg(chart.to_dict()))
    assert len(ticks) == len(set(ticks)) > 2


def test_a_place_is_without_tax_only_if_it_has_none_in_any_currency():
    """Sales before the registration have no currency of a tax return, and the same place has tax after it."""
    rows = {
        "country_code": ["FR", "FR", "US"],
        "currency": ["eur", "eur", "usd"],
        "filing_currency": ["eur", None, None],
    }
    amounts = {"filing_tax_amount": ["10", "0", "0"], "filing_taxable_amount": ["50", "0", "0"]}
    money_columns = {name: pl.Series(texts).cast(pl.Decimal(38, 6)) for name, texts in amounts.items()}
    chart = recipes.tax_by_jurisdiction(pl.DataFrame(rows).with_columns(**money_columns))
    assert [row["category"] for _, bars in panels(chart) for row in bars] == ["FR"]
    assert chart.to_dict()["title"]["subtitle"][-1] == "Without tax: US."


def test_a_period_with_charges_and_without_a_fee_has_a_rate_of_zero():
    """A gap in the line, and 'nothing charged', are for periods without charges."""
    days = [datetime(2026, 10, day, tzinfo=UTC) for day in (1, 8, 22)]
    rows = {"created": days, "currency": "eur", "reporting_category": "charge"}
    volume = pl.DataFrame(rows).with_columns(gross=pl.lit(100).cast(pl.Decimal(38, 6)))
    fees = volume.filter(pl.col("created").dt.day() != 8).select(
        "currency", incurred_at="created", product=pl.lit("radar"), amount=pl.col("gross") / 100
    )
    fees = fees.cast({"amount": pl.Decimal(38, 6)})
    ((_, points),) = panels(recipes.fees_by_product(fees, volume=volume, every="week"))
    rates = [(point["rate"], point["fees"]) for point in points]
    assert rates == [
        ("1.00 %", "1.00 EUR"),
        ("0.00 %", "0.00 EUR"),
        ("nothing charged", "0.00 EUR"),
        ("1.00 %", "1.00 EUR"),
    ]


def test_each_account_has_its_share_beside_its_amount():
    """Unless a negative amount makes shares meaningless."""
    frame = frames.activity(1, rows=300, accounts=3, currencies=["eur"], categories=["charge"])
    ((_, rows),) = panels(recipes.accounts_by_volume(frame))
    assert all(row["figure"] == f"{row['exact']} · {row['share']}" for row in rows)
    mixed = frame.with_columns(gross=pl.when(connected_account_id="acct_000").then(-1).otherwise("gross"))
    mixed = mixed.cast({"gross": frame.schema["gross"]})
    ((_, rows),) = panels(recipes.accounts_by_volume(mixed))
    assert all(row["figure"] == row["exact"] for row in rows)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("platform_earning", "platform earning"),
        ("acct_1Q7GaRBiJPg0dp", "acct_1Q7GaRBiJPg0dp"),
        ("prod_NxyzAbc, Gold", "prod_NxyzAbc, Gold"),
        ("fa_nabc1", "fa_nabc1"),
        ("Foo_Bar Ltd", "Foo_Bar Ltd"),
    ],
)
def test_only_words_of_stripe_are_written_without_underscores(name, written):
    """An id is copied from a chart to look for it, and a company writes its name as it likes."""
    frame = frames.activity(1, rows=5, accounts=1, currencies=["eur"], categories=["charge"])
    chart = recipes.accounts_by_volume(frame.with_columns(connected_account_id=pl.lit(name)))
    assert f">{written}<" in vl_convert.vegalite_to_svg(chart.to_dict())


@pytest.mark.parametrize("chart", [recipes.accounts_by_volume, recipes.account_balances_by_month])
def test_accounts_with_one_long_name_can_be_told_apart(chart):
    """Their ids were cut off, so two bars had the same name in a picture, which has no tooltips."""
    ids = [f"acct_1SIMabcdefgh{number:04d}" for number in range(2)]
    row = {
        "reporting_category": "charge",
        "currency": "eur",
        "interval_end": datetime(2026, 11, 1, tzinfo=UTC),
    }
    names = dict.fromkeys(["connected_account_name", "business_name"], "Blue Mountain Coffee Roasters Ltd")
    frame = pl.DataFrame([row | names | {"connected_account": id_, "account_id": id_} for id_ in ids])
    frame = frame.with_columns(
        gross=pl.lit(5).cast(pl.Decimal(38, 6)), balance=pl.lit(-5).cast(pl.Decimal(38, 6))
    )
    svg = vl_convert.vegalite_to_svg(chart(frame).to_dict())
    assert [f">Blue Mountain … {id_}<" in svg for id_ in ids] == [True, True]


@pytest.mark.parametrize("form", ["%Y-%m-01", "%Y-%m-01 00:00:00", "%Y-%m"])
@pytest.mark.parametrize("chart", [recipes.revenue_recognised, recipes.debits_and_credits])
def test_a_month_without_entries_has_its_place_among_the_others(chart, form):
    """July was beside October, as if there were nothing between them."""
    months = [date(2026, month, 1).strftime(form) for month in (7, 10)]
    row = {"currency": "eur", "debit": "DeferredRevenue", "credit": "Revenue"}
    frame = pl.DataFrame([row | {"accounting_period": period} for period in [*months, None]])
    drawn = next(parts(chart(frame.with_columns(amount=pl.lit(5).cast(pl.Decimal(38, 6)))).to_dict()))
    domain = drawn["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert domain == [*(date(2026, month, 1).strftime(form) for month in range(7, 11)), "no date"]


def test_pale_points_of_a_rate_of_fees_are_explained():
    """As those of any other rate."""
    volume = frames.activity(1, rows=60, days=40, currencies=["eur"], categories=["charge"])
    fees = volume.select("currency", incurred_at="created", product=pl.lit("radar"), amount="fee")
    within = Within(date(2026, 10, 1), date(2026, 11, 9))
    title = recipes.fees_by_product(fees, volume=volume, every="month", within=within).to_dict()["title"]
    assert "Pale: the report covers only part of the month." in title["subtitle"]


def test_a_heatmap_names_the_months_covered_in_part_instead_of_calling_them_pale():
    """There, a pale cell is a small amount."""
    frame = frames.activity(1, rows=60, days=40, currencies=["eur"])
    first, last = frame["created"].dt.date().min(), frame["created"].dt.date().max()
    title = recipes.charge_fees_by_month(
        frame, within=Within(date(2026, 10, 1), date(2026, 11, 9))
    ).to_dict()["title"]
    assert (first.month, last.month) == (10, 11)
    assert title["subtitle"][-1] == "Only part of the month is in the report: 1–9 Nov 2026."
    whole = recipes.charge_fees_by_month(frame, within=Within(date(2026, 10, 1), date(2026, 11, 30)))
    assert "part of" not in str(whole.to_dict()["title"])


def test_a_single_bar_is_no_wall():
    """One accounting period filled the panel."""
    frame = frames.activity(1, days=1, currencies=["eur"])
    scale = next(parts(recipes.activity_net(frame).to_dict()))["layer"][0]["encoding"]["x"]["scale"]
    padding = scale["padding"]
    assert 520 * (1 - padding) / (1 + padding) == pytest.approx(80, abs=1)


# What is drawn


@pytest.mark.parametrize("name", ["gross_fee_net", "payouts_made_of", "revenue_recognised", "by_category"])
def test_each_panel_draws_its_own_rows_also_beside_another_chart(name):
    """Vega-Lite draws two views of the same name with the same data: all panels had the last one's bars."""
    chart = draw(name, 1, rows=200, currencies=["eur", "usd"])
    wanted = {f"{row['exact']}" for _, rows in panels(chart) for row in rows}
    for each in (chart, linked(chart), chart & draw(name, 1, rows=20, currencies=["jpy"])):
        svg = vl_convert.vegalite_to_svg(each.to_json())
        read = set(re.findall(r'aria-label="[^"]*?(−?[\d,.]+ [A-Z]{3})"', svg))
        assert wanted <= read


def test_counts_are_written_with_commas_as_amounts_are():
    """In a column of figures, 7276 beside 377,908.18 looks like another kind of number."""
    frame = frames.activity(1, rows=1_500, currencies=["eur"], categories=["charge"])
    ((_, rows),) = panels(recipes.by_category(frames.summary(frame)))
    assert {row["transactions"] for row in rows} == {"1,500"}
    refunds = frame.with_columns(reporting_category=pl.lit("refund"))
    ((_, rows),) = panels(recipes.dispute_and_refund_rates(refunds, every="year"))
    assert {row["count"] for row in rows} == {"1,500", "0"}
    payouts = frames.payouts(1, rows=1_500, currencies=["eur"])
    one = payouts.with_columns(payout_status=pl.lit("paid"), reporting_category=pl.lit("payout"))
    ((_, rows),) = panels(recipes.payouts_over_time(one, every="year"))
    assert {row["payouts"] for row in rows} == {"1,500"}
    place = dict.fromkeys(("country_code", "state_code", "jurisdiction_name"), pl.lit("FR"))
    taxes = frames.tax(1, rows=1_500, currencies=["eur"]).with_columns(**place, filing_currency=pl.lit("eur"))
    ((_, rows),) = panels(recipes.tax_by_jurisdiction(taxes))
    assert {row["lines"] for row in rows} == {"1,500"}
