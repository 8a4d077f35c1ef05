"""What a notebook keeps of a form: its choices as HTML, shown wherever the form is not.

JupyterLab prefers the widget to every other form of an output, and shows an error where its kernel is gone.
So there is a second output below the form. Its style, which only a trusted notebook has, hides it while the
form is on the page, and hides the error otherwise. It contains choices and code, never rows. Jupyter updates
an output only for the page that ran its cell; after a reload, the view does (``front/saved.js``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from stripe_reports import catalog
from stripe_reports.models import ReportRequest
from stripe_reports.notebook.form.shown_report import ShownReport, sentence_of, title_of
from stripe_reports.render.card import card

if TYPE_CHECKING:
    from IPython.core.display_functions import DisplayHandle

__all__ = ["Saved", "saved_html"]

_NOTHING = {"text/plain": ""}


def saved_html(request: ReportRequest | None, report: ShownReport | None, code: str) -> str:
    """Return what a form shows, without a kernel: its request, the report that was there, and the code."""
    title = catalog.completed(request.report_type).name if request else "Stripe report"
    lines: list[tuple[str, object]] = []
    if request is not None:
        lines += [("report type", request.report_type), ("period", request.days_text), *request.shown_lines()]
    if report is not None:
        lines += [("result", title_of(report)), ("", sentence_of(report))]
    again = "To use the form, run this cell again: it works only while its kernel runs."
    mono = "font-family:monospace"  # nbconvert's page shows <pre> in the font of texts
    return (
        f'{card(title, lines, kind="form")}<p style="margin-top:.5em">{again}</p>'
        f'<pre style="{mono}">{escape(code)}</pre>'
    )


class Saved:
    """The outputs below a form, one for each place where it is displayed.

    Args:
        form: The id of the form; a view of it has the same in its element.
        changed: Called when what is kept is another; views then ask for ``output_html``.
    """

    def __init__(self, form: str, changed: Callable[[], None]) -> None:
        self._form = form
        self._changed = changed
        self._html = ""
        self._handles: list[DisplayHandle] = []

    def display(self, widget: Mapping[str, Any], metadata: Mapping[str, Any], html: str) -> None:
        """Display the form and the output below it."""
        from IPython.display import display

        # Where widgets are not shown, as in an untrusted notebook, the second output alone is enough.
        display({**widget, "text/html": ""}, metadata=dict(metadata), raw=True)  # type: ignore[no-untyped-call]
        self._html = html
        handle = display(self._bundle(), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        self._handles.append(handle)

    def update(self, html: str) -> None:
        """Keep something else; empty for a form that is closed."""
        if html == self._html:
            return
        self._html = html
        for handle in self._handles:
            handle.update(self._bundle(), raw=True)  # type: ignore[no-untyped-call]
        self._changed()
        if not html:
            self._handles.clear()  # a run may end after the form was closed

    def output_html(self) -> str:
        """Return the HTML of the output; empty for a form that is closed or was not displayed."""
        if not self._html:
            return ""
        name = f"sr-saved-{self._form}"
        style = (
            f'body:has([data-stripe-form="{self._form}"]) .{name}{{display:none}}'
            f".jp-OutputArea-child:has(+.jp-OutputArea-child .{name}):not(:has(.sr-explorer)){{display:none}}"
        )
        return f'<div class="{name}"><style>{style}</style>{self._html}</div>'

    def _bundle(self) -> dict[str, str]:
        html = self.output_html()
        return {"text/html": html, **_NOTHING} if html else _NOTHING
