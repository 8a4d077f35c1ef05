"""The form in a marimo notebook: cells run again when a report arrives."""

import marimo

app = marimo.App(app_title="The form in marimo")


@app.cell
def _():
    import marimo as mo

    import stripe_reports as sr

    return mo, sr


@app.cell
def _(mo):
    mo.md("""
    # The form in marimo

    Choose a report and press **Run report**. The cells below the form use its report, so they run again
    whenever one arrives. The account is simulated, and its runs take a few seconds; for your own, write
    `client = sr.Client()`.
    """)
    return


@app.cell
def _(mo, sr):
    client = sr.demo(timezone="Europe/Paris", latency=8, pace=0.5)
    form = mo.ui.anywidget(sr.explore(client))
    form
    return client, form


@app.cell
def _(form, mo):
    # The value is all that the form shares with the page; `form.report` is the report itself.
    mo.stop(not form.value["run_id"], mo.md("*No report yet.*"))
    report = form.report
    report.chart()
    return (report,)


@app.cell
def _(report):
    report.frame()
    return


@app.cell
def _(form, mo, report):
    mo.md(f"`{form.code}`\n\n{report.reuse}")
    return


@app.cell
def _(client):
    # A call in a cell shows its wait there, and runs again only if its inputs change.
    client.fetch("payouts.itemized", "2026-10", currency="eur").chart()
    return


if __name__ == "__main__":
    app.run()
