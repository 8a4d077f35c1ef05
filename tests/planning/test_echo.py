"""The echoed parameters of a run, compared with its request: the rule, and the runs it applies to."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocks import utc
from stripe_reports import errors
from stripe_reports.models import ReportRequest, ReportRun
from stripe_reports.planning.echo import contradictions, echoes_all
from stripe_reports.runs import polling
from stripe_reports.simulator import FAULTS, Fault

CREATE, RETRIEVE = "POST /v1/reporting/report_runs", "GET /v1/reporting/report_runs/*"
LIST = "GET /v1/reporting/report_runs"

ASKED = ReportRequest(
    "balance_change_from_activity.itemized.3",
    interval_start="2026-10-01T00:00:00Z",
    interval_end="2026-11-01T00:00:00Z",
    timezone="Etc/UTC",
    columns=["net", "created"],
    currency="eur",
    reporting_category="charge",
    other={"tax_invoice_month": "2026-10", "with_fees": True},
)
SENT = ASKED.to_stripe()

OTHERS = {
    "run.other_type": "report type 'payouts.itemized.5' instead of 'balance.summary.2'",
    "run.other_mode": "live data, but the key is for test data",
    "run.other_interval": "interval_start 2026-10-02T00:00:00Z instead of 2026-10-01T00:00:00Z, and "
    "interval_end 2026-11-02T00:00:00Z instead of 2026-11-01T00:00:00Z",
    "run.other_currency": "currency 'usd' instead of 'eur'",
}


def a_run(**others):
    return ReportRun(
        **{
            "id": "frr_1",
            "created": utc(2026, 11, 5),
            "livemode": False,
            "report_type": ASKED.report_type,
            "parameters": SENT,
            "status": "pending",
        }
        | others
    )


# The rule


@pytest.mark.parametrize(
    ("others", "says"),
    [
        pytest.param({"livemode": True}, "live data, but the key is for test data", id="mode"),
        pytest.param({"report_type": "payouts.itemized.5"}, "report type 'payouts.itemized.5'", id="type"),
        *(
            pytest.param(
                {"parameters": SENT | {name: value}}, f"{name} {says} instead of", id=f"{name} {value!r:.40}"
            )
            for name, value, says in [
                ("interval_start", 0, "1970-01-01T00:00:00Z"),
                ("interval_end", SENT["interval_end"] + 0.5, "2026-11-01T00:00:00.500000Z"),
                ("interval_end", "soon", "'soon'"),
                ("interval_end", 10**400, r"10+\.\.\.0+"),
                ("interval_end", float("nan"), "nan"),
                ("timezone", "Europe/Paris", "'Europe/Paris'"),
                ("currency", "usd", "'usd'"),
                ("columns", ["created", "net"], r"\['created', 'net'\]"),
                ("columns", ["net"], r"\['net'\]"),
                ("columns", "net", "'net'"),
                ("reporting_category", "Charge", "'Charge'"),
                ("reporting_category", {"a": []}, r"{'a': \[\]}"),
                ("tax_invoice_month", "2026-11", "'2026-11'"),
                ("with_fees", "false", "'false'"),
            ]
        ),
    ],
)
def test_a_parameter_echoed_with_another_value_is_a_contradiction(others, says):
    """The figures would not be those that the label names."""
    [found] = contradictions(a_run(**others), ASKED, livemode=False)
    assert re.match(says, found), found


def test_the_mode_is_compared_even_if_the_request_is_unknown():
    """A test figure in a live close is always wrong."""
    assert contradictions(a_run(report_type="a.b.1", parameters={}), None, livemode=False) == ()
    assert contradictions(a_run(), None, livemode=True) == ("test data, but the key is for live data",)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(ReportRequest("balance.summary.2"), True, id="Stripe echoes all of its parameters"),
        pytest.param(ReportRequest("balance.summary", report_id="report_1"), False, id="Reports v2"),
        pytest.param(ReportRequest("balance.invented.1"), False, id="a type that the catalogue lacks"),
    ],
)
def test_a_run_launched_elsewhere_is_recognised_only_if_it_shows_all_parameters(asked, expected):
    """Another filter could be among those that it does not show, and its rows would be the wrong ones."""
    assert echoes_all(asked) is expected


def test_a_run_is_compared_with_its_earlier_description():
    """If it was launched elsewhere, nothing else is known about it."""
    run = a_run()
    assert contradictions(replace(run, status="succeeded"), run, livemode=False) == ()
    assert contradictions(a_run(parameters=SENT | {"currency": "usd"}), run, livemode=False)


def _ways(name, value):
    """Other ways to write a value."""
    match value:
        case bool():
            return st.sampled_from([value, str(value).lower()])
        case int():
            return st.sampled_from([value, float(value), str(value)])
        case str() if name == "currency":
            return st.sampled_from([value, value.upper(), value.title()])
        case "Etc/UTC":
            return st.sampled_from(["UTC", "Etc/UTC"])
        case _:
            return st.just(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=5,
)


@given(
    echoed=st.fixed_dictionaries(
        {},
        optional={name: _ways(name, value) | st.sampled_from([None, "", []]) for name, value in SENT.items()},
    ),
    added=st.dictionaries(st.text().filter(lambda name: name not in SENT), JSON),
)
def test_missing_added_or_reformatted_parameters_are_no_contradiction(echoed, added):
    """Stripe echoes only some parameters, and may add defaults; a form sends all values as text."""
    assert contradictions(a_run(parameters=added | echoed), ASKED, livemode=False) == ()


@given(name=st.sampled_from(sorted(SENT)), value=JSON)
def test_comparing_never_raises_an_error(name, value):
    """An echo can contain anything."""
    for found in contradictions(a_run(parameters=SENT | {name: value}), ASKED, livemode=False):
        assert found.startswith(f"{name} ")
        assert len(found) < 1000


# Every answer is held to it


def fetched(client, **options):
    return client.frame("balance.summary.2", "2026-10", currency="eur", timeout=120, **options)


def stored(client):
    """Reports, and answers of Stripe's that are finished runs."""
    return [*client.settings.cache_dir.rglob("*.parquet"), *client.settings.cache_dir.glob("*/damaged/*")]


@pytest.mark.parametrize("at", [CREATE, RETRIEVE], ids=["create", "retrieve"])
@pytest.mark.parametrize("name", OTHERS)
def test_a_run_that_contradicts_its_request_is_neither_followed_nor_stored(client, simulator, name, at):
    """The error says both sides; once the answers are right again, the same run gives the report."""
    simulator.inject_fault(name, match=at)
    with pytest.raises(errors.AnswerMismatchError) as caught:
        fetched(client)
    assert f"{simulator.runs[0].id} has {OTHERS[name]}. Nothing of it was stored." in str(caught.value)
    assert caught.value.contradictions == tuple(OTHERS[name].split(", and "))
    assert stored(client) == []
    assert fetched(client).height > 0
    assert len(simulator.runs) == 1


@pytest.mark.parametrize("name", OTHERS)
def test_a_run_is_compared_at_each_poll(client, simulator, name):
    """A run that was right when launched may be wrong later: gateways keep answers, and confuse them."""
    request = client.request("balance.summary.2", "2026-10", currency="eur")
    run = client.launch(request)
    simulator.inject_fault(name, match=RETRIEVE)
    with pytest.raises(errors.AnswerMismatchError, match="Nothing of it was stored") as caught:
        client.wait(run, timeout=120)
    assert caught.value.run.id == run.id
    for ask in (client.retrieve, client.report, client.read):
        simulator.inject_fault(name, match=RETRIEVE)
        with pytest.raises(errors.AnswerMismatchError):
            ask(run.id)
    assert stored(client) == []
    assert client.read(client.wait(run.id)).height > 0


def test_a_contradicting_answer_for_a_finished_run_is_not_cached(client, simulator):
    """Answers for finished runs are kept forever, but not those that were refused."""
    run = client.launch(client.request("balance.summary.2", "2026-10"))
    simulator.clock.advance(60)
    for fault in (
        Fault.named("run.other_type", match=RETRIEVE),
        Fault.named("run.other_mode", match=RETRIEVE),
    ):
        simulator.faults.append(fault)
        with pytest.raises(errors.AnswerMismatchError):
            client.retrieve(run.id)
    assert client.retrieve(run.id).status == "succeeded"


@pytest.mark.parametrize("name", OTHERS)
def test_each_of_many_polled_runs_is_compared_with_its_request(client, simulator, monkeypatch, name):
    """They are polled by listing."""
    monkeypatch.setattr(polling, "LISTED_FROM", 1)
    run = client.launch(client.request("balance.summary.2", "2026-10", currency="eur"))
    simulator.inject_fault(name, match=LIST)
    with pytest.raises(errors.AnswerMismatchError, match="Nothing of it was stored"):
        client.wait(run, timeout=120)
    assert client.wait(run, timeout=120).status == "succeeded"


def test_a_listed_run_launched_here_must_match_its_request(client, simulator):
    """Even one that cannot be reused: something confuses answers."""
    simulator.inject_fault("run.failed")
    with pytest.raises(errors.RunFailedError):
        fetched(client)
    simulator.inject_fault("run.other_currency", match=LIST)
    with pytest.raises(errors.AnswerMismatchError, match="currency 'usd' instead of 'eur'"):
        fetched(client)
    assert fetched(client).height > 0


@pytest.mark.parametrize("name", ["run.other_type", "run.other_interval", "run.other_currency"])
def test_a_listed_run_launched_elsewhere_that_differs_is_ignored(client, simulator, connect, name, tmp_path):
    """It is one run among many; a new one is launched."""
    elsewhere = connect(cache_dir=tmp_path / "elsewhere")
    fetched(elsewhere)
    simulator.inject_fault(name, match=LIST, times=99)
    assert client.fetch("balance.summary.2", "2026-10", currency="eur").reuse.action == "launched"


def test_a_list_with_a_run_of_the_other_mode_is_refused(client, simulator):
    """A key of one mode sees runs of that mode only."""
    client.launch(client.request("balance.summary.2", "2026-10"))
    simulator.inject_fault("run.other_mode", match=LIST)
    with pytest.raises(errors.AnswerMismatchError, match="live data, but the key is for test data"):
        client.runs()
    assert len(client.runs()) == 1


def test_a_lasting_contradiction_does_not_launch_run_after_run(client, simulator):
    """Each further fetch gets the same run and the same error; reuse='never' launches a new one."""
    simulator.inject_fault("run.other_type", match=RETRIEVE, times=99)
    for _ in range(3):
        with pytest.raises(errors.AnswerMismatchError):
            fetched(client)
    assert len(simulator.runs) == 1
    simulator.faults.clear()
    fetched(client, reuse="never")
    assert len(simulator.runs) == 2


# Its file is, too


@pytest.mark.parametrize(
    ("asked", "looks_like"),
    [
        (("balance.summary.2", "2026-10", {}), "payouts.itemized"),
        (("payouts.itemized.5", "2026-10", {"currency": "eur"}), "balance.summary"),
        (("balance_change_from_activity.itemized.3", "2026-10", {}), "payouts.itemized"),
        (("ending_balance_reconciliation.itemized.4", "2026-10", {}), "payouts.itemized"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_the_file_of_another_report_is_refused(client, simulator, asked, looks_like):
    """Its columns show it. It is kept so that a person can look at it."""
    type_, period, parameters = asked
    simulator.inject_fault("run.other_file")
    says = rf"^The columns of the result file \w+ are not those of {type_}; they look like {looks_like}"
    with pytest.raises(errors.NotAReportError, match=says) as caught:
        client.frame(type_, period, **parameters)
    assert "is kept as" in caught.value.__notes__[0]
    assert [path.parent.name for path in stored(client)] == ["damaged"]


def test_a_file_must_have_the_requested_columns(client, simulator):
    """Catalogued or not: names of metadata and new columns are not known before."""
    columns = ["net", "created", "payment_metadata[order_id]"]
    asked = ("balance_change_from_activity.itemized.3", "2026-10-20/2026-10-21")
    simulator.inject_fault("run.other_file")
    with pytest.raises(errors.NotAReportError, match="not those requested: it lacks 'created', 'payment"):
        client.frame(*asked, columns=columns)
    assert client.frame(*asked, columns=columns, reuse="never").columns == columns


def test_each_fault_of_an_answer_is_tested():
    """A new fault needs a line in the table above."""
    assert set(OTHERS) == {
        name for name in FAULTS if name.startswith("run.other_") and not FAULTS[name].outcome
    }
