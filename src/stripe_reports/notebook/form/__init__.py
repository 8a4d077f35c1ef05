"""The form: choose a report, see it, take the code along.

model.py     the state, without widgets; choices, menu, history, words and code are its parts
work.py      what is done in threads
widget.py    the widget, and front/ its JavaScript; view tells it the state, contents what a report holds
"""

from stripe_reports.notebook.form.widget import Explorer, explore

__all__ = ["Explorer", "explore"]
