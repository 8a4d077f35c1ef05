"""The choices in the form and the request that they make: every problem is shown at its field."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import stripe_reports as sr
from clocks import utc
from stripe_reports import catalog
from stripe_reports.notebook.form.choices import (
    Choices,
    check,
    choices_of,
    days_period,
    fields_of,
)
from stripe_reports.notebook.form.code import fetch_call, snippet
from stripe_reports.planning.resolve import resolve

NOW = utc(2026, 11, 5, 12)


def of_type(id_):
    """A type as Stripe describes it, with data up to the last midnight."""
    return replace(
        catalog.get(id_),
        data_available_start=utc(2024, 10, 1),
        data_available_end=utc(2026, 11, 5),
        updated=utc(2026, 11, 5, 7),
    )


def checked(id_="balance_change_from_activity.itemized.3", zone=None, **chosen):
    texts = {name: chosen.pop(name) for name in list(chosen) if name not in ("period", "timezone", "columns")}
    return check(Choices(id_, texts=texts, **chosen), of_type(id_), now=NOW, default_zone=zone)


def test_choices_make_the_request_that_the_client_would_make(client):
    """The form and a cell request the same."""
    for id_, period, parameters in [
        ("balance.summary.2", "2026-10", {}),
        (
            "balance_change_from_activity.itemized.3",
            "last month",
            {"timezone": "Asia/Tokyo", "currency": "eur"},
        ),
        ("payouts.itemized.1", "2026-Q3", {"timezone": "Europe/Paris"}),
        ("ending_balance_reconciliation.itemized.4", "2026-09", {"reporting_category": "charge"}),
        ("connected_account_payouts.itemized.3", "yesterday", {"connected_account": "acct_1"}),
    ]:
        assert checked(id_, period=period, **parameters).request == client.request(id_, period, **parameters)
    by_id = "payout_reconciliation.by_id.itemized.4"
    assert checked(by_id, payout=" po_1 ").request == client.request(by_id, payout="po_1")


@pytest.mark.parametrize(
    ("field", "chosen", "says"),
    [
        pytest.param(
            "period",
            {"period": days_period("2026-10-05", "2026-10-01")},
            "The first day, 2026-10-05, is after the last one, 2026-10-01",
            id="backwards",
        ),
        pytest.param(
            "period", {"period": days_period("", "2026-10-01")}, "Choose the first day", id="no start"
        ),
        pytest.param("period", {"period": days_period("2026-10-01", "")}, "Choose the last day", id="no end"),
        pytest.param("period", {"period": "2026-11"}, "last whole day is 2026-11-04", id="not published yet"),
        pytest.param("period", {"period": "2027"}, "no data for that time yet", id="the future"),
        pytest.param("period", {"period": "2023"}, "before the available data", id="too early"),
        pytest.param("period", {"period": "octobr"}, "is not a period", id="no period"),
        pytest.param("timezone", {"timezone": "Europe/Pariss"}, "Did you mean 'Europe/Paris'", id="no zone"),
        pytest.param("currency", {"currency": "eu"}, "three-letter", id="no currency"),
        pytest.param("columns", {"columns": ("net", "grosss")}, "gross", id="unknown column"),
    ],
)
def test_a_problem_is_shown_at_its_field_with_a_clear_message(field, chosen, says):
    """And there is no request."""
    result = checked(**chosen)
    assert says in result.problems[field]
    assert list(result.problems) == [field]
    assert result.request is None


@pytest.mark.parametrize(
    ("id_", "field", "text", "says"),
    [
        ("payout_reconciliation.by_id.itemized.4", "payout", "", "needs a payout: po_…"),
        ("payout_reconciliation.by_id.itemized.4", "payout", "1QX", "starts with 'po_'"),
        ("connected_account_balance.summary.1", "connected_account", "me", "starts with 'acct_'"),
        ("revenue_recognition.debit_credit_by_invoice.1", "invoice", "9", "starts with 'in_'"),
        ("revenue_recognition.debit_credit_by_invoice.1", "customer", "9", "starts with 'cus_'"),
    ],
)
def test_ids_are_checked_by_their_prefix(id_, field, text, says):
    """A payout id without po_ is not one."""
    assert says in checked(id_, period="2026-09", **{field: text}).problems[field]


def test_all_problems_are_shown_at_once():
    """Not one after another."""
    result = checked(period="2027", currency="e", timezone="Mars")
    assert set(result.problems) == {"period", "currency", "timezone"}


def test_a_value_of_an_open_list_is_left_to_stripe_and_noted_at_its_field():
    """Stripe adds categories and currencies without notice."""
    result = checked(reporting_category="charges", currency="eut")
    assert not result.problems
    assert result.request.reporting_category == "charges"
    assert "Did you mean 'charge'" in result.notes["reporting_category"]
    assert "Did you mean 'eur'" in result.notes["currency"]


def test_a_field_is_shown_only_if_the_type_takes_it():
    """Required fields come first."""
    assert fields_of(catalog.get("balance.summary.2")) == ["period", "timezone", "currency", "columns"]
    by_id = fields_of(catalog.get("connected_account_payout_reconciliation.by_id.itemized.3"))
    assert by_id == ["payout", "connected_account", "reporting_category", "columns"]
    assert "decimal_separator" not in {
        name for type_ in catalog.report_types().values() for name in fields_of(type_)
    }


def test_text_for_another_type_is_kept_and_not_sent():
    """A user who returns to that type finds it again."""
    request = checked("balance.summary.2", period="2026-10", payout="po_1", currency="eur").request
    assert request.payout is None
    assert request.currency == "eur"


def test_changing_the_type_keeps_the_valid_choices():
    """Columns that the new type does not have are removed; everything else stays."""
    choices = Choices(
        "payouts.itemized.3", "2026-09", "Europe/Paris", ("payout_id", "net"), {"currency": "eur"}
    )
    moved = choices.with_type(catalog.get("balance_change_from_activity.itemized.3"))
    assert moved.columns == ("net",)
    assert (moved.period, moved.timezone, moved.text("currency")) == ("2026-09", "Europe/Paris", "eur")
    assert choices.with_type(catalog.get("balance.summary.2")).columns == "default"


def test_this_month_is_truncated_and_a_note_says_so():
    """As in a fetch."""
    result = checked("balance.summary.2", period="this month")
    assert result.request.interval_end == utc(2026, 11, 5)
    assert "the end of Stripe's data" in result.notes["period"]
    assert checked("ending_balance_reconciliation.itemized.4", period="today").request is None


def test_the_clients_zone_is_the_default():
    """It also applies to the days of a type that takes no zone."""
    request = checked("balance.summary.2", zone="America/New_York", period="2026-10").request
    assert (request.timezone, request.interval_start) == ("America/New_York", utc(2026, 10, 1, 4))
    without = checked("payouts.itemized.1", zone="America/New_York", period="2026-10").request
    assert (without.timezone, without.zone) == (None, "America/New_York")


def test_an_unknown_type_takes_a_period_and_columns_by_name():
    """Stripe decides about everything else."""
    type_ = sr.ReportType(id="new.thing.1", name="New thing", version=1)
    result = check(Choices("new.thing.1", "2026-09", columns=("a",)), type_, now=NOW)
    assert result.request.columns == ("a",)
    assert fields_of(type_) == ["period", "timezone", "columns"]


zones = st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
instants = st.datetimes(utc(2025, 1, 1).replace(tzinfo=None), utc(2026, 10, 1).replace(tzinfo=None)).map(
    lambda t: t.replace(microsecond=0, tzinfo=NOW.tzinfo)
)


@given(
    start=instants, days=st.integers(1, 30), seconds=st.integers(0, 90000), zone=zones, columns=st.booleans()
)
def test_every_request_survives_the_form_unchanged(start, days, seconds, zone, columns):
    """Code and form can be converted to each other, whatever the bounds."""
    request = sr.ReportRequest(
        "balance_change_from_activity.itemized.3",
        interval_start=start,
        interval_end=start + timedelta(days=days, seconds=seconds),
        timezone=zone,
        columns=["net", "payment_metadata[order_id]"] if columns else None,
        currency="eur",
    )
    again = check(choices_of(request), of_type(request.report_type), now=NOW).request
    assert again == request
    assert fetched(fetch_call(request), request) == request


@given(
    start=st.dates(utc(2024, 10, 2).date(), utc(2025, 9, 1).date()),
    days=st.integers(1, 400),
    zone=zones,
    default=st.none() | zones,
    type_id=st.sampled_from(
        [
            *("balance.summary.2", "balance_change_from_activity.itemized.3", "tax.transactions.itemized.2"),
            *("ending_balance_reconciliation.itemized.4", "ending_balance_reconciliation.summary.1"),
        ]
    ),
)
def test_days_are_written_as_a_person_would_write_them(start, days, zone, default, type_id):
    """Whatever the zone of the client, the call makes the same request."""
    period = f"{start}/{start + timedelta(days=days)}"
    request = resolve(of_type(type_id), period, {}, now=NOW, default_zone=zone).unwrap()
    call = fetch_call(request, default_zone=default)
    assert fetched(call, request, default) == request
    assert "sr.ReportRequest" not in call


def fetched(call, request, default_zone=None):
    """The request that a client of that zone would make of the call."""

    class Client:
        def fetch(self, report_type, period=None, **parameters):
            if isinstance(report_type, sr.ReportRequest):
                return report_type
            now = request.period_end or NOW
            return resolve(
                of_type(report_type), period, parameters, now=now, default_zone=default_zone
            ).unwrap()

    return eval(call, {"sr": sr, "client": Client()})  # noqa: S307


@pytest.mark.parametrize(
    ("period", "written"),
    {
        "2026-10": "2026-10",
        "Q3 2026": "2026-Q3",
        "2025": "2025",
        "2026-10-05": "2026-10-05",
        "2026-10-01/2026-10-15": "2026-10-01/2026-10-15",
        "last month": "2026-10",
        "this month": "2026-11-01/2026-11-05",
    }.items(),
)
def test_the_code_names_the_period_as_short_as_possible(client, period, written):
    """And without words such as ``last month``: the cell is run again next month."""
    request = client.request("payouts.itemized", period, currency="eur")
    assert fetch_call(request) == f'client.fetch("payouts.itemized.5", "{written}", currency="eur")'


def test_a_report_about_a_moment_is_named_by_what_ends_there(client):
    request = client.request("ending_balance_reconciliation.summary", "2026-10")
    assert fetch_call(request) == 'client.fetch("ending_balance_reconciliation.summary.1", "2026-10")'


def test_the_code_runs_as_a_separate_cell(client):
    """With any name that the client has in the notebook."""
    request = client.request(
        "payouts.itemized.3", "2026-10", timezone="Europe/Paris", columns=["payout_id", "net"]
    )
    names = {"books": client}
    exec(snippet(fetch_call(request, "books")), names)  # noqa: S102
    assert names["report"].request == request
