"""What a type checker sees of the public calls. Checked by mypy, never run."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import assert_type

import polars as pl

import stripe_reports as sr

client = sr.Client(api_key="sk_test_1", account="acct_1", timezone="Europe/Paris", cache_dir=Path("x"))
demo: sr.Client = sr.demo()

assert_type(client.frame("balance.summary", "2026-10"), pl.DataFrame)
assert_type(client.frame("balance.summary", (date(2026, 1, 1), date(2026, 2, 1))), pl.DataFrame)
assert_type(client.frame("balance.summary", (datetime(2026, 1, 1, tzinfo=UTC), "2026-02-01")), pl.DataFrame)

report = client.fetch("payouts.itemized.5", "last month", currency="eur", reuse=timedelta(hours=1))
assert_type(report, sr.Report)
assert_type(report.frame(), pl.DataFrame)
assert_type(report.scan(), pl.LazyFrame)
assert_type(report.run, sr.ReportRun | sr.ReportRunV2)
assert_type(report.request, sr.ReportRequest)
assert_type(report.provenance, sr.Provenance)
assert_type(report.path, Path)
assert_type(len(report), int)
assert_type(report.schema, pl.Schema)
report.columns  # type: ignore[attr-defined]  # noqa: B018
assert_type(str(report.reuse), str)
assert_type(report.chart_kinds(), dict[str, str])
assert_type(report.to_html("net", rows=20), str)
report.chart("net", theme="dark", linked=True, currency="eur")
report.chart("net", every="week", top=3, title="October")
report.chart(curency="eur")  # type: ignore[call-arg]
report.table(row=5)  # type: ignore[call-arg]
report.chart(theme="black")  # type: ignore[arg-type]

year = client.fetch_all("payout_reconciliation.itemized", "2026", split="month")
assert_type(year, sr.ReportSet)
assert_type(year.parts, tuple[sr.Report | sr.SharedReport, ...])
assert_type(year.scan(), pl.LazyFrame)
assert_type(year.frame(), pl.DataFrame)
assert_type(year.reuse, tuple[sr.Decision, ...])
assert_type(year.provenance, tuple[sr.Provenance, ...])
assert_type(year.chart_kinds(), dict[str, str])
assert_type(year.to_html("net", rows=20), str)
assert_type(year.request, sr.ReportRequest)
assert_type(year.totals(), pl.DataFrame)
assert_type(year.tie_out(client.fetch(year.summary_request())), pl.DataFrame)
assert_type(client.submit("payouts.itemized", "2026-10").result(), sr.Report)
assert_type(report.write_csv("x.csv"), int)
assert_type(year.write_excel(Path("x.xlsx")), int)
assert_type(year.write_parquet("x.parquet"), int)

request = client.request("balance_change_from_activity.itemized", "2026-09", columns=["net"], timezone="UTC")
assert_type(request, sr.ReportRequest)
run = client.launch(request)
assert_type(client.wait(run, timeout=60), sr.ReportRun | sr.ReportRunV2)
assert_type(client.read(run), pl.DataFrame)
assert_type(client.scan(run), pl.LazyFrame)
assert_type(client.retrieve("frr_1"), sr.ReportRun | sr.ReportRunV2)
assert_type(client.runs(limit=5)[0], sr.ReportRun | sr.ReportRunV2)
assert_type(client.pending(), sr.ReportRuns)
assert_type(client.submit("payouts.itemized", "2026-10").run, sr.ReportRun | sr.ReportRunV2 | None)
assert_type(client.plan("balance.summary", "2026-10", currency="eur"), sr.FetchPlan)
assert_type(client.stored()[0], sr.Report)
assert_type(client.report(run), sr.Report)
assert_type(client.report_types()[0], sr.ReportType)
assert_type(client.report_types().frame(), pl.DataFrame)
assert_type(client.report_type("balance.summary.1"), sr.ReportType)
assert isinstance(run, sr.ReportRun)
assert_type(run.result, sr.ResultFile | None)
assert_type(run.created, datetime)
assert_type(run.as_of, datetime)
assert_type(run.duration, float | None)
assert_type(run.file, sr.ResultFile | None)
assert_type(sr.read_csv(b"", report_type="payouts.itemized"), pl.DataFrame)

tie = client.tie_out("2026-10", timezone="Europe/Paris", currency="eur")
assert_type(tie, sr.TieOut)
assert_type(tie.passes, bool)
assert_type(tie.rows("itemised = summary", "eur"), pl.DataFrame)
assert_type(tie.reports["summary"], sr.Report)
assert_type(sr.tie_out(summary=report.frame(), payouts=report.scan()), sr.TieOut)
assert_type(client.restatement(report), sr.Restatement)
assert_type(client.restatement(report).diff, sr.Diff)
assert_type(sr.diff(report.frame(), report.scan(), key=["payout_id"]), sr.Diff)
assert_type(client.compare("payouts.itemized", "2026-10", "2026-09", by="payout_type"), sr.Comparison)
assert_type(sr.Report.from_csv(Path("payouts.csv")), sr.FileReport)
assert_type(sr.Report.from_csv(b"").frame(), pl.DataFrame)
assert_type(sr.compare(report, report).frame(), pl.DataFrame)
assert_type(client.explain_payout("po_1"), sr.ExplainedPayout)
assert_type(client.explain_payout("po_1").bridge(), pl.DataFrame)
assert_type(client.evidence("2026-10", Path("close")), sr.EvidenceFolder)
assert_type(sr.verify("close"), sr.Verification)

form = sr.explore(client, request=request)
form.choose(report_type="payouts.itemized", period="2026-09", currency="eur")
assert_type(form.run().result(), sr.Report | sr.ReportSet)
assert_type(form.code, str)
client.fetch("balance.summary", "2026-10", progress=None)
client.fetch("balance.summary", "2026-10", progress="no")  # type: ignore[arg-type]

columns: Sequence[str] = ("net",)
client.fetch(request)
client.fetch("balance.summary", "2026-10", columns="all")
client.fetch("balance.summary", "2026-10", columns=columns)

client.fetch("balance.summary", "2026-10", reuse="sometimes")  # type: ignore[arg-type]
client.fetch("balance.summary", "2026-10", curency="eur")  # type: ignore[call-arg]
client.fetch("balance.summary", 2026)  # type: ignore[arg-type]
client.fetch_all("payouts.itemized", "2026", split="months")  # type: ignore[arg-type]
