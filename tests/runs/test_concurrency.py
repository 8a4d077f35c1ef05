"""Many threads, many processes, and killed ones: one launch per request, and never an incomplete file."""

import os
import pty
import select
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from stripe_reports.simulator import RealClock, Simulator, serve

LAUNCH = "POST /v1/reporting/report_runs"
MONTHS = [f"2026-{month:02}" for month in range(1, 9)]


@pytest.fixture
def live():
    """A simulator for separate processes; its runs finish at once, so no test waits."""
    simulator = Simulator(1, clock=RealClock(), latency=0.0)
    with serve(simulator) as url:
        yield simulator, url


def launches(simulator):
    return [
        request for request in simulator.requests if (request.method, request.path) == tuple(LAUNCH.split())
    ]


def script(live, tmp_path, body):
    """Python code for a separate process, with a client of the simulator."""
    simulator, url = live
    code = f"""
        import sys, stripe_reports as sr
        client = sr.Client({simulator.key!r}, base_url={url!r}, cache_dir={str(tmp_path / "cache")!r})
        {body}
    """
    return [sys.executable, "-c", textwrap.dedent(code)]


def whole(tmp_path):
    """Every stored file, read; and nothing else that looks like one."""
    files = list((tmp_path / "cache").rglob("*.parquet"))
    assert all(pl.read_parquet(path).width for path in files)
    assert not list((tmp_path / "cache").glob("*/staging/*"))
    return files


def test_sixteen_threads_with_the_same_request_launch_one_run(live, tmp_path):
    """Threads of one client and of several."""
    simulator, url = live
    clients = [sr.Client(simulator.key, base_url=url, cache_dir=tmp_path / "cache") for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        reports = list(pool.map(lambda n: clients[n % 4].fetch("payouts.itemized.5", "2026-09"), range(16)))
    assert len(launches(simulator)) == 1
    assert len({report.run.id for report in reports}) == 1
    assert len(whole(tmp_path)) == 1
    for client in clients:
        client.close()


@pytest.mark.parametrize("where", ["thread", "process"])
def test_clearing_at_any_time_breaks_no_fetch(live, tmp_path, where):
    """The right rows arrive without a warning, although folders and files are removed during writing."""
    simulator, url = live
    process = None
    stop = threading.Event()

    def clear():
        with sr.Client(simulator.key, base_url=url, cache_dir=tmp_path / "cache") as other:
            while not stop.is_set():
                other.cache.clear()

    clearing = threading.Thread(target=clear)
    with sr.Client(simulator.key, base_url=url, cache_dir=tmp_path / "elsewhere") as elsewhere:
        expected = {month: elsewhere.frame("balance.summary.2", month) for month in MONTHS}
    if where == "thread":
        clearing.start()
    else:
        process = subprocess.Popen(script(live, tmp_path, "while True: client.cache.clear()"))
    try:
        with (
            sr.Client(simulator.key, base_url=url, cache_dir=tmp_path / "cache") as client,
            ThreadPoolExecutor(4) as pool,
        ):
            asked = MONTHS * 5
            frames = list(pool.map(lambda month: client.frame("balance.summary.2", month), asked))
    finally:
        stop.set()
        if process is not None:
            process.kill()
            process.wait()
        else:
            clearing.join()
    for month, frame in zip(asked, frames, strict=True):
        assert_frame_equal(frame, expected[month])


def test_threads_with_different_requests_do_not_wait_for_each_other(live, tmp_path):
    """Eight months side by side."""
    simulator, url = live
    with (
        sr.Client(simulator.key, base_url=url, cache_dir=tmp_path / "cache") as client,
        ThreadPoolExecutor(16) as pool,
    ):
        reports = list(pool.map(lambda month: client.fetch("balance.summary.2", month), MONTHS * 2))
    assert len(launches(simulator)) == len(MONTHS)
    assert len({report.path for report in reports}) == len(MONTHS)
    assert len(whole(tmp_path)) == len(MONTHS)


def test_eight_threads_and_two_processes_that_post_the_same_request_launch_one_run(live, tmp_path):
    """Notebooks, scripts and forms of one machine share the store."""
    simulator, url = live
    command = script(live, tmp_path, "print(client.fetch('payouts.itemized.5', '2026-09').run.id)")
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    with (
        sr.Client(simulator.key, base_url=url, cache_dir=tmp_path / "cache") as client,
        ThreadPoolExecutor(8) as pool,
    ):
        ids = set(pool.map(lambda _: client.fetch("payouts.itemized.5", "2026-09").run.id, range(8)))
    ids |= {process.communicate(timeout=60)[0].strip() for process in processes}
    assert len(ids) == len(launches(simulator)) == 1


def test_four_processes_fetch_equal_and_different_reports(live, tmp_path):
    """No lock error, no second launch, no incomplete file."""
    simulator, _ = live
    body = f"[client.submit('balance.summary.2', month).result(60) for month in {MONTHS[:4]!r}]"
    processes = [
        subprocess.Popen(script(live, tmp_path, body), stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for process in processes:
        errors = process.communicate(timeout=90)[1]
        assert process.returncode == 0, errors
        assert errors == ""
    assert len(launches(simulator)) == 4
    assert len(whole(tmp_path)) == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_shares_no_connection_with_its_parent(live, tmp_path):
    """`multiprocessing` forks on Linux; two that read from one socket would get each other's answers."""
    simulator, _ = live
    body = """
        import os
        client.report_types()
        opened = {id(session) for session in client._transport._sessions}
        child = os.fork()
        client.fetch('balance.summary.2', '2026-08' if child else '2026-09')
        is_shared = bool(opened & {id(session) for session in client._transport._sessions})
        assert is_shared == bool(child)
        if child:
            assert os.waitpid(child, 0)[1] == 0
    """
    command = script(live, tmp_path, textwrap.indent(textwrap.dedent(body), " " * 8).strip())
    command[1:1] = ["-W", "ignore::DeprecationWarning"]  # of forks as such, since Python 3.12
    assert subprocess.run(command, capture_output=True, text=True, timeout=60).stderr == ""
    assert len(launches(simulator)) == len(whole(tmp_path)) == 2


@pytest.mark.parametrize("calls", range(1, 5))
def test_the_next_process_continues_after_a_killed_one(live, tmp_path, calls):
    """After any of its calls: no repair, no second launch, nothing stored incompletely."""
    simulator, url = live
    process = subprocess.Popen(script(live, tmp_path, "client.fetch('payouts.itemized.5', '2026-09')"))
    until(lambda: len(simulator.requests) >= calls or process.poll() is not None)
    process.kill()
    process.wait()
    with sr.Client(simulator.key, base_url=url, cache_dir=tmp_path / "cache") as client:
        report = client.fetch("payouts.itemized.5", "2026-09")
        assert report.frame().height
    assert len({run.id for run in simulator.runs}) == 1
    assert len(list((tmp_path / "cache").glob("*/results/*/*/*.parquet"))) == 1


KILLED_EVERYWHERE = """
import os, signal, sys
import requests_cache, stripe  # once; polars' threads, though, must not be started before a fork
import stripe_reports as sr

key, url, folder = sys.argv[1:]
touches = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "sqlite3.connect"}

def killed_at(n):
    left = n
    def hook(event, arguments):
        nonlocal left
        if event in touches and folder in str(arguments[0]):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)

for n in range(100):
    if not (child := os.fork()):
        killed_at(n)
        client = sr.Client(key, base_url=url, cache_dir=f"{folder}/{n}")
        client.fetch("payouts.itemized.5", f"2026-{n // 28 + 1:02}-{n % 28 + 1:02}")
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
print(n)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_is_killed_at_any_disk_access_loses_nothing(live, tmp_path):
    """Before the first file is opened, before the second, … until a process finishes."""
    simulator, url = live
    command = [sys.executable, "-c", KILLED_EVERYWHERE, simulator.key, url, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.stderr == ""
    times_killed = int(done.stdout)
    assert times_killed > 30
    for n in range(times_killed + 1):
        with sr.Client(simulator.key, base_url=url, cache_dir=tmp_path / str(n)) as client:
            # A day of its own each, so that the replay of another's launch hides no second one.
            report = client.fetch("payouts.itemized.5", f"2026-{n // 28 + 1:02}-{n % 28 + 1:02}")
            assert report.frame().columns
            assert report.run.id in {run.id for run in simulator.runs}
    assert len(simulator.runs) == times_killed + 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty")
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("client.fetch('payouts.itemized.5', '2026-10')", "client.wait(client.retrieve('{run}'))"),
        ("client.submit('payouts.itemized.5', '2026-10').result()", "result() waits for it again"),
    ],
)
def test_control_c_in_a_terminal_ends_the_wait_and_says_how_to_continue(live, tmp_path, body, says):
    """The run continues at Stripe; KeyboardInterrupt reaches the caller; the next process joins the run.

    With polars, an interrupt does not end a wait for a lock that has no limit.
    """
    simulator, url = live
    simulator.outcomes.append("stuck")
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        script(live, tmp_path, body),
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
        preexec_fn=lambda: os.dup2(inside, 0),
    )
    os.close(inside)
    until(lambda: simulator.runs)
    until(lambda: sum(simulator.runs[0].id in request.path for request in simulator.requests) > 1)  # a poll
    sent = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=10)
    assert time.monotonic() - sent < 1.0
    shown = read(terminal)
    os.close(terminal)
    assert process.returncode == -signal.SIGINT or process.returncode == 1
    assert "KeyboardInterrupt" in shown
    assert says.format(run=simulator.runs[0].id) in " ".join(shown.split())
    with sr.Client(simulator.key, base_url=url, cache_dir=tmp_path / "cache") as client:
        assert client.plan("payouts.itemized.5", "2026-10").action == "awaited"


def until(condition):
    """Wait for another process, as long as it takes on a busy machine."""
    given_up = threading.Event()
    timer = threading.Timer(30, given_up.set)
    timer.start()
    while not condition():
        assert not given_up.is_set()
        given_up.wait(0.02)
    timer.cancel()


def read(terminal):
    shown = b""
    while select.select([terminal], [], [], 0.2)[0]:
        try:
            shown += os.read(terminal, 65_536)
        except OSError:
            break
    return shown.decode()
