"""The two functions that an executor calls. They import what they need when they are called."""

from __future__ import annotations

from stripe_reports.runs.task import Condition, Figures, Probe, Task

__all__ = ["convert_task", "probe_worker"]


def convert_task(task: Task) -> Figures:
    """Download and convert the result of a run, and put it where the task says, complete or not at all.

    Raises:
        WorkerError: This process lacks the key of the client, or something unexpected happened.
        StripeReportsError: See ``convert``. Every error that leaves this function can be pickled.
    """
    from stripe_reports.runs import working

    return working.convert_apart(task)


def probe_worker(probe: Probe) -> Condition:
    """Try everything that a task needs, without raising an error."""
    from stripe_reports.runs import working

    return working.condition(probe)
