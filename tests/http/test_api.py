"""Stripe's endpoints, and our error for each of Stripe's."""

import io
import json
from datetime import UTC, datetime

import pytest
import requests

from clocks import TestClock
from places import SHARED
from simulator_api import CONNECTED, MAIN, SIBLING
from stripe_reports import errors
from stripe_reports.http.api_v1 import ApiV1
from stripe_reports.http.files import Files
from stripe_reports.http.settings import Secret, Settings
from stripe_reports.http.stripe_errors import translated
from stripe_reports.http.transport import ATTEMPTS, Transport
from stripe_reports.models import ReportRequest, ResultFile
from stripe_reports.simulator import Fault

OCTOBER = ReportRequest(
    "balance.summary.2", interval_start="2026-10-01T00:00:00Z", interval_end="2026-11-01T00:00:00Z"
)
CREATE = "POST /v1/reporting/report_runs"
SAMPLES = SHARED / "samples" / "json"


@pytest.fixture
def connected(simulator, tmp_path):
    """Makes an Api over the simulator in this process."""

    def connected(key=None, **settings):
        transport = Transport(
            Settings(api_key=Secret(key or simulator.key), cache_dir=tmp_path, **settings),
            application=simulator,
            clock=TestClock(simulator.clock),
        )
        transports.append(transport)
        return ApiV1(transport)

    transports = []
    yield connected
    for transport in transports:
        transport.close()


@pytest.fixture
def api(connected):
    return connected()


def finished(api, simulator, request=OCTOBER):
    run = api.create_run(request, idempotency_key="k").run
    simulator.clock.advance(60)
    return api.retrieve_run(run.id)


def download(api, file, target):
    return Files(api._transport).download(file, target)


class TestEndpoints:
    def test_a_run_is_created_pending_and_found_again(self, api, simulator):
        """Stripe answers at once, and works afterwards."""
        run = api.create_run(OCTOBER, idempotency_key="k").run
        assert (run.status, run.report_type, run.parameters) == (
            "pending",
            "balance.summary.2",
            OCTOBER.to_stripe(),
        )
        assert api.retrieve_run(run.id) == run
        simulator.clock.advance(60)
        assert api.retrieve_run(run.id).status == "succeeded"

    def test_all_parameters_arrive_unchanged(self, api):
        """Lists, metadata columns and zones are still correct after the form encoding."""
        request = ReportRequest(
            "balance_change_from_activity.itemized.3",
            interval_start="2026-10-01T00:00:00Z",
            interval_end="2026-11-01T00:00:00Z",
            timezone="America/New_York",
            columns=["net", "created", "payment_metadata[Coupon Code]"],
            currency="eur",
            reporting_category="charge",
        )
        run = api.create_run(request, idempotency_key="k").run
        assert ReportRequest.from_stripe(run.report_type, run.parameters) == request

    def test_runs_are_listed_in_pages_newest_first(self, api, simulator):
        """The list cannot be filtered by type or status, only by creation time."""
        made = []
        for number in range(3):
            simulator.clock.advance(100)
            made.insert(0, api.create_run(OCTOBER, idempotency_key=str(number)).run.id)
        page = api.list_runs(limit=2)
        assert ([run.id for run in page.runs], page.has_more) == (made[:2], True)
        page = api.list_runs(limit=2, after=page.runs[-1].id)
        assert ([run.id for run in page.runs], page.has_more) == (made[2:], False)
        since = simulator.clock.now().replace(second=0)
        assert all(run.created >= since for run in api.list_runs(created_from=since).runs)

    def test_report_types_tell_the_range_of_their_data(self, api):
        """And when the data were published."""
        types = {type_.id: type_ for type_ in api.list_report_types()}
        type_ = api.retrieve_report_type("balance.summary.2")
        assert types["balance.summary.2"] == type_
        assert type_.data_available_start < type_.data_available_end <= type_.updated
        assert type_.default_columns == ("category", "description", "net_amount", "currency")

    def test_a_file_is_streamed_and_hashed(self, api, simulator):
        """Its size is the one that Stripe announced."""
        run, target = finished(api, simulator), io.BytesIO()
        read = download(api, run.result, target)
        assert read.size == run.result.size == len(target.getvalue())
        assert target.getvalue().startswith(b'"category","description","net_amount","currency"\n')

    @pytest.mark.parametrize(
        ("key", "account"),
        [
            pytest.param(None, CONNECTED[0], id="connected"),
            pytest.param(None, f"{MAIN}/{CONNECTED[0]}", id="path"),
            pytest.param("sk_org_test_123", SIBLING, id="of an organisation"),
        ],
    )
    def test_every_call_names_the_account(self, connected, simulator, key, account):
        """The download too."""
        api = connected(key=key, account=account)
        run = finished(api, simulator)
        assert download(api, run.result, io.BytesIO()).size == run.result.size
        with pytest.raises(errors.NotFoundError):
            connected().retrieve_run(run.id)

    @pytest.mark.parametrize(
        ("key", "account"),
        [(None, "acct_nobody"), ("sk_org_test_123", CONNECTED[0])],
        ids=["own", "organisation"],
    )
    def test_an_error_about_an_inaccessible_account_names_the_account(self, connected, key, account):
        """It is not a missing permission, though Stripe uses the same status for both."""
        with pytest.raises(errors.PermissionDeniedError, match=account) as caught:
            connected(key=key, account=account).list_runs()
        assert caught.value.code == "account_invalid"
        assert "Check the id of the account" in str(caught.value)

    def test_a_report_that_asks_for_an_account_says_how_to_name_one(self, connected):
        """Stripe's message names a header, which users of this package do not write."""
        request = ReportRequest(
            "connect_card_payments_fees.plan_level.1",
            interval_start="2026-09-01T00:00:00Z",
            interval_end="2026-10-01T00:00:00Z",
        )
        with pytest.raises(errors.InvalidRequestError, match=r"Client\(account='acct_…'\)") as caught:
            connected(key="sk_live_123").create_run(request, idempotency_key="k")
        assert "--account acct_…" in caught.value.for_command_line()


def error(status, type_="invalid_request_error", **members):
    return Fault(
        status=status, body={"error": {"type": type_, "message": "What Stripe says.", **members}}, times=99
    )


class TestErrors:
    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            pytest.param(error(400, param="parameters[columns]"), errors.InvalidRequestError, id="400"),
            pytest.param(error(400, "idempotency_error"), errors.IdempotencyError, id="400 idempotency"),
            pytest.param(error(401), errors.AuthenticationError, id="401"),
            pytest.param(error(401, code="api_key_expired"), errors.AuthenticationError, id="401 expired"),
            pytest.param(error(402), errors.InvalidRequestError, id="402"),
            pytest.param(error(403), errors.PermissionDeniedError, id="403"),
            pytest.param(error(404, code="resource_missing"), errors.NotFoundError, id="404"),
            pytest.param(error(409, code="idempotency_key_in_use"), errors.ConflictError, id="409"),
            pytest.param(error(424, "api_error"), errors.ServerError, id="424"),
            pytest.param(error(429, code="rate_limit"), errors.RateLimitError, id="429"),
            pytest.param(error(429, code="lock_timeout"), errors.RateLimitError, id="429 lock"),
            pytest.param(error(400, code="rate_limit"), errors.RateLimitError, id="400 rate limit"),
            *(
                pytest.param(error(s, "api_error"), errors.ServerError, id=str(s))
                for s in (500, 502, 503, 504)
            ),
        ],
    )
    def test_every_error_of_stripe_becomes_ours_with_all_its_details(self, api, simulator, fault, expected):
        """Message, parameter, code and request id: support asks for them."""
        simulator.faults.append(fault)
        with pytest.raises(expected) as caught:
            api.create_run(OCTOBER, idempotency_key="k")
        said = fault.body["error"]
        raised = caught.value
        assert type(raised) is expected
        assert (raised.status_code, raised.stripe_message) == (fault.status, "What Stripe says.")
        assert (raised.code, raised.param) == (said.get("code"), said.get("param"))
        assert raised.request_id == simulator.requests[-1].request_id
        for text in ("What Stripe says.", raised.request_id, said.get("param") or ""):
            assert text in str(raised)

    @pytest.mark.parametrize("member", ["code", "type"])
    @pytest.mark.parametrize(
        ("status", "name", "expected"),
        [
            (409, "idempotency_error", errors.IdempotencyError),
            (400, "quota_exceeded", errors.RateLimitError),
            (503, "service_unavailable", errors.ServerError),
            (403, "feature_not_enabled", errors.PermissionDeniedError),
            (403, "report_inaccessible", errors.PermissionDeniedError),
            (403, "query_run_api_inaccessible", errors.PermissionDeniedError),
            (429, "report_run_rate_limit_exceeded", errors.RunLimitError),
            (400, "query_run_invalid_sql", errors.InvalidRequestError),
            (404, "not_found", errors.NotFoundError),
        ],
    )
    def test_errors_of_v2_are_told_apart_by_code_or_type(self, status, name, expected, member):
        """Either may be absent there, and a message may be called ``user_message``."""
        body = {"error": {member: name, "user_message": "What Stripe says."}}
        raised = translated(status, body, {}, "POST /v2/data/report_runs")
        assert type(raised) is expected
        assert raised.stripe_message == "What Stripe says."

    def test_the_error_for_a_live_only_type_asks_for_a_live_key(self, api):
        """Stripe answers 404 with one sentence."""
        request = ReportRequest(
            "all_fees.incurred_at.itemized.2",
            interval_start=OCTOBER.interval_start,
            interval_end=OCTOBER.interval_end,
        )
        with pytest.raises(errors.LiveModeRequiredError, match="Use a live key"):
            api.create_run(request, idempotency_key="k")

    def test_the_error_for_an_interval_outside_the_data_has_stripes_text(self, api):
        """Word for word, with the parameter."""
        early = ReportRequest(
            "balance.summary.1", interval_start="2011-01-01T00:00:00Z", interval_end=OCTOBER.interval_end
        )
        with pytest.raises(errors.InvalidRequestError, match="is only available starting at") as caught:
            api.create_run(early, idempotency_key="k")
        assert caught.value.param == "parameters.interval_start"

    def test_the_key_is_not_repeated_even_if_stripe_does(self, api, simulator):
        """An error is printed into a notebook, and the notebook is shared."""
        fault = error(401)
        fault.body["error"]["message"] = f"Invalid API Key provided: {simulator.key}"
        simulator.faults.append(fault)
        with pytest.raises(errors.AuthenticationError) as caught:
            api.retrieve_run("frr_1")
        assert simulator.key not in str(caught.value)
        assert simulator.key not in caught.value.stripe_message

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            pytest.param(200, "<html>Please log in</html>", id="a proxy's page"),
            pytest.param(200, "[]", id="a list"),
            pytest.param(200, '{"object": "charge", "id": "ch_1"}', id="another object"),
            pytest.param(200, '{"id": "frr_1"}', id="half a run"),
            pytest.param(200, "", id="nothing"),
            pytest.param(302, "", id="a redirect"),
            pytest.param(418, "{}", id="a status of no meaning"),
            pytest.param(403, "<html>Forbidden</html>", id="a proxy's refusal"),
            pytest.param(401, '{"error": "unauthorized"}', id="a gateway's refusal"),
            pytest.param(400, '{"error": null}', id="an error that is none"),
            pytest.param(400, b"\xff\xfe", id="no text at all"),
        ],
    )
    def test_an_answer_that_is_not_from_stripe_has_its_own_error(self, api, simulator, status, body):
        """It is neither an empty run nor an error of Stripe."""
        simulator.faults.append(Fault(status=status, body=body, times=99))
        with pytest.raises(errors.UnexpectedAnswerError, match="proxy"):
            api.retrieve_run("frr_1")

    def test_status_429_is_a_rate_limit_error_even_without_a_body(self, api, simulator):
        """Some gateways send none."""
        simulator.faults.append(Fault(status=429, body="", times=99))
        with pytest.raises(errors.RateLimitError):
            api.retrieve_run("frr_1")

    @pytest.mark.parametrize(
        ("cause", "says"),
        [
            (requests.ConnectionError(), "No answer from api.stripe.com"),
            (requests.ReadTimeout(), "No answer from api.stripe.com"),
            (requests.exceptions.SSLError(), "REQUESTS_CA_BUNDLE"),
        ],
    )
    def test_no_answer_is_a_network_error(self, api, monkeypatch, cause, says):
        """It names the host and the remedy."""

        def send(*_, **__):
            raise cause

        adapter = api._transport.json_session.get_adapter("https://api.stripe.com")
        monkeypatch.setattr(adapter._inner, "send", send)
        with pytest.raises(errors.NetworkError, match=says) as caught:
            api.retrieve_run("frr_1")
        assert isinstance(caught.value, ConnectionError)

    @pytest.mark.skipif(not SAMPLES.is_dir(), reason="the folder of real samples is not here")
    def test_recorded_errors_are_read(self, api, simulator):
        """Real bodies and headers: an interval, a missing id, a lock that asks to be retried."""
        recorded = {
            name: json.loads((SAMPLES / f"error.{name}.json").read_text())
            for name in ("400.interval_start", "404.resource_missing", "429.lock_timeout")
        }
        headers = json.loads((SAMPLES / "error.429.lock_timeout.headers.json").read_text())
        for status, name, expected in [
            (400, "400.interval_start", errors.InvalidRequestError),
            (404, "404.resource_missing", errors.NotFoundError),
            (429, "429.lock_timeout", errors.RateLimitError),
        ]:
            extra = {"Stripe-Should-Retry": headers["Stripe-Should-Retry"]} if status == 429 else {}
            before = len(simulator.requests)
            simulator.faults[:] = [Fault(status=status, body=recorded[name], headers=extra, times=99)]
            with pytest.raises(expected) as caught:
                api.retrieve_run("frr_1")
            assert caught.value.stripe_message == recorded[name]["error"]["message"]
            assert len(simulator.requests) - before == (ATTEMPTS if status == 429 else 1)

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            ("<h1>Please log in</h1>", "was answered with HTTP 200, but not with JSON as Stripe answers."),
            ("", "was answered with HTTP 200, but not with JSON as Stripe answers."),
            ("null", "the answer to GET /v1/reporting/report_types was None."),
            (b'"\xff"', "headers or body of the answer cannot be read (UnicodeDecodeError)."),
        ],
    )
    def test_a_success_that_is_not_stripes_says_so(self, api, simulator, body, says):
        """It is the page of a proxy, not an error."""
        simulator.faults.append(Fault(status=200, body=body))
        with pytest.raises(errors.UnexpectedAnswerError) as caught:
            api.list_report_types()
        assert caught.value.problem.endswith(says)


class TestDownloads:
    def test_the_address_of_a_file_is_never_guessed(self, api):
        """Stripe's own fixture has a file without one."""
        file = ResultFile(id="file_1", created=datetime(2026, 1, 1, tzinfo=UTC))
        with pytest.raises(errors.ResultUnavailableError, match="no address"):
            download(api, file, io.BytesIO())

    @pytest.mark.parametrize(
        "url", ["https://evil.example/x", "http://files.stripe.com/x", "file:///etc/passwd"]
    )
    def test_the_key_is_never_sent_to_another_address(self, api, url, calls):
        """The address comes from an answer, which may be wrong."""
        file = ResultFile(id="file_1", created=datetime(2026, 1, 1, tzinfo=UTC), url=url)
        with pytest.raises(errors.ResultUnavailableError, match="nothing was sent there"):
            download(api, file, io.BytesIO())
        assert calls() == []

    @pytest.mark.parametrize(
        ("fault", "expected", "says"),
        [
            (Fault(status=404, times=99), errors.ResultUnavailableError, "no longer at Stripe"),
            (Fault(status=401, times=99), errors.AuthenticationError, "API key"),
            (Fault(status=403, times=99), errors.PermissionDeniedError, "permission"),
            (Fault(status=500, times=99), errors.ServerError, "nothing is lost"),
            (
                Fault(status=302, body="", headers={"Location": "http://evil.example/"}),
                errors.ResultUnavailableError,
                "not over https",
            ),
            (Fault(status=200, body=b"short", times=99), errors.DamagedFileError, "only 5 came"),
            (Fault(status=200, body=b"x" * 99_999, times=99), errors.DamagedFileError, "more came"),
        ],
    )
    def test_an_answer_that_is_not_the_file_is_an_error(self, api, simulator, fault, expected, says):
        """Never half of the file, never another file."""
        run = finished(api, simulator)
        fault.match = "GET /v1/files/*"
        simulator.faults.append(fault)
        with pytest.raises(expected, match=says):
            download(api, run.result, io.BytesIO())

    def test_a_short_file_is_read_again(self, api, simulator):
        """The connection broke once."""
        run, target = finished(api, simulator), io.BytesIO()
        simulator.faults.append(Fault("GET /v1/files/*", status=200, body=b"short"))
        assert download(api, run.result, target).size == run.result.size == len(target.getvalue())

    def test_a_redirect_is_followed_over_https_and_without_the_key(self, api, simulator, monkeypatch):
        """To a presigned address, for example. The simulator behind it answers 401: it got no key."""
        run, sent = finished(api, simulator), []
        elsewhere = "https://cdn.example/v1/files/file_1/contents"
        simulator.faults.append(
            Fault("GET /v1/files/*", status=302, body="", headers={"Location": elsewhere})
        )
        adapter = api._transport.file_session.get_adapter(elsewhere)
        original = adapter.send
        monkeypatch.setattr(
            adapter, "send", lambda request, **kw: (sent.append(request), original(request, **kw))[1]
        )
        with pytest.raises(errors.ResultUnavailableError, match=r"leads to cdn\.example, .* HTTP 401"):
            download(api, run.result, io.BytesIO())
        assert [request.url for request in sent] == [run.result.url, elsewhere]
        assert ["Authorization" in request.headers for request in sent] == [True, False]
