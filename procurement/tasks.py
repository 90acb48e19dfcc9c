"""Procurement's tasks, for Celery to find."""

from procurement.screening.tasks import work

__all__ = ["work"]
