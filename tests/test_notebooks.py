"""Each notebook runs from top to bottom, offline and without a key, and is saved without outputs."""

import os
import runpy
import warnings
from functools import cache
from pathlib import Path

import nbformat
import papermill
import polars as pl
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
NO_NETWORK = Path(__file__).parent / "no_network"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs a notebook, once, in a fresh kernel that reaches nothing beyond this machine."""

    @cache
    def run(path):
        notebook = nbformat.read(path, as_version=4)
        folder = {"path": str(tmp_path_factory.mktemp(path.stem))}
        NotebookClient(notebook, timeout=120, resources={"metadata": folder}).execute()
        return notebook

    with pytest.MonkeyPatch.context() as patch:
        paths = [str(NO_NETWORK), os.environ.get("PYTHONPATH")]
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        yield run


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_runs_from_top_to_bottom(path, run):
    """A notebook that fails or warns teaches the wrong thing."""
    outputs = [output for cell in run(path).cells for output in cell.get("outputs", [])]
    assert outputs
    assert not [output for output in outputs if output.get("name") == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_is_saved_without_outputs(path):
    """Outputs are someone's data, and differ each time."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None


def test_the_quickstart_goes_from_import_to_table_to_chart_in_ten_cells(run):
    """And says why the second fetch launched nothing."""
    notebook = run(NOTEBOOKS[0].with_name("quickstart.ipynb"))
    assert len(notebook.cells) == 10
    texts = [str(output.get("data", output)) for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("decimal[38,6]" in text for text in texts)
    assert any("<svg" in text for text in texts)
    assert any("Stored result of run frr_" in text for text in texts)


def test_the_month_end_goes_from_fetch_to_evidence_in_under_fifteen_cells(run):
    """Controls, the row behind a difference, a verified folder, and what was restated."""
    notebook = run(NOTEBOOKS[0].with_name("month_end.ipynb"))
    assert len(notebook.cells) < 15
    shown = "\n".join(
        str(output.get("data", output)) for cell in notebook.cells for output in cell.get("outputs", [])
    )
    assert "October 2026: 60 of 60 controls pass" in shown
    assert "different in activity" in shown
    assert "the controls, computed again, equal those written" in shown
    assert "October 2026 changed by −12.34 EUR in 1 row (1 added) since the data of 5 Nov 2026." in shown


def test_papermill_runs_the_monthly_job_with_parameters(tmp_path, monkeypatch):
    """Other parameters, files in the given folder, and the executed notebook kept."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    record, folder = tmp_path / "2026-09.ipynb", tmp_path / "out"
    folder.mkdir()
    parameters = {"report_type": "balance.summary.1", "period": "2026-09", "folder": str(folder)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tool, not of ours
        papermill.execute_notebook(
            NOTEBOOKS[0].with_name("monthly_job.ipynb"), record, parameters, progress_bar=False
        )
    assert {path.name for path in folder.iterdir()} == {
        "balance.summary.1_2026-09.csv",
        "balance.summary.1_2026-09.parquet",
    }
    assert pl.read_parquet(folder / "balance.summary.1_2026-09.parquet").schema["net_amount"] == pl.Decimal(
        38, 6
    )
    assert "frr_" in record.read_text("utf-8")


def test_the_gallery_draws_every_family(run):
    """Balance, activity, fees, payouts, tax, accounts, revenue recognition; a table and a page."""
    cells = run(NOTEBOOKS[0].with_name("charts.ipynb")).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    html = [output.get("data", {}).get("text/html", "") for output in outputs]
    assert sum(text.startswith("<svg") for text in html) >= 15
    assert any("gt_table" in text for text in html)


def test_the_readmes_pictures_can_be_drawn_again_and_are_small(tmp_path):
    """Light and dark versions of each, by the command in CONTRIBUTING.md."""
    script = NOTEBOOKS[0].parent / "pictures" / "draw.py"
    namespace = runpy.run_path(str(script))
    namespace["main"](tmp_path)
    drawn = sorted(path.name for path in tmp_path.glob("*.svg"))
    assert drawn == sorted(path.name for path in script.parent.glob("*.svg"))
    assert all(path.stat().st_size < 60_000 for path in script.parent.glob("*.svg"))
