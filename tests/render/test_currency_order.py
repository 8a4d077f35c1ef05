"""One order of currencies everywhere: those with most non-zero rows first, then alphabetically."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stripe_reports as sr
from report_frames import a_frame
from stripe_reports.notebook.form.facts import summary
from stripe_reports.pages.cells import cells_of
from stripe_reports.render.currency_order import busiest_first, nonzero_rows, sort_by_currency

codes = st.sampled_from(["eur", "usd", "jpy", "gbp", None])


def rows_of(*rows: tuple[str | None, str]) -> pl.DataFrame:
    """Rows with a currency and an amount that is all three amounts."""
    return a_frame(
        "payouts.itemized.5",
        [
            {"currency": currency, "gross": Decimal(amount), "fee": Decimal(0), "net": Decimal(amount)}
            for currency, amount in rows
        ],
    )


UNEVEN = rows_of(
    ("usd", "1"), ("eur", "0"), ("jpy", "5"), ("eur", "0"), ("eur", "0"), ("usd", "2"), (None, "3")
)
"""Most rows are in eur, but they are zero."""


@given(st.dictionaries(codes, st.integers(0, 3)))
def test_currencies_are_sorted_by_non_zero_rows_then_by_name(counts):
    """The same counts give the same order, however they were collected; rows without a currency are last."""
    order = busiest_first(counts)
    named = [currency for currency in order if currency]
    assert named == sorted(named, key=lambda currency: (-counts[currency], currency))
    assert order[: len(named)] == named
    assert order == busiest_first(dict(reversed(counts.items())))


def test_a_row_counts_if_any_of_its_amounts_is_not_zero():
    """A currency in which nothing moved is last, however many rows it has."""
    assert nonzero_rows(UNEVEN) == {"usd": 2, "jpy": 1, None: 1, "eur": 0}
    assert busiest_first(nonzero_rows(UNEVEN.lazy())) == ["usd", "jpy", "eur", None]


def test_several_reports_are_counted_together():
    """Otherwise the pages of one close would differ in their order."""
    other = rows_of(("jpy", "1"), ("jpy", "2"))
    assert busiest_first(nonzero_rows(UNEVEN, other))[:2] == ["jpy", "usd"]
    assert nonzero_rows(UNEVEN.drop("currency"), other) == nonzero_rows(other)


def test_rows_of_one_currency_keep_their_order():
    """Sorting is stable, and a currency that was not counted is last."""
    sorted_ = sort_by_currency(UNEVEN, ["jpy", "usd"])
    assert sorted_["currency"].to_list() == ["jpy", "usd", "usd", "eur", "eur", "eur", None]
    assert sorted_["gross"].to_list()[1:3] == [1, 2]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The simulated account."""
    with sr.demo(cache_dir=tmp_path_factory.mktemp("demo")) as client:
        yield client


def test_table_form_and_set_have_the_same_order(demo):
    """A reader compares them side by side."""
    reports = demo.fetch_all("payouts.itemized", "2026-Q3", split="month")
    order = busiest_first(nonzero_rows(reports.scan()))
    assert reports.totals()["currency"].to_list() == order
    tied = reports.tie_out(demo.fetch(reports.summary_request()))
    assert tied["currency"].unique(maintain_order=True).to_list() == order
    report = demo.fetch("payouts.itemized", "2026-09")
    order = [currency.upper() for currency in busiest_first(nonzero_rows(report.scan()))]
    assert [part.currency for part in cells_of(report.scan()).parts] == order
    assert [line["currency"] for line in summary(report)] == order


def test_a_tie_out_counts_its_reports_together(demo):
    """Its page, the form and the printed controls take their order from its frame."""
    tied = demo.tie_out("2026-10")
    frames = [report.scan() for report in tied.reports.values()]
    order = busiest_first(nonzero_rows(*frames))
    assert tied.frame()["currency"].unique(maintain_order=True).to_list() == [c for c in order if c]
