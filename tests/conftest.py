"""Fixtures for all tests: a simulator, in this process and behind a real socket, and clients of it."""

import os
import random

import pytest
from hypothesis import HealthCheck, settings

import slow
from clocks import TestClock
from stripe_reports import notices
from stripe_reports.http.connect import PREVIEW
from stripe_reports.simulator import Simulator, serve

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


RUN_TWICE = "may run twice"


def pytest_configure(config):
    """Without arguments, leave out what is slow. A named file or marker gives all of its tests."""
    if config.args_source is config.ArgsSource.TESTPATHS and not config.option.markexpr:
        config.option.markexpr = "not slow"


def pytest_collection_modifyitems(items):
    """Mark the tests that are slow; and let none run twice unless its mark says why."""
    slow_ones = slow.listed()
    for item in items:
        if slow.name_of(item.nodeid) in slow_ones:
            item.add_marker(pytest.mark.slow)
        if mark := item.get_closest_marker("flaky"):
            item.user_properties.append((RUN_TWICE, mark.kwargs["reason"]))


def pytest_terminal_summary(terminalreporter):
    """Name each test that ran twice, with the reason."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.write_line(f"ran twice: {report.nodeid}: {dict(report.user_properties)[RUN_TWICE]}")


@pytest.fixture(autouse=True)
def _nothing_said_yet():
    """Warnings that are issued once in a process are issued once in a test."""
    notices._said.clear()


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    """No test reads the user's key or writes into the user's folders."""
    monkeypatch.delenv("STRIPE_API_KEY", raising=False)
    monkeypatch.setenv("STRIPE_REPORTS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def simulator(request):
    """Stripe in this process; runs take ten seconds of its own clock. The parameter is the profile."""
    return Simulator(seed=1, latency=10.0, profile=getattr(request, "param", "tidy"))


@pytest.fixture
def api(simulator):
    """The calls of the simulator's key, without our client."""
    from simulator_api import Api

    return Api(simulator)


@pytest.fixture
def client(request, simulator, tmp_path):
    """A client of the simulator, through requests and the adapter that stands in for sockets.

    It is one of v1, unless the parameter or ``API`` of the test's module is "v2".
    """
    from stripe_reports.demo_client import DemoClient

    api = getattr(request, "param", getattr(request.module, "API", "v1"))
    if api == "v2":
        notices.is_new(PREVIEW)  # the warning is tested once
    with DemoClient(simulator, cache_dir=tmp_path / "cache", api=api) as client:
        yield client


@pytest.fixture
def v1(simulator, tmp_path):
    """A client of v1 for comparison with one of v2: with the same key, account and folder."""
    from stripe_reports.demo_client import DemoClient

    with DemoClient(simulator, cache_dir=tmp_path / "cache") as client:
        yield client


@pytest.fixture
def url(simulator):
    """The simulator behind a real socket on loopback."""
    with serve(simulator) as address:
        yield address


@pytest.fixture
def connect(simulator, url, tmp_path):
    """Makes clients over the socket, as new processes would: they share the folder and nothing else."""
    from stripe_reports.client import Client

    def connect(key=None, **options):
        options = {
            "base_url": url,
            "cache_dir": tmp_path / "cache",
            "clock": TestClock(simulator.clock),
        } | options
        client = Client(key or simulator.key, **options)
        clients.append(client)
        return client

    clients = []
    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def calls(simulator):
    """Counts the calls that reached the simulator since the last count."""

    def calls(path=""):
        served = [f"{r.method} {r.path}" for r in simulator.requests[calls.seen :]]
        calls.seen = len(simulator.requests)
        return [call for call in served if path in call]

    calls.seen = 0
    return calls


@pytest.fixture
def rng():
    """Jitter that is the same every time."""
    return random.Random(0)  # noqa: S311
