"""The Vega library, for views that draw interactive charts: from vl-convert, not from the internet."""

from __future__ import annotations

import subprocess
import sys
import threading
from functools import cache

__all__ = ["library"]

_BUNDLE = """
import sys, vl_convert
sys.stdout.buffer.write(vl_convert.javascript_bundle("export { vegaEmbed };").encode())
"""

_lock = threading.Lock()


def library() -> bytes:
    """Return Vega as a JavaScript module that exports ``vegaEmbed``, about 900 KB; created once.

    Raises:
        OSError, subprocess.SubprocessError: No second Python process can be started here.
    """
    with _lock:  # several views may ask at once
        return _made()


@cache
def _made() -> bytes:
    # Bundling takes seconds and blocks all other threads, so another process does it.
    command = [sys.executable, "-P", "-c", _BUNDLE]
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout
