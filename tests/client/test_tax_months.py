"""Reports by tax invoice month: one whole month in UTC is sent instead of an interval."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stripe_reports as sr
from clocks import utc
from simulator_api import RUNS, Api, error, form
from stripe_reports import catalog
from stripe_reports.catalog.splitting import why_not_split
from stripe_reports.cli import main
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import IntervalError, ParameterError
from stripe_reports.models import Owner, ReportRequest
from stripe_reports.notebook.form.choices import Choices, check, choices_of, fields_of
from stripe_reports.planning.echo import contradictions, echoes_all
from stripe_reports.planning.resolve import resolve
from stripe_reports.planning.reuse import SETTLED_AFTER, AskForType, KnownRun, Reuse, plan, request_key

ITEMIZED, SUMMARIZED = "all_fees.vat_invoice_v2.itemized.2", "all_fees.vat_invoice_v2.summarized.2"
BY_DATE = "all_fees.balance_transaction_created.itemized.2"
TYPE, NOW = catalog.get(ITEMIZED), utc(2026, 11, 5, 12)
OCTOBER = ReportRequest(ITEMIZED, tax_invoice_month="2026-10")


@pytest.fixture
def live(tmp_path):
    """In live mode: fees have no test data."""
    with sr.demo(livemode=True, cache_dir=tmp_path / "live") as client:
        yield client


def resolved(period, **parameters):
    options = {name: parameters.pop(name) for name in ("truncates", "default_zone") if name in parameters}
    return resolve(TYPE, period, parameters, now=NOW, **options)


# What is sent


@pytest.mark.parametrize(
    "period",
    [
        *("2026-10", "October 2026", "10/2026", "oct 2026", "last month", "2026-10-01/2026-11-01"),
        "2026-10/2026-11",
        (date(2026, 10, 1), date(2026, 11, 1)),
        (utc(2026, 10, 1), utc(2026, 11, 1)),
    ],
)
@pytest.mark.parametrize("zone", [None, "Europe/Paris", "Pacific/Apia"])
def test_one_whole_month_in_any_spelling_is_sent_as_the_month(period, zone):
    """Stripe takes no interval for it; months are in UTC, whatever zone the client has."""
    request = resolved(period, default_zone=zone).unwrap()
    assert request == OCTOBER
    assert request.to_stripe() == {"tax_invoice_month": "2026-10"}
    assert request.display_zone.key == "UTC"


@pytest.mark.parametrize(
    "period",
    [
        *("2026", "2026-Q3", "2026-10-05", "2026-10-01/2026-10-31", "last 2 months", "ytd", "last week"),
        (
            datetime.fromisoformat("2026-10-01T00:00:00+02:00"),
            datetime.fromisoformat("2026-11-01T00:00+01:00"),
        ),
    ],
)
def test_any_other_period_is_an_error_that_says_what_to_write(period):
    """There is no invoice of part of a month, or of several."""
    with pytest.raises(
        IntervalError, match=r"one whole calendar month in UTC; got .* Write a month, such as '"
    ):
        resolved(period).unwrap()


@pytest.mark.parametrize("period", ["this month", "ytd", "today", "FY2026", "2026-Q4"])
def test_the_month_that_is_named_is_over(live, period):
    """The error of an open period names a month that can be fetched, and how to fetch several."""
    with pytest.raises(IntervalError, match=r"client\.fetch_all\(\.\.\., split='month'\)") as caught:
        live.fetch(ITEMIZED, period)
    assert "fetch-all" in caught.value.for_command_line()
    [month] = re.findall(r"such as '(\d{4}-\d{2})'", str(caught.value))
    assert live.fetch(ITEMIZED, month).request.tax_invoice_month == month


@given(st.dates(date(2000, 1, 1), date(2026, 10, 31)), st.integers(1, 400))
def test_an_interval_of_days_is_a_month_or_refused(first, days):
    """No interval is silently changed to a month."""
    after = first + timedelta(days=days)
    resolution = resolved((first, after))
    if resolution.request is None:
        assert list(resolution.problems) == ["period"]
        assert (first.day, after.day) != (1, 1) or days > 31
    else:
        start, end = resolution.request.period_start, resolution.request.period_end
        assert (start.date(), end.date()) == (first, after)
        assert resolution.request.tax_invoice_month == f"{first:%Y-%m}"


def test_the_month_can_be_given_by_stripes_own_name_but_not_twice():
    """A user who knows Stripe's documentation writes the parameter."""
    assert resolved(None, tax_invoice_month="2026-10").unwrap() == OCTOBER
    assert "two periods" in str(resolved("2026-10", tax_invoice_month="2026-10").problems["period"])
    assert "such as '2026-10'" in str(
        resolved(None, tax_invoice_month="10/2026").problems["tax_invoice_month"]
    )
    assert "needs a period of one whole month" in str(resolved(None).problems["period"])


def test_a_zone_that_would_mean_other_days_is_refused():
    """The transactions are those of the month in UTC; another zone would be ignored."""
    assert "in UTC" in str(resolved("2026-10", timezone="Asia/Tokyo").problems["timezone"])
    assert resolved("2026-10", timezone="UTC").unwrap() == OCTOBER


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "2026", "26-10", "2026-10-01", ""])
def test_a_request_refuses_an_invalid_month(month):
    """Before any call."""
    with pytest.raises(ParameterError, match="must be a month such as"):
        ReportRequest(ITEMIZED, tax_invoice_month=month)


def test_a_request_has_a_month_or_an_interval():
    """Both could contradict each other."""
    with pytest.raises(ParameterError, match="has no interval"):
        ReportRequest(ITEMIZED, tax_invoice_month="2026-10", interval_end=utc(2026, 11, 1))


def test_another_type_takes_no_month():
    """It would have no effect."""
    with pytest.raises(ParameterError, match="does not take 'tax_invoice_month'"):
        catalog.check(ReportRequest("payouts.itemized.5", tax_invoice_month="2026-10"))


@given(st.dates(date(1900, 1, 1), date(2998, 12, 31)))
def test_the_repr_is_code_for_an_equal_request(day):
    """It is shown in the form, in errors and in provenance; what it says of days is right."""
    request = ReportRequest(ITEMIZED, tax_invoice_month=f"{day:%Y-%m}")
    assert eval(repr(request), {"sr": sr}) == request  # noqa: S307
    assert ReportRequest.from_stripe(ITEMIZED, request.to_stripe()) == request
    assert request.period_name == f"{day:%B %Y}"
    assert request.period_start <= datetime(day.year, day.month, day.day, tzinfo=UTC) < request.period_end
    assert request.last_included_day == (request.period_end - timedelta(days=1)).date()


# The echo and reuse


def test_the_month_is_the_ninth_echoed_parameter(simulator):
    """So a run made elsewhere can be recognised, and one of another month is refused."""
    assert "tax_invoice_month" in catalog.ECHOED
    assert len(catalog.ECHOED) == 9
    assert echoes_all(OCTOBER)
    run = Api(simulator, "sk_live_123").create(ITEMIZED, tax_invoice_month="2026-10")
    assert run["parameters"] == {"tax_invoice_month": "2026-10"}
    view = sr.ReportRun.from_stripe(run)
    assert contradictions(view, OCTOBER, livemode=True) == ()
    september = replace(OCTOBER, tax_invoice_month="2026-09")
    assert contradictions(view, september, livemode=True) == (
        "tax_invoice_month '2026-10' instead of '2026-09'",
    )


def test_months_have_different_keys():
    """Two invoices never share a stored result."""
    owner = Owner(key_digest="0", account=None, mode="live", place="")
    assert request_key(OCTOBER, owner, "v") != request_key(
        replace(OCTOBER, tax_invoice_month="2026-09"), owner, "v"
    )


@pytest.mark.parametrize(("as_of", "closed"), [(timedelta(0), True), (timedelta(seconds=-1), False)])
def test_a_month_is_closed_like_an_interval_that_ends_with_it_in_utc(as_of, closed):
    """Five days after the end, no call is needed."""
    run = KnownRun("frr_1", "succeeded", utc(2026, 11, 1) + SETTLED_AFTER + as_of, "stored")
    assert isinstance(plan(OCTOBER, "auto", known=[run]), Reuse if closed else AskForType)


def test_a_closed_month_is_reused_without_a_call(live):
    """The same call, in another spelling, reads from disk."""
    first = live.fetch(ITEMIZED, "2026-08")
    calls = len(live.simulator.requests)
    again = live.fetch(ITEMIZED, "August 2026")
    assert again.path == first.path
    assert again.reuse.action == "stored"
    assert len(live.simulator.requests) == calls


def test_a_run_of_another_machine_is_reused(live, tmp_path):
    """All its parameters are echoed, so it is certainly of the same request."""
    run = live.fetch(ITEMIZED, "2026-08").run
    with DemoClient(live.simulator, cache_dir=tmp_path / "other", livemode=True) as other:
        report = other.fetch(ITEMIZED, "2026-08")
        assert (report.run.id, report.reuse.action) == (run.id, "reused")
        assert other.fetch(ITEMIZED, "2026-07").reuse.action == "launched"


# Several months


@pytest.mark.parametrize("report_type", [ITEMIZED, SUMMARIZED])
def test_a_year_is_fetched_month_by_month(live, report_type):
    """Each invoice is a run; months that are not over are left out, with a note."""
    reports = live.fetch_all(report_type, "2026", split="month")
    months = [request.tax_invoice_month for request in reports.requests]
    assert months == [f"2026-{month:02}" for month in range(1, 11)]
    assert reports.truncated
    assert {request.interval_end for request in reports.requests} == {None}
    one = live.frame(report_type, "2026-10")
    assert reports.parts[-1].frame().equals(one)
    assert reports.frame().height == sum(len(part) for part in reports)
    again = live.fetch_all(eval(repr(reports.request), {"sr": sr}), split="month")  # noqa: S307
    assert [part.path for part in again] == [part.path for part in reports]


@pytest.mark.parametrize(
    ("period", "split", "says"),
    [
        ("2026-08", "day", "its parts must be months"),
        ("2025", "quarter", "its parts must be months"),
        ("2026-08-15/2026-10-01", "month", "whole calendar months"),
    ],
)
def test_parts_that_are_not_months_are_refused(live, period, split, says):
    """Stripe has no invoice for a week."""
    with pytest.raises(ParameterError, match=says):
        live.fetch_all(ITEMIZED, period, split=split)


def test_a_month_that_is_not_over_yet_is_a_row_with_the_reason(live):
    """As every part that Stripe has no data for; nothing is launched."""
    failed = live.fetch_all(ITEMIZED, "this month", split="month").failed()
    assert failed.select("interval", "run", "error").rows() == [
        ("2026-11-01/2026-12-01", None, "IntervalError")
    ]
    assert "The period ends after the available data" in failed["reason"][0]


def test_one_month_in_parts_is_that_month(live):
    """Also as a finished request."""
    reports = live.fetch_all(live.request(ITEMIZED, "2026-10"), split="month")
    assert reports.requests == (OCTOBER,)
    assert why_not_split(SUMMARIZED) is None


# The figures


def test_an_invoice_has_the_fees_of_its_month_by_created_in_utc(live):
    """The sums of the report by balance transaction agree to the cent, in each currency."""
    invoice = live.frame(ITEMIZED, "2026-10")
    by_date = live.frame(BY_DATE, "2026-10", timezone="Etc/UTC")
    assert invoice.equals(by_date)
    sums = invoice.group_by("currency").agg(pl.col("amount", "tax").sum()).sort("currency")
    summarized = live.frame(SUMMARIZED, "2026-10")
    assert summarized.group_by("currency").agg(pl.col("amount", "tax").sum()).sort("currency").equals(sums)
    keys = ["product", "feature_name", "fee_category", "currency"]
    assert summarized.select(keys).is_unique().all()


def test_fees_that_stripe_passes_through_are_on_no_tax_invoice(live):
    """They are other companies' fees, so Stripe does not invoice them."""
    live.simulator.restate("2026-09", "late fee")
    live.simulator.clock.advance(2 * 86_400)
    by_date, invoice = live.frame(BY_DATE, "2026-09"), live.frame(ITEMIZED, "2026-09")
    passed_through = by_date.filter(pl.col("fee_category") == "network_cost")
    assert passed_through.height == 4
    assert by_date.filter(pl.col("fee_category") != "network_cost").equals(invoice)


@pytest.mark.parametrize("report_type", [ITEMIZED, SUMMARIZED])
def test_an_invoice_can_be_drawn_printed_and_exported(live, tmp_path, report_type):
    """The period is in the heading, and money is a number in Excel."""
    report = live.fetch(report_type, "2026-10")
    for kind in report.chart_kinds():
        subtitle = report.chart(kind).to_dict()["title"]["subtitle"]
        assert "2026-10-01 to 2026-10-31, UTC" in " ".join(subtitle)
    assert list(report.chart_kinds())[-1] == "totals"
    assert report.table(rows=3).as_raw_html()
    assert report.write_excel(tmp_path / "invoice.xlsx") == len(report)
    read = sr.read_csv(report.write_csv(tmp_path / "invoice.csv") and tmp_path / "invoice.csv")
    assert read.schema["amount"] == pl.Decimal(38, 6)


# The simulator


@pytest.mark.parametrize(
    ("parameters", "param", "says"),
    [
        ({"tax_invoice_month": ""}, "parameters[tax_invoice_month]", "empty string"),
        ({"tax_invoice_month": "2026-13"}, "parameters[tax_invoice_month]", "YYYY-MM"),
        ({"tax_invoice_month": "2026-11"}, "parameters.tax_invoice_month", "only available through"),
        ({"tax_invoice_month": "2019-01"}, "parameters.tax_invoice_month", "only available starting"),
        (
            {"tax_invoice_month": "2026-10", "interval_end": 1},
            "parameters[interval_end]",
            "unknown parameter",
        ),
    ],
)
def test_the_simulator_refuses_a_month_outside_its_data(simulator, parameters, param, says):
    """As it does for an interval."""
    answer = Api(simulator, "sk_live_123").post(form(ITEMIZED, **parameters), RUNS)
    assert answer.status_code == 400
    assert error(answer)["param"] == param
    assert says in error(answer)["message"]


# The form and the command line


def test_the_form_has_a_period_and_no_time_zone(live):
    """The zone in the form is kept for the next type, and does not move the month."""
    assert fields_of(TYPE) == ["period", "columns"]
    checked = check(Choices(ITEMIZED, "2026-10", "Asia/Tokyo"), TYPE, now=NOW, default_zone="Asia/Tokyo")
    assert checked.request == OCTOBER
    assert choices_of(OCTOBER).period == "2026-10-01/2026-11-01"
    assert check(choices_of(OCTOBER), TYPE, now=NOW).request == OCTOBER
    refused = check(Choices(ITEMIZED, "2026-Q3"), TYPE, now=NOW)
    assert "one whole calendar month" in refused.problems["period"]
    shown = sr.explore(live, request=OCTOBER)
    assert shown.model.zone == "UTC"
    assert shown.request == OCTOBER
    assert shown.code == 'client.fetch("all_fees.vat_invoice_v2.itemized.2", "2026-10")'


@pytest.mark.parametrize("words", [["2026-10"], ["October 2026"], ["--tax-invoice-month", "2026-10"]])
def test_the_command_line_takes_a_month(live, monkeypatch, capsys, words):
    """As a period, or as Stripe's parameter."""
    monkeypatch.setattr("stripe_reports.cli.fetch.client_of", lambda options: live)
    assert main(["fetch", SUMMARIZED, *words]) == 0
    shown = capsys.readouterr()
    assert "fee_category" in shown.out
    assert "tax_invoice_month='2026-10'" in shown.err
