"""Whatever Stripe adds, figures stay exact, and each fallback is reported exactly once."""

import tempfile
import warnings
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import hypothesis.strategies as st
import openpyxl
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from polars.testing import assert_frame_equal

import stripe_reports as sr
from clocks import TestClock
from newer_stripe import NewerStripe
from stripe_reports import catalog, cli, notices
from stripe_reports.http.files import Files
from stripe_reports.simulator import Simulator

ZONE = "Europe/Paris"
PERIOD, DAYS = "2026-09", "2026-09-07/2026-09-10"
NEWEST = (
    "balance.summary.2",
    "balance_change_from_activity.itemized.7",
    "payouts.itemized.5",
    "payout_reconciliation.itemized.7",
    "ending_balance_reconciliation.itemized.4",
)
"""What a tie-out fetches."""

NEW_COLUMNS = {
    "customer_facing_amount": ("1.50", pl.Decimal(38, 6)),
    "payment_metadata[order]": ("007", pl.String()),
    "dispute_reason": ("", pl.String()),
    "levy": ("2.500001", pl.String()),
    "novelty": ("x", pl.String()),
}
"""Columns that these types do not have in the simulator: what their cells are, and what they are read as."""

UNKNOWN = {"levy", "novelty"}


@st.composite
def changes(draw):
    """The differences of a newer Stripe from the catalogue."""
    new_ids = {}
    for id_ in draw(st.sets(st.sampled_from(NEWEST), min_size=1)):
        base, _, version = id_.rpartition(".")
        new_ids[id_] = f"{base}.{int(version) + draw(st.integers(1, 30))}"
    some_columns = st.lists(st.sampled_from(list(NEW_COLUMNS)), unique=True)
    columns = {new: {name: NEW_COLUMNS[name][0] for name in draw(some_columns)} for new in new_ids.values()}
    members = st.sampled_from(["livemode", "name", "object", "data_available_start"])
    return {
        "renamed": new_ids,
        "columns": columns,
        "types": draw(st.sampled_from([{}, {"brand.new.1": ["novelty"], "payouts.summary.9": None}])),
        "keys": draw(st.sampled_from([{}, {"brand_new": {"a": [None]}}])),
        "nulls": draw(st.lists(members, unique=True)),
        "without": draw(st.lists(members, unique=True)),
        "lists": draw(st.sampled_from([[], [{"id": "broken.1", "default_columns": 5}, None]])),
    }


CATEGORIES = st.sampled_from([(), ("brand_new_category", "reward")])


class Account:
    """A client of a newer Stripe, one of the same account at today's Stripe, and the warnings."""

    def __init__(self, folder, changed, categories):
        self.simulator = Simulator(1, latency=10.0, categories=categories)
        self.stripe = NewerStripe(self.simulator, **changed)
        self.client = self._client(self.stripe, folder / "newer")
        self.today = self._client(self.simulator, folder / "today")
        self.renamed = changed["renamed"]
        self.new_columns = changed["columns"]

    def _client(self, application, folder):
        clock = TestClock(self.simulator.clock)
        key = self.simulator.key
        return sr.Client(key, application=application, cache_dir=folder, clock=clock, timezone=ZONE)

    def __enter__(self):
        notices._said.clear()
        return self

    def __exit__(self, *_):
        self.client.close()
        self.today.close()


def check_frame(frame, expected, new):
    """All of today's columns as they are today, to the value; the new ones by their names."""
    assert_frame_equal(frame.select(expected.columns), expected)
    assert {name: frame.schema[name] for name in new} == {name: NEW_COLUMNS[name][1] for name in new}


def check_warnings(caught, account):
    """Each type once, each column whose kind is not its sibling's once."""
    texts = Counter(str(each.message) for each in caught if each.category is sr.UnknownReportTypeWarning)
    for old, new in account.renamed.items():
        about = [text for text in texts if text.startswith(f"{new} ")]
        assert sum(texts[text] for text in about) == 1
        assert f"It is treated like {old}" in about[0]
        for name in account.new_columns[new]:
            assert about[0].count(name) == (catalog.get(old).column(name) is None)
        assert ("Kept as text" in about[0]) == bool(UNKNOWN & account.new_columns[new].keys())
    assert texts.total() == len(account.renamed)
    others = Counter(str(each.message) for each in caught if each.category is not sr.UnknownReportTypeWarning)
    assert set(others.values()) <= {1}
    told_as_text = {text.partition(" ")[0] for text in others}
    assert told_as_text <= {"levy"}


def check_workbook(path, frame):
    """Amounts are numbers, but those that are text by what is known."""
    with closing(openpyxl.load_workbook(path, read_only=True)) as book:
        header, first = book["Report"].iter_rows(max_row=2, values_only=True)
    cells = dict(zip(header, first, strict=True))
    amounts = [name for name, value in frame.row(0, named=True).items() if isinstance(value, Decimal)]
    assert amounts
    assert all(isinstance(cells[name], int | float) for name in amounts)


@given(changed=changes(), categories=CATEGORIES)
@settings(max_examples=8, phases=[Phase.explicit, Phase.generate])
def test_a_newer_stripe_gives_the_same_figures_and_one_warning_per_fallback(changed, categories):
    """Money is exact, times have their zone, charts are drawn, tie-outs pass, workbooks have numbers."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Account(Path(folder), changed, categories) as account,
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        for old, new in account.renamed.items():
            report = account.client.fetch(new, DAYS)
            check_frame(report.frame(), account.today.frame(old, DAYS), account.new_columns[new])
            sent = dict(account.stripe.sent[-1])
            zone = ZONE if "timezone" in catalog.get(old).parameters else None
            assert sent.get("parameters[timezone]") == zone
            assert report.chart().to_dict()["title"]
            assert UNKNOWN & account.new_columns[new].keys() == set(
                report.provenance.kinds_from.get("unknown", ())
            )
            path = Path(folder) / "report.xlsx"
            report.write_excel(path)
            check_workbook(path, report.frame())
        tied = account.client.tie_out(PERIOD)
        assert tied.passes
        assert tied.frame().height == account.today.tie_out(PERIOD).frame().height
        check_warnings(caught, account)


@given(changed=changes(), ending=st.sampled_from(["csv", "parquet", "xlsx"]))
@settings(max_examples=8, phases=[Phase.explicit, Phase.generate])
def test_the_command_line_prints_one_warning_per_fallback(changed, ending):
    """The exit status is 0, and standard error has each fallback once."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Account(Path(folder), changed, ()) as account,
        pytest.MonkeyPatch.context() as patch,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("default")
        patch.setattr("stripe_reports.demo_client.demo", lambda **_: account.client)
        lines = Lines()
        patch.setattr("sys.stderr", lines)
        new = next(iter(account.renamed.values()))
        target = Path(folder) / f"report.{ending}"
        zone = ["--timezone", ZONE] if "timezone" in catalog.completed(new).parameters else []
        arguments = ["fetch", new, DAYS, *zone, "--demo", "--output", str(target)]
        assert cli.main(arguments) == 0
        told = [line for line in lines.text.splitlines() if line.startswith("stripe-reports: warning: ")]
        levy = "levy" in account.new_columns[new]
        assert [line.split()[2] for line in told] == [new, *(["levy"] if levy else [])]
        assert target.stat().st_size


class Lines:
    """Standard error, kept."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    def isatty(self):
        return False


@given(changed=changes(), categories=CATEGORIES, is_named=st.booleans())
@settings(max_examples=8, phases=[Phase.explicit, Phase.generate])
def test_read_csv_gives_one_warning_per_fallback(changed, categories, is_named):
    """A file of a newer Stripe is read as by fetch, with and without its type."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Account(Path(folder), changed, categories) as account,
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        for old, new in account.renamed.items():
            run = account.client.wait(account.client.launch(account.client.request(new, DAYS)))
            target = Path(folder) / "file.csv"
            with target.open("w+b") as file:
                Files(account.client._transport).download(run.result, file)
            zone = ZONE if "timezone" in catalog.get(old).parameters else "UTC"
            for _ in range(2):
                frame = sr.read_csv(target, report_type=new if is_named else None, timezone=zone)
            check_frame(frame, account.today.frame(old, DAYS), account.new_columns[new])
        texts = Counter(str(each.message) for each in caught)
        assert set(texts.values()) <= {1}
        assert len(texts) <= len(account.renamed)
        for new in account.renamed.values():
            assert not is_named or sum(text.startswith(f"{new} ") for text in texts) == 1
            unheard_of = [name for name in account.new_columns[new] if name in UNKNOWN]
            assert all(any(name in text for text in texts) for name in unheard_of)
