"""The form in JupyterLab, in a real browser: what an analyst does with it, from opening to coming back."""

import json
import re

import pytest
from lab import Form, Notebook
from reopening import (
    SavedNotebook,
    check_a_converted_page,
    check_a_form_from_its_saved_state,
    check_a_saved_notebook,
)
from servers import write_notebook

from report_words import MEANT

playwright = pytest.importorskip("playwright.sync_api", reason="needs the dependency group 'browser'")
expect = playwright.expect

SERVER = "lab"

OPEN = """\
import os
import stripe_reports as sr
client = sr.Client(base_url=os.environ["STRIPE_URL"])
form = sr.explore(client)
form
"""


@pytest.fixture
def opened(page, jupyter, folder, request):
    """A notebook whose first cell shows the form; three more are empty."""
    path = write_notebook(folder / f"{abs(hash(request.node.name))}.ipynb", OPEN, "", "", "")
    book = Notebook(page, jupyter, path)
    book.run(0)
    yield book, Form(page)
    book.shut_down()


def test_a_report_is_chosen_run_shown_and_copied_as_code(opened, page, launches, stripe, shot):
    """Choose, see the problems, run, work meanwhile, read the table, copy the code, continue tomorrow."""
    book, form = opened
    form.wait_for_button("Run report")
    shot("lab-opened")

    # Choosing: problems stand at their field while typing, and nothing is sent.
    form.choose_type("itemized balance change from act")
    form.field("Currency").fill("eu")
    problem = form.root.locator(".sr-problem", has_text="three-letter")
    problem.wait_for()
    assert form.button.is_disabled()
    assert "Currency" in form.root.locator(".sr-bar").inner_text()
    form.field("Currency").fill("eur")
    problem.wait_for(state="hidden")
    form.root.get_by_label("First day").fill("2026-10-20")
    form.root.get_by_label("Last day").fill("2026-10-10")
    form.root.locator(".sr-problem", has_text="is after the last one").wait_for()
    shot("lab-problem")
    form.root.get_by_label("Last day").fill("2026-10-29")
    bounds = form.root.locator(".sr-bounds", has_text="10 days")
    bounds.wait_for()
    assert "2026-10-20 00:00" in bounds.inner_text()
    assert "2026-10-30 00:00" in bounds.inner_text()
    assert "last day 2026-10-29" in bounds.inner_text()
    assert launches() == 0

    # Running: the kernel is free meanwhile.
    form.wait_for_button("Run report")
    form.button.click()
    form.root.locator(".sr-running", has_text="Stripe is processing run frr_").wait_for()
    shot("lab-running")
    book.write(1, "6 * 7")
    book.run(1)
    assert book.output(1) == "42"
    assert form.root.locator(".sr-running").is_visible()

    # The result.
    rows = form.rows()
    assert rows.count() == 100
    head = form.root.locator(".sr-table thead").inner_text()
    assert "balance_transaction_id" in head
    count = form.root.locator(".sr-table [role=status]")
    assert count.inner_text() == "Showing 1–100 of 334"
    assert form.root.locator(".sr-figures dt").all_inner_texts() == ["EUR"]
    gross = form.root.locator("thead th").all_inner_texts().index("gross")
    first = rows.first.locator("td").nth(gross)
    assert first.evaluate("cell => getComputedStyle(cell).textAlign") == "right"
    form.root.get_by_role("button", name="gross").click()
    form.root.locator('th[aria-sort="ascending"]').wait_for()
    page.wait_for_function("() => !document.querySelector('.sr-table[aria-busy]')")
    assert first.inner_text().startswith("−")
    form.root.get_by_label("Search rows").fill("dispute")
    form.root.locator(".sr-table [role=status]", has_text="that match").wait_for()
    form.tab("Chart")
    form.root.locator(".sr-chart svg").wait_for()
    assert form.tab("Provenance").inner_text().count("frr_") >= 1
    shot("lab-result")

    # The code makes the same frame.
    assert launches() == 1
    code = form.tab("Code")
    code.get_by_role("button", name="Copy code").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith('report = client.fetch(\n    "balance_change_from_activity.itemized.7"')
    book.write(1, copied + "\nreport.frame().equals(form.report.frame()), report.request == form.request")
    book.run(1)
    assert book.output(1) == "(True, True)"
    assert launches() == 0

    # What was shown is not in the file: neither the key nor anything of the report.
    saved = book.save()
    states = saved["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert {state["model_name"] for state in states.values()} == {"AnyModel", "LayoutModel"}  # the form alone
    text = json.dumps(saved)
    assert stripe.key not in text
    assert not re.search(r"txn_\w{6,}", text)
    row = form.root.locator(".sr-table tbody tr").first.locator("td").all_text_contents()
    assert not [cell for cell in row if len(cell) > 7 and cell in text]

    # Tomorrow: a new kernel loads it from the history, and nothing is launched.
    book.restart()
    book.run(0)
    form = Form(page)
    form.root.get_by_text("Earlier runs").click()
    form.root.get_by_role("button", name="Itemized balance change from activity").first.click()
    assert form.rows().count() == 100
    assert form.field("Currency").input_value() == "eur"
    form.wait_for_button("Show (stored")
    shot("lab-history")
    assert launches() == 0
    assert page.strangers == []


LATE_TIMERS = """() => {
    const soon = window.setTimeout;
    window.setTimeout = (callback, wait = 0, ...rest) => soon(callback, wait + 100, ...rest);
}"""


def test_typing_into_the_report_field_searches(opened, page):
    """The title in the field is never part of the search: after Escape, or wherever the focus was.

    Nor is a letter lost on a busy page, whose timers run late: keys are handled before them.
    """
    _, form = opened
    page.evaluate(LATE_TIMERS)
    chosen = form.root.locator(".sr-picker > .sr-hint code").first
    form.root.get_by_role("combobox", name="Report", exact=True).click()
    page.keyboard.press("Escape")
    form.choose_type("payouts summary")
    expect(chosen).to_have_text("payouts.summary.2")
    form.choose_type("payouts.itemized.5")
    expect(chosen).to_have_text("payouts.itemized.5")
    page.keyboard.type("balance.summary.2")
    page.keyboard.press("Enter")
    expect(chosen).to_have_text("balance.summary.2")


def test_words_of_people_find_a_report_in_the_form(opened, page, shot):
    """A report that this key cannot run stays below those that it can, with the reason."""
    _, form = opened
    field = form.root.get_by_role("combobox", name="Report", exact=True)
    options = form.root.locator(".sr-option")
    found = {}
    for words in MEANT:
        field.click()
        field.fill(words)
        runnable = form.root.locator(".sr-option:not([aria-disabled])").locator("code").all_inner_texts()
        refused = form.root.locator(".sr-option[aria-disabled]").locator("code").all_inner_texts()
        found[words] = {ids[0].rpartition(".")[0] for ids in (runnable, refused) if ids}
    assert {words for words, report_type in MEANT.items() if report_type not in found[words]} == set()
    field.fill("deposit")
    expect(options.and_(form.root.locator(".sr-active")).locator("code")).to_have_text("payouts.itemized.5")
    shot("lab-words")
    field.fill("weather")
    expect(form.root.get_by_text("No report matches these words")).to_be_visible()


def test_the_form_is_shown_before_altair_is_loaded(opened):
    """Charts are the slowest import, and not everyone needs one."""
    book, _ = opened
    book.write(1, "import sys; 'altair' in sys.modules, 'anywidget' in sys.modules")
    book.run(1)
    assert book.output(1) == "(False, True)"


def test_an_error_is_shown_in_the_form_with_its_remedy(opened, page, stripe, launches, shot):
    """The next press of the button starts again."""
    book, form = opened
    form.choose_type("payouts summary")
    form.field("Period").select_option("2026-08")
    form.wait_for_button("Run report")
    stripe.inject_fault("run.failed")
    form.button.click()
    form.error.get_by_text("fetch again").wait_for()
    assert "The run failed" in form.error.inner_text()
    saved = json.dumps(book.save())
    assert "The run failed" in saved
    assert "fetch again" not in saved, "the text of an error may quote a cell"
    shot("lab-error")
    form.button.click()
    form.error.wait_for(state="hidden")
    assert form.rows().count() > 0
    assert launches() == 2
    assert page.strangers == []


def test_a_run_can_be_joined_again_after_cancelling(opened, launches):
    """Nothing is lost, and nothing is launched twice."""
    _, form = opened
    form.choose_type("payouts summary")
    form.field("Period").select_option("2026-07")
    form.wait_for_button("Run report")
    form.button.click()
    form.root.locator(".sr-running", has_text="frr_").wait_for()
    form.root.get_by_role("button", name="Cancel").click()
    form.root.locator(".sr-notice", has_text="continues at Stripe").wait_for()
    form.wait_for_button("Continue waiting")
    form.button.click()
    assert form.rows().count() > 0
    assert launches() == 1


IS_KEPT = (
    """text => JSON.stringify(window.jupyterapp.shell.currentWidget.model.toJSON()).split(text).length > 2"""
)


def test_two_views_of_a_form_share_its_state(opened, page, launches, shot):
    """Whichever view is used; and a reload of the page restores it, and keeps what is chosen after it."""
    book, first = opened
    book.write(1, "form")
    book.run(1)
    second = Form(page, 1)
    second.choose_type("payouts.itemized.5")
    second.field("Currency").fill("usd")
    page.wait_for_function(
        "() => document.querySelector('.sr-explorer .sr-picker code').textContent == 'payouts.itemized.5'"
    )
    first.wait_for_button("Run report")
    expect(first.field("Currency")).to_have_value("usd")
    first.button.click()
    first.button.click(force=True)  # joins the run in flight
    assert second.rows().count() == first.rows().count() > 0
    assert launches() == 1

    second.root.get_by_label("Search rows").fill("zzz")
    second.root.locator(".sr-table [role=status]", has_text="Showing 0").wait_for()
    assert first.rows().count() > 0  # where one looks is each view's own

    book.save()
    page.reload()
    again = Form(page)
    assert again.field("Currency").input_value() == "usd"
    assert again.rows().count() > 0
    shot("lab-reloaded")
    again.field("Currency").fill("kwd")
    page.wait_for_function(IS_KEPT, arg="currency=&quot;kwd&quot;")
    for cell in book.save()["cells"][:2]:
        (kept,) = [html for output in cell["outputs"] if (html := output["data"].get("text/html"))]
        assert "currency=&quot;kwd&quot;" in "".join(kept)


def test_the_controls_of_the_period_run_with_one_click(opened, shot):
    """They tell whether the month's reports agree, before anybody approves them."""
    _, form = opened
    form.tab("Controls")
    form.root.get_by_role("button", name="Check this period").click()
    form.root.locator(".sr-passes").first.wait_for()
    assert form.root.locator(".sr-fails").count() == 0
    form.root.locator("[role=status]", has_text=re.compile(r"(\d+) of \1 controls pass")).wait_for()
    matrix = form.root.locator(".sr-matrix")
    heads = ["control", "EUR", "KWD", "USD", "JPY"]
    assert matrix.locator("thead th").all_inner_texts() == heads
    matrix.locator("button.sr-passes").first.click()
    form.root.get_by_text("starting + activity + payouts = ending, EUR: passes").wait_for()
    shot("lab-controls")


def test_the_chart_is_drawn_before_its_tab_is_opened(opened, page):
    """Once the rows are shown, so that it waits for nothing and nothing waits for it."""
    book, form = opened
    form.button.click()
    form.rows()
    book.write(1, "list(form._contents._charts) == ['waterfall']")
    for _ in range(60):
        book.run(1)
        if book.output(1) == "True":
            break
        page.wait_for_timeout(500)
    assert book.output(1) == "True"
    form.tab("Chart")
    form.root.locator(".sr-chart svg").wait_for()


def test_a_click_on_a_payout_explains_it(opened, page, shot):
    """Why the deposit is not the sales, without another request by hand."""
    _, form = opened
    form.choose_type("payouts.itemized.5")
    form.field("Currency").fill("eur")
    form.wait_for_button("Run report")
    form.button.click()
    form.rows().filter(has_text="paid").first.locator("button.sr-link").click()
    panel = form.root.get_by_role("tabpanel", name="Payout")
    panel.locator(".sr-chart svg").wait_for()  # after two more runs
    expect(panel.get_by_text(re.compile(r"EUR arrived on .* of sales, less"))).to_be_visible()
    panel.get_by_role("button", name="sales", exact=True).click()
    expect(panel.get_by_text(re.compile(r"sales: (\d+) of \1 rows"))).to_be_visible()
    panel.scroll_into_view_if_needed()
    shot("lab-payout")
    form.choose_type("payout_reconciliation.itemized.7")
    form.wait_for_button(re.compile("Run report|Show"))
    form.button.click()
    form.root.locator(".sr-heading", has_text="payout reconciliation").wait_for()
    expect(form.root.get_by_role("tab", name="Payout")).to_be_hidden()
    form.tab("Chart")
    form.live_chart().first.click()
    form.root.get_by_role("button", name="Explain the payout").click()
    panel.locator(".sr-chart svg").wait_for()
    expect(panel.get_by_text(re.compile(r"EUR (arrived|due) on .* of sales, less"))).to_be_visible()
    assert page.strangers == []


def test_a_long_period_is_fetched_month_by_month_and_is_one_chart(opened, launches, shot):
    """With a click; a period of a quarter or less does not offer it."""
    _, form = opened
    form.choose_type("payouts.itemized.5")
    months = form.root.get_by_label("Month by month")
    expect(months).to_be_hidden()
    form.root.get_by_label("First day").fill("2026-04-01")
    months.check()
    form.wait_for_button("Run 7 months")
    launches()
    form.button.click()
    form.rows()
    assert launches() == 7
    form.root.locator(".sr-reuse", has_text="months").wait_for()
    form.tab("Chart").locator(".sr-chart svg").wait_for()
    form.root.locator(".sr-heading").scroll_into_view_if_needed()
    shot("lab-months")


LOSE_A_ROW = """\
honest = client.tie_out
def lossy(*period, **options):
    frames = {name: report.frame() for name, report in honest(*period, **options).reports.items()}
    return sr.tie_out(**{**frames, "activity": frames["activity"].slice(1)})
client.tie_out = lossy
"""


def test_failed_controls_are_on_top_and_lead_to_their_rows(opened, shot):
    """An analyst looks at the failures, not for them."""
    book, form = opened
    book.write(1, LOSE_A_ROW)
    book.run(1)
    form.tab("Controls")
    form.root.get_by_role("button", name="Check this period").click()
    matrix = form.root.locator(".sr-matrix")
    fails = matrix.locator("tbody tr").first.locator("button.sr-fails")
    fails.wait_for()
    fails.click()
    form.root.get_by_text(re.compile("rows behind the difference")).wait_for()
    form.root.locator(".sr-matrix").scroll_into_view_if_needed()
    shot("lab-controls-failed")


def test_hostile_text_stays_text(opened, page, shot):
    """Scripts, images and formulas from a report are shown as text in a cell."""
    _, form = opened
    form.choose_type("balance_change_from_activity.itemized.7")
    form.field("Period").select_option("last quarter")
    form.wait_for_button("Run report")
    form.button.click()
    form.rows()
    form.root.get_by_label("Search rows").fill("<script>")
    form.root.locator(".sr-table td", has_text="<script>alert(1)</script>").first.wait_for()
    form.root.get_by_label("Search rows").fill("onerror")
    form.root.locator(".sr-table td", has_text="<img src=x onerror=alert(1)>").first.wait_for()
    root = form.root.locator(".sr-root")
    assert root.evaluate("form => form.offsetWidth <= form.parentElement.clientWidth")  # the table scrolls
    shot("lab-hostile")
    assert form.root.locator(".sr-table img, .sr-table script").count() == 0
    form.tab("Chart")
    form.root.locator(".sr-chart svg").wait_for()
    assert form.root.locator(".sr-chart script").count() == 0
    assert page.alerts == []


SAME_ROWS = """\
selected = _
days = sorted({str(day) for day in selected["created"].dt.date()})
selected.equals(form.report.frame().filter(form.selected)), selected.height, days"""


def test_what_is_selected_in_the_chart_filters_the_table_and_is_code(opened, page, stripe, shot):
    """Drag over days, click on a bar: the table, the expression and the code have the same rows."""
    book, form = opened
    form.choose_type("itemized balance change from act")
    form.field("Period").select_option("2026-10")
    form.field("Currency").fill("eur")
    form.wait_for_button("Run report")
    page.wait_for_function("() => document.querySelector('.sr-bounds').innerText.includes('31 days')")
    form.button.press("Enter")
    form.rows()
    total = re.search(r"of ([\d,]+)", form.root.locator(".sr-table [role=status]").inner_text())[1]
    form.tab("Chart")
    form.root.locator(".sr-chart svg").wait_for()  # a picture at once; one can select a little later
    marks = form.live_chart()
    charges = [mark for mark in marks.all() if " charge " in mark.get_attribute("aria-label")]
    days = [re.match(r"[\d-]+", mark.get_attribute("aria-label"))[0] for mark in charges]
    form.drag(charges[4], charges[7])
    bar = form.root.locator(".sr-selection:visible")
    bar.wait_for()
    said = re.match(rf"([\d,]+) of {total} rows selected in the chart", bar.inner_text())
    assert said, bar.inner_text()
    shot("lab-selected")

    bar.get_by_role("button", name="Show the rows").click()
    count = form.root.locator(".sr-table [role=status]", has_text=f"of {said[1]} that match, {total} in all")
    count.wait_for()
    created = form.root.locator("thead th").all_inner_texts().index("created")
    shown = {row.locator("td").nth(created).inner_text()[:10] for row in form.rows().all()}
    assert shown <= set(days[4:8])
    shot("lab-selected-rows")

    form.tab("Code").get_by_role("button", name="Copy code").click()
    book.write(1, page.evaluate("navigator.clipboard.readText()"))
    book.run(1)
    book.write(2, SAME_ROWS)
    book.run(2)
    same, rows, its_days = eval(book.output(2))  # noqa: S307
    assert (same, f"{rows:,}", its_days) == (True, said[1], days[4:8])

    # Nothing of it is in the file, and nothing was asked of anybody.
    states = book.save()["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    text = json.dumps(states)
    assert "vegaEmbed" not in text.replace("vega.vegaEmbed(", "")
    assert "is_between" not in text
    assert page.strangers == []

    # Cleared from the table, the chart is whole again; and a bar can be clicked.
    form.tab("Table").get_by_role("button", name="Clear selection").click()
    form.root.locator(".sr-table [role=status]", has_text=f"of {total}").wait_for()
    form.tab("Chart")
    bar.wait_for(state="hidden")
    expect(form.root.locator('.sr-live path[aria-label][opacity="0.25"]')).to_have_count(0)
    form.root.locator(f'.sr-live path[aria-label^="{days[9]} charge "]').click()
    bar.wait_for()
    book.write(3, "form.selected_code")
    book.run(3)
    year, month, day = map(int, days[9].split("-"))
    assert f"date({year}, {month}, {day})" in book.output(3)
    assert '(pl.col("reporting_category") == "charge")' in book.output(3)
    assert page.strangers == []


CHARTS = """\
import os
import altair as alt
import stripe_reports as sr
from stripe_reports.charts.selections import selection_expr
client = sr.Client(base_url=os.environ["STRIPE_URL"])
report = client.fetch("payouts.itemized", "2026-10", currency="eur")
report.chart()"""
LIVE = """\
alt.JupyterChart.enable_offline()
chart = report.chart(linked=True, every="day")
live = alt.JupyterChart(chart, embed_options={"renderer": "svg", "actions": False})
live"""
SOME = """\
frame = report.frame()
frame.filter(selection_expr(chart, live.selections).expr).height, frame.height"""


def test_charts_are_drawn_in_a_plain_notebook_without_internet(page, jupyter, folder, shot):
    """As a picture, and as altair's own widget, in which rows can be selected."""
    book = Notebook(page, jupyter, write_notebook(folder / "charts.ipynb", CHARTS, LIVE, ""))
    book.run(0)
    assert "Payouts" in book.cells.nth(0).locator(".jp-OutputArea-output svg").text_content()
    book.run(1)
    bars = book.cells.nth(1).locator("svg path[aria-label]")
    bars.first.wait_for()
    bars.nth(2).click()
    book.write(2, SOME)
    page.wait_for_timeout(300)  # altair gathers selections for a moment
    book.run(2)
    some, every = eval(book.output(2))  # noqa: S307
    assert 0 < some < every
    shot("lab-charts")
    book.shut_down()
    assert page.strangers == []


INTERACT = """\
import os
import ipywidgets
import stripe_reports as sr
client = sr.Client(base_url=os.environ["STRIPE_URL"])

@ipywidgets.interact(period=["2026-05", "2026-04"])
def payouts(period):
    print("Payouts in", period)
    return client.fetch("payouts.summary", period).frame()"""


def test_a_wait_is_shown_within_interact(page, jupyter, folder, shot):
    """When another value is chosen; afterwards only what the function shows remains."""
    book = Notebook(page, jupyter, write_notebook(folder / "interact.ipynb", INTERACT))
    book.run(0)
    area = page.locator(".widget-interact")
    area.locator("select").select_option("2026-04")
    area.get_by_text(re.compile(r"Payouts in 2026-04\s.*is pending · ", re.DOTALL)).first.wait_for()
    shot("lab-interact-waits")
    area.locator("table").wait_for()
    expect(area).to_contain_text("Payouts in 2026-04")
    expect(area).not_to_contain_text("pending")
    shot("lab-interact")
    book.shut_down()


@pytest.mark.parametrize(
    ("button", "ending", "start"), [("CSV", "csv", b"category"), ("Parquet", "parquet", b"PAR1")]
)
def test_a_report_is_downloaded_by_the_browser(opened, page, folder, button, ending, start):
    """Through the widget's connection, in pieces: no file is left beside the notebook."""
    _, form = opened
    form.wait_for_button(re.compile("Run report|Show|Continue"))  # whatever the tests before it have left
    form.button.click()
    form.rows()
    with page.expect_download() as download:
        form.root.get_by_role("button", name=button).click()
    file = download.value
    assert file.suggested_filename == f"balance.summary.2 2026-10-01 to 2026-10-31.{ending}"
    content = file.path().read_bytes()
    assert content.startswith(start)
    assert not list(folder.glob(f"*.{ending}"))


def test_the_form_is_readable_when_narrow_or_enlarged_and_in_dark_mode(opened, page, shot):
    """Nothing is wider than the page, and text contrasts with its background."""
    _, form = opened
    root = form.root.locator(".sr-root")
    for style in ("width: 560px", "width: 370px", "zoom: 2"):  # in pages of 600 and 400 pixels, and at 200 %
        form.root.evaluate("(form, style) => form.style.cssText = style", style)
        assert root.evaluate("form => form.scrollWidth <= form.clientWidth + 1"), style
    shot("lab-enlarged")
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    for label in ("Theme", "JupyterLab Dark"):
        page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{label}$")).click()
    page.locator('body[data-jp-theme-light="false"]').wait_for(state="attached")
    page.wait_for_timeout(500)
    for part in (".sr-hint", "label", ".sr-run", "select"):
        contrast = form.root.locator(part).first.evaluate(CONTRAST)
        assert contrast > 4.3, part
    form.root.evaluate("form => form.style.cssText = ''")
    shot("lab-dark")


CONTRAST = """element => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  let paper = element;
  while (paper && (parse(getComputedStyle(paper).backgroundColor)[3] ?? 1) === 0) paper = paper.parentElement;
  const front = parse(getComputedStyle(element).color), back = parse(getComputedStyle(paper).backgroundColor);
  const over = front.slice(0, 3).map((c, i) => c * (front[3] ?? 1) + back[i] * (1 - (front[3] ?? 1)));
  const [a, b] = [light(over), light(back)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""


def test_a_saved_notebook_keeps_the_choices_and_the_chart(page, jupyter, folder, stripe, shot):
    """Without its kernel, reopened, untrusted, with the state of its widgets, and converted to a page."""
    saved = SavedNotebook(page, jupyter, folder, kind="lab")
    check_a_saved_notebook(saved, stripe, shot)
    check_a_form_from_its_saved_state(saved, shot)
    check_a_converted_page(saved, shot)
