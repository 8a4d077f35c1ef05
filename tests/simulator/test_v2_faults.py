"""Every fault of answers, runs and files applies to v2 too."""

import json
import math
import re
from itertools import islice

import pytest

from simulator_api_v2 import HOST, RUNS, ApiV2, body
from stripe_reports.simulator import FAULTS, FAULTS_V2, ConnectionDroppedError, Simulator

NOT_OF_V2 = {"list.repeated", "webhook.twice", "webhook.lost", "webhook.forged"}
"""There is no list of runs; faults of webhooks apply to events of both."""

HEADERS = ("Accept-Ranges", "Content-Encoding", "Content-Range", "Date", "ETag", "Location")
DRAWN = re.compile(rb"rrun_\w+|signature=\w+|\.\d{9}Z")
"""Different in each run."""


class Watcher:
    """A client that notes all that it sees."""

    def __init__(self, simulator: Simulator) -> None:
        self.api = ApiV2(simulator)
        self.clock = simulator.clock
        self.seen = []

    def note(self, answer):
        # A file can be endless.
        content = b"".join(islice(answer.iter_encoded(), 9))
        headers = [answer.headers.get(name) for name in HEADERS]
        self.seen.append((answer.status_code, headers, DRAWN.sub(b"", content), self.clock.now()))
        return content

    def call(self, method, path, **sent):
        answer = self.api.client.open(path, method=method, headers=self.api.headers, base_url=HOST, **sent)
        return json.loads(self.note(answer))

    def watch(self):
        """List reports; run one; and download its file, whole and in part."""
        try:
            page = self.call("GET", "/v2/data/reports?limit=2")
            self.call("GET", page["next_page_url"])
            run = self.call("POST", RUNS, json=body("payouts.itemized"))
            self.clock.advance(10)
            run = self.call("GET", f"{RUNS}/{run['id']}")
            self.note(self.api.download(run))
            self.note(self.api.download(run, Range="bytes=10-"))
        except (ConnectionDroppedError, KeyError, TypeError, ValueError) as problem:
            self.seen.append(type(problem))
        return self.seen


@pytest.fixture(scope="module")
def clean():
    return Watcher(Simulator(seed=1, latency=10)).watch()


def test_without_a_fault_the_same_is_seen_each_time(clean):
    """Otherwise the next test would prove nothing."""
    assert [answer[0] for answer in clean] == [200] * 5 + [206]
    assert Watcher(Simulator(seed=1, latency=10)).watch() == clean


@pytest.mark.parametrize("name", sorted({*FAULTS, *FAULTS_V2} - NOT_OF_V2))
def test_a_fault_is_seen_by_a_client_of_v2(name, clean):
    """A client that passes a test with a fault has met it."""
    simulator = Simulator(seed=1, latency=10)
    simulator.inject_fault(name, times=math.inf)
    assert Watcher(simulator).watch() != clean
