"""Functions for the app: ``stripe-reports app --demo`` uses these. Copy the file, and change it for yours.

``stripe-reports app my_functions.py`` calls a function of ``report`` with each report that arrives, and a
function of ``client`` once. What they return is shown below the form: Markdown, a frame, a chart, widgets.
"""

from __future__ import annotations

import ipywidgets
from IPython.display import Markdown

import stripe_reports as sr


def rows(report: sr.Report) -> Markdown:
    """Count the rows of the report, by currency if it has one."""
    frame = report.frame()
    if "currency" not in frame.columns:
        return Markdown(f"**{frame.height:,}** rows, counted by a function in Python.")
    counts = frame.group_by("currency").len().sort("currency").iter_rows()
    text = ", ".join(f"**{count:,}** in {currency}" for currency, count in counts)
    return Markdown(f"Rows: {text}, counted by a function in Python.")


def payouts(client: sr.Client) -> ipywidgets.Widget:
    """Draw the payouts of a period, with fields of their own."""
    inputs = sr.inputs(client, "payouts.itemized", ["period", "currency"], currency="eur")

    def chart(**_: object) -> object:
        return client.fetch(inputs.report_type, **inputs.parameters).chart()

    title = ipywidgets.HTML("<h3>Payouts, chosen with fields of your own</h3>")
    options = {"manual": True, "manual_name": "Show the payouts", "auto_display": True}
    fields = ipywidgets.interactive(chart, options, **inputs)
    return ipywidgets.VBox([title, fields, inputs.message])
