"""The contents of the shown report: sent to the view that asks, and kept nowhere else."""

from __future__ import annotations

import shutil
import tempfile
import threading
import uuid
import weakref
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stripe_reports.errors import ParameterError
from stripe_reports.notebook.form.activity import activity_of
from stripe_reports.notebook.form.facts import provenance, summary
from stripe_reports.notebook.form.rows import Rows
from stripe_reports.notebook.form.shown_report import (
    ShownReport,
    file_name_of,
    id_of,
    sentence_of,
    title_of,
)
from stripe_reports.report.export import writer_for
from stripe_reports.report.report_set import ReportSet
from stripe_reports.storage.disk import size_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from stripe_reports.charts.panels import Chart
    from stripe_reports.charts.selections import Selected
    from stripe_reports.report.report import Report

__all__ = ["LARGEST_DOWNLOAD", "Contents"]

PIECE = 1 << 20
"""Bytes of a file sent at once: few enough for any server in between."""

LARGEST_DOWNLOAD = 200_000_000
"""Maximum size of a file sent to a browser; a larger file is written where the notebook runs."""

_TYPES = {
    "csv": "text/csv;charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class Contents:
    """Answers the questions of a view about one report."""

    def __init__(self, report: ShownReport, stored: Callable[[], Iterable[Report]] = tuple) -> None:
        """Answer about *report*; *stored* lists the reports on this machine, newest first."""
        self.report = report
        self._stored_reports = stored
        self._lock = threading.Lock()
        self._files: dict[str, Path] = {}
        self._charts: dict[str | None, Chart] = {}

    @cached_property
    def rows(self) -> Rows:
        """The rows of the report, page by page."""
        return Rows(self.report)

    @cached_property
    def _folder(self) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="stripe-reports-download-"))  # readable only by its owner
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    @property
    def _stored(self) -> Path | None:
        """The Parquet file of the report; None for a set, which has many."""
        return None if isinstance(self.report, ReportSet) else self.report.path

    def overview(self) -> dict[str, Any]:
        """Return the texts above the tabs, and the columns."""
        return {
            "title": title_of(self.report),
            "summary": summary(self.report),
            "reuse": sentence_of(self.report),
            "provenance": provenance(self.report),
            "columns": self.rows.columns(),
        }

    def page(self, asked: dict[str, Any], selected: Selected | None = None) -> dict[str, Any]:
        """Return one page of the rows selected in the chart."""
        page = self.rows.page(
            int(asked.get("offset", 0)),
            int(asked.get("limit", 100)),
            sort=asked.get("sort"),
            descending=bool(asked.get("descending")),
            search=str(asked.get("search", "")),
            selected=selected,
        )
        return {"rows": page.rows, "offset": page.offset, "matching": page.matching, "total": page.total}

    def chart(self, kind: str | None) -> dict[str, Any]:
        """Draw the chart as SVG, and list its kinds. altair is imported here, after the form is shown.

        Raises:
            ParameterError: There is no chart for this report type.
        """
        from stripe_reports.charts.linking import selections_in

        kinds = self.report.chart_kinds()
        kind = kind if kind in kinds else next(iter(kinds), None)
        chart = self._chart(kind)
        names = selections_in(chart)
        return {
            "svg": chart.svg_for_page(),
            "kinds": kinds,
            "kind": kind,
            "run": id_of(self.report),
            "selections": names,
        }

    def live_chart(self, kind: str) -> dict[str, Any]:
        """Return the same chart as a Vega specification, which the view draws; rows can be selected in it.

        Raises:
            ParameterError: There is no such chart.
        """
        import altair as alt

        from stripe_reports.charts import theme

        chart = self._chart(kind)
        if alt.theme.active == "default":  # the user's own theme is kept
            chart = theme.following_the_page(chart)
        return {"spec": chart.to_dict(format="vega")}

    def selected(self, kind: str, selections: Mapping[str, Any]) -> Selected | None:
        """Return the rows behind the selection in a chart; None without a selection.

        Raises:
            ParameterError: There is no such chart.
        """
        from stripe_reports.charts.selections import selection_expr

        found = selection_expr(self._chart(kind), selections)
        return None if found.is_everything else found

    def selection(self, selected: Selected) -> dict[str, Any]:
        """Return the number of the selected rows, and of all; and their payout, if they are of one only."""
        return {
            "rows": self.rows.count(selected),
            "total": self.rows.total,
            "payout": self.rows.payout_of(selected),
        }

    def _chart(self, kind: str | None) -> Chart:
        chart = self._charts.get(kind)
        if chart is None:
            activity = activity_of(self.report, kind, self._stored_reports)
            chart = self._charts[kind] = self.report.chart(kind, linked=True, **activity)
        return chart

    def file(self, format_: str) -> dict[str, Any]:
        """Write the report to a file, which is sent in pieces.

        Raises:
            ParameterError: It is too large for a browser.
            StoreError: It cannot be written.
        """
        name = f"{file_name_of(self.report)}.{format_}"
        if format_ == "parquet" and self._stored is not None:
            path = self._stored
        else:
            path = self._folder / f"{uuid.uuid4().hex}.{format_}"
            writer_for(path)(self.report)
        size = path.stat().st_size
        if size > LARGEST_DOWNLOAD:
            if path != self._stored:
                path.unlink()
            raise ParameterError(
                f"The file has {size_text(size)}, too large for a browser. Write it where the notebook runs: "
                f"form.report.write_{'excel' if format_ == 'xlsx' else format_}('…')."
            )
        id_ = uuid.uuid4().hex
        with self._lock:
            self._files[id_] = path
        return {"id": id_, "name": name, "size": size, "type": _TYPES[format_]}

    def piece(self, id_: str, offset: int) -> bytes:
        """Return the next bytes of a file; the file is removed after its last bytes."""
        with self._lock:
            path = self._files.get(id_)
        if path is None:
            return b""
        with path.open("rb") as file:
            file.seek(offset)
            piece = file.read(PIECE)
            is_last = file.read(1) == b""
        if is_last:
            with self._lock:
                self._files.pop(id_, None)
            if path != self._stored:
                path.unlink(missing_ok=True)
        return piece
