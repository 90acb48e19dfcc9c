"""Screening's one task: nothing in, one call, repeated without harm; rung by the pulse (see ``chores``)."""

from __future__ import annotations

from celery import shared_task

from procurement.screening import chores


@shared_task(name=chores.TASK)  # type: ignore[untyped-decorator]
def work() -> None:
    """Fetch lists that are due, go on with re-screening and with batches."""
    chores.work()
