"""Binder's folder: pins for everything the demo needs, and a session that fits into what Binder gives."""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
import urllib.request
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from places import ROOT

needs_jupyterlab = pytest.mark.skipif(find_spec("jupyterlab") is None, reason="JupyterLab is not installed")

FOLDER = ROOT / "binder"
PINS = (FOLDER / "requirements.txt").read_text("utf-8").splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

IDLE = 500_000_000
"""Bytes for the server and one kernel that has shown the form; Binder ends what takes 2 GB."""


SHOWN = """
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], 4)
client = NotebookClient(notebook, timeout=120)
with client.setup_kernel():
    for number, cell in enumerate(notebook.cells):
        client.execute_cell(cell, number)
    print(client.km.provisioner.pid, flush=True)
    sys.stdin.read()
"""
"""Runs a notebook and keeps its kernel until nobody listens; prints the kernel's process."""


def names(requirements):
    """Names of distributions, as an index writes them."""
    found = (re.match(r"[A-Za-z0-9._-]+", line) for line in requirements)
    return {match[0].lower().replace("_", "-") for match in found if match}


def test_all_requirements_are_pinned():
    """Binder rebuilds after months; an unpinned demo can break without any change of ours."""
    extras = PROJECT["project"]["optional-dependencies"]
    needed = [*PROJECT["project"]["dependencies"], *extras["notebooks"], *extras["app"]]
    assert names(needed) - {"stripe-reports"} <= names(PINS)
    assert all(
        re.fullmatch(r"[A-Za-z0-9._-]+==[^\s=]+( ; .+)?", line) for line in PINS if not line.startswith("#")
    )


def test_pinned_requirements_contain_no_address():
    """The command in their first lines compiles them, wherever packages come from."""
    assert PINS[0].startswith("# Compiled: uv pip compile ")
    assert not [line for line in PINS if "://" in line or line.startswith("-")]


def test_python_version_and_post_build_step_are_given():
    """Without a runtime, Binder takes one that is too old for us."""
    assert (FOLDER / "runtime.txt").read_text("utf-8") == "python-3.12\n"
    assert os.access(FOLDER / "postBuild", os.X_OK)


def test_the_welcome_page_leads_to_every_notebook_and_page():
    """One click from where Binder opens."""
    folder = ROOT / "notebooks"
    welcome = json.loads((folder / "welcome.ipynb").read_text("utf-8"))
    text = "".join(line for cell in welcome["cells"] for line in cell["source"])
    linked = set(re.findall(r"\]\(([\w.]+)\)", text))
    pages = {path.name for path in folder.iterdir() if path.suffix in (".ipynb", ".md", ".py")}
    assert linked == pages - {"welcome.ipynb", "index.md", "conf.py"}  # first pages, and settings
    assert "sr.explore(client)" in text


def resident(pid):
    """Bytes of memory of a process and its children, shared pages counted once."""
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            total += int(line.split()[1]) * 1024
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return total + sum(resident(child) for child in children)


@pytest.fixture
def lab(tmp_path):
    """Starts JupyterLab on the clone, as Binder does, with the settings that postBuild installs."""
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0"]
    options = ["--allow-root", "--IdentityProvider.token=t", f"--ServerApp.root_dir={ROOT}"]
    environment = os.environ | {"HOME": str(tmp_path), "JUPYTER_CONFIG_PATH": str(FOLDER / "jupyter")}
    with subprocess.Popen([*command, *options], env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            lines = iter(server.stderr.readline, "")
            base = next(found[1] for line in lines if (found := re.search(r"(http://127\S+?/)lab", line)))
            _wait_until_up(f"{base}api")
            yield server, base
        finally:
            server.terminate()
            server.stderr.read()


def _wait_until_up(address):
    """It names its address a moment before it listens there."""
    for _ in range(100):
        with suppress(OSError):
            return get(address)
        time.sleep(0.1)
    raise AssertionError(f"nothing listens at {address}")


def get(address):
    """The address after redirects, and its text."""
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - loopback
        return answer.url, answer.read().decode()


@needs_jupyterlab
def test_it_opens_on_the_welcome_page_and_shows_pages_as_pages(lab):
    """JupyterLab overrides the server's default address; only its own setting counts."""
    _, base = lab
    opened, page = get(f"{base}?token=t")
    assert opened.partition("?")[0] == f"{base}lab/tree/notebooks/welcome.ipynb"
    assert "jupyter-config-data" in page
    viewer = "@jupyterlab/docmanager-extension:plugin"
    _, settings = get(f"{base}lab/api/settings/{viewer}?token=t")
    assert json.loads(settings)["schema"]["properties"]["defaultViewers"]["default"]["markdown"] == (
        "Markdown Preview"
    )


@needs_jupyterlab
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is read from Linux's /proc")
def test_a_session_that_has_shown_the_form_uses_less_than_500_mb(lab):
    """The server, and the kernel of the welcome page after its cells were run."""
    server, base = lab
    get(f"{base}lab?token=t")
    command = [sys.executable, "-c", SHOWN, str(ROOT / "notebooks" / "welcome.ipynb")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT / "notebooks", **pipes) as kernel:
        used = resident(server.pid) + resident(int(kernel.stdout.readline()))
        kernel.stdin.close()
    assert used < IDLE
