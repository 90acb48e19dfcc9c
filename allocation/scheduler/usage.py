"""What every organisation, team and person had of late: device time, forgotten by halves, and what that says of turns.

Source: the idea of Slurm's Fair Tree (documentation of priority/multifactor): siblings are ranked first at the
highest level, then below.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from allocation.scheduler.models import SchedulerRules, ShareWeight
from allocation.scheduler.placement.model import Path

HALF_LIVES_KEPT: Final = 10
# The integral of 2^(-age/half-life) over the time that a lease was held, in device-seconds.
_USED: Final = """
SELECT t.organisation_id, j.team_id, m.person_id, COALESCE(SUM(
    power(2, -EXTRACT(EPOCH FROM %(now)s - LEAST(COALESCE(l.charged_until, %(now)s), %(now)s)) / %(half)s)
    - power(2, -EXTRACT(EPOCH FROM %(now)s - LEAST(l.charged_from, %(now)s)) / %(half)s)), 0) * %(half)s / ln(2)
FROM allocation_lease l
JOIN allocation_attempt a ON a.id = l.attempt_id
JOIN allocation_job j ON j.id = a.job_id
JOIN accounts_team t ON t.id = j.team_id
JOIN accounts_membership m ON m.id = j.submitted_by_id
WHERE l.charged_from IS NOT NULL
  AND COALESCE(l.charged_until, %(now)s) > %(now)s - %(kept)s * interval '1 second'
GROUP BY 1, 2, 3
"""


@dataclass(frozen=True)
class Shares:
    """Decayed use in device-seconds of every node of the tree, and its weight among its siblings."""

    use: dict[Path, float]
    weights: dict[str, int]

    def weight(self, path: Path) -> int:
        """How much of what its siblings share a node is due."""
        return self.weights.get(path[-1], 1)

    def claim(self, path: Path) -> tuple[float, ...]:
        """Use over weight at each level, from the top: the lowest goes first. To the device-minute."""
        nodes = [path[:depth] for depth in range(1, len(path) + 1)]
        return tuple(round(self.use.get(node, 0.0) / 60 / self.weight(node)) for node in nodes)


def shares_at(now: datetime, rules: SchedulerRules) -> Shares:
    """Who had how much, up to now."""
    half_s = rules.half_life_hours * 3600.0
    with connection.cursor() as cursor:
        cursor.execute(_USED, {"now": now, "half": half_s, "kept": half_s * HALF_LIVES_KEPT})
        rows = cursor.fetchall()
    use: dict[Path, float] = {}
    for organisation, team, person, seconds in rows:
        path = (str(organisation), str(team), str(person))
        for depth in range(1, len(path) + 1):
            use[path[:depth]] = use.get(path[:depth], 0.0) + float(seconds)
    weights = ShareWeight.objects.values_list("organisation_id", "team_id", "weight")
    return Shares(use, {str(organisation or team): weight for organisation, team, weight in weights})


def current_rules() -> SchedulerRules:
    """The rules in force: those an operator set, else the defaults."""
    return SchedulerRules.objects.filter(pk=1).first() or SchedulerRules()
