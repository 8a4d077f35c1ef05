"""Where the sources on v2 leave something open or contradict each other: one value for each side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Preview"]


@dataclass(slots=True, kw_only=True)
class Preview:
    """The side that the simulator takes; each can be changed at any time.

    Attributes:
        result_options: Member of a run that says how its file is compressed: ``"compression"`` as in Stripe's
            example of a run, or ``"compress_file"`` as in its preview libraries. Both are accepted.
        status_details: ``"flat"`` for ``{code, message, canceled_at}`` as in the preview libraries, or
            ``"by_status"`` for ``{"failed": {error_code, error_message}}`` as in earlier previews.
        milliseconds: True to write times in files as ``2026-08-04 00:00:00.000``, as a user of query runs saw
            them; that report runs do so is inferred.
        url_seconds: Seconds that the address of a file is valid; five minutes is documented for query runs.
    """

    result_options: Literal["compression", "compress_file"] = "compression"
    status_details: Literal["flat", "by_status"] = "flat"
    milliseconds: bool = True
    url_seconds: float = 300.0
