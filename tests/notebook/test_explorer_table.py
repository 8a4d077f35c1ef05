"""The rows of the form's table, page by page, and the facts about a report."""

from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest

from clocks import utc
from stripe_reports.charts.selections import Selected
from stripe_reports.notebook.form.contents import PIECE, Contents
from stripe_reports.notebook.form.facts import provenance, summary
from stripe_reports.notebook.form.rows import Rows
from stripe_reports.notebook.form.suggestions import known_ids

PARIS = pl.Datetime("us", "Europe/Paris")
FRAME = pl.DataFrame(
    {
        "id": ["txn_1", "txn_2", "txn_3", "txn_4"],
        "created": pl.Series(
            [utc(2026, 10, 1, 0, 30)] * 3 + [None], dtype=pl.Datetime("us", "UTC")
        ).dt.convert_time_zone("Europe/Paris"),
        "day": [date(2026, 10, 1)] * 4,
        "count": [1000, 2, None, 3],
        "gross": pl.Series(["1234.5", "-500", "0.0075", None], dtype=pl.String).cast(pl.Decimal(38, 6)),
        "currency": ["eur", "jpy", "usd", "eur"],
        "text": ["<b>Öl</b>", None, "", "=1+1"],
    }
)


@pytest.fixture
def rows():
    return Rows(SimpleNamespace(scan=FRAME.lazy))


def test_cells_are_formatted_for_people(rows):
    """Money with its currency's decimals and never rounded; times in the report's zone; text unchanged."""
    page = rows.page()
    assert page.rows[0] == [
        "txn_1",
        "2026-10-01 02:30:00",
        "2026-10-01",
        "1,000",
        "1,234.50",
        "eur",
        "<b>Öl</b>",
    ]
    assert [row[4] for row in page.rows] == ["1,234.50", "−500", "0.0075", None]
    assert [row[6] for row in page.rows] == ["<b>Öl</b>", None, "", "=1+1"]
    assert (page.matching, page.total) == (4, 4)


def test_columns_have_an_alignment_and_a_time_zone(rows):
    """Numbers are aligned to the right."""
    columns = {column["name"]: column for column in rows.columns()}
    assert columns["gross"]["numeric"]
    assert not columns["id"]["numeric"]
    assert columns["created"]["zone"] == "Europe/Paris"


def test_a_page_is_a_part_of_the_rows(rows):
    """In Stripe's order."""
    page = rows.page(1, 2)
    assert [row[0] for row in page.rows] == ["txn_2", "txn_3"]
    assert (page.offset, page.total) == (1, 4)
    assert rows.page(10, 5).rows == []
    assert len(rows.page(0, 10**9).rows) == 4
    assert rows.page(-3, -1).rows == []


def test_rows_are_sorted_by_value_with_empty_cells_last(rows):
    """Amounts as numbers, not as text; ascending or descending."""
    assert [row[0] for row in rows.page(sort="gross").rows] == ["txn_2", "txn_3", "txn_1", "txn_4"]
    assert [row[0] for row in rows.page(sort="gross", descending=True).rows] == [
        "txn_1",
        "txn_3",
        "txn_2",
        "txn_4",
    ]
    assert [row[0] for row in rows.page(sort="no such column").rows] == ["txn_1", "txn_2", "txn_3", "txn_4"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("öl", ["txn_1"]),
        ("  JPY ", ["txn_2"]),
        ("<b>", ["txn_1"]),
        (".*", []),
        ("1,234.5", ["txn_1"]),
        ("−500", ["txn_2"]),
        ("-500", ["txn_2"]),
        ("2026-10-01 02:3", ["txn_1", "txn_2", "txn_3"]),
        ("nothing", []),
    ],
)
def test_a_search_covers_every_column_that_can_contain_the_text(rows, search, found):
    """The text itself, not a pattern; figures and times as they are shown."""
    page = rows.page(search=search)
    assert [row[0] for row in page.rows] == found
    assert (page.matching, page.total) == (len(found), 4)


def test_a_search_can_be_sorted_and_paged(rows):
    """Like all rows."""
    page = rows.page(1, 1, sort="gross", search="eur")
    assert [row[0] for row in page.rows] == ["txn_4"]
    assert page.matching == 2


def test_rows_selected_in_a_chart_can_be_searched_and_sorted(rows):
    """The selection is applied first."""
    selected = Selected(pl.col("gross") < 1000, 'pl.col("gross") < 1000', is_everything=False)
    page = rows.page(sort="gross", descending=True, selected=selected)
    every = rows.page(sort="gross", descending=True)
    assert [row[0] for row in page.rows] == [row[0] for row in every.rows if row[0] in ("txn_2", "txn_3")]
    assert (page.matching, page.total) == (rows.count(selected), 4)
    assert rows.page(search="jpy", selected=selected).matching == 1


def test_a_large_report_is_read_page_by_page(tmp_path):
    """A million rows take no longer than ten."""
    path = tmp_path / "large.parquet"
    n = 200_000
    pl.LazyFrame({"n": pl.int_range(n, eager=True), "text": ["a"] * n}).sink_parquet(path)
    rows = Rows(SimpleNamespace(scan=lambda: pl.scan_parquet(path)))
    assert rows.page(n - 2, 10).rows == [[f"{n - 2:,}", "a"], [f"{n - 1:,}", "a"]]
    assert rows.page(0, 1, sort="n", descending=True).rows == [[f"{n - 1:,}", "a"]]
    assert rows.page(0, 3, search="9999").matching == sum("9999" in str(number) for number in range(n))


# What is said of a report


def test_totals_have_one_line_per_currency(client):
    """Sums by currency; for a balance summary, its start and its end."""
    lines = summary(client.fetch("payouts.itemized.5", "2026-10"))
    assert [line["currency"] for line in lines] == ["EUR", "USD", "JPY", "KWD"]
    frame = client.frame("payouts.itemized.5", "2026-10", currency="jpy")
    assert lines[2]["text"].startswith(f"{frame.height} rows · gross {frame['gross'].sum():,.0f}")
    balance = summary(client.fetch("balance.summary.2", "2026-10"))
    assert "starting balance" in balance[0]["text"]
    assert "ending balance" in balance[0]["text"]


def test_a_report_without_money_shows_its_number_of_rows():
    """An empty report has no lines to sum."""
    report = SimpleNamespace(scan=pl.DataFrame({"id": ["a"]}).lazy)
    assert summary(report) == [{"currency": "", "text": "1 row"}]


def test_the_provenance_of_a_report_is_shown(client):
    """Account, time, file and hash."""
    report = client.fetch("payouts.itemized.5", "2026-10", timezone="Europe/Paris")
    facts = dict(provenance(report))
    assert facts["Run"] == report.run.id
    assert facts["SHA-256 of the file"] == report.provenance.sha256
    assert facts["Data of"].endswith("Europe/Paris")
    assert client.settings.api_key.reveal() not in str(facts)


# Downloads


def whole(contents, file):
    pieces = []
    while sum(map(len, pieces)) < file["size"]:
        pieces.append(contents.piece(file["id"], sum(map(len, pieces))))
        assert 0 < len(pieces[-1]) <= PIECE
    return b"".join(pieces)


def test_a_report_is_sent_as_a_file_in_pieces_and_no_copy_stays(client):
    """CSV as Stripe writes times, Parquet as it is stored."""
    report = client.fetch("payouts.itemized.5", "2026-10")
    contents = Contents(report)
    csv = contents.file("csv")
    assert csv["name"] == "payouts.itemized.5 2026-10-01 to 2026-10-31.csv"
    assert pl.read_csv(whole(contents, csv), infer_schema=False).height == report.frame().height
    parquet = contents.file("parquet")
    assert whole(contents, parquet) == report.path.read_bytes()
    assert contents.piece(csv["id"], 0) == contents.piece("unknown", 0) == b""
    assert list(contents._folder.iterdir()) == []


def test_a_file_too_large_for_a_browser_is_refused_with_code_that_writes_it(client, monkeypatch):
    """Otherwise the page would stop responding."""
    monkeypatch.setattr("stripe_reports.notebook.form.contents.LARGEST_DOWNLOAD", 10)
    contents = Contents(client.fetch("balance.summary.2", "2026-10"))
    with pytest.raises(ValueError, match=r"form\.report\.write_csv"):
        contents.file("csv")
    assert list(contents._folder.iterdir()) == []


def test_the_chart_is_an_svg_with_the_colours_of_the_page(client):
    """Or the reason why there is none."""
    chart = Contents(client.fetch("balance.summary.2", "2026-10")).chart(None)
    assert chart["svg"].startswith("<svg")
    assert "var(--jp" in chart["svg"]
    assert list(chart["kinds"])


# Suggestions


def test_ids_are_suggested_from_stored_reports_the_newest_first(client):
    """Users do not remember the id of a payout."""
    assert known_ids("payout", client.stored()) == []
    payouts = client.fetch("payouts.itemized.5", "2026-10").frame()["payout_id"]
    found = known_ids("payout", client.stored())
    assert found[0] == payouts[-1]
    assert set(found) == set(payouts)
    assert known_ids("payout", client.stored(), limit=3) == found[:3]
    assert known_ids("invoice_line_item", client.stored()) == []


def test_a_report_that_was_removed_meanwhile_suggests_nothing(client):
    """It is not an error."""
    client.fetch("payouts.itemized.5", "2026-10")
    stored = client.stored()
    client.cache.clear()
    assert known_ids("payout", stored) == []
