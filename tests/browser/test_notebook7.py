"""The form in Notebook 7: the main path."""

import pytest
from lab import Form, Notebook
from reopening import SavedNotebook, check_a_saved_notebook
from servers import write_notebook
from test_jupyterlab import OPEN

pytest.importorskip("playwright.sync_api", reason="needs playwright: the dependency group 'browser'")

SERVER = "notebook"


def test_a_report_is_chosen_run_and_shown(page, jupyter, folder, launches, shot):
    """The same form, from the same cell."""
    book = Notebook(page, jupyter, write_notebook(folder / "seven.ipynb", OPEN, ""), kind="notebook")
    book.run(0)
    form = Form(page)
    form.choose_type("payouts.itemized.5")
    form.wait_for_button("Run report")
    form.button.click()
    assert form.rows().count() > 0
    shot("notebook7")
    book.write(1, "form.report.frame().height == form.report.scan().collect().height")
    book.run(1)
    assert book.output(1) == "True"
    assert launches() == 1

    # A report about one payout suggests those that are known by now.
    form.choose_type("payout_reconciliation.by_id.itemized.4")
    payout = form.field("Payout")
    form.root.locator(".sr-problem", has_text="needs a payout").wait_for()
    payout.click()
    known = form.root.locator('datalist option[value^="po_"]').last  # an automatic one
    known.wait_for(state="attached")
    payout.fill(known.get_attribute("value"))
    form.wait_for_button("Run report")
    form.button.click()
    form.root.locator(".sr-heading", has_text="single payout").wait_for()
    assert form.rows().count() > 0
    assert page.strangers == []


def test_a_saved_notebook_keeps_the_choices_and_the_chart(page, jupyter, folder, stripe, shot):
    """Without its kernel, reopened, and untrusted."""
    saved = SavedNotebook(page, jupyter, folder, kind="notebook")
    check_a_saved_notebook(saved, stripe, shot)
    saved.book.shut_down()
