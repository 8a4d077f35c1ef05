"""The form in Voilà: an application without code."""

import pytest
from lab import Form
from servers import write_notebook
from test_jupyterlab import OPEN

pytest.importorskip("playwright.sync_api", reason="needs playwright: the dependency group 'browser'")

SERVER = "voila"


def test_a_report_is_chosen_run_and_shown(page, jupyter, folder, launches, shot):
    """Voilà itself asks a CDN for its icons; the form asks for nothing."""
    path = write_notebook(folder / "app.ipynb", OPEN)
    page.goto(f"{jupyter}/voila/render/{path.name}")
    form = Form(page)
    form.wait_for_button("Run report")
    form.button.click()
    assert form.rows().count() == 36
    form.tab("Chart")
    form.root.locator(".sr-chart svg").wait_for()
    shot("voila")
    assert launches() == 1
    assert not [url for url in page.strangers if "fontawesome" not in url]
