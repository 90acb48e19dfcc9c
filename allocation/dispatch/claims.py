"""The claim: a host takes up an attempt, once. The chain is judged anew and the warrant signed in the answer."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from allocation.chain.queries import chain_of_job
from allocation.chain.stored import store_links
from allocation.clock import database_now
from allocation.dispatch import drains, ends, times
from allocation.dispatch.models import Lease
from allocation.dispatch.refusals import ChainBroken, ClaimedElsewhere, StaleToken
from allocation.dispatch.warrants import Bearer, run_ttl, run_warrant
from allocation.inventory.models import Host
from allocation.jobs.fitness import level_fault
from allocation.jobs.models import Attempt, AttemptHost
from allocation.jobs.states import ATTEMPT_EDGES, AttemptAction, AttemptOutcome, AttemptState
from gpu_runtime.protocol import as_json
from gpu_runtime.protocol.messages import AttemptPlace, ClaimAnswer, ClaimRequest, Resume
from ledger.services import record
from ledger.transitions import advance

# Below the ports that Linux gives out by itself (from 32,768 on), so that nobody has one by chance.
FIRST_PORT, PORTS = 20_000, 12_000
_CLAIMABLE = (AttemptState.PLACED, AttemptState.CLAIMED)
_WARRANTED = (AttemptState.CLAIMED, AttemptState.RUNNING)


def claim_attempt(*, host: Host, request: ClaimRequest) -> dict[str, Any]:
    """Answer a host's claim with the warrant, the spec and the attempt's place.

    The same host with the same nonce gets the same answer again while it may run; every other claim of the place is
    refused.

    Raises:
        StaleToken: the attempt is not placed on this host, or it drains or has ended.
        ClaimedElsewhere: the place was claimed with another nonce.
        ChainBroken: a link broke since it was placed; the attempt is ended and its job waits again.
    """
    with transaction.atomic():
        attempt = ends.lock_attempt(_uuid(request.attempt_id))
        place = _place(attempt, host)
        if attempt is None or place is None or not ends.is_live(attempt):
            raise StaleToken("No attempt of this id waits on this host.")
        if place.claim_nonce:
            return _again(attempt, place, request.nonce)
        if attempt.state not in _CLAIMABLE:
            raise StaleToken(f"The attempt is {attempt.state} and can no longer be claimed.")
        now = database_now()
        broken = level_fault(attempt.job, host) or _judge(attempt, now)
        if broken is None:
            return _take(attempt, place, Bearer(attempt, host.pk, request.nonce, now))
        _refuse(attempt, broken)
    raise ChainBroken(broken)


def _place(attempt: Attempt | None, host: Host) -> AttemptHost | None:
    return AttemptHost.objects.select_for_update().filter(attempt=attempt, host=host).first()


def _again(attempt: Attempt, place: AttemptHost, nonce: str) -> dict[str, Any]:
    if place.claim_nonce != nonce or place.claim_answer is None:
        raise ClaimedElsewhere("This host's place in the attempt was claimed already, with another nonce.")
    if attempt.state not in _WARRANTED:
        raise StaleToken(f"The attempt is {attempt.state}: its warrant is not given out again.")
    answer: dict[str, Any] = place.claim_answer
    return answer


def _judge(attempt: Attempt, now: datetime) -> str | None:
    """Judge the whole chain on the leased devices; store what it rests on, or say why nothing starts."""
    chain = chain_of_job(attempt.job, now=now)
    if not chain.is_whole:
        return "; ".join(chain.reasons)
    store_links(attempt, chain)
    attempt.valid_until = chain.valid_until
    attempt.claimed_at = attempt.claimed_at or now
    if times.in_ms(run_ttl(attempt, now)) <= 0:
        return "No time is left on what the job rests on."
    return None


def _refuse(attempt: Attempt, reason: str) -> None:
    if attempt.state == AttemptState.PLACED:
        attempt.drain_reason = reason
        ends.end_unclaimed(attempt, outcome=AttemptOutcome.REFUSED, reason=reason)
        return
    cause = drains.Cause("job", attempt.job_id, attempt.job.reference, reason)
    drains.begin_drain(actor=None, cause=cause, attempts=[attempt.pk])


def _take(attempt: Attempt, place: AttemptHost, bearer: Bearer) -> dict[str, Any]:
    """Mark the place as claimed, begin charging, and start the attempt once the last host has claimed."""
    ttl = run_ttl(attempt, bearer.now)
    is_last = not attempt.hosts.filter(claim_nonce="").exclude(pk=place.pk).exists()
    _advance(attempt, bearer.now, is_last)
    mine = Q(device__host=place.host_id, released_at=None)
    Lease.objects.filter(mine, attempt=attempt).update(
        charged_from=bearer.now, expires_at=bearer.now + ttl + times.margin()
    )
    warrant = run_warrant(bearer)
    if warrant is None:
        raise ChainBroken("No time is left on what the job rests on.")
    place_told = replace(_attempt_place(attempt, place), start=is_last)
    answer = as_json(ClaimAnswer(warrant=warrant, spec=attempt.job.spec, attempt=place_told))
    place.claim_nonce, place.claim_answer = bearer.nonce, answer
    place.claimed_at = place.last_renewed_at = bearer.now
    place.warranted_until = bearer.now + ttl
    place.save(update_fields=["claim_nonce", "claim_answer", "claimed_at", "last_renewed_at", "warranted_until"])
    facts = {"host": place.host.name, "rank": place.rank, "fencing_token": attempt.fencing_token}
    record("attempt.claimed", attempt, facts={**facts, "job": attempt.job.reference})
    return answer


def _advance(attempt: Attempt, now: datetime, is_last: bool) -> None:
    if attempt.state == AttemptState.PLACED:
        attempt.state = advance(ATTEMPT_EDGES, attempt.state, AttemptAction.CLAIM)
    if is_last:
        attempt.state = advance(ATTEMPT_EDGES, attempt.state, AttemptAction.START)
        attempt.started_at = now
        record("attempt.started", attempt, facts={"job": attempt.job.reference, "number": attempt.number})
    attempt.isolation = _isolation(attempt)
    attempt.save(update_fields=["state", "claimed_at", "started_at", "isolation"])


def _isolation(attempt: Attempt) -> str:
    """What the weakest host of the gang can give is not known by order; all of them are named."""
    named = {str(each.host.isolation) for each in attempt.hosts.select_related("host")}
    return ", ".join(sorted(named))[:60]


def _attempt_place(attempt: Attempt, place: AttemptHost) -> AttemptPlace:
    hosts = list(attempt.hosts.select_related("host").order_by("rank"))
    return AttemptPlace(
        attempt_id=str(attempt.pk),
        job_ref=attempt.job.reference,
        number=attempt.number,
        fencing_token=attempt.fencing_token,
        rank=place.rank,
        world_size=len(hosts),
        rendezvous=_rendezvous(hosts, attempt.fencing_token),
        resume=Resume(**attempt.resume) if attempt.resume else None,
        checkpoint_name=attempt.job.reference,
        start=False,
    )


def _rendezvous(hosts: list[AttemptHost], token: int) -> str | None:
    """Where the ranks of a gang meet: the first host, on a port that differs from attempt to attempt."""
    first = hosts[0].host
    return f"{first.address or first.name}:{FIRST_PORT + token % PORTS}" if len(hosts) > 1 else None


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise StaleToken("No attempt has this id.") from error
