"""Anything may happen in any order: launches, time, new data, restatements, faults, wrong and slow answers,
restarts, clearing at any time, and another machine that works with the same key.

After every fetch the frame is what the ledger gives for the data generation that the reuse rule allows, no
more was launched than needed, and no file lies outside the store. Every file needs a second attempt to be
read, since all its cells are quoted. CI runs this for about a minute; for longer, with a number of examples
(an hour on a laptop), and the number of steps at the end:

    STATE_MACHINE_EXAMPLES=10000 pytest -s tests/package/test_state_machine.py

``test_late_writer`` runs it on a disk that opens files late.
"""

import csv
import io
import os
import shutil
import tempfile
import threading
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from polars.testing import assert_frame_equal
from werkzeug.test import Client as Caller

import random_calls
import stripe_reports as sr
from random_calls import LASTING, REPORTS
from stripe_reports.demo_client import DemoClient
from stripe_reports.models import ReportRequest
from stripe_reports.simulator import REAL, TIDY, Fault, Simulator
from stripe_reports.simulator.reports.contents import Contents

# A cache that is cleared all the time may stay locked on a busy machine: it is left out, with a warning.
pytestmark = pytest.mark.filterwarnings("ignore:The cache of API answers is left out:RuntimeWarning")

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "150" if os.environ.get("CI") else "40"))
SETTLED = timedelta(days=5)

VERSIONS = {"balance.summary": 2, "payouts.itemized": 5, "balance_change_from_activity.itemized": 3}
REQUESTS = [(f"{name}.{VERSIONS[name]}", period, parameters) for name, period, parameters in REPORTS]
PASSING = [*random_calls.PASSING, "list.repeated"]


def quoted(content):
    """The same file with quotes around every cell, empty ones too."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        csv.reader(io.StringIO(content.decode(), newline=""))
    )
    return text.getvalue().encode()


@pytest.fixture(autouse=True, scope="module")
def every_cell_is_quoted():
    """polars takes a quoted empty cell for text, so that no file passes the first attempt to read it."""
    with pytest.MonkeyPatch.context() as patched:
        make = Contents.__init__
        patched.setattr(
            Contents, "__init__", lambda self, chunks: make(self, lambda: [quoted(b"".join(chunks()))])
        )
        yield


@pytest.fixture(autouse=True, scope="module")
def steps_are_counted():
    """Shown with ``-s``."""
    yield
    print(f"\n{Machine.steps:,} steps")


class Machine(RuleBasedStateMachine):
    """One account, tidy or not, one folder, and clients that come and go."""

    steps = 0

    @initialize(seed=st.integers(1, 3), profile=st.sampled_from([TIDY, REAL]))
    def start(self, seed, profile):
        self.folder = Path(tempfile.mkdtemp())
        self.simulator = Simulator(seed, profile=profile)
        self.caller = Caller(self.simulator)
        self.client = self.new_client()
        self.elsewhere = DemoClient(self.simulator, cache_dir=self.folder / "elsewhere")

    def new_client(self):
        return DemoClient(self.simulator, cache_dir=self.folder / "cache")

    def teardown(self):
        if hasattr(self, "client"):
            self.client.close()
            self.elsewhere.close()
            shutil.rmtree(self.folder)

    # What may happen

    @rule(hours=st.integers(1, 200))
    def time_passes(self, hours):
        self.simulator.clock.advance(timedelta(hours=hours))

    @rule()
    def the_kernel_is_restarted(self):
        self.client.close()
        self.client = self.new_client()

    @rule(type_=st.sampled_from([None, "balance.summary", "payouts.itemized.5"]))
    def what_is_stored_is_cleared(self, type_):
        self.client.cache.clear(type_)

    @rule(asked=st.sampled_from(REQUESTS))
    def what_is_stored_is_cleared_during_a_fetch(self, asked):
        type_, period, parameters = asked
        request = self.client.request(type_, period, **parameters)
        is_over = threading.Event()

        def clear():
            while not is_over.is_set():
                self.client.cache.clear()

        clearing = threading.Thread(target=clear)
        clearing.start()
        try:
            frame = self.client.frame(request)
        finally:
            is_over.set()
            clearing.join()
        runs = [run for run in self.client.runs(limit=100) if run.status == "succeeded" and run.result]
        mine = [run for run in runs if ReportRequest.from_stripe(run.report_type, run.parameters) == request]
        assert any(frame.equals(self.file_of(run, request)) for run in mine)

    @rule(asked=st.sampled_from(REQUESTS), policy=st.sampled_from(["auto", "never"]))
    def another_machine_fetches(self, asked, policy):
        type_, period, parameters = asked
        report = self.elsewhere.fetch(type_, period, reuse=policy, **parameters)
        assert_frame_equal(report.frame(), self.truth(report))

    @rule(asked=st.lists(st.sampled_from(REQUESTS), min_size=2, max_size=4))
    def several_are_submitted_at_once(self, asked):
        before = len(self.simulator.runs)
        pending = [self.client.submit(type_, period, **parameters) for type_, period, parameters in asked]
        for each in pending:
            report = each.result(timeout=60)
            assert report.request == each.request
            assert_frame_equal(report.frame(), self.truth(report))
        distinct = {each.request for each in pending}
        assert len(self.simulator.runs) - before <= len(distinct)

    @rule(period=st.sampled_from(["2026-09", "2026-10"]), change=st.sampled_from(["late fee", "description"]))
    def figures_are_restated(self, period, change):
        self.simulator.restate(period, change)

    @rule(asked=st.sampled_from(REQUESTS))
    def a_run_is_launched_and_left_alone(self, asked):
        type_, period, parameters = asked
        self.client.launch(self.client.request(type_, period, **parameters))

    @rule(asked=st.sampled_from(REQUESTS), fault=st.sampled_from(LASTING))
    def a_fetch_fails(self, asked, fault):
        type_, period, parameters = asked
        # A run that will fail must end here, or a later fetch would wait for it; a slow file must not.
        timeout = 900 if fault.startswith("run.") else 60
        self.simulator.faults.append(Fault.named(fault, times=99))
        try:
            report = self.client.fetch(type_, period, reuse="never", timeout=timeout, **parameters)
        except sr.StripeReportsError:
            pass
        else:
            raise AssertionError(f"{fault} gave {report}")
        finally:
            self.simulator.faults.clear()

    @rule(
        asked=st.sampled_from(REQUESTS),
        policy=st.sampled_from(["auto", "auto", "auto", "always", "never", timedelta(hours=30)]),
        faults=st.lists(st.sampled_from(PASSING), max_size=2),
    )
    def a_report_is_fetched(self, asked, policy, faults):
        type_, period, parameters = asked
        request = self.client.request(type_, period, **parameters)
        usable = self.stored(request, policy) or self.launched(request, policy)
        updated = self.client.report_type(type_).updated
        before, asked_at = len(self.simulator.runs), self.simulator.clock.now()
        self.simulator.faults.extend(Fault.named(fault) for fault in faults)
        report = self.client.fetch(request, reuse=policy)
        self.simulator.faults.clear()

        assert report.request == request
        assert_frame_equal(report.frame(), self.truth(report))
        assert report.run.report_type == request.report_type
        assert dict(request.to_stripe()).items() >= dict(report.run.parameters).items()
        launched = len(self.simulator.runs) - before
        assert launched == (report.reuse.action == "launched")
        if isinstance(policy, timedelta):
            assert report.run.created >= asked_at - policy - timedelta(seconds=1)
        elif policy == "auto":
            # Or it is of this generation, and Stripe answered it with an older file.
            assert self.allows(request, policy, report.provenance.as_of) or report.run.created > updated
        if policy == "never":
            assert launched == 1
        elif usable:
            assert launched == 0, f"{report.reuse}, though {usable} could answer"

    # What must hold

    @invariant()
    def no_file_lies_outside_the_store(self):
        Machine.steps += 1
        if hasattr(self, "folder"):
            assert {path.name for path in self.folder.iterdir()} <= {"cache", "elsewhere"}
            known = {"results", "locks", "staging", "damaged"}
            for path in (self.folder / "cache").glob("*/*"):
                assert path.is_file() or path.name in known, path
            assert not list((self.folder / "cache").glob("*/staging/*"))

    # What is known without the package

    def truth(self, report):
        """What the ledger gave for the run of a report."""
        return self.file_of(report.run, report.request)

    def file_of(self, run, request):
        """The file of a run, read by itself."""
        answer = self.caller.get(
            f"/v1/files/{run.result.id}/contents", headers={"Authorization": f"Bearer {self.simulator.key}"}
        )
        zone = request.timezone or "UTC"
        return sr.read_csv(answer.data, report_type=request.report_type, timezone=zone)

    def stored(self, request, policy):
        """Ids of the stored results that the rule, in words of its own, allows."""
        rows = self.client.cache.info().iter_rows(named=True)
        mine = [row for row in rows if eval(row["request"], {"sr": sr}) == request]  # noqa: S307 - our own repr
        return [row["run"] for row in mine if self.allows(request, policy, row["as_of"])]

    def launched(self, request, policy):
        """Ids of the runs, launched from this folder, that have a result or will have one."""
        log = self.client._store.launch_log
        return [
            run.id
            for run in self.client.runs(limit=100)
            if log.launch_of(run.id) is not None
            and ReportRequest.from_stripe(run.report_type, run.parameters) == request
            and (run.status == "pending" or (run.status == "succeeded" and run.result is not None))
            and self.allows(
                request, policy, min(run.created, run.result.created) if run.result else run.created
            )
        ]

    def allows(self, request, policy, as_of):
        if isinstance(policy, timedelta):
            return as_of >= self.simulator.clock.now() - policy
        updated = self.client.report_type(request.report_type).updated
        return policy == "always" or as_of >= request.interval_end + SETTLED or as_of > updated


TestStateMachine = Machine.TestCase
TestStateMachine.settings = settings(
    settings.get_profile((os.environ.get("CI") and "ci") or "default"),
    max_examples=EXAMPLES,
    stateful_step_count=20,
)
