"""The IPython shell of this session."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["shell"]


def shell() -> Any:
    """Return the shell that runs the code; None outside IPython, which is not imported for it."""
    return getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
