"""Profiles of the simulator: each habit of a real account by itself, then all workflows on it."""

import csv
import io
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stripe_reports as sr
from simulator_api import RUNS, TYPES, Api, form
from stripe_reports import catalog, cli
from stripe_reports.simulator import PROFILES, REAL, TIDY, Publishing, Simulator, stripe_reporting
from stripe_reports.simulator.api.availability import Publications
from stripe_reports.simulator.reports import reports
from stripe_reports.simulator.reports.invented import invented

BOTH = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
TYPE = catalog.report_types()["payouts.itemized.5"]
REVENUE = catalog.report_types()["revenue_recognition.debit_credit_summary.1"]
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 364 * 86_400).map(lambda seconds: NEW_YEAR + timedelta(seconds=seconds))


def a_year_of(profile, report_type, seed=1):
    """The publications of 2026, oldest first."""
    until = NEW_YEAR + timedelta(days=365)
    return Publications(profile, seed).between(report_type, NEW_YEAR, until)[::-1]


# When data are published


@BOTH
@given(now=MOMENTS, later=st.integers(0, 10 * 86_400), seed=st.integers(1, 5))
@settings(max_examples=60)
def test_the_end_of_the_data_never_goes_back(profile, now, later, seed):
    """And a publication is never shown early."""
    publications = Publications(profile, seed)
    for report_type in (TYPE, REVENUE):
        first = publications.newest(report_type, now)
        second = publications.newest(report_type, now + timedelta(seconds=later))
        assert first.end <= second.end
        assert first.updated <= second.updated
        assert first.end < first.updated <= now.timestamp()


def test_data_of_a_real_account_are_seven_to_sixteen_hours_late_or_missed():
    """Like the four known report types of real accounts; the next publication includes a missed one."""
    published = a_year_of(REAL, TYPE)
    lags = [(each.updated - each.end) / 3600 for each in published]
    assert 7 <= min(lags) < 8
    assert 15 < max(lags) <= 16
    gaps = Counter((b.end - a.end) // 3600 for a, b in pairwise(published))
    assert set(gaps) <= {12, 24, 36, 48}
    assert 0.03 < gaps[24] / len(published) < 0.15


@pytest.mark.parametrize(
    "profile", [TIDY, replace(REAL, revenue_recognition=replace(REAL.revenue_recognition, missed=0))]
)
def test_data_of_revenue_recognition_are_updated_every_three_to_four_hours(profile):
    """Others twice a day. Source: https://docs.stripe.com/revenue-recognition/data-freshness"""
    published = a_year_of(profile, REVENUE)
    pauses = [(b.updated - a.updated) / 3600 for a, b in pairwise(published)]
    assert min(pauses) >= 3
    assert max(pauses) <= 4


def test_a_tidy_account_publishes_twice_a_day_without_exception():
    """So a test knows in advance what it will see."""
    published = a_year_of(TIDY, TYPE)
    assert {b.updated - a.updated for a, b in pairwise(published)} == {12 * 3600}


def test_the_same_seed_gives_the_same_publications():
    """In any process; another seed gives others."""
    assert a_year_of(REAL, TYPE) == a_year_of(REAL, TYPE)
    assert a_year_of(REAL, TYPE) != a_year_of(REAL, TYPE, seed=2)


def test_a_rhythm_in_which_the_data_could_go_back_is_refused():
    """A lag that varies by more than the step would change the order; missing all would never end."""
    hours = [timedelta(hours=h) for h in (12, 7, 20)]
    with pytest.raises(ValueError, match="longest_lag"):
        Publishing(step=hours[0], shortest_lag=hours[1], longest_lag=hours[2])
    with pytest.raises(ValueError, match="missed"):
        replace(REAL.publishing, missed=1)


@BOTH
def test_a_restatement_is_shown_by_all_types_once_their_data_reach_it(profile):
    """No type shows it in data published earlier, and all show it later."""
    simulator = Simulator(latency=0, profile=profile)
    api = Api(simulator)
    asked = "balance.summary.2", "payouts.itemized.5", "balance_change_from_activity.summary.2"
    files = {id_: api.contents(api.finished(id_)).text for id_ in asked}
    made = simulator.restate("2026-10")
    for _ in range(12):
        for id_ in asked:
            shows = api.contents(api.finished(id_)).text != files[id_]
            has_reached = api.get(f"{TYPES}/{id_}").json["data_available_end"] >= made.published
            assert not shows or has_reached, id_
            assert shows or not has_reached or id_ == "payouts.itemized.5", id_
        simulator.clock.advance(timedelta(hours=6))


# How long runs take


def test_runs_of_a_real_account_take_ten_seconds_to_ten_minutes():
    """Most of them a few minutes at most."""
    api = Api(Simulator(profile="real"))
    for k in range(200):
        api.create(currency=f"x{chr(97 + k % 26)}{chr(97 + k // 26)}")
    taken = sorted(run.finishes_at - run.created for run in api.client.application.runs)
    assert 10 <= taken[0] < 30
    assert 40 < taken[100] < 90
    assert 240 < taken[-1] <= 600


# Which report types there are


def test_a_real_account_lists_types_that_the_catalogue_does_not_know():
    """150 for a live key: newer versions, unknown families, and some that do not name their columns."""
    types = Api(Simulator(profile="real"), "sk_live_1").get(TYPES).json["data"]
    unknown = [type_ for type_ in types if catalog.get(type_["id"]) is None]
    bases = {type_.base for type_ in catalog.report_types().values()}
    newer = [type_ for type_ in unknown if type_["id"].rpartition(".")[0] in bases]
    assert len(types) == len({type_["id"] for type_ in types}) == 150
    assert len(unknown) == 150 - len(reports.simulated())
    assert len(newer) > 20
    assert len(unknown) - len(newer) == 12
    assert 5 < sum(type_["default_columns"] is None for type_ in unknown) < len(unknown) / 2


def test_the_number_of_invented_types_is_limited():
    """A larger number is refused, not silently lowered."""
    with pytest.raises(ValueError, match="At most"):
        invented(10_000)


def test_an_invented_type_has_the_rows_of_a_known_one():
    """A newer version agrees with the version before it in all columns that both have."""
    api = Api(Simulator(latency=0, profile="real"))
    newer = next(id_ for id_ in invented(40) if id_.startswith("payouts.itemized."))
    old, new = (csv.DictReader(io.StringIO(api.contents(api.finished(id_)).text)) for id_ in (TYPE.id, newer))
    rows, known = list(new), old.fieldnames
    assert [{name: row[name] for name in known} for row in rows] == list(old)
    assert set(new.fieldnames) > set(known)
    assert any(row[name] for row in rows for name in set(new.fieldnames) - set(known))


def test_an_unknown_column_can_be_requested_alone():
    """Each of its cells belongs to a row."""
    api = Api(Simulator(latency=0, profile="real"))
    newer = next(t for t in invented(40).values() if t.report_type.base == "payouts.itemized").report_type
    column = next(column.name for column in newer.columns if column.kind == "unknown")
    alone = api.contents(api.finished(newer.id, **{"columns][": column})).text.splitlines()
    assert alone[0] == f'"{column}"'
    assert len(alone) == len(api.contents(api.finished(newer.id)).text.splitlines())


# How answers are written


def test_members_are_in_alphabetical_order():
    """In answers and events, ``parameters`` too; a tidy account echoes parameters as they were sent."""
    sent = {"parameters[interval_start]": 1790812800, "parameters[interval_end]": 1793491200}
    texts = {
        name: Api(Simulator(profile=name)).post({"report_type": "balance.summary.1"} | sent).text
        for name in PROFILES
    }
    assert texts["real"] == json.dumps(json.loads(texts["real"]), indent=2, sort_keys=True)
    assert texts["tidy"].index("interval_start") < texts["tidy"].index("interval_end")


def test_a_profile_can_have_a_single_trait():
    """To find out which one breaks something."""
    api = Api(Simulator(latency=0, profile=replace(TIDY, name="sorted", sorted_keys=True)))
    run = api.create(timezone="Europe/Paris", currency="eur")
    assert list(run["parameters"]) == sorted(run["parameters"])
    assert len(api.get(TYPES).json["data"]) == len(reports.simulated(livemode=False))


def test_an_unknown_profile_is_refused():
    """The message names those that exist."""
    with pytest.raises(ValueError, match="'rael' is not one of 'tidy', 'real'"):
        Simulator(profile="rael")


def test_a_profile_changes_no_figure():
    """The key, which names the ledger, is the same; so are the files of a closed month."""
    tidy, real = (Simulator(latency=0, profile=profile) for profile in ("tidy", "real"))
    assert tidy.key == real.key
    tidy_file, real_file = (
        Api(each).contents(Api(each).finished("payouts.itemized.5")) for each in (tidy, real)
    )
    assert tidy_file.data == real_file.data


# Who can use it


def test_every_way_to_start_a_simulator_takes_a_profile(monkeypatch):
    """``demo``, the command, and the fixture for tests of other code."""
    made = []
    monkeypatch.setattr("stripe_reports.simulator.serve_forever", lambda each, *_, **__: made.append(each))
    cli.main(["simulate", "--profile", "real"])
    with sr.demo(profile="real") as client, stripe_reporting(profile="real") as served:
        assert made[0].profile is client.simulator.profile is served.simulator.profile is REAL


# All workflows of the client, on such an account


@pytest.fixture
def client(tmp_path):
    with sr.demo(profile="real", cache_dir=tmp_path / "cache") as client:
        yield client


@pytest.mark.filterwarnings("ignore::stripe_reports.UnknownReportTypeWarning")
def test_every_report_type_of_the_account_can_be_fetched(client):
    """Known columns have their usual types; unknown columns are text."""
    payout = client.frame("payouts.itemized.5", "2026-10")["payout_id"][0]
    unknown = {name for each in invented(60).values() for name in each.report_type.default_columns or ()}
    unknown -= {column.name for type_ in catalog.report_types().values() for column in type_.columns}
    for number, report_type in enumerate(client.report_types()):
        if number % 5 or "connected_account" in report_type.required_parameters:
            continue  # a fifth of them, for time
        by_id = {"payout": payout} if "payout" in report_type.required_parameters else {}
        frame = client.frame(report_type.id, None if by_id else "2026-10", **by_id)
        assert all(dtype == pl.String for name, dtype in frame.schema.items() if name in unknown)
        if "net" in frame.columns:
            assert frame.schema["net"] == pl.Decimal(38, 6)


def test_a_name_without_version_is_the_newest_that_can_be_read_completely(client):
    """Newer versions with unknown columns are skipped, and the report says why."""
    report = client.fetch("payouts.itemized", "2026-10")
    assert report.request.report_type == "payouts.itemized.5"
    assert re.search(r"payouts\.itemized\.\d was skipped: the kind of its columns? \w+", str(report.reuse))


def test_a_month_is_tied_out_with_evidence(client, tmp_path):
    """The figures of an untidy account are as exact as those of a tidy one."""
    assert client.tie_out("2026-10").passes
    client.evidence("2026-10", tmp_path / "close")
    assert sr.verify(tmp_path / "close").ok


def test_the_current_month_is_tied_out_at_any_time(client):
    """Report types end at different times: all are asked up to the earliest end."""
    for hours in (0, 5, 7, 11, 13):
        client.simulator.clock.advance(timedelta(hours=hours))
        assert client.tie_out("this month").passes


def test_a_difference_between_publications_is_explained(client, tmp_path):
    """A correction that only one type shows yet is not a mistake in the accounts."""
    simulator = client.simulator
    for _ in range(200):
        ends = {
            id_: client.report_type(id_).data_available_end
            for id_ in ("balance.summary.2", "balance_change_from_activity.itemized.7")
        }
        made = simulator.restate("2026-10", currency="eur")
        published = datetime.fromtimestamp(made.published, UTC)
        while not any(end >= published for end in ends.values()):
            simulator.clock.advance(timedelta(minutes=30))
            ends = {id_: client.report_type(id_).data_available_end for id_ in ends}
        if not all(end >= published for end in ends.values()):
            break
    result = client.tie_out("2026-10", reuse="never")
    assert not result.passes
    assert "A correction of earlier days may be in only one of them" in str(result.notes)


def test_parts_of_a_year_are_fetched_together(client):
    """Slow runs are waited for at the same time, within one timeout."""
    year = client.fetch_all("payouts.itemized", ("2026-01-01", "2026-10-31"), split="month")
    assert len(year) == 10
    assert year.tie_out(client.fetch(year.summary_request()))["passes"].all()


def test_a_plan_shows_what_a_fetch_would_do(client):
    """Before and after."""
    assert client.plan("payouts.itemized", "2026-10").action == "launched"
    client.fetch("payouts.itemized", "2026-10")
    assert client.plan("payouts.itemized", "2026-10").action == "stored"


def test_the_form_offers_every_type(client):
    """Including unknown ones; choosing any of them is not an error."""
    model = sr.explore(client).model
    model.learned_types(client.report_types())
    for report_type in client.report_types():
        model.choose(report_type=report_type.id)
        assert model.report_type.id == report_type.id


def test_the_doctor_finds_no_problem(monkeypatch, capsys):
    """Every check passes on an account with unknown types."""
    with stripe_reporting(profile="real") as served:
        monkeypatch.setenv("STRIPE_API_KEY", served.key)
        assert cli.main(["doctor", "--base-url", served.url]) == 0
    offered = len(Api(served.simulator).get(TYPES).json["data"])
    assert re.search(rf"ok  report types +{offered} offered", capsys.readouterr().out)


def test_a_webhook_receiver_gets_twenty_to_thirty_messages_a_day():
    """About as many as Stripe's guide says: two for each of some types, not for all."""
    api = Api(Simulator(profile="real"))
    simulator = api.client.application
    simulator.clock.advance(timedelta(days=20))
    days = Counter()
    for event in all_events(api):
        days[event["created"] // 86_400] += 1
    whole_days = sorted(days)[1:-1]
    assert 18 <= sum(days[day] for day in whole_days) / len(whole_days) <= 30


def all_events(api):
    found, after = [], {}
    while True:
        page = api.get("/v1/events", limit=100, **after).json
        found += page["data"]
        if not page["has_more"]:
            return found
        after = {"starting_after": found[-1]["id"]}


@BOTH
def test_a_run_in_the_newest_data_is_accepted_as_soon_as_they_are_listed(profile):
    """The end that a report type names is the end that runs may have."""
    simulator = Simulator(latency=0, profile=profile)
    api = Api(simulator)
    for _ in range(10):
        for id_ in ("balance.summary.2", REVENUE.id):
            end = api.get(f"{TYPES}/{id_}").json["data_available_end"]
            assert api.post(form(id_, interval_end=end), RUNS).status_code == 200
            assert api.post(form(id_, interval_end=end + 1), RUNS).status_code == 400
        simulator.clock.advance(timedelta(hours=5))
