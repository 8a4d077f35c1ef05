"""After an error, polars' writer continues: on a slow disk it opens its file after the next attempt."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from places import ROOT

HERE = Path(__file__).parent / "slow_opening"
FETCHES = int(os.environ.get("LATE_WRITER_FETCHES", "40"))
"""With 300, every delay comes about ten times."""


@pytest.fixture(scope="module")
def slow_opening(tmp_path_factory):
    """A library that delays opening a Parquet file for writing, as a slow disk does, or NFS."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if sys.platform != "linux" or (compiler is None and not os.environ.get("CI")):
        pytest.skip("needs Linux and a C compiler")
    assert compiler is not None, "this test must not be left out here: install a C compiler"
    library = tmp_path_factory.mktemp("library") / "slow_opening.so"
    source = HERE / "slow_opening.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.mark.parametrize("is_slow", [False, True], ids=["a fast disk", "a slow disk"])
def test_every_result_has_exactly_its_own_rows(is_slow, tmp_path, request):
    """In memory, in the file, and in its recorded count; and no thread of polars prints anything."""
    preloaded = {"LD_PRELOAD": str(request.getfixturevalue("slow_opening"))} if is_slow else {}
    ran = subprocess.run(
        [sys.executable, HERE / "fetches.py", str(FETCHES), tmp_path / "fetched"],
        env=os.environ | preloaded,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == (f"{FETCHES} fetched\n", "", 0)


def test_results_are_right_on_a_slow_disk_whatever_happens(slow_opening):
    """Clearing, restarts, faults and other machines interfere between the attempts, without effect."""
    examples = os.environ.get("LATE_WRITER_EXAMPLES", "4")
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            ROOT / "tests/package/test_state_machine.py",
            "-p",
            "no:cacheprovider",
        ],
        env=os.environ | {"LD_PRELOAD": str(slow_opening), "STATE_MACHINE_EXAMPLES": examples},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
