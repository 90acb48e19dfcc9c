"""Re-exports, for Django: each concept's models live in its own folder."""

from allocation.chain.models import AttemptLink
from allocation.dispatch.models import Drain, DrainItem, Lease
from allocation.grants.models import Grant, Reservation
from allocation.inventory.models import Device, EnrolmentCode, Host, Incident
from allocation.jobs.models import Attempt, AttemptHost, Checkpoint, Job, LogChunk, Metric
from allocation.scheduler.models import (
    Booking,
    DeviceQuota,
    Division,
    DivisionShare,
    FilingPriority,
    JobOutlook,
    JobPriority,
    LineCap,
    Preemption,
    SchedulerRules,
    ShareWeight,
)

__all__ = [
    "Attempt",
    "AttemptHost",
    "AttemptLink",
    "Booking",
    "Checkpoint",
    "Device",
    "DeviceQuota",
    "Division",
    "DivisionShare",
    "Drain",
    "DrainItem",
    "EnrolmentCode",
    "FilingPriority",
    "Grant",
    "Host",
    "Incident",
    "Job",
    "JobOutlook",
    "JobPriority",
    "Lease",
    "LineCap",
    "LogChunk",
    "Metric",
    "Preemption",
    "Reservation",
    "SchedulerRules",
    "ShareWeight",
]
