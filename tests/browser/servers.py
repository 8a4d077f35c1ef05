"""Jupyter's servers on loopback, and notebooks in Debian's Chromium driven by Playwright."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat

TOKEN = "for-the-tests-only"
WINDOW = {"width": 1300, "height": 1400}  # narrower, JupyterLab hides the kernel's state in a menu
SHOTS = os.environ.get("SCREENSHOTS", "")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]

# No news, no offers of help; widget state is saved, as some do; no reformatting of what is typed.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
    "@jupyterlab/notebook-extension:tracker": {"codeCellConfig": {"autoClosingBrackets": False}},
}


def find_browser() -> str | None:
    """Path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def write_notebook(path: Path, *cells: str) -> Path:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return path


@contextmanager
def serving(kind: str, folder: Path, *, theme: str = "JupyterLab Light"):
    """A Jupyter server of its own folders; yields its address.

    Args:
        kind: ``lab`` or ``notebook``.
        folder: Where the notebooks are; everything that Jupyter writes goes beside them.
        theme: JupyterLab's theme.
    """
    home, port = folder / ".jupyter-home", free_port()
    settings = home / "settings"
    for name, values in (SETTINGS | {"@jupyterlab/apputils-extension:themes": {"theme": theme}}).items():
        package, _, plugin = name.partition(":")
        file = settings / package / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    environment = os.environ | {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "NO_PROXY": "127.0.0.1,localhost",
        "PYTHONWARNINGS": "default",
    }
    common = ["--no-browser", f"--port={port}", "--ip=127.0.0.1"]
    command = [
        *(kind, "--allow-root", *common, f"--IdentityProvider.token={TOKEN}"),
        *(f"--ServerApp.root_dir={folder}", "--LabApp.news_url=None", "--ServerApp.open_browser=False"),
        "--expose-app-in-browser",  # as window.jupyterapp, which says whether a kernel is connected
    ]
    log = (home / f"{kind}.log").open("w+")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter", *command],
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(f"{address}/api", server, log)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        log.close()


def wait_until_up(address: str, server: subprocess.Popen, log) -> None:
    """Wait until the address answers; an error shows the end of the server's log."""
    for _ in range(300):
        try:
            urllib.request.urlopen(address, timeout=5)  # noqa: S310
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    log.seek(0)
    raise AssertionError(f"the server did not come up: {log.read()[-3000:]}")
