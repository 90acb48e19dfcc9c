"""Verdicts on chains, kept while nothing that they rest on has moved: a pass judges only what changed.

Jobs alike in filing, grant, submitter, chip, devices and time limit have the same chain. What is kept is never the
last word: placing compares every version again, in its own transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from allocation.chain.chain import Chain
from allocation.chain.links import LinkKind
from allocation.chain.queries import candidates_of_job
from allocation.clock import database_now
from allocation.inventory.models import Device
from allocation.jobs.models import Job
from allocation.scheduler.placement import Line, Pair

Stamp = tuple[Any, ...]
KEPT_MOST: Final = 20_000
KEPT_FOR: Final = timedelta(minutes=5)
_LICENCES: Final = (LinkKind.EXPORTER_LICENCE, LinkKind.IMPORTER_LICENCE)
# What chains rest on has versions. The ledger tells of acts on rows that have none; jobs' own rows change no chain.
_STAMP: Final = """
SELECT %(since)s::timestamptz, current_date,
       (SELECT count(*) FROM chain_version), (SELECT sum(version) FROM chain_version),
       (SELECT count(*) FROM ledger_entry WHERE at > %(since)s - interval '1 minute' AND act NOT LIKE 'job.%%'
           AND act NOT LIKE 'attempt.%%' AND act NOT LIKE 'drain.%%')
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """What the chains of some jobs have in common."""

    filing: UUID
    grant: UUID
    submitter: UUID
    chip: UUID
    devices: int
    limit_ms: int


@dataclass(frozen=True)
class Verdict:
    """The chain of one kind of job, the sets of lines that keep it whole, and how long each line does."""

    chain: Chain
    pairs: frozenset[Pair]
    lines: dict[str, Line]
    ends_at: datetime | None
    ends_by: str


class Verdicts:
    """What was judged, by kind, and whether the grant had GPU time for it."""

    def __init__(self) -> None:
        self._stamp: Stamp = ()
        self._since: datetime | None = None
        self._kept: dict[tuple[Kind, bool], Verdict] = {}

    def refresh(self) -> bool:
        """Forget everything if anything moved that a chain may rest on.

        Returns:
            Whether it had moved.
        """
        now = database_now()
        if self._since is None or now - self._since > KEPT_FOR:
            self._since = now
        stamp = read_stamp(self._since)
        if stamp == self._stamp and len(self._kept) < KEPT_MOST:
            return False
        self._stamp, self._kept = stamp, {}
        return True

    @property
    def stamp(self) -> Stamp:
        """What was current when the verdicts were made."""
        return self._stamp

    def of(self, kind: Kind, job: UUID, *, has_time: bool, now: datetime) -> Verdict:
        """The verdict on a kind, judged on ``job`` where it is not known or has lapsed."""
        known = self._kept.get((kind, has_time))
        until = known.chain.valid_until if known else None
        if known is None or (until is not None and until <= now):
            known = self._kept[(kind, has_time)] = judge(Job.objects.get(pk=job), now=now)
        return known


def read_stamp(since: datetime) -> Stamp:
    """Changes with everything that a chain rests on; it begins with ``since``, from when on the ledger is heard."""
    with connection.cursor() as cursor:
        cursor.execute(_STAMP, {"since": since})
        found: Stamp = cursor.fetchone()
    return found


def judge(job: Job, *, now: datetime) -> Verdict:
    """The chain of a waiting job as it stands now, and what it may use."""
    found = candidates_of_job(job, now=now)
    pairs = frozenset(
        pair_of(device) for device in found.devices if device.exporter_line_id and device.importer_line_id
    )
    others = [link for link in found.chain.gates if link.valid_until and link.kind not in _LICENCES]
    first = min(others, key=lambda link: link.valid_until or now, default=None)
    return Verdict(
        found.chain,
        pairs,
        _lines(found.chain),
        first.valid_until if first else None,
        f"{first.label} {first.reference}".strip() if first else "",
    )


def pair_of(device: Device) -> Pair:
    """The licence lines that a device stands on, of every authority."""
    return tuple(sorted(str(pk) for pk in device.line_ids))


def _lines(chain: Chain) -> dict[str, Line]:
    """How long each licence line that has an end carries use."""
    return {
        str(rest.object_id): Line(until_s=link.valid_until.timestamp())
        for link in chain.links
        if link.kind in _LICENCES and link.valid_until is not None
        for rest in link.rests
        if rest.source == "licence_line"
    }
