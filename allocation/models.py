"""Re-exports, for Django: each concept's models live in its own folder."""

from allocation.chain.models import AttemptLink
from allocation.dispatch.models import Drain, DrainItem, Lease
from allocation.grants.models import Grant, Reservation
from allocation.inventory.models import Device, EnrolmentCode, Host, Incident
from allocation.jobs.models import Attempt, AttemptHost, Checkpoint, Job, LogChunk, Metric

__all__ = [
    "Attempt",
    "AttemptHost",
    "AttemptLink",
    "Checkpoint",
    "Device",
    "Drain",
    "DrainItem",
    "EnrolmentCode",
    "Grant",
    "Host",
    "Incident",
    "Job",
    "Lease",
    "LogChunk",
    "Metric",
    "Reservation",
]
