"""The form: choose a report, see it, copy the code.

model.py     the state, without widgets; choices, menu, history, words and code are its parts
work.py      work done in threads
widget.py    the widget, with its JavaScript in front/; view gives it the state, contents a report's rows
"""

from stripe_reports.notebook.form.widget import Explorer, explore

__all__ = ["Explorer", "explore"]
