"""The values: an invalid one cannot be created, and a printed one can be evaluated."""

import ast
import copy
import json
import pickle
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

import stripe_reports as sr
from any_request import requests
from places import SHARED
from stripe_reports.errors import IntervalError, ParameterError
from stripe_reports.models import ReportRequest, ReportRun, ReportType, zone_named

OCTOBER = {"interval_start": "2026-10-01T00:00:00Z", "interval_end": "2026-11-01T00:00:00Z"}
SAMPLES = SHARED / "samples" / "json"


class TestReportRequest:
    @given(requests())
    def test_the_repr_is_python_for_an_equal_request(self, request):
        """Code printed by a form or an error can be pasted into a cell, whatever the request."""
        assert eval(repr(request), {"sr": sr}) == request  # noqa: S307 - our own repr
        assert eval(repr([request, request]), {"sr": sr}) == [request, request]  # noqa: S307
        assert repr(eval(repr(request), {"sr": sr})) == repr(request)  # noqa: S307

    @given(requests())
    def test_the_request_can_be_restored_from_stripes_parameters(self, request):
        """A run at Stripe is recognised by the parameters that it echoes in JSON."""
        echoed = json.loads(json.dumps(request.to_stripe()))
        assert ReportRequest.from_stripe(request.report_type, echoed) == request

    def test_the_repr_shows_both_bounds_in_the_reports_zone_and_the_last_included_day(self):
        """An interval without its end is easily misread; the last included day makes it clear."""
        request = ReportRequest(
            "payouts.itemized.5",
            interval_start="2026-09-30T22:00:00Z",
            interval_end="2026-10-31T23:00:00Z",
            timezone="Europe/Paris",
        )
        assert repr(request) == (
            "sr.ReportRequest('payouts.itemized.5', interval_start='2026-10-01T00:00:00+02:00', "
            "interval_end='2026-11-01T00:00:00+01:00', timezone='Europe/Paris', "
            "last_included_day='2026-10-31')"
        )
        assert request.last_included_day == date(2026, 10, 31)

    @pytest.mark.parametrize(
        ("wrong", "error", "says"),
        [
            pytest.param({"report_type": "balance.summary"}, ParameterError, "version", id="no version"),
            pytest.param({"interval_start": "2026-10-01"}, IntervalError, "no time zone", id="naive text"),
            pytest.param(
                {"interval_start": datetime(2026, 10, 1)},  # noqa: DTZ001 - the point
                IntervalError,
                "no time zone",
                id="naive datetime",
            ),
            pytest.param({"interval_start": "October"}, IntervalError, "must be a date", id="no time at all"),
            pytest.param({"interval_start": "2026-11-01T00:00:00Z"}, IntervalError, "empty", id="no length"),
            pytest.param(
                {"interval_start": "2026-10-01T00:00:00.5Z"},
                IntervalError,
                "whole seconds",
                id="half seconds",
            ),
            pytest.param({"currency": "euro"}, ParameterError, "three-letter", id="currency"),
            pytest.param({"timezone": "Paris"}, ParameterError, "IANA", id="zone"),
            pytest.param({"timezone": "../../etc/passwd"}, ParameterError, "IANA", id="zone that is a path"),
            pytest.param({"payout": "tr_123"}, ParameterError, "'po_'", id="payout id"),
            pytest.param({"payout": "po_1/../2"}, ParameterError, "'po_'", id="payout id with a path"),
            pytest.param({"connected_accounts": ["x"]}, ParameterError, "'acct_'", id="account id"),
            pytest.param({"columns": "net"}, ParameterError, "list of names", id="columns as one text"),
            pytest.param({"columns": []}, ParameterError, "empty", id="no columns"),
            pytest.param({"columns": ["net", "net"]}, ParameterError, "more than once", id="column twice"),
            pytest.param({"currency": 978}, ParameterError, "must be text", id="currency as a number"),
            pytest.param({"zone": "Paris"}, ParameterError, "IANA", id="zone of the period"),
        ],
    )
    def test_an_invalid_request_cannot_be_created(self, wrong, error, says):
        """Every existing request may be sent."""
        arguments = {"report_type": "balance.summary.2"} | OCTOBER | wrong
        with pytest.raises(error, match=says) as caught:
            ReportRequest(**arguments)
        assert caught.value.param in wrong or "zone" in wrong

    def test_the_last_included_day_is_that_of_the_zone_in_which_the_period_was_meant(self):
        """Also if the type takes no timezone: one day too many would look like an error."""
        request = ReportRequest(
            "payouts.itemized.1",
            interval_start="2026-09-01T00:00:00-04:00",
            interval_end="2026-10-01T00:00:00-04:00",
            zone="America/New_York",
        )
        assert request.last_included_day == date(2026, 9, 30)
        assert "interval_end='2026-10-01T00:00:00-04:00'" in repr(request)
        assert "timezone" not in request.parameters
        assert request == replace(request, zone=None)

    def test_a_wrong_last_included_day_is_refused(self):
        """A user who edits the end in printed code must edit both."""
        with pytest.raises(IntervalError, match="last included day is not 2026-10-30"):
            ReportRequest("balance.summary.2", **OCTOBER, last_included_day="2026-10-30")

    @given(requests(), st.sampled_from(["chf", "gbp"]))
    def test_a_field_is_changed_as_with_any_dataclass(self, request, currency):
        """A form narrows a request step by step."""
        changed = replace(request, currency=currency)
        assert changed.parameters == request.parameters | {"currency": currency}

    def test_a_currency_is_kept_as_stripe_writes_it(self):
        """`EUR` and `eur` are one request, not two."""
        assert ReportRequest("a.1", currency="EUR") == ReportRequest("a.1", currency="eur")

    def test_a_request_is_immutable_and_can_be_copied(self):
        """It is the key of stored results."""
        request = ReportRequest("a.1", columns=["net"], **OCTOBER)
        with pytest.raises(AttributeError):
            request.currency = "usd"
        assert copy.deepcopy(request) == pickle.loads(pickle.dumps(request)) == request  # noqa: S301
        assert len({request, copy.copy(request)}) == 1


RUN = {
    "id": "frr_1",
    "object": "reporting.report_run",
    "created": 1_790_000_000,
    "livemode": False,
    "report_type": "balance.summary.1",
    "parameters": {"interval_start": 1_788_220_800, "interval_end": 1_790_000_000, "columns": ["net_amount"]},
    "status": "succeeded",
    "succeeded_at": 1_790_000_007,
    "error": None,
    "result": {
        "id": "file_1",
        "object": "file",
        "created": 1_790_000_006,
        "expires_at": 1_821_536_006,
        "filename": "frr_1.csv",
        "links": {"object": "list", "data": [], "has_more": False, "url": "/v1/file_links?file=file_1"},
        "purpose": "finance_report_run",
        "size": 12,
        "title": "FinanceReportRun frr_1",
        "type": "csv",
        "url": "https://files.stripe.com/v1/files/file_1/contents",
    },
}


class TestReportRun:
    def test_a_run_has_exactly_stripes_ten_fields(self):
        """Nothing renamed, nothing added: Stripe's documentation applies here."""
        assert list(ReportRun.__dataclass_fields__) == list(RUN)

    def test_a_run_is_unchanged_after_json(self):
        """The run is stored beside its result as evidence of its provenance."""
        run = ReportRun.from_stripe(RUN)
        assert run.to_stripe() == RUN
        assert run.created == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
        assert run.result is not None
        assert run.result.created == datetime(2026, 9, 21, 14, 13, 26, tzinfo=UTC)
        assert run.parameters == RUN["parameters"]
        assert ReportRun.from_stripe(json.loads(json.dumps(run.to_stripe()))) == run

    @pytest.mark.parametrize(
        "damage",
        [
            pytest.param({"object": "charge"}, id="another object"),
            pytest.param({"id": "../../x"}, id="an id that is a path"),
            pytest.param({"created": "yesterday"}, id="no time"),
            pytest.param({"parameters": None}, id="no parameters"),
        ],
    )
    def test_another_answer_is_not_accepted_as_a_run(self, damage):
        """An answer that is not understood must not become a run with empty fields."""
        with pytest.raises((KeyError, TypeError, ValueError)):
            ReportRun.from_stripe(RUN | damage)

    @pytest.mark.skipif(not SAMPLES.is_dir(), reason="the folder of real samples is not here")
    @pytest.mark.parametrize("name", ["pending", "openapi-fixture"])
    def test_real_answers_are_read(self, name):
        """A run without a result, and one whose file has neither address nor name."""
        answer = json.loads((SAMPLES / f"report_run.{name}.json").read_text())
        run = ReportRun.from_stripe(answer)
        assert run.id == answer["id"]
        assert (run.result is None) == (answer["result"] is None)

    @pytest.mark.parametrize(
        ("file_created", "as_of"), [(None, 100), (106, 100), (40, 40)], ids=["no file", "newer", "older"]
    )
    def test_the_age_of_the_data_is_that_of_the_older_of_run_and_file(self, file_created, as_of):
        """Stripe may answer a run with a file that it made for an earlier one."""
        file = file_created and {"id": "file_1", "created": file_created}
        run = ReportRun.from_stripe(RUN | {"created": 100, "result": file})
        assert run.as_of == datetime.fromtimestamp(as_of, UTC)

    @pytest.mark.parametrize(("succeeded_at", "seconds"), [(None, None), (100, None), (107, 7.0)])
    def test_the_duration_of_a_run_is_known_once_it_has_succeeded(self, succeeded_at, seconds):
        """A run that took no time was answered from an earlier one: that says nothing about the next."""
        run = ReportRun.from_stripe(RUN | {"created": 100, "succeeded_at": succeeded_at})
        assert run.duration == seconds

    def test_only_http_and_models_read_fields_of_the_first_api(self):
        """Everything above uses the neutral view of a run, so another API changes nothing there."""
        package = Path(sr.__file__).parent
        reads = [
            f"{path.relative_to(package)}:{node.lineno}"
            for path in package.rglob("*.py")
            if path.relative_to(package).parts[0] not in ("http", "models", "simulator")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute)
            and (node.attr == "succeeded_at" or re.search(r"\brun\.result$", ast.unparse(node)))
        ]
        assert reads == []


class TestReportType:
    TYPE = {
        "id": "balance.summary.1",
        "object": "reporting.report_type",
        "name": "Balance summary",
        "version": 1,
        "data_available_start": 1_667_952_000,
        "data_available_end": 1_695_081_600,
        "default_columns": ["category", "description", "net_amount", "currency"],
        "livemode": False,
        "updated": 1_695_109_133,
    }

    def test_stripes_nine_fields_are_read(self):
        """As in the example in Stripe's documentation."""
        type_ = ReportType.from_stripe(self.TYPE)
        assert type_.data_available_end == datetime(2023, 9, 19, tzinfo=UTC)
        assert type_.updated == datetime(2023, 9, 19, 7, 38, 53, tzinfo=UTC)
        assert type_.base == "balance.summary"
        assert not type_.is_catalogued

    @pytest.mark.skipif(not SAMPLES.is_dir(), reason="the folder of real samples is not here")
    def test_stripes_own_fixture_is_read(self):
        """Its times are not plausible, but that is no reason to fail."""
        answer = json.loads((SAMPLES / "report_type.openapi-fixture.json").read_text())
        assert ReportType.from_stripe(answer).id == "balance.summary.1"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Paris", "'Europe/Paris'"),
        ("new york", "'America/New_York'"),
        ("Europe/Pari", "'Europe/Paris'"),
        ("europe/london", "'Europe/London'"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_nearest_ones(written, meant):
    """People write cities; IANA writes the continent first."""
    with pytest.raises(ParameterError, match=f"Did you mean .*{meant}"):
        zone_named(written)
