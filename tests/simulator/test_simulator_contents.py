"""The bytes of the simulator's files: created once, when needed, and served in pieces."""

import gc
import hashlib
import threading
import weakref

import pytest
from werkzeug.test import Client

from stripe_reports.simulator import Simulator
from stripe_reports.simulator.reports.contents import Contents

KEY = {"Authorization": "Bearer sk_test_123"}
OCTOBER = {"parameters[interval_start]": 1790812800, "parameters[interval_end]": 1793491200}
LARGE = [b"%07d\n" % number * 1000 for number in range(1000)]


def test_contents_are_created_once_at_first_use():
    """A run whose file nobody requests costs nothing."""
    calls = []
    contents = Contents(lambda: calls.append(1) or [b"a,", b"b\n"])
    assert calls == []
    assert (contents.size, bytes(contents), bytes(contents)) == (4, b"a,b\n", b"a,b\n")
    assert contents.sha256 == hashlib.sha256(b"a,b\n").hexdigest()
    assert calls == [1]


def test_simultaneous_readers_get_the_same_contents():
    """Each has its own position in the file."""
    contents, whole, seen = Contents(lambda: LARGE), b"".join(LARGE), []
    readers = [threading.Thread(target=lambda: seen.append(bytes(contents) == whole)) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert seen == [True] * 8


def test_large_contents_are_read_in_chunks():
    """They are never completely in memory; a download can continue where it broke off."""
    contents = Contents(lambda: LARGE)
    chunks = list(contents.chunks())
    assert b"".join(chunks) == b"".join(LARGE)
    assert max(map(len, chunks)) < contents.size / 10
    assert b"".join(contents.chunks(start=contents.size - 8)) == b"0000999\n"


def test_a_failure_halfway_leaves_no_contents():
    """The next reader gets complete bytes, not the first half twice."""
    attempts = iter([[b"half", None], [b"whole"]])
    contents = Contents(lambda: (piece + b"" for piece in next(attempts)))
    with pytest.raises(TypeError):
        contents.make()
    assert bytes(contents) == b"whole"


def test_contents_are_removed_with_the_simulator():
    """Large files are on disk without a name, so no clean-up is needed."""
    contents = Contents(lambda: LARGE)
    contents.make()
    file = contents._file
    gone = weakref.ref(contents)
    del contents
    gc.collect()
    assert gone() is None
    assert file.closed


def test_the_simulator_answers_while_a_file_is_created(monkeypatch):
    """Millions of rows take a minute; a poll of another run must not wait for them."""
    entered, finish = threading.Event(), threading.Event()

    def slowly():
        entered.set()
        finish.wait(30)
        return [b"a\n"]

    simulator = Simulator(latency=0)
    monkeypatch.setattr(type(simulator._book.offer), "csv", lambda *_: Contents(slowly))
    form = {"report_type": "payouts.itemized.5"} | OCTOBER
    run = Client(simulator).post("/v1/reporting/report_runs", data=form, headers=KEY).json
    answers = []
    path = f"/v1/reporting/report_runs/{run['id']}"
    slow = threading.Thread(
        target=lambda: answers.append(Client(simulator).get(path, headers=KEY).json["result"])
    )
    slow.start()
    assert entered.wait(30)
    type_ = Client(simulator).get("/v1/reporting/report_types/payouts.itemized.5", headers=KEY)
    assert (type_.status_code, answers) == (200, [])
    finish.set()
    slow.join()
    assert answers[0]["size"] == 2
