"""Whatever an answer says, the client gives the right frame or a clear error, and writes nowhere else."""

import json
import random
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from polars.testing import assert_frame_equal
from werkzeug.wrappers import Response

import stripe_reports as sr
from conftest import TestClock
from stripe_reports.simulator import Simulator

ASKED = ("payouts.itemized.5", "2026-09")

ODD = st.sampled_from(
    [
        *[
            None,
            True,
            False,
            0,
            -1,
            1.5,
            10**30,
            float("inf"),
            [],
            {},
            [[]],
            "",
            " ",
            "0",
            "é",
            "\x00",
            "x" * 5000,
        ],
        *[
            "../../escaped",
            "/var/escaped",
            "frr_../../escaped",
            "frr_a/b",
            "frr_\n",
            "CON",
            "..",
            "~",
            "*",
            "[a]",
        ],
        *[
            "succeeded",
            "failed",
            "pending",
            "balance.summary.2",
            "file_../../escaped",
            "reporting.report_run",
        ],
        *[
            "https://evil.example/",
            "http://127.0.0.1:9/",
            "file:///etc/passwd",
            "https://evil\\@files.stripe.com/",
        ],
        {"$ref": "x"},
        {"id": "../../escaped", "object": "file", "url": "file:///etc/passwd", "created": 1, "size": 10**18},
    ]
)


class Liar:
    """The simulator, of whose answers some are changed on the way: a member here, a member there."""

    def __init__(self, simulator, seed, odd, share):
        self.simulator, self.odd, self.share = simulator, odd, share
        self.rng = random.Random(seed)  # noqa: S311
        self.has_lied = False

    def __call__(self, environ, start_response):
        answer = Response.from_app(self.simulator, environ)
        if answer.is_json and self.rng.random() < self.share:
            answer = Response(json.dumps(self.changed(answer.json)), answer.status, answer.headers)
            self.has_lied = True
        return answer(environ, start_response)

    def changed(self, content):
        paths = list(_paths(content))
        path = self.rng.choice(paths)
        if not path:
            return self.odd
        *way, last = path
        inside = content
        for step in way:
            inside = inside[step]
        if self.rng.random() < 0.2 and isinstance(inside, dict):
            del inside[last]
        else:
            inside[last] = self.odd
        return content


def frame_or_error(client):
    try:
        return client.frame(*ASKED, timeout=60)
    except sr.StripeReportsError as error:
        return error


def _paths(content, path=()):
    yield path
    members = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content if isinstance(content, list) else ())
    )
    for name, inside in members:
        if not (isinstance(name, int) and name > 1):  # the first two of a list stand for all
            yield from _paths(inside, (*path, name))


@pytest.fixture(scope="module")
def expected():
    """The frame without any lie."""
    with tempfile.TemporaryDirectory() as folder, sr.demo(cache_dir=folder) as client:
        return client.frame(*ASKED)


@given(seed=st.integers(0, 10**6), odd=ODD, share=st.sampled_from([0.2, 0.5, 1.0]))
@settings(max_examples=150)
def test_it_is_the_right_frame_or_a_clear_error_and_nothing_is_written_elsewhere(expected, seed, odd, share):
    """Ids become file names, addresses are called, sizes are trusted: nowhere unchecked."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder) / "a" / "b"
        folder.mkdir(parents=True)
        simulator = Simulator(1, latency=10.0)
        liar = Liar(simulator, seed, odd, share)
        client = sr.Client(
            simulator.key, application=liar, cache_dir=folder / "cache", clock=TestClock(simulator.clock)
        )
        with client:
            outcome = frame_or_error(client)
        if isinstance(outcome, sr.StripeReportsError):
            assert liar.has_lied, outcome
            assert simulator.key not in str(outcome)
            assert not list((folder / "cache").rglob("*.parquet"))
        else:
            assert_frame_equal(outcome, expected)
        assert [path.name for path in folder.parent.parent.rglob("*escaped*")] == []
        assert [path.name for path in folder.iterdir()] in ([], ["cache"])
        assert [path.name for path in folder.parent.iterdir()] == ["b"]
        assert not Path("/var/escaped").exists()
