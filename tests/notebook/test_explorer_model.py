"""The state of the form: its button, its run, its choices; without a browser or a widget."""

import threading
from dataclasses import replace

import pytest

from clocks import utc
from stripe_reports import catalog
from stripe_reports.errors import NetworkError, RunFailedError, StripeReportsError
from stripe_reports.notebook.form.history import entries
from stripe_reports.notebook.form.menu import column_groups, families, period_choices, unavailable
from stripe_reports.notebook.form.model import Model
from stripe_reports.notebook.form.view import shown
from stripe_reports.notebook.form.work import DetachedError, Work
from stripe_reports.report.report import FetchPlan
from stripe_reports.report.set_plan import SetPlan

NOW = utc(2026, 11, 5, 12)


@pytest.fixture
def model():
    return Model(now=lambda: NOW, livemode=False)


@pytest.fixture
def told(model):
    """How often the views were told."""
    count = []
    model.subscribe(lambda: count.append(1))
    return count


# What stands in it


def test_a_new_form_shows_last_months_balance_summary(model):
    """A new form contains something useful."""
    assert model.request.report_type == "balance.summary.2"
    assert (model.request.interval_start, model.request.interval_end) == (utc(2026, 10, 1), utc(2026, 11, 1))


def test_a_form_can_start_with_a_request(client):
    """It is taken unchanged."""
    request = client.request(
        "payouts.itemized.3", "2026-09", timezone="Europe/Paris", columns=["net", "payout_id"]
    )
    model = Model(now=client.now, livemode=False, request=request)
    assert model.request == request
    assert model.chosen_columns() == ("net", "payout_id")


@pytest.mark.parametrize("client", ["v2"], indirect=True)
def test_a_report_of_v2_can_be_chosen_before_stripe_has_listed_them(client):
    """As in the cell that opens the form. It has no version, and its id comes with the list."""
    model = Model(now=client.now, livemode=False, catalogued=catalog.report_types_of("v2"))
    assert model.choices.report_type == "balance.summary"
    model.choose(report_type=model.versioned("payouts.itemized"), period="2026-10")
    assert model.request is None
    assert model.checked.problems == {"report_type": "Stripe has not listed its reports yet. Wait a moment."}
    model.learned_types(client.report_types())
    assert model.request == client.request("payouts.itemized", "2026-10")


def test_an_unchanged_form_switches_to_the_newest_offered_version(model):
    """But a version that the user chose stays."""
    offered = [catalog.get("balance.summary.1"), catalog.get("payouts.itemized.3")]
    model.learned_types(offered)
    assert model.choices.report_type == "balance.summary.1"
    model.choose(report_type="payouts.itemized.5")
    model.learned_types(offered)
    assert model.choices.report_type == "payouts.itemized.5"


def test_views_are_notified_once_of_a_change(model, told):
    """Even if it changes many fields."""
    with model.changing():
        model.choose(report_type="payouts.itemized.3", period="2026-09", currency="eur")
        model.choose(columns="all")
    assert len(told) == 1


def test_columns_are_added_at_the_end_or_removed(model):
    """Their order is the order in the report."""
    model.choose(report_type="payouts.itemized.3", columns=["payout_id", "net"])
    model.toggle_column("gross", on=True)
    model.toggle_column("payout_id", on=False)
    model.toggle_column("net", on=True)
    assert model.choices.columns == ("gross", "net")
    model.choose(columns="default")
    model.toggle_column("net", on=False)
    default = catalog.get("payouts.itemized.3").default_columns
    assert model.choices.columns == tuple(name for name in default if name != "net")
    model.choose(columns=[])
    assert model.choices.columns == "default"


def test_a_field_that_does_not_exist_is_refused(model):
    """A typing error must not be taken for a choice."""
    with pytest.raises(TypeError, match="curency"):
        model.choose(curency="eur")


# What the button says


@pytest.mark.parametrize(
    ("fetch_plan", "text"),
    [
        (FetchPlan("launched", ""), "Run report"),
        (FetchPlan("awaited", "", utc(2026, 11, 5, 11), run_id="frr_1"), "Continue waiting"),
        (FetchPlan("stored", "", utc(2026, 11, 5), utc(2026, 11, 5, 9), "frr_1"), "Show (stored 3 h ago)"),
        (FetchPlan("reused", "", utc(2026, 11, 5, 11, 30), None, "frr_1"), "Load (run of 30 min ago)"),
    ],
)
def test_the_button_names_its_action(model, fetch_plan, text):
    """Before it is pressed."""
    model.learned_plan(model.request, fetch_plan)
    assert (model.button.text, model.button.enabled) == (text, True)


def test_a_plan_for_other_choices_is_ignored(model):
    """A late answer says nothing about the new choices."""
    before = model.request
    model.learned_plan(before, FetchPlan("stored", "", NOW, NOW, "frr_1"))
    model.choose(period="2026-09")
    assert model.fetch_plan is None
    model.learned_plan(before, FetchPlan("stored", "", NOW, NOW, "frr_1"))
    assert model.fetch_plan is None
    model.learned_plan(model.request, FetchPlan("launched", ""))
    model.choose(payout="po_1")  # which the type does not take: the same request
    assert model.fetch_plan is not None


def test_the_button_is_disabled_while_there_are_problems(model):
    """And it names the fields."""
    model.choose(currency="e", period="2027")
    model.learned_types(
        [
            replace(
                catalog.get("balance.summary.2"), data_available_start=utc(2024, 1, 1), data_available_end=NOW
            )
        ]
    )
    assert not model.button.enabled
    assert set(shown(model)["button"]["problems"]) == {"Period", "Currency"}


# What there is to choose from


def test_types_are_listed_by_family_with_the_newest_version_first():
    """Old ones are marked, to be shown on request."""
    groups = families({}, asked=False, livemode=True)
    assert [group["title"] for group in groups][:2] == ["Balance and payouts", "Payout reconciliation"]
    ids = [entry["id"] for group in groups for entry in group["types"]]
    assert set(ids) == set(catalog.report_types())
    assert ids.index("payouts.itemized.5") < ids.index("payouts.itemized.3")
    fresh = {entry["id"] for group in groups for entry in group["types"] if not entry["is_old"]}
    assert "payouts.itemized.5" in fresh
    assert len({id_.rpartition(".")[0] for id_ in fresh}) == len(fresh)


def test_a_type_that_cannot_be_run_says_why():
    """Live data only, or not offered."""
    live_only = next(type_ for type_ in catalog.report_types().values() if type_.livemode_only)
    assert "test key" in unavailable(live_only, {}, asked=False, livemode=False)
    assert unavailable(live_only, {}, asked=False, livemode=True) is None
    assert "does not offer" in unavailable(live_only, {}, asked=True, livemode=True)


def test_the_newest_version_is_the_newest_that_the_account_offers():
    """A newer one that the account does not have is useless."""
    groups = families({"payouts.itemized.3": catalog.get("payouts.itemized.3")}, asked=True, livemode=False)
    payouts = [
        entry for group in groups for entry in group["types"] if entry["id"].startswith("payouts.itemized")
    ]
    assert [entry["id"] for entry in payouts if not entry["is_old"]] == ["payouts.itemized.3"]


def test_every_period_of_the_menu_shows_its_current_days():
    """In the zone of the form, where it may be another day."""
    texts = {
        period["value"]: period["text"] for period in period_choices(utc(2026, 11, 1, 2), "America/New_York")
    }
    assert texts["last month"] == "Last month · 2026-09-01 to 2026-09-30"
    assert texts["today"] == "Today · 2026-10-31"
    assert texts["2026-09"] == "September 2026"
    assert texts["2026-Q3"] == "2026 Q3"


def test_every_column_is_in_one_group():
    """Metadata columns are separate, because they need a key."""
    for type_ in catalog.report_types().values():
        names = [column["name"] for group in column_groups(type_) for column in group["columns"]]
        assert sorted(names) == sorted(column.name for column in type_.columns if column.kind != "metadata")


# What it does


@pytest.fixture
def work(client):
    model = Model(now=client.now, livemode=False)
    return Work(client, model)


class Gate:
    """Holds a client's fetches until it is opened, so that a test can act meanwhile."""

    def __init__(self, client, monkeypatch):
        self.reached, self.opened = threading.Event(), threading.Event()
        fetch = client.fetch

        def held(request, *, progress, **options):
            def slowly(*told):
                progress(*told)
                self.reached.set()
                assert self.opened.wait(120)
                progress(*told)

            return fetch(request, progress=slowly, **options)

        monkeypatch.setattr(client, "fetch", held)


@pytest.fixture
def gate(client, monkeypatch):
    return Gate(client, monkeypatch)


def test_a_report_is_fetched_in_a_thread_and_shown(work):
    """Only code that asks for the result waits."""
    report = work.run().result(120)
    assert work.model.report is report
    assert work.model.running is None


def test_after_a_run_one_sentence_says_what_happened(work, client):
    """That of the report: what the next press would do is not said until the choices are others."""
    report = work.run().result(120)
    model = work.model
    model.learned_plan(report.request, client.plan(report.request))
    assert shown(model)["button"] == {
        "text": "Show (stored just now)",
        "enabled": True,
        "why": "",
        "can_renew": True,
        "problems": [],
    }
    client.fetch("balance.summary", "2026-09")
    model.choose(period="2026-09")
    model.learned_plan(model.request, client.plan(model.request))
    assert "reused" in shown(model)["button"]["why"]


def test_a_second_press_joins_the_run_in_progress(work, gate, calls):
    """The same future, and one launch."""
    first = work.run()
    assert gate.reached.wait(120)
    assert work.run() is first
    assert work.model.button.text == "Running …"
    assert shown(work.model)["running"]["status"].startswith("Stripe is processing run frr_")
    gate.opened.set()
    first.result(120)
    assert len(calls("POST")) == 1


def test_a_newer_request_replaces_an_older_one(work, gate):
    """The older one continues at Stripe, and its late answer changes nothing."""
    older = work.run()
    assert gate.reached.wait(120)
    work.model.choose(report_type="payouts.summary.2")
    newer = work.run()
    gate.opened.set()
    report = newer.result(120)
    with pytest.raises(StripeReportsError, match=r"(goes on|continues) at Stripe"):
        older.result(120)
    assert work.model.report is report
    assert report.request.report_type == "payouts.summary.2"
    assert work.model.problem is None


def test_the_next_press_after_cancelling_joins_the_same_run(work, gate, client, calls):
    """Nothing is cancelled at Stripe, and nothing is launched twice."""
    pending = work.run()
    assert gate.reached.wait(120)
    run = work.model.running.run
    work.cancel()
    assert work.model.running is None
    assert run.id in work.model.notice
    gate.opened.set()
    assert pending.exception(20) is not None
    assert work.model.problem is None
    assert client.plan(work.model.request).action == "awaited"
    assert work.run().result(120).run.id == run.id
    assert len(calls("POST")) == 1


def test_months_that_were_cancelled_are_joined_by_the_next_press(work, client, monkeypatch, calls):
    """The waiting stops at the next news of a run; nothing is launched twice."""
    reached, opened = threading.Event(), threading.Event()
    fetch_all = client.fetch_all

    def held(request, *, progress, **options):
        def slowly(*told):
            reached.set()
            assert opened.wait(120)
            progress(*told)

        return fetch_all(request, progress=slowly, **options)

    monkeypatch.setattr(client, "fetch_all", held)
    work.model.choose(report_type="payouts.itemized.5", period="2026-05-01/2026-10-01", by_month=True)
    pending = work.run()
    assert reached.wait(120)
    assert work.model.button.text == "Running …"
    work.cancel()
    assert (work.model.running, work.model.problem) == (None, None)
    opened.set()
    assert isinstance(pending.exception(20), DetachedError)
    assert work.model.problem is None
    monkeypatch.undo()
    assert len(work.run().result(60)) == 5
    assert len(calls("POST")) == 5


def test_the_button_says_how_many_months_are_stored_and_how_many_are_launched(work, client):
    """Before it is pressed: a run costs minutes."""
    model = work.model
    model.choose(report_type="payouts.itemized.5", period="2026-05-01/2026-10-01", by_month=True)
    client.fetch("payouts.itemized.5", "2026-06")
    model.learned_plan(model.request, client.plan_all(model.request, split="month"), split="month")
    assert (model.button.text, model.button.action) == ("Run 4 of 5 months", "launched")
    assert shown(model)["button"]["why"].startswith("5 reports: 1 stored, 4 to launch, in about ")
    late = client.plan_all(model.request, split="month")
    model.choose(by_month=False)
    model.learned_plan(model.request, late, split="month")
    assert not isinstance(model.fetch_plan, SetPlan)


def test_an_error_is_shown_and_an_earlier_report_stays(work, simulator):
    """With its remedy."""
    report = work.run().result(120)
    work.model.choose(report_type="payouts.summary.2")
    simulator.inject_fault("run.failed")
    assert isinstance(work.run().exception(20), RunFailedError)
    assert work.model.problem.title == "The run failed"
    assert "fetch again" in work.model.problem.text
    assert work.model.report is report
    assert shown(work.model)["is_other"]


def test_nothing_runs_while_there_are_problems(work, calls):
    """And nothing is sent."""
    work.model.choose(currency="e")
    calls()
    assert work.run() is None
    assert calls("POST") == []


# Earlier runs


def test_the_history_has_each_run_of_this_machine_and_of_stripe_once(client, simulator):
    """The newest first."""
    stored = client.fetch("balance.summary.2", "2026-09")
    simulator.clock.advance(60)
    launched = client.launch(client.request("payouts.summary.2", "2026-09"))
    found = entries(client.stored(), client.runs())
    assert [(entry.run.id, entry.place) for entry in found] == [
        (launched.id, "Stripe"),
        (stored.run.id, "this machine"),
    ]
    assert found[1].shown(client.now())["period"] == "2026-09-01 to 2026-09-30"


def test_an_earlier_run_is_loaded_without_a_launch(work, client, calls):
    """With its choices; a pending run is waited for."""
    stored = client.fetch("payouts.itemized.3", "2026-09", timezone="Europe/Paris")
    pending = client.launch(client.request("balance.summary.2", "2026-08"))
    work.model.learned_history(entries(client.stored(), client.runs()))
    calls()
    assert work.load(stored.run.id).result(120).path == stored.path
    assert work.model.request == stored.request
    assert work.load(pending.id).result(120).run.id == pending.id
    assert work.model.report.run.id == pending.id
    assert calls("POST") == []


def test_report_types_and_runs_of_the_account_are_listed_in_the_background(work, client):
    """A failure is shown; stored results are listed all the same."""
    stored = client.fetch("balance.summary.2", "2026-09")
    work._look_up(True)
    assert work.model.is_asked
    assert [entry.run.id for entry in work.model.history] == [stored.run.id]


def test_stored_results_are_listed_when_stripe_cannot_be_reached(work, client, monkeypatch):
    """A user who is offline still sees them."""

    def offline():
        raise NetworkError("No answer from api.stripe.com.")

    stored = client.fetch("balance.summary.2", "2026-09")
    monkeypatch.setattr(client, "report_types", offline)
    work._look_up(True)
    assert work.model.problem.title == "No answer from Stripe"
    assert [entry.run.id for entry in work.model.history] == [stored.run.id]
