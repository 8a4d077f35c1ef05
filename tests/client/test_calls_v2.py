"""Every public call once with Reports v2: it gives what it gives with v1, whatever the run was."""

import pytest

import stripe_reports as sr
from stripe_reports.client import Client
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import ParameterError
from stripe_reports.report.report import Report
from stripe_reports.report.report_set import ReportSet

pytestmark = pytest.mark.filterwarnings("ignore::stripe_reports.PreviewWarning")

ASKED = ("payouts.itemized", "2026-09")
IN_PARTS = {"report_types": ASKED[0], "period": "2026-Q3", "split": "month"}


def launched(client):
    return client.launch(client.request(*ASKED))


def finished(client):
    return client.wait(launched(client))


def payout(client):
    return client.frame(*ASKED)["payout_id"][0]


def evidence(client, folder):
    written = client.evidence("2026-09", folder / "evidence", currency="kwd")
    return written.tie_out.passes, sr.verify(folder / "evidence").ok


CALLS = {
    "cache": lambda client, _: (client.fetch(*ASKED), client.cache.info().height)[1],
    "clock_skew": lambda client, _: (client.report_types(), client.clock_skew() is None)[1],
    "close": lambda client, _: client.close(),
    "compare": lambda client, _: client.compare("payouts.summary", "2026-09", "2026-08").sentence,
    "evidence": evidence,
    "explain_payout": lambda client, _: client.explain_payout(payout(client)).sentence,
    "fetch": lambda client, _: client.fetch(*ASKED).frame().rows(),
    "fetch_all": lambda client, _: client.fetch_all(**IN_PARTS).frame().rows(),
    "frame": lambda client, _: client.frame(*ASKED, currency="kwd").rows(),
    "launch": lambda client, _: launched(client).state,
    "now": lambda client, _: client.now().date(),
    "pending": lambda client, _: [run.id for run in client.pending()] == [launched(client).id],
    "plan": lambda client, _: client.plan(*ASKED).action,
    "plan_all": lambda client, _: client.plan_all(**IN_PARTS).counts,
    "read": lambda client, _: client.read(finished(client)).rows(),
    "report": lambda client, _: client.report(finished(client).id).request.days_text,
    "report_type": lambda client, _: client.report_type(ASKED[0]).column("net").kind,
    "report_types": lambda client, _: client.report_types("deposit")[0].base,
    "request": lambda client, _: client.request(*ASKED, currency="eur").days_text,
    "restatement": lambda client, _: client.restatement(client.fetch(*ASKED)).summary,
    "retrieve": lambda client, _: client.retrieve(launched(client).id).state,
    "runs": lambda client, _: (launched(client), len(client.runs()))[1],
    "scan": lambda client, _: client.scan(finished(client)).collect().rows(),
    "stored": lambda client, _: (client.fetch(*ASKED), len(client.stored()))[1],
    "submit": lambda client, _: client.submit(*ASKED).result(60).frame().rows(),
    "tie_out": lambda client, _: client.tie_out("2026-09", currency="kwd").frame().rows(),
    "wait": lambda client, _: finished(client).state,
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == "evidence" else [])
        for name in dir(Client)
        if not name.startswith("_")
    ],
)
def test_every_call_of_a_client_gives_the_same(name, simulator, tmp_path):
    """A new call must be tried here, too."""
    given = {}
    for api in ("v1", "v2"):
        folder = tmp_path / api
        folder.mkdir()
        with DemoClient(simulator, cache_dir=folder / "cache", api=api) as client:
            given[api] = CALLS[name](client, folder)
    assert given["v2"] == given["v1"]


OUTPUTS = {
    "chart": lambda made, _: made.chart().to_dict()["title"]["text"],
    "chart_kinds": lambda made, _: made.chart_kinds(),
    "frame": lambda made, _: made.frame().rows(),
    "scan": lambda made, _: made.scan().collect().height,
    "schema": lambda made, _: made.schema,
    "table": lambda made, _: made.table()._repr_html_().count("<tr"),
    "to_html": lambda made, _: "<html" in made.to_html(),
    "to_pandas": lambda made, _: made.to_pandas().shape,
    "write_csv": lambda made, path: (made.write_csv(path), path.read_bytes())[1],
    "write_excel": lambda made, path: made.write_excel(path),
    "write_parquet": lambda made, path: made.write_parquet(path),
}
"""What reports and sets make of themselves."""

ENDINGS = {"write_csv": "csv", "write_excel": "xlsx", "write_parquet": "parquet"}


@pytest.mark.parametrize("class_", [Report, ReportSet])
def test_reports_and_sets_make_the_same(class_, simulator, tmp_path):
    """Charts, pages, tables and files do not know which API gave the rows."""
    made = {}
    for api in ("v1", "v2"):
        with DemoClient(simulator, cache_dir=tmp_path / api, api=api) as client:
            each = client.fetch(*ASKED) if class_ is Report else client.fetch_all(**IN_PARTS)
            made[api] = {
                name: output(each, tmp_path / f"{api}.{ENDINGS.get(name)}")
                for name, output in OUTPUTS.items()
                if hasattr(class_, name)
            }
    assert made["v2"] == made["v1"]


def test_a_set_names_its_summary_instead_of_making_a_request_that_is_refused(simulator, tmp_path):
    """A request needs the id of its report, which the client gets from Stripe."""
    with DemoClient(simulator, cache_dir=tmp_path, api="v2") as client:
        quarter = client.fetch_all(**IN_PARTS)
        with pytest.raises(ParameterError, match=r"Fetch 'payouts\.summary' for the same period"):
            quarter.summary_request()
        assert quarter.tie_out(client.fetch("payouts.summary", IN_PARTS["period"]))["passes"].all()


def test_widgets_are_filled_in_from_the_reports_of_v2(simulator, tmp_path):
    """What they offer comes from the client; their names have no version."""
    with DemoClient(simulator, cache_dir=tmp_path, api="v2") as client:
        inputs = sr.inputs(client, ASKED[0], ["period", "currency"])
        inputs["period"].value = "2026-09"
        assert inputs.request == client.request(*ASKED)
        form = sr.explore(client, request=inputs.request)
        assert form.request == inputs.request
        form.close()
