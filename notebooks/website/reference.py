"""The reference of every public name, the changelog and the measurements, as pages of the site."""

import inspect
from collections.abc import Collection, Mapping
from pathlib import Path
from types import ModuleType

import stripe_reports as sr
from stripe_reports import errors, simulator
from website.files import write_pages

GROUPS = {
    "Clients": ["demo", "Client", "DemoClient", "Cache"],
    "Requests and runs": [
        *("ReportRequest", "ReportRun", "ResultFile", "ReportRunV2", "ResultV2", "ResultFileV2"),
        *("DownloadUrl", "KeylessFile", "Pending", "PendingReport", "ReportRuns"),
    ],
    "Plans": ["FetchPlan", "SetPlan", "Decision", "Cell", "Standing"],
    "Report types": ["ReportType", "ReportTypes", "Column"],
    "Reports": [
        *("Report", "ReportSet", "FileReport", "ReportOutcome", "StoredReports", "Provenance", "FileOrigin"),
    ],
    "Files": ["read_csv"],
    "Shared results": ["dataset", "Dataset", "DatasetVerification", "SharedReport"],
    "Comparing and closing": [
        *("tie_out", "TieOut", "compare", "Comparison", "diff", "Diff", "Restatement", "ExplainedPayout"),
        *("verify", "Verification", "EvidenceFolder", "Finding"),
    ],
    "Forms and selections": ["explore", "Explorer", "inputs", "Inputs", "selection_expr", "Selected"],
    "Errors and warnings": [
        *("errors", "StripeReportsError", "Remedy", "AdvisedWarning", "AmbiguousTimeWarning"),
        *("LargeFrameWarning", "PreviewWarning", "UnknownReportTypeWarning"),
    ],
}
"""Every public name, in the order in which a reader may need them."""

_ROOT = Path(__file__).parents[2]
_STOP = "list, tuple, dict, Sequence, Mapping, Exception, Warning, AnyWidget, str, Future, int"
"""Classes whose members are those of Python or of other libraries."""
_ERRORS = ":doc:`../errors` draws the tree, and says what to do for each.\n\n"
_SIMULATOR = ":doc:`../simulator` is the manual.\n\n"


def write(folder: Path) -> None:
    """Write the index, one page for each name, and pages made from other files of the repository."""
    listed = (name for names in GROUPS.values() for name in names if name != "errors")
    pages = {f"{_file_of(name)}.rst": _page_of(name) for name in listed}
    pages |= {
        "index.rst": _index(),
        "errors.rst": _page("errors", _ERRORS + _module("stripe_reports.errors", errors)),
        "simulator.rst": _page("simulator", _SIMULATOR + _module("stripe_reports.simulator", simulator)),
        "changelog.md": (_ROOT / "CHANGELOG.md").read_text("utf-8").replace("](notebooks/", "](../"),
        "speed.md": (_ROOT / "tests" / "benchmarks" / "RESULTS.md").read_text("utf-8"),
    }
    write_pages(folder, pages)


def _index() -> str:
    parts = [
        _title("Reference"),
        "Every public name of ``stripe_reports``, and its modules for errors and tests.",
    ]
    listed: Mapping[str, list[str]] = GROUPS | {"Tests": ["simulator"], "Measurements": ["speed"]}
    for title, names in listed.items():
        toctree = "\n".join([".. toctree::", "   :hidden:", "", *(f"   {_file_of(name)}" for name in names)])
        parts += [_title(title, "-"), toctree, "\n".join(_entry(name) for name in names)]
    return "\n\n".join(parts) + "\n"


def _entry(name: str) -> str:
    summary = {
        "errors": errors.__doc__,
        "simulator": simulator.__doc__,
        "speed": "What was measured, with date and machine.",
    }.get(name) or inspect.getdoc(getattr(sr, name))
    return f"- :doc:`{_file_of(name)}`: {(summary or '').splitlines()[0]}"


def _file_of(name: str) -> str:
    """Return the name of a page; ``dataset`` and ``Dataset`` would be the same file on some systems."""
    return f"{name}-function" if inspect.isfunction(getattr(sr, name, None)) else name


def _page_of(name: str) -> str:
    return _page(name, _directive("stripe_reports", name, getattr(sr, name)))


def _module(name: str, module: ModuleType) -> str:
    directives = (_directive(name, each, getattr(module, each)) for each in module.__all__)
    return "\n\n".join([f".. py:module:: {name}", *directives])


def _directive(module: str, name: str, value: object) -> str:
    if inspect.isfunction(value):
        return f".. autofunction:: {module}.{name}"
    if not inspect.isclass(value):  # a value has no docstring of its own
        listed = ", ".join(f"``{each}``" for each in value) if isinstance(value, Collection) else ""
        return f".. py:data:: {name}\n   :type: {type(value).__name__}\n\n   {listed}"
    if issubclass(value, BaseException):
        return f".. autoexception:: {module}.{name}\n   :members:\n   :show-inheritance:"
    return f".. autoclass:: {module}.{name}\n   :members:\n   :inherited-members: {_STOP}"


def _page(title: str, body: str) -> str:
    return f"{_title(title)}\n\n{body}\n"


def _title(title: str, line: str = "=") -> str:
    return f"{title}\n{line * len(title)}"
