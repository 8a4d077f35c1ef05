"""What a notebook keeps of a form: choices and code, and neither rows nor the key."""

import json
import re

import nbformat
import pytest
from nbclient import NotebookClient

FORM = """\
import stripe_reports as sr

client = sr.demo()
form = sr.explore(client, request=client.request("payouts.itemized", "2026-10", currency="eur"))
form
"""
RUN = """\
report = await form.run()
form.choose(period="2026-09")
report = await form.run()
"""
CLOSED = """\
other = sr.explore(client)
other
"""
CLOSE = """\
other.close()
other.choose(period="2026-08")
"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """A notebook that shows a form, in which reports were run later."""
    folder = tmp_path_factory.mktemp("saved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        cells = [nbformat.v4.new_code_cell(code) for code in (FORM, RUN, "form", CLOSED, CLOSE)]
        notebook = nbformat.v4.new_notebook(cells=cells)
        NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def html_of(output):
    return output["data"].get("text/html", "")


def test_the_last_choices_are_kept_below_the_form_in_every_place(notebook):
    """Also those made after the form was displayed; report, period and code, and what to do."""
    first, second = (notebook.cells[n].outputs for n in (0, 2))
    for form, kept in (first, second):
        assert "application/vnd.jupyter.widget-view+json" in form["data"]
        assert html_of(form) == ""
        text = html_of(kept)
        assert "payouts.itemized.5" in text
        assert "2026-09-01 to 2026-09-30" in text
        assert (
            "client.fetch(&quot;payouts.itemized.5&quot;, &quot;2026-09&quot;, currency=&quot;eur&quot;)"
            in text
        )
        assert "run this cell again" in text
        assert kept["data"]["text/plain"] == ""


def test_nothing_is_kept_of_a_closed_form(notebook):
    """Nor of what is chosen or arrives later."""
    _, kept = notebook.cells[3].outputs
    assert html_of(kept) == ""


def test_it_is_hidden_while_a_view_of_the_form_is_on_the_page(notebook):
    """The id of the form connects them; another form of the same page hides nothing."""
    form, kept = notebook.cells[0].outputs
    states = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    model = states[form["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]]
    name = model["state"]["static"]["form"]
    assert f'body:has([data-stripe-form="{name}"]) .sr-saved-{name}{{display:none}}' in html_of(kept)


def test_neither_rows_nor_the_key_are_saved(notebook):
    """Of the report, only its name and the sentence that says where it comes from."""
    text = json.dumps(notebook)
    assert not re.search(r"\bpo_\w{6,}|[rs]k_test_\w+", text)
