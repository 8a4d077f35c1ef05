"""Each notebook runs from top to bottom, offline and without a key, and is saved without outputs."""

import os
import re
import runpy
import warnings
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import nbformat
import papermill
import polars as pl
import pytest
from nbclient import NotebookClient

import stripe_reports as sr
from places import ROOT
from stripe_reports.planning.schedule import Limits, schedule
from stripe_reports.runs.fetch_all import IN_FLIGHT
from stripe_reports.simulator import Simulator

pytestmark = pytest.mark.slow  # the tests share what takes long, so no list of tests is enough

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
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


def test_the_notebook_on_scale_fetches_500_accounts_into_a_dataset(run):
    """With a Dask cluster where there is one; the second call asks for nothing."""
    notebook = run(NOTEBOOKS[0].with_name("scale.ipynb"))
    shown = "\n".join(
        str(output.get("data", output)) for cell in notebook.cells for output in cell.get("outputs", [])
    )
    assert "500 reports launched" in shown
    assert "500 reports stored" in shown
    assert "3 instead of 1,500 runs" in shown
    assert ("Dask is not installed" in shown) == (find_spec("distributed") is None)


def test_the_page_on_many_accounts_says_what_the_model_computes():
    """Hours, for Stripe's full limits and for the defaults."""
    page = NOTEBOOKS[0].with_name("many_accounts.md").read_text("utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| 5,000 | 360,000 |")]
    planned = [schedule(360_000, limits) for limits in (Limits(100, 2_000), Limits(20, IN_FLIGHT))]
    assert re.findall(r"\*\*(\d+) hours\*\*", row) == [f"{each.seconds / 3600:.0f}" for each in planned]


def test_the_job_on_the_page_on_many_accounts_runs_on_any_machine(tmp_path, monkeypatch, capsys):
    """Its status is 0 once all results are there; the second time they are found."""
    page = NOTEBOOKS[0].with_name("many_accounts.md").read_text("utf-8")
    (job,) = re.findall(r"```python\n(# monthly\.py.*?)```", page, re.DOTALL)
    job = job.replace("sr.Client()", "sr.demo()").replace("s3://finance/stripe", str(tmp_path / "shared"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "monthly.py").write_text(job, "utf-8")
    (tmp_path / "accounts.txt").write_text("\n".join(Simulator().account_ids(2)))
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            runpy.run_path("monthly.py")
        assert ended.value.code == 0
    assert "shape: (0, " in capsys.readouterr().out
    assert sr.dataset(tmp_path / "shared").status().height == 2


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
    assert sum("<svg" in text for text in html) >= 15
    assert any("gt_table" in text for text in html)


def test_the_readmes_pictures_can_be_drawn_again_and_are_small(tmp_path):
    """Light and dark versions of each, by the command in CONTRIBUTING.md."""
    script = NOTEBOOKS[0].parent / "pictures" / "draw.py"
    namespace = runpy.run_path(str(script))
    namespace["main"](tmp_path)
    drawn = sorted(path.name for path in tmp_path.glob("*.svg"))
    assert drawn == sorted(path.name for path in script.parent.glob("*.svg"))
    assert all(path.stat().st_size < 60_000 for path in script.parent.glob("*.svg"))
