"""What the state machines of both APIs may ask for, and what may go wrong with it."""

REPORTS = [
    ("balance.summary", "2026-09", {}),
    ("balance.summary", "2026-10", {"currency": "eur"}),
    ("payouts.itemized", "2026-10", {"timezone": "Europe/Paris"}),
    (
        "balance_change_from_activity.itemized",
        "2026-10-20/2026-11-04",
        {"columns": ["net", "created", "created_utc"]},
    ),
]
"""Names without version, periods and parameters."""

PASSING = [
    *("answer.500", "answer.429", "answer.lock_timeout", "connection.reset", "connection.lost"),
    *("file.cut", "file.endless"),
]
"""Faults after which a fetch still succeeds."""

LASTING = [
    *("run.failed", "run.no_result", "run.other_type", "run.other_mode", "run.other_interval"),
    *("answer.401", "answer.html", "answer.429_retry_after_hour", "answer.500_stored", "answer.trickle"),
    *("file.corrupt", "file.trickle"),
]
"""Faults with which it fails."""
