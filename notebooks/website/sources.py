"""Adapt pages that are written for Jupyter and for the repository's own view of files."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from stripe_reports import catalog

if TYPE_CHECKING:
    from sphinx.application import Sphinx

GUIDE = [
    "Quickstart <quickstart>",
    "A form <explorer>",
    "The form as an app <app>",
    "What to write for each task <tasks>",
    "Going live <going_live>",
    "Closing a month <month_end>",
    "A month's close, unattended <monthly_close>",
    "A monthly job <monthly_job>",
    "Charts <charts>",
    "Results: reuse, types, speed <results>",
    "Reuse, step by step <reuse>",
    "Large and long reports <large_reports>",
    "500 accounts, step by step <scale>",
    "Many accounts and a team <many_accounts>",
    "When something goes wrong <faults>",
    "Testing your own code <testing>",
    "Unknown report types <unknown_types>",
    "Reports v2 <reports_v2>",
    "Platforms <platforms>",
    "Alternatives <alternatives>",
]
"""The pages below the welcome page, in the order of the sidebar."""


def adapt(app: Sphinx, page: str, source: list[str]) -> None:
    """Change what only the site can do: a table of contents, links to pages that it generates."""
    if page == "welcome":
        notebook = json.loads(source[0])
        toctree = "\n".join(["```{toctree}", ":hidden:", "", *GUIDE, "```"])
        notebook["cells"].append(
            {"id": "contents", "cell_type": "markdown", "metadata": {}, "source": toctree}
        )
        source[0] = json.dumps(notebook)
    elif page == "which_report":
        source[0] = re.sub(r"`([\w.]+)`", _linked, source[0])
    elif page == "results":
        source[0] = source[0].replace("../tests/benchmarks/RESULTS.md", "reference/speed.md")


def _linked(name: re.Match[str]) -> str:
    """Return the name of a report type with a link to the page of its newest version."""
    newest = {type_.base: type_.id for type_ in catalog.report_types().values() if not type_.superseded_by}
    return f"[{name[0]}](catalogue/{newest[name[1]]}.md)" if name[1] in newest else name[0]
