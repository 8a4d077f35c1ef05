"""Files of v2: addresses that need no key, on a host of their own, for minutes.

Each docstring begins with how well the rule is known: documented by Stripe, reported by users, or inferred.
"""

from urllib.parse import urlsplit

import pytest
import requests

from simulator_api_v2 import RUNS, ApiV2, table
from stripe_reports.simulator import Simulator, serve


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(seed=1, latency=10)


@pytest.fixture
def api(simulator) -> ApiV2:
    return ApiV2(simulator)


def address(run):
    return run["result"]["file"]["download_url"]["url"]


def test_the_address_is_on_a_host_of_its_own_and_needs_no_key(api):
    """Documented: host and beginning of the path are in Stripe's example of a run."""
    run = api.finished()
    assert address(run).startswith("https://stripeusercontent.com/files/us-west-2/")
    download = api.download(run)
    assert (download.status_code, len(download.data)) == (200, int(run["result"]["file"]["size"]))


def test_a_key_that_is_sent_with_it_is_refused(api):
    """Inferred from how S3 treats two ways to authenticate; so no test overlooks a key that is sent."""
    assert api.download(api.finished(), Authorization="Bearer sk_test_123").status_code == 400


def test_on_loopback_the_host_has_another_name(simulator):
    """Inferred: a client that allows the host of the API alone does not reach the file."""
    with serve(simulator) as url:
        api = ApiV2(simulator)
        run = api.create()
        simulator.clock.advance(10)
        answer = requests.get(f"{url}{RUNS}/{run['id']}", headers=api.headers, timeout=10)
        found = address(answer.json())
        assert (urlsplit(found).hostname, urlsplit(found).port) == ("localhost", urlsplit(url).port)
        assert table(requests.get(found, timeout=10).content).height == 36


def test_the_host_can_be_named():
    """As for v1."""
    simulator = Simulator(latency=10, files_url="https://files.example.org/")
    assert address(ApiV2(simulator).finished()).startswith("https://files.example.org/files/us-west-2/")


def test_an_address_is_valid_for_five_minutes(api, simulator):
    """Reported for query runs; inferred for report runs, and the status of the refusal from S3."""
    run = api.finished()
    simulator.clock.advance(299.9)
    assert api.download(run).status_code == 200
    simulator.clock.advance(0.1)
    refused = api.download(run)
    assert (refused.status_code, b"Request has expired" in refused.data) == (403, True)


def test_reading_the_run_again_gives_another_address(api, simulator):
    """Documented: read the run again."""
    run = api.finished()
    simulator.clock.advance(300)
    assert api.download(api.retrieve(run)).status_code == 200


def test_an_address_cannot_be_made_up(api):
    """Documented: it is signed. Neither its expiry nor its run can be changed."""
    run, other = api.finished(), api.finished()
    for wrong in (
        address(run).replace("expires=1", "expires=9"),
        address(run).replace(run["id"], other["id"]),
    ):
        run["result"]["file"]["download_url"]["url"] = wrong
        assert api.download(run).status_code == 403
