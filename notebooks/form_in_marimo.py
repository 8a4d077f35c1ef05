"""The form in a marimo notebook: cells run again when a report arrives, or when something is entered."""

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
    explorer = sr.explore(client)
    form = mo.ui.anywidget(explorer)
    form
    return client, explorer, form


@app.cell
def _(explorer, mo):
    # Called with each report; shown below the form. This cell itself need not run again.
    @explorer.interact
    def rows(report):
        return mo.md(f"**{len(report):,}** rows, counted by a function of this notebook.")

    return


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
def _(client, mo, sr):
    # The fields of a report, for a layout of your own.
    inputs = sr.inputs(client, "payouts.itemized", ["period", "currency"], period="2026-10", currency="eur")
    fields = inputs.marimo()
    mo.vstack([mo.md("## Payouts, with fields of your own"), fields])
    return fields, inputs


@app.cell
def _(client, fields, inputs, mo):
    # A call in a cell shows its wait there, and runs again only if its inputs change.
    fields.value
    mo.stop(inputs.request is None, mo.Html(inputs.message.value))
    client.fetch(inputs.request).chart()
    return


if __name__ == "__main__":
    app.run()
