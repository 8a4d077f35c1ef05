"""What people install: a wheel with the package and nothing else, and sources that can be tested."""

import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from importlib.metadata import version

import pytest

from places import ROOT

pytestmark = pytest.mark.skipif(not (ROOT / "src").is_dir(), reason="the sources are not here to build from")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel, made from the source distribution, as an index would get both."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    """Its files, by name."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    """No test, no notebook: two names are installed, and neither can hide another's."""
    tops = {name.partition("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "stripe_reports",
        "pytest_stripe_reports.py",
    }
    sources = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src").rglob("*.py")}
    assert sources == {name for name in wheel if name.endswith(".py")}


def test_the_wheel_has_the_data_files(wheel):
    """The catalogue, and the file that marks the package as typed."""
    assert wheel["stripe_reports/py.typed"] == b""
    assert len(wheel["stripe_reports/catalog/report_types.json"]) > 50_000
    others = {name for name in wheel if name.startswith("stripe_reports/") and not name.endswith(".py")}
    kept = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src" / "stripe_reports").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert others == kept


def test_the_metadata_have_what_a_package_index_shows(wheel):
    """Version from one place, licence, Python, README."""
    name = next(name for name in wheel if name.endswith(".dist-info/METADATA"))
    metadata = message_from_bytes(wheel[name])
    assert metadata["Name"] == "stripe-reports"
    assert metadata["Version"] == version("stripe-reports")
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel)


def test_the_source_distribution_can_be_tested(built):
    """Distributors get the tests, the notebooks and everything that they read, and no temporary files."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"} <= names
    assert {"tests/conftest.py", "notebooks/quickstart.ipynb", "binder/postBuild"} <= names
    assert not [name for name in names if "__pycache__" in name or ".ipynb_checkpoints" in name]
