"""The form outside Jupyter: in marimo, and on a page of our own that knows nothing of Backbone."""

import os
import queue
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest
from lab import Form
from servers import TOKEN, free_port, wait_until_up

import stripe_reports as sr
from places import ROOT

playwright = pytest.importorskip("playwright.sync_api", reason="needs the dependency group 'browser'")
expect = playwright.expect

PATIENCE = 60_000
NOTEBOOK = ROOT / "notebooks" / "form_in_marimo.py"


@contextmanager
def marimo(folder):
    """The example, as marimo shows it to a reader, and its address."""
    port = free_port()
    options = ["--headless", f"--port={port}", "--host=127.0.0.1", "--token", f"--token-password={TOKEN}"]
    environment = os.environ | {"HOME": str(folder), "NO_PROXY": "127.0.0.1,localhost"}
    with (folder / "marimo.log").open("w+") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "marimo", "-y", "run", str(NOTEBOOK), *options],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        try:
            wait_until_up(f"http://127.0.0.1:{port}/health", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


def test_cells_of_marimo_run_again_when_a_report_arrives(page, folder, shot):
    """The example among our notebooks: its form, its waits, and each chart and table once."""
    with marimo(folder) as address:
        assert "/auth/login" in urllib.request.urlopen(address).url  # noqa: S310 - without the token
        page.goto(f"{address}?access_token={TOKEN}")
        expect(page.locator("marimo-progress")).to_contain_text(
            "payouts.itemized.5: run frr_", timeout=PATIENCE
        )
        shot("marimo-wait")
        form = Form(page)
        form.wait_for_button("Run report")
        page.get_by_text("No report yet.").wait_for()
        charts = page.locator("[style*='--jp-layout-color0'] > svg")  # of cells; the form has its own
        expect(charts).to_have_count(1, timeout=PATIENCE)  # of the last cell
        expect(page.locator("marimo-progress")).to_have_count(0, timeout=PATIENCE)
        shot("marimo-opened")

        form.button.click()
        assert form.rows().count() == 36
        expect(page.locator("marimo-table")).to_have_count(1, timeout=PATIENCE)
        expect(page.locator("marimo-table")).to_contain_text("36 rows", timeout=PATIENCE)
        expect(charts).to_have_count(2, timeout=PATIENCE)
        page.get_by_text("Launched; no earlier run").last.wait_for()
        expect(form.root.locator(".sr-below")).to_have_text(
            "36 rows, counted by a function of this notebook."
        )
        form.tab("Chart")
        form.live_chart()
        shot("marimo-result")

        form.choose_type("payouts.itemized.5")
        form.wait_for_button("Run report")
        form.button.click()
        expect(page.locator("marimo-table")).to_contain_text("51 rows", timeout=PATIENCE)
        expect(page.locator("marimo-table")).to_have_count(1, timeout=PATIENCE)
        expect(charts).to_have_count(2, timeout=PATIENCE)
        expect(form.root.locator(".sr-below")).to_contain_text("51 rows")

        # Fields of the user's own: a cell that names them runs again, with the same checks as in the form.
        currency = page.locator("marimo-text input").last
        for entered, shown in (("euro", "must be a three-letter ISO code"), ("usd", "USD paid")):
            currency.fill(entered)
            currency.press("Enter")
            page.get_by_text(shown).wait_for()
        shot("marimo-fields")
        assert page.strangers == []


HOST = """async ([script, state]) => {
  const listeners = {};
  const call = (event, ...values) => listeners[event]?.forEach((listener) => listener(...values));
  const model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; },
    save_changes: () => window.saved(state.run_id),
    send: (content) => window.told(content),
    on: (event, listener) => (listeners[event] ??= new Set()).add(listener), // one event by its whole name
    off: (event, listener) => listeners[event]?.delete(listener),
  };
  window.received = (content) => call("msg:custom", content, []);
  window.changed = (values) => {
    Object.assign(state, values);
    for (const name of Object.keys(values)) call(`change:${name}`);
  };
  const module = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const el = document.body.appendChild(document.createElement("div"));
  window.leave = module.default.render({ model, el });
  window.listening = () => Object.values(listeners).reduce((sum, each) => sum + each.size, 0);
}"""


def test_a_host_without_backbone_shows_the_form_and_learns_of_a_report(page, client, monkeypatch):
    """Such a host takes each event by its whole name; the view tells it the run, and stops listening."""
    form = sr.explore(client)
    form.interact(lambda report: len(report))
    messages, saved = queue.Queue(), []
    monkeypatch.setattr(form, "send", lambda content, buffers=None: messages.put(("received", content)))
    monkeypatch.setattr(
        form, "send_state", lambda names: messages.put(("changed", form.get_state(names))) if names else None
    )
    page.goto("about:blank")
    page.expose_function("told", lambda content: form._received(form, content, []))
    page.expose_function("saved", lambda run: saved.append(run))
    state = form.get_state(["static", "families", "column_groups", "shown", "run_id"])
    page.evaluate(HOST, [form._esm, state])
    view = Form(page)
    view.button.click()
    for _ in range(1_000):
        while not messages.empty():
            page.evaluate("([what, content]) => window[what](content)", list(messages.get()))
        if saved and view.root.locator(".sr-below pre").count():
            break
        page.wait_for_timeout(20)
    assert saved == [form.report.run.id]
    assert view.root.locator(".sr-below").inner_text() == "36"
    page.evaluate("leave()")
    assert page.evaluate("listening()") == 0
    form.close()
