"""How soon the form is there: what the kernel does from the start of the cell to the front end's turn."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from tests.benchmarks.measure import Spread, in_child
from tests.benchmarks.table import Row

BAR = 1.0


def rows(runs: int) -> list[Row]:
    """The form of the simulated account, in a kernel that has only started; altair comes later."""
    in_child(form)  # the first one compiles
    samples = [in_child(form) for _ in range(runs)]
    spread = Spread.of([sample.seconds for sample in samples])
    size = samples[0].value["bytes"] / 1000
    loaded = any(sample.value["altair"] for sample in samples)
    return [
        Row(
            "form on the page: the kernel's part, from the start of the cell",
            f"≤ {BAR:.0f} s",
            spread.text(" s"),
            "–",
            f"{size:.0f} kB of state and front end; altair loaded: {'yes' if loaded else 'no'}",
            spread.middle <= BAR and not loaded,
        )
    ]


def form() -> tuple[Callable[[], Any], Callable[[Any], dict[str, Any]]]:
    """The first cell of a session: import, client, form, and what is sent to show it."""
    import ipykernel.kernelbase  # noqa: F401 - what a kernel has loaded before the first cell

    def cell() -> Any:
        import stripe_reports as sr

        shown = sr.explore(sr.demo())
        return shown, shown._repr_mimebundle_(), shown.get_state()

    def described(made: Any) -> dict[str, Any]:
        return {"altair": "altair" in sys.modules, "bytes": len(json.dumps(made[2], default=str))}

    return cell, described
