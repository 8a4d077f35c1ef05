"""Self-contained pages: they load nothing and run nothing."""

from __future__ import annotations

import re
import sys

import altair as alt
import polars as pl
import pytest

import named_recipes as recipes
import report_frames as frames
from stripe_reports.charts import theme
from stripe_reports.errors import ParameterError
from stripe_reports.pages.page import Html, facts, figure, note, page, section, table
from stripe_reports.render.money import figure as figure_of

MARKUP = "</style><script>alert(1)</script>"


def test_every_text_is_escaped():
    html = page(
        MARKUP,
        section(MARKUP, MARKUP, note(MARKUP), facts({MARKUP: MARKUP})),
        table([MARKUP], [[MARKUP], [MARKUP]], caption=MARKUP, headings=[0]),
        figure(recipes.activity_net(frames.activity(), title=MARKUP), MARKUP),
        subtitle=MARKUP,
    )
    assert "<script" not in html
    assert html.count("</style>") == 1


def test_our_own_markup_is_not_escaped_again():
    assert section("A", Html("<p>b</p>")) == '<section id="a"><h2>A</h2>\n<p>b</p>\n</section>'


def test_a_page_loads_nothing_and_runs_nothing():
    html = page("A", figure(recipes.activity_net(frames.activity())))
    assert "default-src 'none'" in html
    assert not re.findall(r"""(?:src|href)=["']?https?:|@import|url\(https?:|<script|<link""", html)


def test_a_page_is_light_or_dark_like_the_readers_system():
    """Charts take their colours from the same variables as the page."""
    html = page("A", figure(recipes.activity_net(frames.activity())))
    assert "prefers-color-scheme: dark" in html
    assert theme.DARK["background"] in html
    assert "var(--jp-layout-color0" in html.partition("<svg")[2]


def test_a_chart_with_an_explicit_theme_keeps_it():
    chart = theme.dressed(recipes.activity_net(frames.activity()), "dark")
    assert "var(--jp" not in figure(chart)


def test_any_chart_can_be_put_into_a_page():
    assert "<svg" in figure(alt.Chart(alt.InlineData([{"a": 1}])).mark_point().encode(x="a:Q"))


def test_a_table_marks_numbers_totals_and_headings():
    html = table(
        ["What", "Net"],
        [["EUR"], ["charge", "1.00"], ["Total", "1.00"]],
        numeric=[1],
        strong=[2],
        headings=[0],
    )
    assert '<th colspan="2" scope="rowgroup">EUR</th>' in html
    assert '<td class="number">1.00</td>' in html
    assert '<tr class="total"><td>Total</td>' in html
    assert '<th scope="col" class="number">Net</th>' in html


def test_unknown_values_are_left_out():
    assert "Account" not in facts({"Account": None, "Mode": "test"})


# Of a report


@pytest.fixture
def report(client):
    return client.fetch("balance_change_from_activity.itemized", "2026-10")


def test_a_report_is_one_page_of_figures_chart_table_and_provenance(report):
    html = report.to_html(rows=5)
    for heading in ("Figures", "Chart", "Rows", "Provenance"):
        assert f"<h2>{heading}</h2>" in html
    assert "<svg" in html
    assert report.provenance.sha256 in html
    assert report.run.id in html
    assert "The first 5 of" in html
    assert "2026-10-01 to 2026-10-31, UTC" in html
    assert not re.findall(r"<script|<link|(?:src|href)=", html)


def test_the_figures_are_those_of_the_frame(report):
    html = report.to_html(rows=0)
    for currency, net in report.frame().group_by("currency").agg(pl.col("net").sum()).iter_rows():
        assert re.search(
            rf"Total {currency.upper()}</td>.*>{re.escape(figure_of(net, currency))}</td></tr>", html
        )


def test_the_kind_of_chart_can_be_chosen(report):
    assert "Net, cumulated" in report.to_html("cumulated", rows=1)
    with pytest.raises(ParameterError, match="no chart 'waterfall'"):
        report.to_html("waterfall")


def test_a_report_without_rows_has_a_page_too(client):
    report = client.fetch("balance_change_from_activity.itemized", "2026-10", reporting_category="topup")
    html = report.to_html()
    assert "The report has no rows." in html
    assert "There is nothing to draw" in html


def test_a_page_needs_no_great_tables(report, monkeypatch):
    """Only report.table() does."""
    monkeypatch.setitem(sys.modules, "great_tables", None)
    assert "<h2>Rows</h2>" in report.to_html(rows=1)
