"""The explanation of a payout that was clicked: its sentence, bridge and chart, and the rows of a part."""

from __future__ import annotations

import json
import threading
from typing import Any

from stripe_reports.notebook.form.cells import currency_columns, plain_table
from stripe_reports.notebook.protocol import FormClient
from stripe_reports.reconcile.payout import ExplainedPayout
from stripe_reports.render.money import figure

__all__ = ["PAYOUT_IDS", "Payouts"]

PAYOUT_IDS = ("payout_id", "automatic_payout_id")
"""The columns with payouts that can be clicked."""

MOST_ROWS = 200
"""Maximum rows shown behind a part; code returns all of them."""


class Payouts:
    """Explains payouts, and keeps the last one for showing its rows."""

    def __init__(self, client: FormClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._last: ExplainedPayout | None = None

    def explanation(self, payout: str, *, client: str) -> dict[str, Any]:
        """Explain a payout; its transactions are fetched or reused.

        Args:
            payout: Its id.
            client: The name of the client in the notebook.

        Raises:
            ParameterError: It is a manual payout; the message says why it cannot be explained.
            StripeReportsError: As ``client.explain_payout``.
        """
        explained = self._client.explain_payout(payout, progress=None)
        with self._lock:
            self._last = explained
        return {
            "sentence": explained.sentence,
            "notes": [*([f"Trace id {explained.trace_id}"] if explained.trace_id else []), *explained.notes],
            "bridge": [
                {"part": part, "amount": figure(amount, explained.currency)}
                for part, amount in explained.bridge().iter_rows()
            ],
            "total": figure(explained.amount, explained.currency),
            "currency": explained.currency.upper(),
            "svg": explained.chart().svg_for_page(),
            "code": f"{client}.explain_payout({json.dumps(payout)})",
        }

    def rows(self, payout: str, part: str) -> dict[str, Any]:
        """Return the rows behind a part of the payout explained last; none if that is another one by now."""
        with self._lock:
            explained = self._last
        if explained is None or explained.id != payout:
            return {"columns": [], "rows": [], "total": 0}
        frame = explained.rows(part)
        return plain_table(frame, currency_columns(frame.schema), most=MOST_ROWS)
