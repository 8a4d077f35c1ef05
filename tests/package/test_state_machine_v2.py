"""The same for Reports v2: anything may happen in any order, with a client that cannot list runs.

After every fetch the frame is what the file of its run says, no more was launched than the reuse rule allows,
and no key was sent where none is needed: the simulator refuses a file then. See ``test_state_machine``.
"""

import io
import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from polars.testing import assert_frame_equal
from werkzeug.test import Client as Caller

import random_calls
import stripe_reports as sr
from random_calls import REPORTS
from stripe_reports.demo_client import DemoClient
from stripe_reports.runs.launch import A_MOMENT
from stripe_reports.simulator import REAL, TIDY, Fault, Simulator

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::stripe_reports.PreviewWarning")]

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "20" if os.environ.get("CI") else "10"))
SETTLED, REFRESHED, RECENT = timedelta(days=5), timedelta(hours=3), timedelta(minutes=15)

REQUESTS = [*REPORTS, ("payouts.itemized", "2026-11", {})]
"""The last period is not over: it ends where the data of its run end."""

PASSING = [*random_calls.PASSING, "v2.url_expired"]
LASTING = [*random_calls.LASTING, "v2.canceled"]


class Machine(RuleBasedStateMachine):
    """One account, tidy or not, one folder, and clients that come and go."""

    @initialize(seed=st.integers(1, 3), profile=st.sampled_from([TIDY, REAL]))
    def start(self, seed, profile):
        self.folder = Path(tempfile.mkdtemp())
        self.simulator = Simulator(seed, profile=profile)
        self.caller = Caller(self.simulator)
        self.client = self.new_client("cache")
        self.elsewhere = self.new_client("elsewhere")

    def new_client(self, folder):
        return DemoClient(self.simulator, cache_dir=self.folder / folder, api="v2")

    def teardown(self):
        if hasattr(self, "client"):
            self.client.close()
            self.elsewhere.close()
            shutil.rmtree(self.folder)

    @property
    def now(self):
        return self.simulator.clock.now()

    # What may happen

    @rule(passed=st.sampled_from([timedelta(minutes=10), timedelta(hours=2), timedelta(days=6)]))
    def time_passes(self, passed):
        self.simulator.clock.advance(passed)

    @rule()
    def the_kernel_is_restarted(self):
        self.client.close()
        self.client = self.new_client("cache")

    @rule()
    def what_is_stored_is_cleared(self):
        self.client.cache.clear()

    @rule(period=st.sampled_from(["2026-09", "2026-10"]), change=st.sampled_from(["late fee", "description"]))
    def figures_are_restated(self, period, change):
        self.simulator.restate(period, change)

    @rule(asked=st.sampled_from(REQUESTS))
    def a_run_is_launched_and_left_alone(self, asked):
        self.client.launch(self.request(asked))

    @rule(asked=st.sampled_from(REQUESTS), policy=st.sampled_from(["auto", "never"]))
    def another_machine_fetches(self, asked, policy):
        report = self.elsewhere.fetch(self.request(asked), reuse=policy)
        self.check_frame(report)

    @rule(asked=st.sampled_from(REQUESTS), fault=st.sampled_from(LASTING))
    def a_fetch_fails(self, asked, fault):
        request = self.request(asked)
        self.simulator.faults.append(Fault.named(fault, times=99))
        # A run that will fail must end here, or a later fetch would wait for it; a slow file must not.
        timeout = 900 if fault.startswith(("run.", "v2.")) else 60
        with pytest.raises(sr.StripeReportsError):
            self.client.fetch(request, reuse="never", timeout=timeout)
        self.simulator.faults.clear()

    @rule(
        asked=st.sampled_from(REQUESTS),
        policy=st.sampled_from(["auto", "auto", "auto", "always", "never", timedelta(hours=30)]),
        faults=st.lists(st.sampled_from(PASSING), max_size=2),
    )
    def a_report_is_fetched(self, asked, policy, faults):
        request = self.request(asked)
        usable = [run.id for run in self.known(request) if self.allows(request, policy, run)]
        before, asked_at = len(self.simulator.report_runs), self.now
        self.simulator.faults.extend(Fault.named(fault) for fault in faults)
        report = self.client.fetch(request, reuse=policy)
        self.simulator.faults.clear()
        assert report.request == request
        self.check_frame(report)
        launched = len(self.simulator.report_runs) - before
        # The answer to a launch that was repeated does not tell that another machine has just made the run.
        is_new = report.reuse.action == "launched"
        assert launched == is_new or (is_new and faults and asked_at - report.run.created < A_MOMENT)
        if policy == "never":
            assert launched == 1
        elif usable:
            assert launched == 0, f"{report.reuse}, though {usable} could answer"
        if policy == "auto" and not launched:  # or another machine launched the same for these hours
            assert self.allows(request, policy, report.run) or asked_at - report.run.created < REFRESHED
        if self.allows(request, "auto", report.run):
            assert self.client.fetch(request).run.id in {report.run.id, *usable}

    # What is known without the package

    def request(self, asked):
        name, period, parameters = asked
        return self.client.request(name, period, **parameters)

    def known(self, request):
        """The runs of a request that this machine launched and that have a result or will have one."""
        runs = [run for run in self.client.runs(limit=1000) if run.status in ("running", "succeeded")]
        log = self.client._store.launch_log
        return [
            run
            for run in runs
            if log.request_of(run.id) == request and (run.status == "running" or run.result is not None)
        ]

    def allows(self, request, policy, run):
        as_of = run.created if run.status == "running" else min(run.created, run.refreshed_at)
        if isinstance(policy, timedelta):
            return as_of >= self.now - policy
        is_closed = as_of >= request.interval_end + SETTLED
        return (
            policy == "always" or is_closed or self.now - as_of < REFRESHED or self.now - run.created < RECENT
        )

    def check_frame(self, report):
        """Compare a frame with the file of its run, read by polars alone, and its end with its data."""
        as_of = min(report.run.created, report.run.refreshed_at).replace(microsecond=0)
        assert report.request.period_end == min(report.request.interval_end, as_of)
        key = {"Authorization": f"Bearer {self.simulator.key}", "Stripe-Version": "2026-10-28.preview"}
        run = self.caller.get(f"/v2/data/report_runs/{report.run.id}", headers=key).json
        address = urlsplit(run["result"]["file"]["download_url"]["url"])
        file = self.caller.get(f"{address.path}?{address.query}", base_url=f"https://{address.netloc}")
        assert file.status_code == 200
        text, frame = pl.read_csv(io.BytesIO(file.data), infer_schema=False), report.frame()
        assert text.columns == frame.columns
        assert_frame_equal(frame, text.with_columns(map(typed, frame.columns, frame.dtypes)))


def typed(name, dtype):
    """The column of a file as the type that a frame has."""
    if isinstance(dtype, pl.Datetime):
        time = pl.col(name).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us")
        return time.dt.replace_time_zone(dtype.time_zone, ambiguous="earliest")
    return pl.col(name).str.head(10).str.to_date("%Y-%m-%d") if dtype == pl.Date else pl.col(name).cast(dtype)


TestStateMachine = Machine.TestCase
TestStateMachine.settings = settings(
    settings.get_profile((os.environ.get("CI") and "ci") or "default"),
    max_examples=EXAMPLES,
    stateful_step_count=12,
)
