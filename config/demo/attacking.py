"""Chapter 9: what a thief of messages and warrants gets, which is nothing."""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from celery import Celery
from django.utils import timezone

from allocation.dispatch.keys import warrant_key, warrant_keys
from allocation.inventory.models import Host
from allocation.jobs.models import Attempt, AttemptHost, Job
from config.demo.narrator import Narrator
from config.embedded.urls import broker_url
from gpu_runtime.agent.guards import GuardLine, ask_guards
from gpu_runtime.guard.order import MARKER, ORDER, HostDevice, Order, write_paper
from gpu_runtime.launchers.local import LocalLauncher
from gpu_runtime.protocol import Envelope, WarrantDocument, as_json, parse, sign_warrant
from gpu_runtime.protocol.messages import ClaimAnswer


def attack(say: Narrator, host: Host, job: Job) -> None:
    """Three forgeries; each must run nothing."""
    say.step(9, "A forged message, a replayed warrant, a warrant for another host: none runs anything")
    forge_message(say, host)
    stolen = AttemptHost.objects.filter(attempt__job=job).exclude(claim_answer=None).order_by("attempt__number")[0]
    answer = parse(ClaimAnswer, stolen.claim_answer)
    offer(say, "the warrant of an earlier attempt, replayed to a new guard", host, lambda _nonce: answer)
    elsewhere = str(uuid.uuid4())
    offer(
        say, "a warrant signed for another host, with this guard's own nonce", host,
        lambda nonce: signed_for(answer, elsewhere, nonce),
    )  # fmt: skip


def forge_message(say: Narrator, host: Host) -> None:
    """Write a bell straight into Redis for an attempt that nobody placed."""
    attempts, forged = Attempt.objects.count(), str(uuid.uuid4())
    app = Celery(broker=broker_url())
    app.send_task("writ.bell", args=[forged], queue=f"gpu.{host.pk}", ignore_result=True)
    say.tell(f"a message for the made-up attempt {forged} stands in the host's queue")
    started = say.wait("two polls of the agent", lambda: _polled_since(host), 15)
    say.expect(
        "the host looked, found nothing placed, and ran nothing", started and Attempt.objects.count() == attempts
    )


def _polled_since(host: Host) -> bool | None:
    before = host.last_seen_at
    host.refresh_from_db()
    return (timezone.now() - before).total_seconds() > 4 or None


def signed_for(answer: ClaimAnswer, host_id: str, nonce: str) -> ClaimAnswer:
    """The same warrant by the real key, fresh for this nonce, but naming another host."""
    document: WarrantDocument = parse(WarrantDocument, as_json(answer.warrant.document))
    moved = replace(document, host_id=host_id, nonce=nonce)
    envelope: Envelope = sign_warrant(moved, warrant_key())
    return replace(answer, warrant=envelope)


def offer(say: Narrator, claim: str, host: Host, made: Any) -> None:
    """Start a real guard on this host and offer it a warrant; it must refuse, and start nothing."""
    folder = Path(tempfile.mkdtemp(prefix="writ-guard-"))
    try:
        code, message = _offer(folder, host, made)
        started = (folder / MARKER).exists()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say.expect(f"refused ({code}): {claim}. {message}", bool(code) and not started)


def _offer(folder: Path, host: Host, made: Any) -> tuple[str, str]:
    answer = parse(ClaimAnswer, AttemptHost.objects.filter(host=host).exclude(claim_answer=None)[0].claim_answer)
    order = Order(
        attempt_id=answer.attempt.attempt_id,
        host_id=str(host.pk),
        devices=tuple(HostDevice(device, "H200 SXM", "cpu-emulated") for device in _devices(answer)),
        warrant_keys=warrant_keys(),
        ttl_ms=5_000,
        grace_ms=1_000,
        run_folder=str(folder / "run"),
        checkpoint_root=str(folder),
        hidden_folders=(),
    )
    write_paper(folder / ORDER, order)
    LocalLauncher().launch(folder)
    line = GuardLine(folder)
    line.open()
    nonce = ask_guards({line: {"op": "nonce"}})[line]["nonce"]
    said = ask_guards({line: {"op": "claim", "answer": as_json(made(nonce))}})[line]
    line.close()
    return ("", "") if said["ok"] else (str(said["code"]), str(said["message"]))


def _devices(answer: ClaimAnswer) -> list[str]:
    document = answer.warrant.document
    return list(
        document["device_uuids"] if isinstance(document, dict) else json.loads(json.dumps(document.device_uuids))
    )
