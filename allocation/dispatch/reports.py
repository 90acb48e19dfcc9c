"""What hosts report of an attempt: metrics, log, checkpoints, its end. A stale token is refused in SQL, every time."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime

from allocation.clock import database_now
from allocation.dispatch import ends
from allocation.dispatch.models import DrainItem, Lease
from allocation.dispatch.refusals import StaleToken, TooMuch
from allocation.inventory import quarantine as reasons
from allocation.inventory.models import Device, Host
from allocation.inventory.services import quarantine_device
from allocation.jobs.after import PEER_FAILED
from allocation.jobs.models import Attempt, AttemptHost
from allocation.jobs.states import ATTEMPT_EDGES, AttemptAction, AttemptOutcome, AttemptState
from gpu_runtime.protocol.messages import CheckpointRequest, EndRequest, MetricsRequest
from ledger.errors import InvalidInput
from ledger.services import record
from ledger.transitions import advance

_LIVE: Final = """
WITH live AS (
    SELECT a.id, a.job_id FROM allocation_attempt a
    WHERE a.id = %(attempt)s AND a.fencing_token = %(token)s AND a.state IN ('claimed', 'running', 'draining')
      AND EXISTS (SELECT 1 FROM allocation_attempthost h
                  WHERE h.attempt_id = a.id AND h.host_id = %(host)s AND h.claim_nonce <> '')
    FOR SHARE OF a
)
"""
_METRICS: Final = """
, kept AS (
    SELECT count(*) AS rows
    FROM (SELECT 1 FROM allocation_metric m JOIN live ON m.attempt_id = live.id LIMIT %(most)s) AS counted
), told AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(step bigint, kind text, "values" jsonb)
    LIMIT (SELECT %(most)s - rows FROM kept)
), written AS (
    INSERT INTO allocation_metric (attempt_id, step, kind, "values", reported_at)
    SELECT live.id, told.step, told.kind, told."values", now() FROM live, told
    ON CONFLICT DO NOTHING
)
SELECT (SELECT count(*) FROM live), (SELECT count(*) FROM told)
"""
_LOG: Final = """
, written AS (
    INSERT INTO allocation_logchunk (attempt_id, "offset", text, reported_at)
    SELECT live.id, %(offset)s, %(text)s, now() FROM live WHERE %(text)s <> ''
    ON CONFLICT DO NOTHING
), rotated AS (
    DELETE FROM allocation_logchunk c USING live WHERE c.attempt_id = live.id AND c."offset" < %(offset)s - %(kept)s
)
SELECT count(*) FROM live
"""
_CHECKPOINT: Final = """
, lately AS (
    SELECT count(*) AS commits FROM allocation_checkpoint c JOIN live ON c.attempt_id = live.id
    WHERE c.committed_at > now() - interval '1 minute'
), written AS (
    INSERT INTO allocation_checkpoint (attempt_id, job_id, step, name, manifest_sha256, size_bytes, committed_at)
    SELECT live.id, live.job_id, %(step)s, %(name)s, %(manifest)s, %(size)s, now() FROM live, lately
    WHERE lately.commits < %(most)s
    ON CONFLICT DO NOTHING RETURNING id
)
SELECT (SELECT count(*) FROM live), (SELECT count(*) FROM written), (SELECT commits FROM lately)
"""
_STALE: Final = "The attempt has ended, or does not run on this host under this token."
LOG_BYTES_KEPT: Final = 16 << 20
METRIC_ROWS_MOST: Final = 50_000
COMMITS_A_MINUTE_MOST: Final = 90  # an agent passes on the newest of each second; an end may bring a few more
_MAX_STEP: Final = 2**53 - 1  # the largest integer that the ledger can seal. Source: RFC 8785, section 3.2.2.3


def take_metrics(*, host: Host, request: MetricsRequest) -> None:
    """Store metrics lines and a piece of log; lines that came before change nothing.

    Raises:
        TooMuch: the attempt has told as many lines as are kept; the log, and what still fitted, is stored.
        StaleToken: the attempt has ended or the token is not its own.
        InvalidInput: a line has no whole-numbered step.
    """
    try:
        rows = json.dumps([_metric_row(line) for line in request.metrics], allow_nan=False)
    except ValueError as error:
        raise InvalidInput("A metric is a finite number.", field="metrics") from error
    with transaction.atomic():
        _, taken = _write(_METRICS, host, request, rows=rows, most=METRIC_ROWS_MOST)
        _write(_LOG, host, request, **_log_values(request))
    if taken < len(request.metrics):
        raise TooMuch(f"An attempt keeps its first {METRIC_ROWS_MOST:,} lines of metrics; it runs on without more.")


def take_checkpoint(*, host: Host, request: CheckpointRequest) -> None:
    """Commit a whole checkpoint, from which the job may go on.

    Raises:
        TooMuch: the attempt has committed as many as it may in a minute.
        StaleToken: the attempt has ended or the token is not its own.
    """
    _check_checkpoint(request)
    with transaction.atomic():
        counts = _write(
            _CHECKPOINT,
            host,
            request,
            step=request.step,
            name=request.name,
            manifest=request.manifest_sha256,
            size=request.size_bytes,
            most=COMMITS_A_MINUTE_MOST,
        )
        if counts[2] >= COMMITS_A_MINUTE_MOST:
            raise TooMuch(f"An attempt commits {COMMITS_A_MINUTE_MOST} checkpoints a minute at most; it runs on.")
        if counts[1]:
            attempt = Attempt.objects.get(pk=request.attempt_id)
            record("checkpoint.committed", attempt, facts={"step": request.step, "sha256": request.manifest_sha256})


def _write(
    query: str, host: Host, request: MetricsRequest | CheckpointRequest, **values: str | int
) -> tuple[int, ...]:
    """Run one guarded write; the guard is in the statement itself."""
    attempt_id, token = _uuid(request.attempt_id), request.fencing_token
    guard: dict[str, str | int | uuid.UUID] = {"attempt": attempt_id, "token": token, "host": host.pk}
    with connection.cursor() as cursor:
        cursor.execute(_LIVE + query, {**guard, **values})
        counts: tuple[int, ...] = cursor.fetchone()
    if not counts[0]:
        raise StaleToken(_STALE)
    return counts


def _log_values(request: MetricsRequest) -> dict[str, str | int]:
    """The piece of log, and how much before it is kept: the newest 16 MiB of an attempt."""
    text = request.log.text.replace("\x00", "\ufffd")
    return {"offset": min(request.log.offset, _MAX_STEP), "text": text, "kept": LOG_BYTES_KEPT}


def _metric_row(line: dict[str, Any]) -> dict[str, Any]:
    step = line.get("step")
    if type(step) is not int or not 0 <= step <= _MAX_STEP:
        raise InvalidInput("A metrics line has a whole-numbered step.", field="step")
    kind = str(line.get("kind", "train"))[:20]
    return {"step": step, "kind": kind, "values": {k: v for k, v in line.items() if k not in {"step", "kind"}}}


def _check_checkpoint(request: CheckpointRequest) -> None:
    if not 0 <= request.step <= _MAX_STEP or not 0 <= request.size_bytes <= _MAX_STEP:
        raise InvalidInput("Step and size of a checkpoint are whole numbers from 0 to 2^53 - 1.", field="step")
    if len(request.name) > 100 or len(request.manifest_sha256) != 64:
        raise InvalidInput("A checkpoint has a name of 100 characters at most and a SHA-256.", field="name")


def take_end(*, host: Host, request: EndRequest) -> None:
    """Take the confirmed end of an attempt on one host; told again, it changes nothing.

    Raises:
        StaleToken: the attempt never ran on this host under this token.
    """
    with transaction.atomic():
        attempt = ends.lock_attempt(_uuid(request.attempt_id))
        place = AttemptHost.objects.select_for_update().filter(attempt=attempt, host=host).first()
        is_ours = attempt is not None and place is not None and attempt.fencing_token == request.fencing_token
        if attempt is None or place is None or not is_ours or not place.claim_nonce:
            raise StaleToken(_STALE)
        if place.clear_at is not None:
            return
        _free(attempt, place, request)
        _note_times(attempt, request)
        if ends.is_live(attempt):
            _end_here(attempt, request)


def _free(attempt: Attempt, place: AttemptHost, request: EndRequest) -> None:
    """Stop charging this host's leases; release them if no process is left, else quarantine the devices."""
    mine = Q(device__host=place.host_id, released_at=None)
    ends.charge_leases(attempt, leases=mine, until=Now())
    if request.devices_clear:
        AttemptHost.objects.filter(pk=place.pk).update(clear_at=Now())
        Lease.objects.filter(mine, attempt=attempt).update(released_at=Now())
        return
    for device in Device.objects.filter(leases__attempt=attempt, host=place.host_id):
        quarantine_device(device_id=device.pk, reason=reasons.NOT_CLEAR)


def _note_times(attempt: Attempt, request: EndRequest) -> None:
    """Keep the host's wall-clock times for the record; nothing is decided on them."""
    items = DrainItem.objects.filter(attempt=attempt, confirmed_at=None)
    items.update(
        signalled_at=_moment(request.signalled_at), last_process_gone_at=_moment(request.last_process_gone_at)
    )


def _end_here(attempt: Attempt, request: EndRequest) -> None:
    """End the attempt with its last host; before that, a failure stops the others of the gang."""
    values = _values(request)
    others = attempt.hosts.filter(clear_at=None).exclude(claim_nonce="")
    waiting = others.exclude(host__in=_silent_about(attempt)) if request.devices_clear else others.none()
    if waiting.exists():
        Attempt.objects.filter(pk=attempt.pk).update(**values)
        if AttemptOutcome(request.outcome) != AttemptOutcome.SUCCEEDED:
            _stop_others(attempt)
        return
    outcome = AttemptOutcome(request.outcome)
    if attempt.drain_reason == PEER_FAILED:
        outcome, values = AttemptOutcome.FAILED, {}
    message = request.message or attempt.message
    ends.close_attempt(attempt, ends.Closing(outcome, message, values))


def _silent_about(attempt: Attempt) -> list[uuid.UUID]:
    """Hosts of the gang that have nothing left to report: their devices are all released."""
    leased = attempt.leases.filter(released_at=None).values_list("device__host_id", flat=True)
    return [each.host_id for each in attempt.hosts.all() if each.host_id not in set(leased)]


def _stop_others(attempt: Attempt) -> None:
    if attempt.state not in (AttemptState.CLAIMED, AttemptState.RUNNING):
        return
    attempt.state = advance(ATTEMPT_EDGES, attempt.state, AttemptAction.DRAIN)
    now = database_now()
    Attempt.objects.filter(pk=attempt.pk).update(
        state=attempt.state, drain_reason=PEER_FAILED, drain_asked_at=now, drain_deadline_at=now
    )
    record("attempt.draining", attempt, facts={"reason": PEER_FAILED})


def _values(request: EndRequest) -> dict[str, Any]:
    return {
        "exit_code": request.exit_code,
        "exit_signal": request.signal,
        "log_tail": request.log_tail.replace("\x00", "\ufffd")[-20_000:],
        "signal_to_gone_ms": request.signal_to_gone_ms,
        "receipt": request.receipt,
    }


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise StaleToken("No attempt has this id.") from error
