"""Vega itself, for a view that draws a chart in which one can select: from vl-convert, not the internet."""

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
    """Vega as a JavaScript module that exports ``vegaEmbed``, about 900 KB; made once.

    Raises:
        OSError, subprocess.SubprocessError: No other Python can be started here.
    """
    with _lock:  # views ask at once
        return _made()


@cache
def _made() -> bytes:
    # Bundling takes seconds in which vl-convert lets no other thread run: another process does it.
    command = [sys.executable, "-P", "-c", _BUNDLE]
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout
