"""Libraries and programs that are not dependencies of the tests: installed once, when a test needs them."""

import os
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

IN_CI = os.environ.get("CI") == "true"


def installed(request, tmp_path_factory, name: str, there: str, command: list[str]) -> Path:
    """A folder with a library, filled once; a skip if that is not possible here, but never in CI."""
    cache = getattr(request.config, "cache", None)
    folder = cache.mkdir(name) if cache else tmp_path_factory.mktemp(name)
    with FileLock(folder / "installing.lock"):  # other processes run tests too
        if not (folder / there).exists():
            done = subprocess.run(
                [*command, str(folder)], capture_output=True, text=True, timeout=600, check=False
            )
            if done.returncode and not IN_CI:
                pytest.skip(f"the library could not be installed: {done.stderr[-200:]}")
            assert done.returncode == 0, done.stderr
    return folder
