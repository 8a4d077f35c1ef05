"""One resolver: client, form, inputs and command line give the same answer to the same input."""

import re
import sys
import warnings
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import pytest

import stripe_reports as sr
from stripe_reports import catalog, cli, notices
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportType
from stripe_reports.notebook.form.choices import FIELDS, Choices, check
from stripe_reports.planning.resolve import resolve

SUMMARY, ACTIVITY = "balance.summary.2", "balance_change_from_activity.itemized.3"
BY_PAYOUT = "payout_reconciliation.by_id.itemized.4"
BY_INVOICE = "revenue_recognition.debit_credit_by_invoice.1"
UNKNOWN = ReportType(id="invented.itemized.1", name="Invented", version=1)


@dataclass
class Asked:
    """A question, and what each place says of it.

    Attributes:
        client: What happened, by ``client.request``; an empty text if it gives a request without a word.
        form: What the form says instead; None if it has no such field, so that nothing can be wrong in it.
        remedies: What to do, in words of Python, the form and the command line.
    """

    report_type: str
    period: str | None = "2026-10"
    parameters: dict = field(default_factory=dict)
    client: str = ""
    form: str | None = "the same"
    remedies: tuple[str, str, str] = ("", "", "")


def asked(*args, **named):
    names = ("client", "form", "remedies")
    members = {name: named.pop(name) for name in names if name in named}
    return Asked(*args, parameters=named, **members)


TIMEZONE = ("timezone='Europe/Paris'.", "Choose the time zone in its field.", "--timezone Europe/Paris.")
ANEW = ("with reuse='never'.", "press 'Run again'.", "with --reuse never.")
BOUNDS = ("('2026-10-01', '2026-11-01').", "Choose the first and the last day", "2026-10-01/2026-11-01.")
NO_PERIOD = f"{BY_PAYOUT} describes one payout and takes no period. Give only the payout."

PROBLEMS = {
    # Periods
    "an empty period": asked(
        SUMMARY, "2026-10-05/2026-10-01", client="The period is empty: it starts at", form="The first day"
    ),
    "a period beyond the data": asked(SUMMARY, "2026-11", client="The period ends after the available data."),
    "the future": asked(SUMMARY, "2031-10", client="Stripe has no data for that time yet."),
    "before the data": asked(SUMMARY, "2001", client="The period starts before the available data."),
    "a slash": asked(SUMMARY, "2026/10", client="'2026/10' is not a period. Did you mean '2026-10'?"),
    "a slip": asked(SUMMARY, "Octobre 2026", client="is not a period. Did you mean 'October 2026'?"),
    "a day of two readings": asked(SUMMARY, "10/11/2026", client="'10/11/2026' "),
    "no such day": asked(SUMMARY, "2026-02-30", client="2026-02-30"),
    "an instant": asked(SUMMARY, "2026-10-05T10:00:00Z", client="is an instant, not a period."),
    "no period": asked(SUMMARY, None, client=f"{SUMMARY} needs a period, such as '2026-10'.", form="Choose"),
    "a period of one payout": asked(BY_PAYOUT, payout="po_1", client=NO_PERIOD, form=None),
    # Parameters
    "a missing payout": asked(BY_PAYOUT, None, client=f"{BY_PAYOUT} needs a payout: po_…."),
    "a bad payout": asked(BY_PAYOUT, None, payout="1QX", client="The payout '1QX' is not an id of Stripe's"),
    "a bad invoice": asked(BY_INVOICE, invoice="foo", client="The invoice 'foo' is not an id of Stripe's"),
    "a bad customer": asked(BY_INVOICE, customer="9", client="The customer '9' is not an id of Stripe's"),
    "an unknown zone": asked(SUMMARY, timezone="Paris", client="'Paris' is not a time zone"),
    "no currency": asked(SUMMARY, currency="euro", client="currency must be a three-letter ISO code"),
    "an unknown column": asked(
        "balance.summary.1",
        columns=["net_amout"],
        client="has no column net_amout. Did you mean 'net_amount'?",
    ),
    "a column twice": asked(
        SUMMARY, columns=["currency"] * 2, client="columns contains currency more than once."
    ),
    "not taken": asked(
        SUMMARY, payout="po_1", client=f"{SUMMARY} does not take 'payout'. It takes interval_start", form=None
    ),
    "tz": asked(ACTIVITY, tz="Asia/Tokyo", client="Reports do not take 'tz'.", remedies=TIMEZONE),
    "time_zone": asked(ACTIVITY, time_zone="x", client="Reports do not take 'time_zone'.", remedies=TIMEZONE),
    "refresh": asked(ACTIVITY, refresh=True, client="Reports do not take 'refresh'.", remedies=ANEW),
    "force": asked(ACTIVITY, force=True, client="Reports do not take 'force'.", remedies=ANEW),
    "start": asked(
        ACTIVITY, None, start="2026-10-01", client="Reports do not take 'start'.", remedies=BOUNDS
    ),
}

NOTES = {
    "an unknown category": asked(
        ACTIVITY,
        reporting_category="charges",
        client="'charges' is not a reporting category that this package knows; Stripe decides",
    ),
    "an unknown currency": asked(ACTIVITY, currency="eut", client="Did you mean 'eur'"),
    "a column of a type that is not known whole": asked(
        "payouts.itemized.5",
        columns=["nett"],
        client="Stripe decides whether it has nett. Did you mean 'net'?",
    ),
}

THE_SAME_PERIOD = [
    *("2026-10", "October 2026", "oct 2026", "OCTOBER  2026", "10/2026"),
    *("2026-10-01/2026-11-01", "last month"),
]


@pytest.fixture
def ask(client, monkeypatch, capsys):
    """Asks a question in all four places; gives what each says, with its remedy."""
    monkeypatch.setattr(sys.modules["stripe_reports.cli.fetch"], "client_of", lambda _: client)

    def ask(question):
        return by_client(question), by_form(question), by_inputs(question), by_command_line(question)

    def by_client(question):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                client.request(question.report_type, question.period, **question.parameters)
            except ParameterError as error:
                return str(error)
        return " ".join(str(each.message) for each in caught)

    def by_form(question):
        given = dict(question.parameters)
        texts = {name: str(given.pop(name)) for name in FIELDS if name in given}
        choices = Choices(
            question.report_type,
            question.period or "/2026-11-01",
            given.pop("timezone", ""),
            tuple(given.pop("columns", ())) or "default",
            texts,
            other=given,
        )
        result = check(choices, client.report_type(question.report_type), now=client.simulator.clock.now())
        assert (result.request is None) == bool(result.problems)
        return " ".join([*result.problems.values(), *result.notes.values()])

    def by_inputs(question):
        given = dict(question.parameters) | ({} if question.period is None else {"period": question.period})
        try:
            made = sr.inputs(client, question.report_type, list(given), **given)
        except ParameterError as error:
            return error.for_form()
        assert (made.request is None) == bool(made.problems)
        return " ".join([*made.problems.values(), *made.notes.values()])

    def by_command_line(question):
        options = []
        for name, value in question.parameters.items():
            options.append(f"--{name.replace('_', '-')}")
            if value is not True:
                options.append(",".join(value) if isinstance(value, list) else value)
        period = [] if question.period is None else [question.period]
        notices._said.clear()  # a command is a process of its own
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            cli.main(["fetch", question.report_type, *period, *options])
        return capsys.readouterr().err

    return ask


@pytest.mark.parametrize("question", PROBLEMS.values(), ids=PROBLEMS)
def test_a_problem_is_the_same_sentence_in_all_four_places(question, ask, simulator):
    """Only the remedy is worded for the place; and nothing is launched."""
    client, form, inputs, command_line = ask(question)
    assert question.client in client
    in_python, in_form, on_command_line = question.remedies
    sentence = question.client if in_python else client
    assert in_python in client
    if question.form == "the same":
        assert sentence in form
        assert in_form in form
        assert sentence in inputs
        assert in_form in inputs
    elif question.form is None:
        assert form == ""
        assert inputs
    else:
        assert question.form in form
        assert sentence in inputs
    assert sentence in command_line
    assert on_command_line in command_line
    assert simulator.runs == []


@pytest.mark.parametrize("question", NOTES.values(), ids=NOTES)
def test_what_is_left_to_stripe_is_noted_in_the_same_words(question, ask):
    """A warning in Python and on the command line, a note at its field in the form."""
    client, form, inputs, command_line = ask(question)
    assert question.client in client
    assert client == form == inputs
    assert client in command_line


def test_an_account_is_an_option_and_not_a_parameter(client):
    """It belongs to the client; the command line has an option for it."""
    with pytest.raises(
        ParameterError, match=r"^Reports do not take 'account'\. .*Client\(account="
    ) as caught:
        client.request(SUMMARY, "2026-10", account="acct_1")
    assert "--account acct_…" in caught.value.for_command_line()
    assert "another form" in caught.value.for_form()


@pytest.mark.parametrize("period", THE_SAME_PERIOD)
def test_a_period_means_the_same_in_all_four_places(period, client, ask):
    """In every way of writing October."""
    october = client.request(SUMMARY, "2026-10")
    assert client.request(SUMMARY, period) == october
    now = client.simulator.clock.now()
    assert check(Choices(SUMMARY, period), client.report_type(SUMMARY), now=now).request == october
    assert sr.inputs(client, SUMMARY, ["period"], period=period).request == october
    *_, command_line = ask(Asked(SUMMARY, period))
    assert repr(october) in command_line


@pytest.mark.parametrize("period", ["this month", "ytd", "this quarter", "FY2026"])
def test_an_unfinished_period_ends_with_the_data_in_all_four_places(period, client, ask):
    """The note at the form's field is part of the reason of plan, report and set."""
    request = client.request(ACTIVITY, period)
    type_ = client.report_type(ACTIVITY)
    assert request.interval_end == type_.data_available_end
    form = check(Choices(ACTIVITY, period), type_, now=client.simulator.clock.now())
    assert form.request == request
    note = form.notes["period"]
    assert sr.inputs(client, ACTIVITY, period=period).notes["period"] == note
    assert re.match(r"Ends at \S+, the end of Stripe's data for now; the period is not over yet\.", note)
    assert client.plan(ACTIVITY, period).notes == (note,)
    *_, command_line = ask(Asked(ACTIVITY, period))
    assert repr(request) in command_line
    for text in (
        command_line,
        str(client.fetch(ACTIVITY, period).reuse),
        repr(client.fetch_all(ACTIVITY, period)),
    ):
        assert note in text


def test_a_request_keeps_where_its_period_was_truncated():
    """If Stripe refuses that very end, the request may end a second earlier; no other may."""
    ends, now = datetime(2026, 11, 5, tzinfo=UTC), datetime(2026, 11, 5, 12, tzinfo=UTC)
    available = {"data_available_start": datetime(2020, 1, 1, tzinfo=UTC), "data_available_end": ends}
    type_ = replace(catalog.get(ACTIVITY), **available)
    request = resolve(type_, "this month", {}, now=now).unwrap()
    assert request.interval_end == request.truncated_at == ends
    assert resolve(type_, "last month", {}, now=now).unwrap().truncated_at is None


def test_a_request_of_reports_v2_has_the_id_of_its_report():
    """A name can get another meaning there; its parameters are checked with the id."""
    type_ = ReportType(
        id="balance.summary",
        name="balance.summary",
        version=0,
        report_id="report_1",
        required_parameters=("interval_start", "interval_end"),
        optional_parameters=("currency",),
    )
    now = datetime(2026, 11, 5, tzinfo=UTC)
    request = resolve(type_, "2026-10", {"currency": "eur"}, now=now).unwrap()
    assert (request.report_id, request.currency) == ("report_1", "eur")


def test_a_period_that_is_over_has_no_note(client):
    """There is nothing special to say."""
    assert client.plan(ACTIVITY, "last month").notes == client.fetch(ACTIVITY, "last month").reuse.notes == ()


@pytest.mark.parametrize(
    ("report_type", "asked", "is_sent"),
    [
        pytest.param(catalog.get("payouts.itemized.5"), True, True, id="the type takes it"),
        pytest.param(catalog.get("payouts.itemized.5"), False, True, id="the client's zone"),
        pytest.param(catalog.get("payouts.itemized.1"), True, False, id="the type has no such parameter"),
        pytest.param(UNKNOWN, True, True, id="an unknown type, so Stripe decides"),
        pytest.param(UNKNOWN, False, False, id="an unknown type, and nobody asked for it"),
    ],
)
def test_a_zone_moves_the_bounds_and_is_sent_only_where_stripe_takes_it(report_type, asked, is_sent):
    """Without it, Stripe writes local times in UTC; a type without it refuses the run."""
    given = {"timezone": "Europe/Paris"} if asked else {}
    default = None if asked else "Europe/Paris"
    now = datetime(2026, 11, 5, tzinfo=UTC)
    request = resolve(report_type, "2026-10", given, now=now, default_zone=default).unwrap()
    assert request.period_start == datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert ("timezone" in request.to_stripe()) is is_sent
    assert request.display_zone.key == "Europe/Paris"


def test_bounds_that_are_days_are_a_period_in_the_zone(client):
    """A day of a calendar is not an instant; the end is not included, as in Stripe's own parameters."""
    days = {"interval_start": date(2026, 10, 1), "interval_end": date(2026, 11, 1)}
    request = client.request(SUMMARY, **days, timezone="Europe/Paris")
    assert request == client.request(SUMMARY, "2026-10", timezone="Europe/Paris")
    assert request.period_start == datetime(2026, 9, 30, 22, tzinfo=UTC)


def test_a_day_alone_is_the_end_of_a_moment_and_of_nothing_else(client):
    """A report at a moment has one bound; a period without a start could begin anywhere."""
    ending = "ending_balance_reconciliation.itemized.4"
    assert client.request(ending, interval_end=date(2026, 11, 1)) == client.request(ending, "2026-10")
    with pytest.raises(ParameterError, match="needs a period"):
        client.request(SUMMARY, interval_end=date(2026, 11, 1))
