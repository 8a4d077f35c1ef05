"""Reports v2 through the same calls: what is the same, what is not, and what the user is told."""

import io
import json
import multiprocessing
import zipfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta

import polars.selectors as cs
import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from clocks import TestClock
from stripe_reports import errors
from stripe_reports.catalog.reports_v2 import reports_v2
from stripe_reports.client import Client
from stripe_reports.demo_client import DemoClient
from stripe_reports.http import api_v2
from stripe_reports.runs.launch import MOST_REFUSALS
from stripe_reports.simulator import Fault, Outcome, RateLimits, Simulator, serve

pytestmark = pytest.mark.filterwarnings("ignore::stripe_reports.PreviewWarning")

API = "v2"
CREATE, RETRIEVE = "POST /v2/data/report_runs", "GET /v2/data/report_runs/"
FILES = "/files/"


def parameters_for(report_type, client):
    """What a report needs besides a period."""
    required = client.report_type(report_type).required_parameters
    account = client.simulator.account_ids()[0]
    given = {"connected_account": account} if "connected_account" in required else {}
    if "payout" in required:
        listed = "connected_account_payouts" if given else "payouts"
        given["payout"] = client.frame(f"{listed}.itemized", "2026-09", **given)["payout_id"][0]
    return (None if "payout" in required else "2026-09"), given


class TestTheSameCalls:
    @pytest.mark.slow
    def test_every_report_that_both_have_gives_equal_frames(self, tmp_path):
        """Rows, columns, types and order, to the cent; of the ledger that both generations report on."""
        simulator = Simulator(seed=1, latency=1.0)
        clients = [
            DemoClient(simulator, cache_dir=tmp_path, livemode=True, api=api, account=account)
            for account in (None, simulator.account_ids()[0])
            for api in ("v1", "v2")
        ]
        for name, entry in reports_v2().items():
            v1, v2 = clients[2:] if name.startswith("connect_card_payments_fees") else clients[:2]
            period, given = parameters_for(entry.report_type, v1)
            expected = v1.frame(entry.report_type, period, **given)
            frame = v2.frame(name, period, **given)
            # How v1 writes most days is not known, so they are text in both, as written.
            kinds = {column.name: column.kind for column in v1.report_type(entry.report_type).columns}
            days = [name for name in expected.columns if kinds[name] == "date"]
            day = (cs.by_name(days) & cs.string()).str.head(10)
            assert_frame_equal(frame.with_columns(day), expected.with_columns(day))

    def test_a_report_has_a_run_with_stripes_fields_and_a_request_with_its_id(self, client):
        """Names have no version; the id says which report was meant."""
        report = client.fetch("balance.summary", "2026-09", currency="eur")
        assert isinstance(report.run, sr.ReportRunV2)
        assert report.run.id.startswith("rrun_")
        assert (report.run.status, report.run.state) == ("succeeded", "succeeded")
        assert report.request.report_id == report.run.report
        assert eval(repr(report.request), {"sr": sr}) == report.request  # noqa: S307
        assert report.provenance.as_of == report.run.refreshed_at
        assert sr.ReportRunV2.from_stripe(report.run.to_stripe()).to_stripe() == report.run.to_stripe()

    @pytest.mark.parametrize(
        "executor",
        [
            pytest.param(lambda: None, id="alone"),
            pytest.param(lambda: ThreadPoolExecutor(2), id="threads"),
            pytest.param(
                lambda: ProcessPoolExecutor(1, multiprocessing.get_context("spawn")),
                id="another process",
                marks=pytest.mark.slow,
            ),
        ],
    )
    def test_many_reports_are_those_of_v1(self, client, v1, executor, tmp_path):
        """Without a list of runs, each is followed by its id."""
        asked = ("payouts.itemized", "2026-Q3")
        options = {"split": "month", "accounts": [None, client.simulator.account_ids()[0]]}
        with executor() or nullcontext() as workers:
            reports = client.fetch_all(*asked, **options, executor=workers, into=str(tmp_path / "data"))
        expected = v1.fetch_all(*asked, **options)
        assert reports.status()["status"].unique().to_list() == ["launched"]
        assert reports.frame().equals(expected.frame())
        again = client.fetch_all(*asked, **options, into=str(tmp_path / "data"))
        assert again.status()["status"].unique().to_list() == ["stored"]
        shared = sr.dataset(str(tmp_path / "data")).scan("payouts.itemized").collect()
        assert shared.height == expected.frame().height

    def test_a_dataset_holds_reports_of_one_generation(self, client, v1, tmp_path):
        """A report of the same name may have other columns."""
        into = str(tmp_path / "data")
        client.fetch_all("payouts.summary", "2026-Q3", split=None, into=into)
        with pytest.raises(errors.ParameterError, match="from Reports v2"):
            v1.fetch_all("payouts.summary", "2026-Q3", split=None, into=into)

    def test_the_card_of_a_run_has_no_address_of_its_file(self, client):
        """It alone gives the report, for some minutes."""
        run = client.fetch("balance.summary", "2026-09").run
        assert run.file.url is None or run.file.url not in f"{run!r}{run._repr_html_()}{run.to_stripe()}"
        waited = client.wait(client.launch(client.request("balance.summary", "2026-08")))
        assert waited.file.url
        assert "stripeusercontent" not in f"{waited!r}{waited._repr_html_()}{waited.to_stripe()}"

    def test_runs_are_those_that_were_launched_here(self, client, connect, calls):
        """Stripe lists none, so nobody else's can be shown."""
        runs = [client.launch(client.request("balance.summary", month)) for month in ("2026-08", "2026-09")]
        assert {run.id for run in client.pending()} == {run.id for run in runs}
        assert {run.id for run in client.runs()} == {run.id for run in runs}
        assert client.runs(limit=1).frame()["status"].to_list() == ["running"]

    def test_reports_of_several_pages_are_listed(self, client, monkeypatch):
        """Each page says where the next one is."""
        at_once = [type_.id for type_ in client.report_types()]
        monkeypatch.setattr(api_v2, "_PAGE", 10)
        assert [type_.id for type_ in client.report_types()] == at_once

    def test_the_form_asks_reports_v2(self, client):
        """It starts with the report that it finds there, and writes the call."""
        form = sr.explore(client, request=client.request("balance.summary", "2026-09", currency="eur"))
        report = form.run().result()
        assert isinstance(report.run, sr.ReportRunV2)
        assert form.code == 'client.fetch("balance.summary", "2026-09", currency="eur")'


class TestWhatIsSaid:
    @pytest.mark.filterwarnings("error")
    def test_a_preview_is_warned_of_once(self, simulator, tmp_path):
        """Nobody here could call this API."""
        with pytest.warns(sr.PreviewWarning, match="tested with a simulator only") as warned:
            DemoClient(simulator, cache_dir=tmp_path, api="v2")
        assert warned[0].filename == __file__
        DemoClient(simulator, cache_dir=tmp_path, api="v2")

    @pytest.mark.parametrize(
        ("asked", "error", "says"),
        [
            (("balance.summary.2", "2026-09"), errors.ParameterError, "Write 'balance.summary', or"),
            (("balance.sumary", "2026-09"), errors.UnknownReportTypeError, "'balance.summary'"),
            (("balance.summary",), errors.ParameterError, "needs a period"),
        ],
    )
    def test_a_wrong_report_is_an_error_that_says_what_to_write(self, client, calls, asked, error, says):
        """Before anything is launched."""
        with pytest.raises(error, match=says):
            client.fetch(*asked)
        assert calls(CREATE) == []

    def test_parameters_are_checked_as_stripe_describes_them(self, client, calls):
        """A description by Stripe itself, no older than a day."""
        with pytest.raises(errors.ParameterError, match="takes no columns 'nett'") as caught:
            client.fetch("payouts.itemized", "2026-09", columns=["payout_id", "nett"])
        assert caught.value.param == "columns"
        with pytest.raises(errors.ParameterError, match="does not take 'payout'"):
            client.fetch("payouts.itemized", "2026-09", payout="po_1")
        assert calls(CREATE) == []

    def test_the_time_does_not_come_from_the_cache(self, client, calls):
        """An earlier answer would tell an earlier time."""
        calls()
        for _ in range(2):
            client._api.ask_time()
        assert len(calls("GET /v2/data/reports")) == 2

    def test_a_request_of_the_other_generation_is_refused(self, client, v1, calls):
        """Its report may have other columns there."""
        of_v1, of_v2 = (each.request("balance.summary", "2026-09") for each in (v1, client))
        calls()
        for each, request in ((client, of_v1), (v1, of_v2)):
            for call in (each.fetch, each.launch, each.plan):
                with pytest.raises(errors.ParameterError):
                    call(request)
        assert calls() == []


class TestReuse:
    def test_a_closed_month_is_stored_and_needs_no_call(self, client, calls):
        """In a new process, too."""
        first = client.fetch("balance.summary", "2026-09")
        calls()
        second = client.fetch("balance.summary", "2026-09")
        assert (first.reuse.action, second.reuse.action, calls()) == ("launched", "stored", [])
        assert_frame_equal(first.frame(), second.frame())

    def test_the_two_generations_share_no_results(self, client, v1):
        """The same key, account, folder and period; but not certainly the same report."""
        ours = client.fetch("balance.summary", "2026-09")
        theirs = v1.fetch("balance.summary", "2026-09")
        assert (ours.reuse.action, theirs.reuse.action) == ("launched", "launched")
        assert client.settings.owner != v1.settings.owner
        assert ours.path.parents[3].name == f"{theirs.path.parents[3].name}-v2"

    def test_an_open_month_is_reused_until_stripe_may_have_refreshed_its_data(self, client, simulator, calls):
        """Reports v2 tells of no publication before a run: only of the last refresh, after it."""
        first = client.fetch("balance.summary", "2026-10")
        simulator.clock.advance(timedelta(minutes=14).total_seconds())
        calls()
        second = client.fetch("balance.summary", "2026-10")
        assert (second.reuse.action, second.run.id) == ("stored", first.run.id)
        assert "did not have newer data less than 15 minutes ago" in str(second.reuse)
        assert calls(CREATE) == []
        simulator.clock.advance(timedelta(minutes=1).total_seconds())
        third = client.fetch("balance.summary", "2026-10")
        assert (third.reuse.action, third.run.id == first.run.id) == ("launched", False)
        why = "Stripe is assumed to refresh data about every 3 hours, and Reports v2 does not say when"
        assert why in str(third.reuse)

    def test_the_reason_says_that_runs_launched_elsewhere_cannot_be_known(self, client, simulator, tmp_path):
        """There is no list. But equal launches of the same hours share a run, by their idempotency key."""
        first = client.fetch("balance.summary", "2026-10")
        assert "does not list those that were launched elsewhere" in str(first.reuse)
        elsewhere = DemoClient(simulator, cache_dir=tmp_path / "other", api="v2")
        second = elsewhere.fetch("balance.summary", "2026-10")
        assert second.run.id == first.run.id
        assert "had been launched elsewhere" in str(second.reuse)

    def test_a_pending_run_of_an_earlier_process_is_joined(self, client, calls):
        """Its id is in our own notes."""
        run = client.launch(client.request("balance.summary", "2026-10"))
        report = client.fetch("balance.summary", "2026-10")
        assert (report.run.id, report.reuse.action) == (run.id, "awaited")

    def test_a_run_is_found_by_its_id_on_a_machine_that_did_not_launch_it(self, client, simulator, tmp_path):
        """With the request that the run itself tells, including the report."""
        run = client.fetch("balance.summary", "2026-09").run
        elsewhere = DemoClient(simulator, cache_dir=tmp_path / "other", api="v2")
        report = elsewhere.report(run.id)
        assert report.request == client.request("balance.summary", "2026-09")
        assert not report.provenance.is_complete


class TestRunsThatEndOtherwise:
    @pytest.mark.parametrize(
        ("outcome", "error", "says"),
        [
            (Outcome("failed", error="Nothing."), errors.RunFailedError, "Stripe says: Nothing"),
            (
                Outcome("failed", error="Too large.", code="file_size_above_limit"),
                errors.RunTooLargeError,
                r"more than 5 GB.*split='month'",
            ),
            (Outcome("canceled"), errors.RunCanceledError, "was canceled at Stripe"),
            (Outcome("paused"), errors.RunFailedError, "has the status 'paused'"),
        ],
    )
    @pytest.mark.parametrize("details", ["flat", "by_status"])
    def test_each_end_has_an_error_of_its_own(self, client, simulator, outcome, error, says, details):
        """In both forms in which Stripe has described the reason."""
        simulator.preview.status_details = details
        simulator.outcomes.append(outcome)
        with pytest.raises(error, match=says) as caught:
            client.fetch("balance.summary", "2026-10")
        assert type(caught.value) is error
        assert client.fetch("balance.summary", "2026-10").reuse.action == "launched"

    def test_with_too_many_runs_in_progress_a_launch_waits_until_one_of_ours_ends(
        self, client, simulator, calls
    ):
        """Pauses between tries would not help: only the end of a run does."""
        simulator.rate_limits = RateLimits(running_reports=1)
        running = client.launch(client.request("balance.summary", "2026-08"))
        report = client.fetch("balance.summary", "2026-09")
        assert report.reuse.action == "launched"
        assert len(calls(CREATE)) == 3  # the first, the refused one, and once there was room
        assert client.retrieve(running.id).status == "succeeded"

    def test_many_reports_wait_for_each_other(self, client, simulator):
        """As many runs as Stripe allows, one after the other."""
        simulator.rate_limits = RateLimits(running_reports=2)
        reports = client.fetch_all("payouts.itemized", "2026-Q2", split="month")
        assert reports.status()["status"].unique().to_list() == ["launched"]

    def test_reports_of_many_accounts_wait_for_each_other(self, client, simulator):
        """The limit is one of the key, and a launch knows only the runs of its own account."""
        simulator.rate_limits = RateLimits(running_reports=1)
        accounts = simulator.account_ids()[:2]
        reports = client.fetch_all("payouts.itemized", ["2026-08", "2026-09"], accounts=accounts)
        assert reports.status()["status"].unique().to_list() == ["launched"]

    def test_too_many_runs_of_others_are_an_error(self, client, simulator, tmp_path, calls):
        """When one of them ends cannot be known."""
        simulator.rate_limits = RateLimits(running_reports=1)
        elsewhere = DemoClient(simulator, cache_dir=tmp_path / "other", api="v2")
        elsewhere.launch(elsewhere.request("balance.summary", "2026-08"))
        calls()
        with pytest.raises(errors.RunLimitError, match="cannot be listed") as caught:
            client.fetch("balance.summary", "2026-09")
        assert caught.value.code == "report_run_rate_limit_exceeded"
        assert len(calls(CREATE)) == MOST_REFUSALS

    @pytest.mark.parametrize(
        ("status", "code", "says"),
        [
            (403, "report_inaccessible", "Stripe's words say why"),
            (403, "feature_not_enabled", "a preview that Stripe enables on request"),
            (404, "not_found", "same account and mode"),
        ],
    )
    def test_refusals_are_told_apart_by_their_code(self, client, simulator, status, code, says):
        """The type of an error may be absent."""
        request = client.request("balance.summary", "2026-09")
        body = {"error": {"code": code, "message": "No."}}
        simulator.faults.append(Fault(CREATE, status=status, body=body))
        with pytest.raises(errors.StripeAPIError, match=says) as caught:
            client.fetch(request)
        assert (caught.value.status_code, caught.value.code) == (status, code)


class TestFiles:
    @pytest.fixture
    def connect(self, simulator, tmp_path):
        """Makes a client over a socket; files are on another host name, which needs no key."""
        with serve(simulator) as url:
            files_url = url.replace("127.0.0.1", "localhost")

            def connect(**options):
                given = {"base_url": url, "files_url": files_url, "cache_dir": tmp_path / "cache"} | options
                return Client(simulator.key, api="v2", clock=TestClock(simulator.clock), **given)

            yield connect

    def test_no_key_arrives_where_none_is_needed(self, connect, simulator, monkeypatch):
        """Stripe's host of such files is another one, and is told nothing of the account either."""
        seen = []
        answer = Simulator.__call__

        def noting(self, environ, start_response):
            seen.append((environ["PATH_INFO"], environ))
            return answer(self, environ, start_response)

        monkeypatch.setattr(Simulator, "__call__", noting)
        frame = connect().frame("balance.summary", "2026-09")
        assert frame.height
        downloads = [environ for path, environ in seen if path.startswith(FILES)]
        assert len(downloads) == 1
        assert downloads[0]["HTTP_HOST"].startswith("localhost:")
        told = {name for name in downloads[0] if name.startswith("HTTP_")}
        assert told.isdisjoint({"HTTP_AUTHORIZATION", "HTTP_STRIPE_VERSION", "HTTP_STRIPE_CONTEXT"})
        assert simulator.key not in str(downloads)
        assert all("HTTP_AUTHORIZATION" in environ for path, environ in seen if path.startswith("/v2/"))

    def test_a_host_that_was_not_named_is_not_asked(self, connect, calls):
        """The address comes from an answer, and could be anywhere."""
        client = connect(files_url=None)
        calls()
        with pytest.raises(errors.ResultUnavailableError, match="nothing was sent there") as caught:
            client.fetch("balance.summary", "2026-09")
        assert calls(FILES) == []
        assert FILES not in str(caught.value)

    @pytest.mark.parametrize(
        ("url", "options", "is_read"),
        [
            ("https://stripeusercontent.com/files/1", {}, True),
            ("https://stripeusercontent.com:444/files/1", {}, False),
            ("http://stripeusercontent.com/files/1", {}, False),
            ("https://stripeusercontent.com.example.org/files/1", {}, False),
            ("https://files.stripe.com/v1/files/1", {}, False),
            ("https://files.example.org/1", {"files_url": "https://files.example.org"}, True),
            ("https://stripeusercontent.com/1", {"base_url": "https://gateway.example.org"}, False),
            ("https://gateway.example.org/1", {"base_url": "https://gateway.example.org"}, True),
        ],
    )
    def test_a_file_without_key_is_read_from_a_named_host_only(self, tmp_path, url, options, is_read):
        """A live key never goes there, so the host need not be trusted with it."""
        live = {"trusted_hosts": {"gateway.example.org"}, "cache_dir": tmp_path, "api": "v2"} | options
        settings = Client("sk_live_1234567890", **live).settings
        assert settings.may_read_without_key(url) == is_read
        assert settings.may_send_key_to(url) == ("gateway" in url)

    def test_an_address_that_has_expired_is_renewed_from_the_run(self, client, simulator, calls):
        """A run that is read an hour after it was waited for."""
        run = client.wait(client.launch(client.request("balance.summary", "2026-09")))
        simulator.clock.advance(3600)
        calls()
        assert client.read(run).height
        assert len(calls(RETRIEVE)) == 1

    def test_an_address_that_expires_early_is_renewed_too(self, client, simulator):
        """The clocks may differ, or Stripe may end it earlier than it says."""
        simulator.faults.append(Fault(f"GET {FILES}*", status=403, body="<Error/>"))
        assert client.frame("balance.summary", "2026-09").height

    def test_an_address_that_expires_during_a_download_is_renewed_and_the_download_goes_on(
        self, connect, simulator, calls
    ):
        """The rest is asked for at the new address; it is the same result, as its ETag says."""
        client = connect()
        run = client.wait(client.launch(client.request("balance_change_from_activity.itemized", "2026-09")))
        simulator.inject_fault("file.cut")
        simulator.inject_fault("v2.url_expired")
        calls()
        assert client.read(run).height == run.result.row_count
        served = [call.partition("?")[0].rpartition("/")[0] for call in calls()]
        downloads = [call for call in served if FILES in f"{call}/"]
        assert len(downloads) == 3  # begun, refused, and continued
        assert len(served) == len(downloads) + 1  # the run was read again, once

    def test_the_path_of_an_address_without_key_is_not_logged(self, client, simulator, caplog):
        """Everybody who sees it could read the result."""
        simulator.faults.append(Fault(f"GET {FILES}*", status=500, body="", times=2))
        with caplog.at_level("INFO", "stripe_reports"):
            client.fetch("balance.summary", "2026-09")
        assert "A download: HTTP 500; trying again" in caplog.text
        assert FILES not in caplog.text

    def test_a_redirect_that_cannot_be_read_is_not_shown(self, client, simulator):
        """It may be an address that needs no key either."""
        headers = {"Location": "mailto:secret"}
        simulator.faults.append(Fault(f"GET {FILES}*", status=302, body="", headers=headers))
        with pytest.raises(errors.ResultUnavailableError, match="leads to another address, which") as caught:
            client.fetch("balance.summary", "2026-09")
        assert "secret" not in str(caught.value)

    def test_an_address_that_is_refused_again_is_an_error(self, client, simulator):
        """It is not asked for without end."""
        simulator.faults.append(Fault(f"GET {FILES}*", status=403, body="<Error/>", times=9))
        with pytest.raises(errors.ResultUnavailableError, match="HTTP 403 and no file"):
            client.fetch("balance.summary", "2026-09")

    def test_a_zip_archive_is_unpacked(self, simulator, tmp_path):
        """Such as of a run that was launched elsewhere with compression."""

        def compressing(environ, start_response):
            body = environ["wsgi.input"].read()
            if environ["REQUEST_METHOD"] == "POST":
                asked = json.loads(body)
                asked["result_options"] = {"compress_file": True}
                body = json.dumps(asked).encode()
                environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input"] = io.BytesIO(body)
            return simulator(environ, start_response)

        clock = TestClock(simulator.clock)
        options = {"clock": clock, "api": "v2"}
        plain, packed = (
            Client(simulator.key, application=application, cache_dir=tmp_path / name, **options)
            for name, application in (("plain", simulator), ("packed", compressing))
        )
        expected = plain.frame("balance_change_from_activity.itemized", "2026-09")
        report = packed.fetch("balance_change_from_activity.itemized", "2026-08", reuse="never")
        assert report.run.result.file.content_type == "zip"
        report = packed.fetch("balance_change_from_activity.itemized", "2026-09", reuse="never")
        assert_frame_equal(report.frame(), expected)
        assert zipfile  # the archive itself is made by the simulator
