"""The client works with a Reports v2 API whose author has not seen it."""

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest
from second_stripe_reports import BRANCH, MAIN, REPORTS, report_named, table
from second_stripe_v2 import KEY, ORGANISATION_KEY, canceled, failed, serve

import stripe_reports as sr
from clocks import TestClock
from stripe_reports import errors

pytestmark = [
    pytest.mark.filterwarnings("ignore::stripe_reports.PreviewWarning"),
    pytest.mark.filterwarnings("ignore::stripe_reports.UnknownReportTypeWarning"),
]

MONEY = pl.Decimal(38, 6)
SUMMER = ("2026-06-01", "2026-09-01")
ITEMS = "balance_change_from_activity.itemized"
TOTALS = {
    "usd": [180, Decimal("90071992582669.23"), Decimal("2612087785025.20"), Decimal("87459904797644.03")],
    "jpy": [90, Decimal(9007199256468689), Decimal(261208778443647), Decimal(8745990478025042)],
}
"""Of each currency from June to August: transactions, gross, fee and net; a double holds none of the sums."""


@pytest.fixture
def second():
    with serve(latency=3) as second:
        yield second
        assert second.leaks == []


@pytest.fixture
def connect(second, tmp_path):
    """Makes clients as new processes would: they share the folder and nothing else."""
    clients = []

    def connect(key=KEY, **options):
        options = {
            "api": "v2",
            "base_url": second.base_url,
            "files_url": second.files_url,
            "cache_dir": tmp_path / "cache",
            "clock": TestClock(second.clock),
        } | options
        clients.append(sr.Client(key, **options))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def rows(report, **parameters):
    """What the stand-in has of a report for the summer, as Python's values."""
    parameters |= {"interval_start": f"{SUMMER[0]}T00:00:00Z", "interval_end": f"{SUMMER[1]}T00:00:00Z"}
    return table(report_named(report), parameters, MAIN)[1]


TYPES = {
    "bigint": pl.Int64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us", "UTC"),
    "decimal": MONEY,
    "double": pl.String(),  # as Stripe wrote it: every digit is kept
    "integer": pl.Int64(),
    "timestamp": pl.Datetime("us", "UTC"),
    "varchar": pl.String(),
}

IN_NO_CATALOGUE = {"price": pl.Decimal(38, 12)}
"""A decimal of a name that is not known may have more decimals than an amount."""


@pytest.mark.parametrize("name", [report.name for report in REPORTS if report.rows])
def test_each_report_becomes_an_exact_typed_frame(connect, name):
    """Types come from the run's own columns, and each value is the one of the stand-in's ledger."""
    period = SUMMER if report_named(name).has_interval else None
    frame = connect().frame(name, period)
    assert dict(frame.schema) == {
        n: IN_NO_CATALOGUE.get(n, TYPES[type_]) for n, type_ in report_named(name).columns.items()
    }
    expected = [tuple(str(v) if isinstance(v, float) else v for v in row) for row in rows(name)]
    assert frame.rows() == expected


def test_sums_are_exact_to_the_last_digit(connect):
    """The sums were added up by other means: the ledger's own arithmetic is not trusted."""
    frame = connect().frame(ITEMS, SUMMER)
    sums = frame.group_by("currency").agg(pl.len(), pl.col("gross", "fee", "net").sum())
    assert {currency: totals for currency, *totals in sums.rows()} == TOTALS


def test_numbers_and_times_of_a_run_are_typed(connect, second):
    """On the wire, numbers are text, and times have nine digits after the second."""
    run = connect().fetch("balance.summary", "2026-06").run
    (served,) = second.runs.values()
    assert (run.id, run.status, run.created) == (served.id, "succeeded", served.created)
    assert run.refreshed_at == datetime(2026, 10, 5, 12, tzinfo=UTC)
    assert (run.result.row_count, run.result.col_count) == (8, 4)


def test_columns_and_currency_are_sent_as_they_are_asked_for(connect, second):
    """Columns come in that order, and times keep their milliseconds."""
    wanted = {"columns": ["net", "created"], "currency": "jpy"}
    frame = connect().frame(ITEMS, SUMMER, **wanted)
    assert frame.rows() == rows(ITEMS, **wanted)
    (run,) = second.runs.values()
    assert run.parameters.items() >= wanted.items()


def test_a_month_has_its_first_instant_and_not_its_last(connect):
    """A transaction at midnight is in one month only."""
    june, july = (connect().frame(ITEMS, month) for month in ("2026-06", "2026-07"))
    midnight = datetime(2026, 7, 1, tzinfo=UTC)
    assert (june["created"].max() < midnight, july["created"].min()) == (True, midnight)


def test_an_empty_report_has_its_types(connect):
    """A month without payouts joins like any other."""
    frame = connect().frame("payouts.itemized", "2025-06")
    assert frame.height == 0
    assert frame.schema["amount"] == MONEY


def test_a_second_fetch_makes_no_call(connect, second):
    """Nor does a new process: the result is stored."""
    first = connect().fetch("balance.summary", "2026-06")
    calls = len(second.calls)
    assert connect().frame("balance.summary", "2026-06").equals(first.frame())
    assert (len(second.calls), len(second.runs), len(second.downloads)) == (calls, 1, 1)


@pytest.mark.parametrize(
    ("ending", "error", "says"),
    [
        (
            failed("file_size_above_limit", "The file generated by this request exceeds the 5 GB limit."),
            errors.RunTooLargeError,
            "more than 5 GB",
        ),
        (failed("internal_error", "Something broke."), errors.RunFailedError, "Something broke"),
        (canceled("2026-10-05T21:01:20.000000001Z"), errors.RunCanceledError, "was canceled"),
    ],
)
def test_a_run_without_a_result_is_a_clear_error(connect, second, ending, error, says):
    """It names the run and the reason, and no other run is launched behind the user's back."""
    second.endings.append(ending)
    with pytest.raises(error, match=says) as raised:
        connect().fetch("balance.summary", "2026-06")
    assert [*second.runs] == [raised.value.run.id]
    assert second.downloads == []


def test_what_stripe_refuses_has_its_words(connect):
    """They are all that says why a report is not accessible."""
    with pytest.raises(errors.PermissionDeniedError, match=r"tax\.itemized: its product is not active"):
        connect().fetch("tax.itemized", "2026-06")


@pytest.mark.parametrize("times", [1, 2])
def test_an_expired_address_is_renewed(connect, second, times):
    """The run is read again, and is not launched again."""
    second.late_downloads = times
    report = connect().fetch("payouts.itemized", SUMMER)
    assert report.frame().rows() == rows("payouts.itemized")
    assert [call.status for call in second.downloads] == [403] * times + [200]
    assert len(second.runs) == 1


def test_the_limit_of_running_reports_is_waited_out(connect, second):
    """Two can run at once: the others are launched when these have ended."""
    second.most_running = 2
    client = connect()
    months = [client.request("balance.summary", f"2026-0{month}") for month in (4, 5, 6, 7, 8)]
    reports = client.fetch_all(months)
    assert len(reports) == len(second.runs) == 5
    assert 429 in [call.status for call in second.calls]


def test_a_lost_answer_costs_no_second_run(connect, second):
    """The request is repeated with the same Idempotency-Key."""
    second.lost_answers = 1
    connect().fetch("balance.summary", "2026-06")
    assert len(second.runs) == 1
    assert [call.method for call in second.calls].count("POST") == 2


def test_the_list_of_reports_is_read_to_its_last_page(connect, second):
    """Pages follow each other by their addresses."""
    second.page_size = 5
    assert [each.id for each in connect().report_types()] == [report.name for report in REPORTS]
    assert len(second.calls) == 3


@pytest.mark.parametrize("key", [KEY, ORGANISATION_KEY])
def test_a_client_of_another_account_gets_its_figures(connect, second, key):
    """Every request carries Stripe-Context, and results of accounts are stored apart."""
    connect().fetch("balance.summary", "2026-06")
    calls = len(second.calls)
    frame = connect(key, account=BRANCH).frame("balance.summary", "2026-06")
    assert frame["net_amount"].to_list() == [
        Decimal(amount) for amount in ("0.00", "3048.98", "0.00", "3048.98")
    ]
    assert {call.headers["Stripe-Context"] for call in second.calls[calls:]} == {BRANCH}


def test_the_key_never_reaches_the_file_host(connect, second):
    """The address alone opens the file; the stand-in refuses and records a key."""
    connect().fetch("balance.summary", "2026-06")
    (download,) = second.downloads
    sent = f"{download.path}{download.query}{download.headers}"
    assert KEY not in sent
    assert not {"authorization", "cookie", "stripe-context", "stripe-version"} & {
        name.lower() for name in download.headers
    }


def test_a_file_at_an_unknown_host_is_refused_after_one_run(connect, second):
    """Nothing is sent there, and the error says how to allow the host."""
    with pytest.raises(errors.ResultUnavailableError, match="files_url"):
        connect(files_url=None).fetch("balance.summary", "2026-06")
    assert len(second.runs) == 1
    assert second.downloads == []
