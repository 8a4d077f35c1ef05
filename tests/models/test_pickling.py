"""Errors and values can be sent between processes; those that cannot raise a clear error."""

import copy
import inspect
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime

import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from package_modules import package_modules
from stripe_reports.http.body import StartAgainError
from stripe_reports.render.remedies import everywhere

RUN = sr.ReportRun(
    id="frr_1",
    created=datetime(2026, 11, 1, tzinfo=UTC),
    livemode=False,
    report_type="balance.summary.2",
    parameters={"interval_start": 1790812800, "columns": ["net"]},
    status="failed",
    error="No.",
    result=sr.ResultFile(
        id="file_1", created=datetime(2026, 11, 1, tzinfo=UTC), links={"data": [{}]}, size=5
    ),
)

ARGUMENTS = {
    "problem": "It went wrong.",
    "message": "It went wrong.",
    "remedy": everywhere("Try again."),
    "run": RUN,
    "status": 400,
    "status_code": 400,
    "type_": "api_error",
    "code": "no",
    "param": "currency",
    "request_id": "req_1",
    "stripe_message": "No.",
    "path": "a.csv",
    "line": 5,
    "column": "net",
    "contradictions": ("the type a, not b",),
    "total": 3,
    "failed": 1,
    "missing": 1,
    "names": ("payouts.itemized.5, 2026-10-01/2026-11-01",),
}
"""An argument for each parameter of every error."""

WAYS = {f"pickle {n}": lambda value, n=n: pickle.loads(pickle.dumps(value, n)) for n in range(2, 6)} | {  # noqa: S301
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


def errors():
    """Every error and warning that a module of the package defines, so that a new one is tested too."""
    defined = {
        value for module in package_modules() for value in vars(module).values() if inspect.isclass(value)
    }
    return sorted(
        (
            class_
            for class_ in defined - SIGNALS
            if issubclass(class_, Exception) and class_.__module__.startswith("stripe_reports")
        ),
        key=lambda class_: class_.__name__,
    )


SIGNALS = {StartAgainError}
"""Exceptions that never leave the package: they hold what a caller is to be told."""


def pytest_generate_tests(metafunc):
    # Not by a mark: the process of the pool imports this module, and need not import the whole package.
    if "class_" in metafunc.fixturenames:
        metafunc.parametrize("class_", errors(), ids=lambda class_: class_.__name__)


def made(class_):
    _, *parameters = inspect.signature(class_.__init__).parameters.values()
    if parameters[0].kind is inspect.Parameter.VAR_POSITIONAL:  # the constructor of Exception
        return class_(ARGUMENTS["problem"])
    named = {p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    first = [ARGUMENTS[p.name] for p in parameters if p.name not in named]
    return class_(*first, **{name: ARGUMENTS[name] for name in named})


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_error_survives_pickle_and_copy(class_, way):
    """A process pool pickles what its task raises; an error that cannot be unpickled breaks the pool."""
    error = made(class_)
    error.add_note("That was the part to 2026-10-31.")
    back = way(error)
    assert type(back) is class_
    assert back is not error
    assert (str(back), back.args, vars(back)) == (str(error), error.args, vars(error))
    assert back.__notes__ == ["That was the part to 2026-10-31."]


def test_all_errors_are_tested():
    """The search above finds them automatically."""
    assert {getattr(sr.errors, name) for name in sr.errors.__all__} <= set(errors())


def fail(class_):
    raise class_("It went wrong.", RUN)


def test_a_process_pool_passes_errors_on_and_continues():
    """It used to break, with all of its other tasks."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for class_ in (sr.errors.RunFailedError, sr.errors.RunTimeoutError):
            error = pool.submit(fail, class_).exception()
            assert (type(error), str(error), error.run) == (class_, "It went wrong.", RUN)
        assert pool.submit(abs, -1).result() == 1


class TestValues:
    @pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
    def test_values_returned_by_a_client_survive_pickle_and_copy(self, client, way):
        """Tasks of a pool return reports, and debuggers copy values to show them."""
        report = client.fetch("balance.summary", "2026-10", currency="eur")
        for value in [
            report,
            report.request,
            report.run,
            report.run.result,
            report.reuse,
            report.provenance,
            client.report_type("payouts.itemized"),
            client.report_type("payouts.itemized").column("trace_id"),
            client.report_types(),
            client.runs(),
            client.stored(),
            client.plan("balance.summary", "2026-10"),
            client.settings.owner,
        ]:
            assert way(value) == value
        assert_frame_equal(way(report).frame(), report.frame())

    @pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
    def test_values_made_from_several_reports_survive_pickle_and_copy(self, client, way, tmp_path):
        """Their frames and verdicts show it."""
        reports = client.fetch_all("payouts.itemized", "2026-Q3", split="month")
        assert_frame_equal(way(reports).frame(), reports.frame())
        tied = client.tie_out("2026-10")
        assert way(tied).passes == tied.passes
        assert_frame_equal(way(tied).frame(), tied.frame())
        restated = client.restatement(next(iter(reports)))
        assert repr(way(restated)) == repr(restated)
        folder = client.evidence("2026-10", tmp_path / "close")
        assert repr(way(folder)) == repr(folder)
        verified = sr.verify(tmp_path / "close")
        assert repr(way(verified)) == repr(verified)

    @pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
    @pytest.mark.parametrize("name", ["client", "pending", "key"])
    def test_pickling_a_client_is_refused_with_a_remedy(self, client, name, way):
        """An error of ours that is also a TypeError, as callers of pickle expect."""
        pending = client.submit("balance.summary", "2026-10")
        pending.result(timeout=60)
        value = {"client": client, "pending": pending, "key": client.settings.api_key}[name]
        with pytest.raises(sr.errors.NotPicklableError, match=r"STRIPE_API_KEY|result\(\)|API key") as caught:
            way(value)
        assert isinstance(caught.value, TypeError)
        assert client.settings.api_key.reveal() not in str(caught.value)
