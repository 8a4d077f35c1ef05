"""A notebook that is saved, and opened again: trusted, untrusted, without its kernel, and as a page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from lab import Form, Notebook
from nbconvert import HTMLExporter
from nbformat.sign import NotebookNotary
from servers import write_notebook

from places import ROOT

OF_NBCONVERT = {"cdnjs.cloudflare.com", "unpkg.com"}
"""Hosts from which a page of nbconvert's loads RequireJS, MathJax and the scripts of widgets."""

OPTION = re.compile(r"--HTMLExporter\.(\w+)=(\S*)")

CHART = "svg.marks"
"""Jupyter's own icons, which it adds to a cell a moment later, are SVG too."""

OPEN = """\
import os
import stripe_reports as sr
client = sr.Client(base_url=os.environ["STRIPE_URL"])
form = sr.explore(client)
form
"""
INTERACT = """\
from IPython.display import Markdown

@form.interact
def rows(report):
    return Markdown(f"**{len(report)}** rows")
"""
CARDS = """\
report = client.fetch("payouts.itemized", "2026-10", currency="eur")
display(client, report, report.frame().head(3).select("payout_id", "net"))
"""


class SavedNotebook:
    """A notebook with a form, a function called with its reports, cards, a table and a chart."""

    def __init__(self, page, address: str, folder: Path, *, kind: str) -> None:
        self._open = lambda path: Notebook(page, address, path, kind=kind)
        self.page, self.folder, self.kind = page, folder, kind
        path = write_notebook(folder / f"{kind}-saved.ipynb", OPEN, INTERACT, CARDS, "report.chart()", "")
        self.book = self._open(path)
        for index in range(4):
            self.book.run(index)
        self.form = Form(page)
        self.form.wait_for_button(re.compile("Run report|Show"))
        self.form.button.click()
        self.form.rows()
        self.form.root.locator(".sr-below strong", has_text="36").wait_for()
        self.saved = self.book.save()

    def kill_the_kernel(self) -> None:
        """End it like one that runs out of memory, while the form is on the page."""
        self.book.write(4, "import os; os._exit(1)")
        self.page.keyboard.press("Shift+Enter")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()  # "it will restart automatically"

    def reopen(self, *, trusted: bool, with_state: bool) -> Notebook:
        """Open a copy in a new kernel.

        Args:
            trusted: True as on the machine that ran it, False as for a colleague.
            with_state: True to keep the state of widgets, which few settings save.
        """
        self.book.shut_down()
        notebook = json.loads(json.dumps(self.saved))
        if not with_state:
            notebook["metadata"].pop("widgets", None)
        path = self.folder / f"{self.kind}-{trusted}-{with_state}.ipynb"
        notebook["metadata"]["copy"] = (
            path.stem
        )  # another file than the one that was signed when it was saved
        path.write_text(json.dumps(notebook))
        if trusted:
            notary = NotebookNotary(data_dir=str(self.folder / ".jupyter-home" / "data"))
            notary.sign(nbformat.read(path, as_version=4))
            notary.store.close()
        self.book = self._open(path)
        return self.book

    def convert(self, **options: str) -> Path:
        """Make the page that ``jupyter nbconvert --to html`` makes, with options of ``HTMLExporter``."""
        page = self.folder / f"{self.kind}.html"
        notebook = nbformat.reads(json.dumps(self.saved), as_version=4)
        page.write_text(HTMLExporter(**options).from_notebook_node(notebook)[0], "utf-8")
        return page


def check_a_saved_notebook(saved: SavedNotebook, stripe, shot) -> None:
    """Without its kernel, reopened, and untrusted, it shows the form's choices and code, and the chart."""
    text = json.dumps(saved.saved)
    assert stripe.key not in text
    assert len(set(re.findall(r"\bpo_\w{6,}", text))) == 3  # those of the table that a cell shows

    saved.kill_the_kernel()
    gone = saved.form.root.get_by_role("alert").get_by_text("no longer runs")
    gone.wait_for(timeout=10_000)
    gone.scroll_into_view_if_needed()
    assert saved.form.root.locator("[inert] .sr-run").count() == 1
    assert saved.form.rows().count() == 36
    shot(f"{saved.kind}-kernel-gone")

    book = saved.reopen(trusted=True, with_state=False)
    check_what_is_kept(book)
    assert book.cells.nth(0).get_by_text("Error displaying widget").is_hidden()
    assert book.cells.nth(3).locator(CHART).is_visible()
    assert book.cells.nth(3).locator("img").is_hidden()
    shot(f"{saved.kind}-reopened")

    book = saved.reopen(trusted=False, with_state=False)
    check_what_is_kept(book)
    assert "payouts.itemized.5" in book.cells.nth(2).inner_text()
    image = book.cells.nth(3).locator("img")
    assert image.evaluate("async image => { await image.decode(); return image.naturalWidth > 300; }")
    assert "Payouts per day" not in book.cells.nth(3).inner_text()  # the texts of its SVG are hidden
    shot(f"{saved.kind}-untrusted")
    assert saved.page.strangers == []


def check_a_form_from_its_saved_state(saved: SavedNotebook, shot) -> None:
    """The form itself is shown, with its choices and code, but cannot be used."""
    book = saved.reopen(trusted=True, with_state=True)
    form = Form(saved.page)
    form.root.get_by_role("alert").get_by_text("no longer runs").wait_for()
    assert form.root.locator(".sr-code").inner_text().startswith("report = client.fetch(")
    assert book.cells.nth(0).get_by_text("run this cell again").is_hidden()
    shot(f"{saved.kind}-reopened-with-state")
    book.shut_down()
    assert saved.page.strangers == []


def check_a_converted_page(saved: SavedNotebook, shot) -> None:
    """Choices, cards, table and chart are in it, also with the options that let it ask no other host."""
    page = saved.page
    assert "widgets" in saved.saved["metadata"]
    assert asked_by(page, saved.convert()) == OF_NBCONVERT
    options = dict(OPTION.findall((ROOT / "notebooks" / "platforms.md").read_text("utf-8")))
    assert asked_by(page, saved.convert(**options)) == set()
    shot(f"{saved.kind}-converted")


def asked_by(page, converted: Path) -> set[str | None]:
    """Look for what is shown, and return the other hosts that the page asks."""
    page.strangers.clear()
    page.goto(converted.as_uri())
    cells = page.locator(".jp-CodeCell")
    assert cells.nth(0).get_by_text("run this cell again").is_visible()
    assert cells.nth(2).locator("td", has_text="po_").first.is_visible()
    assert cells.nth(3).locator(CHART).is_visible()
    return {urlsplit(url).hostname for url in page.strangers}


def check_what_is_kept(book: Notebook) -> None:
    """The report type, the period, the code, and what to do."""
    kept = book.cells.nth(0).locator("[class^=sr-saved-]")
    kept.wait_for()
    text = kept.inner_text()
    for part in ("balance.summary.2", "2026-10-01 to 2026-10-31", "client.fetch(", "run this cell again"):
        assert part in text
