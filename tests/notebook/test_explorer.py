"""The form as a widget: values in, state out; what is saved with a notebook, and what is not."""

import json
import re
import threading

import pytest

import stripe_reports as sr
from both_apis import BOTH_APIS
from stripe_reports.errors import ParameterError
from stripe_reports.notebook.form import Explorer
from stripe_reports.reconcile.tie_out import TieOut
from stripe_reports.render.currency_order import busiest_first, nonzero_rows
from stripe_reports.simulator import Fault


@pytest.fixture
def form(client):
    form = sr.explore(client)
    yield form
    form.close()


class View:
    """A view of the form, without a browser: the messages that it sends and receives."""

    def __init__(self, form, monkeypatch):
        self.form, self.answers, self._came = form, {}, threading.Condition()
        monkeypatch.setattr(form, "send", self._receive)

    def _receive(self, content, buffers=None):
        with self._came:
            if "seq" in content:  # others are news, which nobody asked for
                self.answers[content["seq"]] = content | {"buffers": buffers or []}
            self._came.notify_all()

    def wait_for(self, is_so):
        with self._came:
            for _ in range(2400):
                if is_so():
                    return
                self._came.wait(0.05)
        raise AssertionError("it did not come to that")

    def tell(self, what, **values):
        self.form._received(self.form, {"do": what, **values}, [])

    def ask(self, what, **values):
        seq = len(self.answers) + 1
        self.form._received(self.form, {"ask": what, "view": "v", "seq": seq, **values}, [])
        with self._came:
            assert self._came.wait_for(lambda: seq in self.answers, 120)
        return self.answers[seq]


@pytest.fixture
def view(form, monkeypatch):
    return View(form, monkeypatch)


def test_the_choices_of_a_view_are_the_request_and_the_code(form, view):
    """The form and its code always agree."""
    view.tell("choose_type", id="balance_change_from_activity.itemized.3")
    view.tell("choose", name="period", value="2026-09")
    view.tell("choose", name="timezone", value="Europe/Paris")
    view.tell("choose", name="currency", value="eur")
    view.tell("choose_columns", columns="all")
    view.tell("toggle_column", name="payment_metadata[order_id]", on=True)
    every = form.client.request("balance_change_from_activity.itemized.3", "2026-09", columns="all")
    wanted = form.client.request(
        "balance_change_from_activity.itemized.3",
        "2026-09",
        timezone="Europe/Paris",
        currency="eur",
        columns=[*every.columns, "payment_metadata[order_id]"],
    )
    assert form.request == wanted
    assert eval(form.code, {"client": form.client, "sr": sr}).request == wanted  # noqa: S307
    view.tell("choose_days", first="2026-09-01", last="2026-09-02")
    assert str(form.request.last_included_day) == "2026-09-02"


def test_observers_are_called_for_requests_and_reports(form, view):
    """In the order in which they occur."""
    seen, came = [], threading.Event()
    form.observe(lambda change: (seen.append(change.new), came.set()), "report")
    requests = []
    form.observe(lambda change: requests.append(change.new), "request")
    view.tell("choose", name="currency", value="e")
    assert (form.request, form.code) == (None, "")
    view.tell("choose", name="currency", value="eur")
    assert requests == [None, form.request]
    report = form.run().result(120)
    assert form.report is report
    assert came.wait(120)
    assert seen == [report]


def test_a_view_can_request_a_report_as_soon_as_it_is_announced(form):
    """Otherwise a fast view would get no rows."""
    told = []

    def heard(change):
        if run := change.new["result"]:
            told.append(form._contents is not None and form._contents.report.run.id == run)

    form.observe(heard, "shown")
    form.run().result(120)
    assert told
    assert all(told)


def test_code_can_control_the_form(form, client):
    """As a cell of a notebook or a test does."""
    form.choose(report_type="payouts.itemized", period="2026-09", currency="eur")
    assert form.request == client.request("payouts.itemized.5", "2026-09", currency="eur")
    form.choose(currency="e")
    with pytest.raises(sr.errors.ParameterError, match="three-letter"):
        form.run()


def test_the_state_that_may_be_saved_has_choices_but_no_report_contents(form, client):
    """Neither the key nor the contents of a report; those are sent on request and stored nowhere."""
    form.choose(report_type="balance_change_from_activity.itemized.3", period="2026-10")
    report = form.run().result(120)
    state = json.dumps(form.get_state(), default=str)
    assert client.settings.api_key.reveal() not in state
    frame = report.frame()
    texts = {text for name in ("balance_transaction_id", "description") for text in frame[name].drop_nulls()}
    assert not [text for text in texts if len(text) > 8 and text in state]
    amounts = {f"{amount:,.2f}" for amount in frame["gross"]}
    assert not [amount for amount in amounts if len(amount) > 6 and amount in state]
    assert str(report.path) not in state
    assert set(form.keys) >= {"static", "families", "column_groups", "shown"}
    assert not {"report", "request", "client"} & set(form.keys)


def test_a_view_gets_rows_chart_and_provenance_on_request(form, view):
    """And only that view gets them."""
    form.run().result(120)
    overview = view.ask("overview")
    assert (overview["view"], overview["answer"]["title"]) == (
        "v",
        "Balance summary · 2026-10-01 to 2026-10-31",
    )
    rows = view.ask("rows", offset=0, limit=5, sort="net_amount", descending=True, search="eur")
    assert len(rows["answer"]["rows"]) == 5
    assert view.ask("chart", kind=None)["answer"]["svg"].startswith("<svg")
    file = view.ask("file", format="csv")["answer"]
    piece = view.ask("piece", file=file["id"], offset=0)["buffers"][0]
    assert len(piece) == file["size"]
    assert view.ask("history")["answer"]["runs"] in (True, False)
    assert view.ask("known_ids", field="payout")["answer"] == {"ids": []}


WEEK = {"span": {"period": ["2026-10-05", "2026-10-06"]}, "bar": {}, "picked": [{"category": "charge"}]}


def select(form, view, **selections):
    """Select in the chart as a view does, and wait until the form knows."""
    told = threading.Event()
    follow = lambda _: told.set()  # noqa: E731
    form.observe(follow, "selected_code")  # the last thing that changes
    view.tell("select", run=form.report.run.id, kind="net", by="v", selections=WEEK | selections)
    assert told.wait(120)
    form.unobserve(follow, "selected_code")


@pytest.fixture
def activity(form):
    form.choose(report_type="balance_change_from_activity.itemized", period="2026-10", currency="eur")
    return form.run().result(120)


def test_a_selection_in_the_chart_filters_the_table_and_is_an_expression_and_code(form, view, activity):
    """All three give the same rows, and observers are called."""
    chart = view.ask("chart", kind=None)["answer"]
    assert (chart["kind"], chart["selections"]) == ("net", ["span", "bar", "picked"])
    spec = view.ask("live_chart", kind="net")["answer"]["spec"]
    assert "vega/v6" in spec["$schema"]
    seen = []
    form.observe(lambda change: seen.append(change.name), ["selected", "selected_code"])
    assert (form.selected, form.selected_code) == (None, "")
    select(form, view)
    rows = activity.frame().filter(form.selected)
    assert 0 < rows.height < activity.frame().height
    assert set(rows["created"].dt.date().cast(str)) == {"2026-10-05", "2026-10-06"}
    assert rows["reporting_category"].unique().to_list() == ["charge"]
    assert sorted(seen) == ["selected", "selected_code"]

    page = view.ask("rows", offset=0, limit=500)["answer"]
    assert (page["matching"], page["total"]) == (rows.height, activity.frame().height)
    assert [row[0] for row in page["rows"]] == rows["balance_transaction_id"].to_list()
    answer = view.ask("selection")["answer"]
    assert (answer["rows"], answer["total"]) == (rows.height, activity.frame().height)
    *lines, last = answer["code"].partition("report.scan()")
    names = {"client": form.client}
    exec("".join(lines[:1]), names)  # noqa: S102
    assert eval("report.scan()" + last, names).equals(rows)  # noqa: S307
    assert form.selected_code == "report.scan()" + last


def test_a_selection_ends_when_it_is_cleared_or_another_report_arrives(form, view, activity):
    """It belongs to the chart in which it was made."""
    for end in (
        lambda: select(form, view, span={}, picked=[]),
        lambda: (view.tell("unselect"), view.wait_for(lambda: not form.selected_code)),
        lambda: form.run("always").result(120),
    ):
        select(form, view)
        assert form.selected is not None
        end()
        assert (form.selected, form.selected_code, form.shown["selection"]) == (None, "", None)
        assert view.ask("selection")["answer"] == {"rows": None}
    view.tell("select", run="frr_of_before", kind="net", by="v", selections=WEEK)
    view.tell("select", run=form.report.run.id, kind="net", by="v", selections=WEEK)
    view.wait_for(lambda: form.selected_code)
    assert form.shown["selection"]["by"] == "v"


def test_a_selection_is_not_in_the_state_that_may_be_saved(form, view, activity):
    """A selection contains names and days of the report; a number stands for them."""
    select(form, view, picked=[{"category": "dispute_reversal"}])
    assert "dispute_reversal" in form.selected_code
    assert "dispute_reversal" not in json.dumps(form.shown, default=str)
    assert "2026-10-05" not in json.dumps(form.shown, default=str)
    assert set(form.shown["selection"]) == {"by", "number"}
    assert not {"selected", "selected_code"} & set(form.keys)


def test_a_damaged_cell_is_shown_and_not_saved(form, view, simulator):
    """The error quotes the cell, which a customer may have written; views request its text."""
    quoted = "jo@example.com 2026"

    def spoiled(_request, true_answer):
        response = true_answer()
        response.set_data(
            re.sub(rb"2026-\d\d-\d\d \d\d:\d\d:\d\d", quoted.encode(), response.get_data(), count=1)
        )
        return response

    simulator.faults.append(Fault("GET /v1/files/*/contents", change=spoiled))
    form.choose(report_type="payouts.itemized.5", period="2026-10")
    with pytest.raises(sr.errors.DamagedFileError, match=quoted):
        form.run().result(120)
    view.wait_for(lambda: form.shown["problem"])
    assert quoted in view.ask("problem")["answer"]["text"]
    assert "new run" in view.ask("problem")["answer"]["text"], "its notes are shown too"
    assert quoted not in json.dumps(form.get_state(), default=str)
    assert quoted not in json.dumps(form._repr_mimebundle_(), default=str)
    form.run().result(120)
    assert view.ask("problem")["answer"]["text"] == ""


def test_a_repeated_problem_is_reported_again(form, view, simulator):
    """Otherwise a view would show the text of the earlier one."""
    numbers = []
    for reason in ("One.", "Two."):
        form.model.trouble(sr.errors.StoreError(reason))
        assert view.ask("problem")["answer"]["text"] == reason
        numbers.append(form.shown["problem"]["number"])
    assert numbers[0] != numbers[1]


def test_the_chart_library_is_sent_on_request_and_not_saved(form, view, activity):
    """Once for all views, created in another process: the kernel stays free meanwhile."""
    library = view.ask("vega")["buffers"][0]
    assert b"export{" in library[-200:]
    assert b"vegaEmbed" in library[-200:]
    assert view.ask("vega")["buffers"][0] is library
    assert len(json.dumps(form.get_state(), default=str)) < 300_000


def test_the_controls_of_the_chosen_period_can_be_run_and_examined(form, view, simulator):
    """Whether its reports agree; and if they do not, the rows behind it."""
    form.choose(period="2026-09")
    outcome = view.ask("controls")["answer"]
    assert outcome["passes"]
    assert "controls pass" in outcome["title"]
    assert outcome["currencies"] == ["kwd", "eur", "usd", "jpy"]
    first = outcome["controls"][0]
    assert [cell["outcome"] for cell in first["cells"]] == ["passes"] * 4
    rows = view.ask("control_rows", control=first["control"], currency="eur")["answer"]
    assert rows["total"] == 0  # nothing stands behind a control that passes
    form.choose(report_type="payout_reconciliation.by_id.summary.1", payout="po_1")
    assert "Choose a report with a period" in view.ask("controls")["problem"]
    assert not form.shown["has_controls"]


def test_a_failed_control_leads_to_the_rows_behind_the_difference(form, view, monkeypatch):
    """A row that is missing from one report is named, with its amount."""
    honest = form.client.tie_out("2026-09")
    frames = {name: report.frame() for name, report in honest.reports.items()}
    lost = frames["activity"].row(0, named=True)
    frames["activity"] = frames["activity"].slice(1)
    monkeypatch.setattr(form.client, "tie_out", lambda *_, **__: TieOut.of(**frames))
    outcome = view.ask("controls")["answer"]
    assert not outcome["passes"]
    worst = [control["outcome"] for control in outcome["controls"]]
    assert worst == sorted(worst), "failures are on top"
    assert worst[0] == "fails"
    failed = outcome["controls"][0]
    where = {
        currency: cell["outcome"] == "fails"
        for currency, cell in zip(outcome["currencies"], failed["cells"], strict=True)
    }
    assert [currency for currency, fails in where.items() if fails] == [lost["currency"]]
    behind = view.ask("control_rows", control=failed["control"], currency=lost["currency"])["answer"]
    assert behind["total"] > 0
    assert len(behind["rows"][0]) == len(behind["columns"])


def test_a_period_longer_than_a_quarter_can_be_fetched_month_by_month(form, view, calls):
    """Closed months are stored one by one, and the next year of them asks only for the new one."""
    form.choose(report_type="payouts.itemized.5", period="2026-Q3")
    assert form.shown["period"]["by_month"] is None
    form.choose(period="2025")
    assert form.shown["period"]["by_month"] is False
    view.tell("by_month", on=True)
    view.wait_for(lambda: form.model.fetch_plan)
    assert form.shown["button"]["text"] == "Run 12 months"
    assert form.shown["button"]["why"].startswith("12 reports: 12 to launch, in about ")
    calls()
    reports = form.run().result(60)
    assert form.report is reports
    assert (len(reports), reports.split, reports.request) == (12, "month", form.request)
    assert not form.shown["is_other"]
    assert form.code == 'client.fetch_all("payouts.itemized.5", "2025", split="month")'
    assert eval(form.code, {"client": form.client}).paths == reports.paths  # noqa: S307
    assert len(calls("POST")) == 12
    assert "12 months launched" in view.ask("overview")["answer"]["reuse"]
    view.wait_for(lambda: form.model.fetch_plan)
    assert form.shown["button"]["text"] == "Show 12 months (stored)"
    view.tell("by_month", on=False)
    assert form.shown["is_other"]
    form.choose(report_type="ending_balance_reconciliation.summary.1")
    assert form.shown["period"]["by_month"] is None


def test_a_click_on_a_payout_explains_it(form, view):
    """Why the deposit is not the sales: the sentence, the bridge, its rows and its chart."""
    form.choose(report_type="payouts.itemized.5", period="2026-10", currency="eur")
    payouts = form.run().result(120).frame()
    assert [c["name"] for c in view.ask("overview")["answer"]["columns"] if c["payouts"]] == ["payout_id"]
    automatic = payouts.filter(payout_status="paid")["payout_id"][0]
    explained = form.client.explain_payout(automatic)
    shown = view.ask("payout", payout=automatic)["answer"]
    assert shown["sentence"] == explained.sentence
    assert [line["part"] for line in shown["bridge"]] == explained.bridge()["part"].to_list()
    assert shown["notes"][0] == f"Trace id {explained.trace_id}"
    assert shown["svg"].startswith("<svg")
    assert shown["code"] == f'client.explain_payout("{automatic}")'
    behind = view.ask("payout_rows", payout=automatic, part="sales")["answer"]
    assert behind["total"] == explained.rows("sales").height
    assert view.ask("payout_rows", payout="po_other", part="sales")["answer"]["rows"] == []
    assert explained.sentence not in json.dumps(form.get_state(), default=str)


def test_a_bar_of_one_payout_leads_to_its_explanation(form, view):
    """The bars of a composition are payouts; those of many payouts lead to their rows only."""
    form.choose(report_type="payout_reconciliation.itemized.7", period="2026-10", currency="eur")
    rows = form.run().result(120).frame()
    first, second = rows["automatic_payout_id"].unique(maintain_order=True)[:2]
    bars = [{"period": f"2026-10-05 {payout}", "category": "sales"} for payout in (first, second)]
    for chosen, payout in ((bars[:1], first), (bars, None)):
        told = threading.Event()
        form.observe(lambda _, told=told: told.set(), "selected_code")
        view.tell("select", run=form.report.run.id, kind="payouts", by="v", selections={"bar": chosen})
        assert told.wait(120)
        assert view.ask("selection")["answer"]["payout"] == payout


@BOTH_APIS
def test_the_chart_of_a_balance_shows_its_activity_if_that_is_stored(form, view, calls):
    """The form fetches nothing that nobody asked for."""
    form.choose(report_type="balance.summary", period="2026-10", currency="eur")
    view.wait_for(lambda: form.request)
    form.run().result(120)
    calls()
    assert "Gross activity" in view.ask("chart", kind=None)["answer"]["svg"]
    assert not calls("POST")
    form.client.fetch("balance_change_from_activity.summary", "2026-09")
    few = ["reporting_category", "net", "currency"]
    form.client.fetch("balance_change_from_activity.summary", "2026-10", columns=few)
    form.run("always").result(120)
    assert "Gross activity" in view.ask("chart", kind=None)["answer"]["svg"]
    form.client.fetch("balance_change_from_activity.summary", "2026-10")
    form.run("always").result(120)
    calls()
    svg = view.ask("chart", kind=None)["answer"]["svg"]
    assert ("Refunds" in svg, "Gross activity" in svg) == (True, False)
    assert not calls("POST")


def test_balances_month_by_month_show_the_activity_of_the_months_where_it_is_stored(form, view, calls):
    """The others show their gross activity; so does the chart of all of them together."""
    form.choose(report_type="balance.summary.2", period="2026-05-01/2026-10-01", currency="eur")
    view.tell("by_month", on=True)
    form.client.fetch("balance_change_from_activity.summary", "2026-06")
    form.run().result(120)
    calls()
    svg = view.ask("chart", kind=None)["answer"]["svg"]
    assert "June 2026 refunds" in svg
    assert "June 2026 gross activity" not in svg
    assert "July 2026 gross activity" in svg
    whole = view.ask("chart", kind="waterfall")["answer"]["svg"]
    assert "Gross activity" in whole
    assert "Unexplained" not in whole
    assert not calls("POST")


def test_currencies_are_suggested_in_the_order_of_the_report_that_is_shown(form, view):
    """One order everywhere; all others follow by name."""
    form.choose(report_type="balance_change_from_activity.summary.2", period="2026-10")
    rows = form.run().result(120).frame()
    form.choose(report_type="payouts.itemized.5", period="2026-10")
    shown = form.run().result(120).frame()
    wanted = list(filter(None, busiest_first(nonzero_rows(shown))))
    assert view.ask("known_ids", field="currency")["answer"]["ids"][: len(wanted)] == wanted
    assert wanted != sorted(rows["currency"].unique())
    assert form.static["currencies"] == sorted(form.static["currencies"])


def test_a_click_on_a_manual_payout_says_why_it_cannot_be_explained(form, view):
    """In the place of the explanation."""
    form.choose(report_type="payouts.itemized.5", period="2026-10", currency="kwd")
    manual = form.run().result(120).frame()["payout_id"][0]
    assert "automatic payouts only" in view.ask("payout", payout=manual)["problem"]


def test_a_request_that_cannot_be_answered_gets_the_reason(form, view, caplog):
    """In the view that asked, not in a log that nobody reads."""
    assert view.ask("rows")["answer"] == {}  # there is no report yet
    form.choose(report_type="payouts.itemized.3", columns=["payout_id"])
    form.run().result(120)
    assert "problem" in view.ask("chart", kind=None)
    assert "KeyError" in view.ask("nonsense")["problem"]
    view.tell("nonsense")
    assert "unknown message" in caplog.text


def test_buttons_of_a_view_run_renew_load_and_cancel(form, view, calls):
    """Each button does what its label says."""
    view.tell("run")
    form.run().result(120)
    first = form.report
    calls()
    form._work._look_up(False)
    view.tell("load", id=first.run.id)
    view.tell("refresh_history")
    view.tell("cancel")
    assert calls("POST") == []
    view.tell("renew")
    again = form.run().result(120)
    assert len(calls("POST")) == 1 or again.run.id == first.run.id


def test_a_terminal_and_a_page_without_widgets_show_the_code(form):
    """The request, as code; text is escaped."""
    assert "balance.summary.2" in repr(form)
    data, _ = form._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "sr.ReportRequest(" in data["text/plain"]
    assert "client.fetch(&quot;balance.summary.2&quot;" in data["text/html"]
    form.choose(currency="<b>")
    assert "&lt;b&gt;" in form._repr_mimebundle_()[0]["text/html"]
    form.choose(currency="eur")
    form.run().result(120)
    assert "Launched" in repr(form)


def test_the_form_can_be_filled_in_with_a_request(client):
    """Code becomes a form."""
    request = client.request("payouts.itemized", "2026-09", currency="usd")
    form = sr.explore(client, request=request)
    assert isinstance(form, Explorer)
    assert form.request == request
    form.close()


@pytest.fixture
def downloaded(client, tmp_path):
    """A file as from the Dashboard."""
    report = client.fetch("payouts.itemized.5", "2026-09")
    path = tmp_path / "September.csv"
    report.write_csv(path)
    return path


def test_the_form_opens_a_file_with_table_chart_and_code(client, downloaded, monkeypatch, calls):
    """A file from the Dashboard is shown like a fetched report, and Stripe is not asked for it."""
    file = sr.Report.from_csv(downloaded)
    calls()
    form = sr.explore(client, report=file)
    view = View(form, monkeypatch)
    assert form.report is file
    assert form.shown["type"]["id"] == file.request.report_type
    overview = view.ask("overview")["answer"]
    assert overview["title"] == "Itemized payouts · September.csv"
    assert overview["reuse"] == str(file.reuse)
    assert ("File", f"{downloaded}, {downloaded.stat().st_size:,} bytes") in overview["provenance"]
    assert view.ask("rows", limit=1)["answer"]["total"] == len(file)
    assert view.ask("chart", kind=None)["answer"]["run"] == form.shown["result"]
    assert view.ask("file", format="parquet")["answer"]["name"] == "September.parquet"
    opened = {}
    exec(form.shown["code"], opened)  # noqa: S102
    assert opened["report"].provenance == file.provenance
    assert not form.shown["is_other"]
    form.choose(period="2026-09")
    assert form.shown["is_other"]
    assert form.shown["code"].startswith("report = client.fetch(")
    assert calls("POST") == []
    form.close()


def test_the_form_opens_a_report_or_a_set(client, monkeypatch):
    """The choices are those of its request, and nothing is launched."""
    report = client.fetch("payouts.itemized", "2026-09")
    form = sr.explore(client, report=report)
    assert (form.report, form.request) == (report, report.request)
    form.close()
    quarter = client.fetch_all("payouts.itemized", "2026-Q3", split="month")
    form = sr.explore(client, report=quarter)
    view = View(form, monkeypatch)
    overview = view.ask("overview")["answer"]
    assert overview["title"] == "Itemized payouts · 2026-07-01 to 2026-09-30"
    assert overview["reuse"] == f"{quarter.reuse_summary}."
    assert sum(part.run.id in text for part in quarter for _, text in overview["provenance"]) == 3
    assert view.ask("rows", limit=1)["answer"]["total"] == quarter.frame().height
    assert "per month" in view.ask("chart", kind=None)["answer"]["svg"]
    assert view.ask("file", format="parquet")["answer"]["size"] > 0
    form.close()


def test_only_a_report_can_be_shown(client):
    """And a set of several types names them."""
    both = client.fetch_all(["payouts.itemized", "payouts.summary"], "2026-09")
    with pytest.raises(ParameterError, match="several types"):
        sr.explore(client, report=both)
    with pytest.raises(ParameterError, match="not a DataFrame"):
        sr.explore(client, report=both.frame("payouts.summary"))


def test_an_invalid_request_for_the_form_is_refused(client):
    """A name is not a request; no incomplete form is left behind."""
    with pytest.raises(ParameterError, match=r"client\.request\(\.\.\.\) makes one"):
        sr.explore(client, "payouts.itemized")


def test_styles_and_markup_of_the_form_affect_nothing_else(form):
    """No rule applies outside of the form, no text of a report is inserted as markup, nothing is loaded."""
    css = re.sub(r"/\*.*?\*/", "", form._css, flags=re.DOTALL)
    css = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", css))  # what is in brackets narrows further
    for selectors in re.findall(r"([^{}]+)\{", css):
        if "@container" not in selectors:
            assert all(one.strip().startswith(".sr-explorer") for one in selectors.split(",")), selectors
    assert "url(" not in css
    code = form._esm.replace("import(url)", "", 1)  # Vega, whose text Python sends
    code = code.replace('element.innerHTML = html.join("")', "", 1)  # of the user's functions, as of a cell
    for banned in ("innerHTML", "insertAdjacentHTML", "eval(", "http://", "https://cdn", "import("):
        assert banned not in code, banned


def test_a_view_tells_which_report_it_shows(form):
    """Marimo runs cells again for a change by a view. It sends an id, which changes nothing else."""
    told = []
    form.observe(told.append, "run_id")
    report = form.run().result()
    form.set_state({"run_id": report.run.id})
    assert [change["new"] for change in told] == [report.run.id]
    assert form.report is report
