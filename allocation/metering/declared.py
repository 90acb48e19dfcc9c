"""What a filing declared against what was observed, and whether the difference is within a licence's tolerance."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db import connection
from django.db.models import Sum

from allocation.grants.models import Grant
from procurement.filings.models import Filing
from procurement.licences.models import Condition

DEFAULT_TOLERANCE_PERCENT: Final = 10
TOLERANCE: Final = "usage_tolerance_percent"
# Source: Kaplan et al. 2020, section 2.1: training takes about 6 FLOPs per parameter and token.
FLOPS_PER_PARAMETER_AND_TOKEN: Final = 6

# How many devices a filing's leases held at one moment, at most: it can only rise where one begins.
_MOST_AT_ONCE: Final = """
WITH mine AS (
    SELECT l.charged_from AS begins, COALESCE(l.charged_until, now()) AS stops
    FROM allocation_lease l JOIN allocation_attempt a ON a.id = l.attempt_id JOIN allocation_job j ON j.id = a.job_id
    WHERE j.filing_id = %(filing)s AND l.charged_from IS NOT NULL
)
SELECT COALESCE(MAX(held), 0) FROM (
    SELECT (SELECT COUNT(*) FROM mine o WHERE o.begins <= m.begins AND o.stops > m.begins) AS held FROM mine m) x
"""
_GPU_MS: Final = """
SELECT COALESCE(SUM(CEIL(EXTRACT(EPOCH FROM COALESCE(l.charged_until,
    LEAST(now(), l.charged_from + j.time_limit_ms * interval '1 millisecond')) - l.charged_from) * 1000)), 0)::bigint
FROM allocation_lease l JOIN allocation_attempt a ON a.id = l.attempt_id JOIN allocation_job j ON j.id = a.job_id
WHERE j.filing_id = %(filing)s AND l.charged_from IS NOT NULL
"""
# A receipt is written by a runner: what is no plain whole number in it counts as nothing.
_FLOPS: Final = """
SELECT COALESCE(SUM(CASE WHEN a.receipt #>> '{work,flops_counted}' ~ '^[0-9]{1,30}$'
                         THEN (a.receipt #>> '{work,flops_counted}')::numeric END), 0)
FROM allocation_attempt a JOIN allocation_job j ON j.id = a.job_id
WHERE j.filing_id = %(filing)s AND jsonb_typeof(a.receipt) = 'object'
"""
# Parties whose people submitted, and who are neither of the order nor declared as remote users.
_UNDECLARED: Final = """
SELECT COUNT(DISTINCT o.party_id) FROM allocation_job j
JOIN accounts_membership m ON m.id = j.submitted_by_id
JOIN accounts_team t ON t.id = m.team_id
JOIN accounts_organisation o ON o.id = t.organisation_id
JOIN procurement_filing f ON f.id = j.filing_id
JOIN procurement_order r ON r.id = f.order_id
JOIN procurement_site s ON s.id = r.site_id
WHERE j.filing_id = %(filing)s AND o.party_id IS NOT NULL AND o.kind <> 'operator' AND o.party_id <> s.operator_id
  AND NOT EXISTS (SELECT 1 FROM procurement_orderparty p WHERE p.order_id = r.id AND p.party_id = o.party_id)
  AND NOT EXISTS (SELECT 1 FROM procurement_remoteuser u WHERE u.filing_id = f.id AND u.party_id = o.party_id)
"""


class Measure(StrEnum):
    """What is declared and can be observed."""

    DEVICES = "devices"
    GPU_MS = "gpu_ms"
    FLOPS = "flops"
    REMOTE_USERS = "remote_users"


@dataclass(frozen=True)
class Comparison:
    """One measure of a filing; ``declared`` is ``None`` where the filing says nothing of it.

    For remote users both count parties: ``observed`` those that were declared and those that were not.
    """

    measure: Measure
    declared: int | None
    observed: int
    tolerance_percent: int

    @property
    def limit(self) -> int | None:
        """The most that lies within the tolerance. Who has remote access is declared by name: no tolerance."""
        if self.declared is None:
            return None
        percent = 0 if self.measure == Measure.REMOTE_USERS else self.tolerance_percent
        return self.declared * (100 + percent) // 100

    @property
    def has_drifted(self) -> bool:
        """Whether more was observed than was declared, by more than the tolerance."""
        return self.limit is not None and self.observed > self.limit

    @property
    def percent(self) -> int | None:
        """Observed in percent of declared, rounded down."""
        return self.observed * 100 // self.declared if self.declared else None


def compare(filing: Filing) -> tuple[Comparison, ...]:
    """Every measure of a filing over its whole life."""
    tolerance = tolerance_percent_of(filing)
    users = filing.remote_users.count()
    granted = Grant.objects.filter(filing=filing).aggregate(total=Sum("granted_ms"))["total"]
    declared_and_seen = (
        (Measure.DEVICES, filing.max_devices, _asked(_MOST_AT_ONCE, filing)),
        (Measure.GPU_MS, granted or filing.requested_ms, _asked(_GPU_MS, filing)),
        (Measure.FLOPS, _declared_flops(filing), _asked(_FLOPS, filing)),
        (Measure.REMOTE_USERS, users, users + _asked(_UNDECLARED, filing)),
    )
    return tuple(Comparison(measure, said, seen, tolerance) for measure, said, seen in declared_and_seen)


def tolerance_percent_of(filing: Filing) -> int:
    """The tightest tolerance that a licence of the filing's order names, in percent; else 10."""
    named = Condition.objects.filter(licence__order=filing.order_id, parameter__has_key=TOLERANCE)
    found = [each.parameter[TOLERANCE] for each in named]
    whole = [value for value in found if type(value) is int and 0 <= value <= 1000]
    return min(whole, default=DEFAULT_TOLERANCE_PERCENT)


def _declared_flops(filing: Filing) -> int | None:
    if not filing.training_tokens:
        return None
    return FLOPS_PER_PARAMETER_AND_TOKEN * filing.model_parameters * filing.training_tokens


def _asked(query: str, filing: Filing) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, {"filing": filing.pk})
        return int(cursor.fetchone()[0])
