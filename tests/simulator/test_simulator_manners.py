"""Restricted keys, rate limits, and idempotency keys that are in use; the same in every profile."""

import threading

import pytest

from simulator_api import CONNECTED, FILES, LINKS, MAIN, RUNS, TYPES, Api, error, form
from stripe_reports.http.settings import API_VERSION
from stripe_reports.simulator import Clock, Fault, RateLimits, Simulator

READ = "report_runs_and_report_types_read"


@pytest.fixture(params=["tidy", "real"])
def simulator(request) -> Simulator:
    return Simulator(seed=1, latency=10, profile=request.param)


# Restricted keys


def test_a_restricted_key_may_do_what_its_permissions_allow(simulator):
    """Reading types and runs is enough to create runs; files need their own permission."""
    simulator.restrict("rk_test_reports", [READ])
    api = Api(simulator, "rk_test_reports")
    run = api.finished()
    assert run["status"] == "succeeded"
    assert [api.get(path).status_code for path in (RUNS, TYPES)] == [200, 200]
    refused = [api.get(path) for path in (FILES, LINKS, f"{FILES}/{run['result']['id']}/contents")]
    assert [answer.status_code for answer in refused] == [403] * 3


def test_the_refusal_names_the_permission(simulator):
    """Stripe's words; the key is masked."""
    simulator.restrict("rk_test_nothing_at_all", [])
    answer = Api(simulator, "rk_test_nothing_at_all").post(form())
    assert (answer.status_code, error(answer)) == (
        403,
        {
            "type": "invalid_request_error",
            "message": "The provided key 'rk_test_**********_all' does not have the required permissions for "
            f"this endpoint on account '{simulator.organisation[0].id}'. Having the 'rak_{READ}' permission "
            "would allow this request to continue.",
        },
    )
    assert simulator.runs == []


@pytest.mark.parametrize(
    ("granted", "may_read", "may_write"),
    [
        pytest.param(["file_read"], True, False, id="to read"),
        pytest.param(["file_write"], True, True, id="to write is to read, too"),
        pytest.param(["rak_file_read"], True, False, id="as errors spell it"),
        pytest.param([READ], False, False, id="something else"),
    ],
)
def test_permissions_are_those_of_stripe(simulator, granted, may_read, may_write):
    """A link needs permission to write, a file to read."""
    file = Api(simulator).finished()["result"]
    simulator.restrict("rk_test_1", granted)
    api = Api(simulator, "rk_test_1")
    assert (api.get(f"{FILES}/{file['id']}").status_code == 200) == may_read
    assert (api.post({"file": file["id"]}, LINKS).status_code == 200) == may_write


def test_a_restricted_key_without_given_permissions_may_do_everything(simulator):
    """So any key works until it matters; limits of one key do not apply to another."""
    simulator.restrict("rk_test_1", [])
    assert Api(simulator, "rk_test_2").get(FILES).status_code == 200
    assert Api(simulator, "rk_live_1").get(FILES).status_code == 200


@pytest.mark.parametrize(
    ("key", "granted", "says"),
    [
        ("sk_test_1", ["file_read"], "Only restricted keys"),
        ("rk_test_1", ["files"], "'files' is not a permission"),
    ],
)
def test_an_invalid_permission_is_refused_when_it_is_set(simulator, key, granted, says):
    """Otherwise a test with a typing error would pass."""
    with pytest.raises(ValueError, match=says):
        simulator.restrict(key, granted)


# Rate limits


@pytest.fixture(params=["tidy", "real"])
def limited(request) -> Simulator:
    return Simulator(latency=0, rate_limits=RateLimits(), profile=request.param)


def statuses(api, count, path=TYPES):
    return [api.get(path).status_code for _ in range(count)]


def test_nothing_is_limited_by_default(simulator):
    """On a clock that stands still, all requests arrive in the same second."""
    assert statuses(Api(simulator), 120, f"{RUNS}/frr_1") == [404] * 120


def test_an_account_has_25_requests_a_second_in_test_mode(limited):
    """For all endpoints together. The answer names the limit, but not when to try again."""
    api = Api(limited)
    assert statuses(api, 13) + statuses(api, 12, f"{RUNS}/frr_1") == [200] * 13 + [404] * 12
    refused = api.get(TYPES)
    assert (refused.status_code, error(refused)["code"]) == (429, "rate_limit")
    assert refused.headers["Stripe-Rate-Limited-Reason"] == "global-rate"
    assert "Retry-After" not in refused.headers


def test_an_endpoint_has_25_requests_a_second(limited):
    """Live accounts have 100 for all endpoints together."""
    api = Api(limited, "sk_live_1")
    assert statuses(api, 25) == [200] * 25
    assert api.get(TYPES).headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
    assert api.get(RUNS).status_code == 200


def test_files_have_20_requests_a_second(limited):
    """Their endpoints share them."""
    api = Api(limited, "sk_live_1")
    assert statuses(api, 10, FILES) + statuses(api, 10, LINKS) == [200] * 20
    assert api.get(FILES).status_code == 429


def test_the_number_of_allowed_requests_grows_with_time(limited):
    """By one every 40 milliseconds, up to those of one second; a refused request is not counted."""
    api = Api(limited)
    assert statuses(api, 30).count(429) == 5
    limited.clock.advance(0.0401)
    assert statuses(api, 2) == [200, 429]
    limited.clock.advance(60)
    assert statuses(api, 26) == [200] * 25 + [429]


def test_all_calls_of_an_accounts_keys_share_a_limit(limited):
    """Also those for connected accounts; a key of the other mode or of the organisation has its own."""
    statuses(Api(limited), 25)
    assert Api(limited, "sk_test_other").get(TYPES).status_code == 429
    assert Api(limited, Stripe_Account=CONNECTED[0]).get(TYPES).status_code == 429
    assert Api(limited, "sk_live_1").get(TYPES).status_code == 200
    organisations = Api(limited, "sk_org_test_1", Stripe_Context=MAIN, Stripe_Version=API_VERSION)
    assert organisations.get(TYPES).status_code == 200


def test_a_rate_limited_request_is_not_stored(limited):
    """Its idempotency key can be used again, and creates one run."""
    api = Api(limited)
    statuses(api, 25)
    assert api.post(form(), Idempotency_Key="k1").status_code == 429
    limited.clock.advance(1)
    assert api.post(form(), Idempotency_Key="k1").status_code == 200
    assert len(limited.runs) == 1


def test_limits_can_be_set():
    """For a test that has to reach them soon."""
    api = Api(Simulator(rate_limits=RateLimits(test=3)))
    assert statuses(api, 4) == [200, 200, 200, 429]


def test_runs_that_are_pending_can_be_limited():
    """For a test of what gives way: Stripe names no such limit. A repeated launch is no further run."""
    simulator = Simulator(latency=10, rate_limits=RateLimits(pending_runs=2))
    api, other = Api(simulator), Api(simulator, Stripe_Account=CONNECTED[0])
    launched = [each.post(form(), Idempotency_Key="k").status_code for each in (api, other)]
    refused = api.post(form(), Idempotency_Key="another")
    assert (launched, refused.status_code) == ([200, 200], 429)
    assert refused.headers["Stripe-Rate-Limited-Reason"] == "resource-specific"
    assert api.post(form(), Idempotency_Key="k").status_code == 200
    assert Api(simulator, "sk_live_1").post(form()).status_code == 200
    simulator.clock.advance(11)
    assert api.post(form(), Idempotency_Key="another").status_code == 200


def test_requests_that_are_in_progress_can_be_limited():
    """Stripe has such a limit, and does not say how many."""
    clock = SleepyClock()
    simulator = Simulator(clock=clock, answer_delay=5, rate_limits=RateLimits(requests_at_once=1))
    refused = []
    clock.meanwhile = lambda: refused.append(Api(simulator).get(TYPES))
    assert Api(simulator).get(TYPES).status_code == 200
    assert [answer.status_code for answer in refused] == [429]
    assert refused[0].headers["Stripe-Rate-Limited-Reason"] == "global-concurrency"
    assert Api(simulator).get(TYPES).status_code == 200


# Idempotency keys in use


class SleepyClock(Clock):
    """Somebody else comes while an answer is on its way."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile = lambda: None

    def sleep(self, seconds: float) -> None:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        super().sleep(seconds)


def test_an_idempotency_key_in_use_is_409():
    """The second request has to be repeated later; then it gets the answer of the first."""
    clock, seen = SleepyClock(), []
    simulator = Simulator(clock=clock, answer_delay=3)
    api = Api(simulator)
    clock.meanwhile = lambda: seen.append(api.post(form(), Idempotency_Key="k1"))
    first = api.post(form(), Idempotency_Key="k1")
    assert (seen[0].status_code, error(seen[0])["code"]) == (409, "idempotency_key_in_use")
    again = api.post(form(), Idempotency_Key="k1")
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")
    assert len(simulator.runs) == 1


def test_an_idempotency_key_is_free_again_when_its_connection_breaks(simulator):
    """Work done before the break is not repeated."""
    api = Api(simulator)
    for name, runs in (("connection.reset", 0), ("connection.lost", 1)):
        simulator.inject_fault(name)
        with pytest.raises(ConnectionResetError):
            api.post(form(), Idempotency_Key="k1")
        assert len(simulator.runs) == runs
    answer = api.post(form(), Idempotency_Key="k1")
    assert (answer.status_code, answer.headers["Idempotent-Replayed"]) == (200, "true")
    assert len(simulator.runs) == 1


def test_answers_that_are_a_day_old_are_dropped(simulator):
    """A simulator that runs for a long time stores answers for one day only."""
    api = Api(simulator)
    for key in ("k1", "k2", "k3"):
        api.post(form(), Idempotency_Key=key)
        simulator.clock.advance(12 * 3600)
    assert [key for _, key in simulator._idempotency._stored] == ["k2", "k3"]


def test_one_idempotency_key_in_many_threads_creates_one_run(simulator):
    """All of them get the same answer."""
    answers = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(Api(simulator).post(form(), Idempotency_Key="k1").json)
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer["id"] for answer in answers}) == len(simulator.runs) == 1


def test_a_stored_failure_is_repeated_until_the_key_is_dropped(simulator):
    """Stripe keeps a 500 for a day, too."""
    simulator.faults.append(Fault.named("answer.500_stored"))
    api = Api(simulator)
    assert [api.post(form(), Idempotency_Key="k1").status_code for _ in range(3)] == [500] * 3
    simulator.clock.advance(86_400)
    assert api.post(form(), Idempotency_Key="k1").status_code == 200
