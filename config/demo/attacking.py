"""Chapter 9: what a thief of messages and warrants gets, which is nothing."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

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
from gpu_runtime.protocol import WarrantDocument, as_json, parse, sign_warrant
from gpu_runtime.protocol.messages import ClaimAnswer

POLLED_TWICE_S = 4


@dataclass(frozen=True)
class Thief:
    """Somebody who is root on a host, with everything an earlier attempt was ever answered."""

    host: Host
    stolen: ClaimAnswer

    def offer(self, make: Callable[[str], ClaimAnswer]) -> tuple[str, str, bool]:
        """Start a real guard here and offer it the answer made for its nonce.

        Returns:
            Code and words of the guard's refusal (empty if it accepted), and whether it started anything.
        """
        folder = Path(tempfile.mkdtemp(prefix="writ-guard-"))
        try:
            write_paper(folder / ORDER, self._order(folder))
            LocalLauncher().launch(folder)
            line = GuardLine(folder)
            line.open()
            nonce = ask_guards({line: {"op": "nonce"}})[line]["nonce"]
            said = ask_guards({line: {"op": "claim", "answer": as_json(make(nonce))}})[line]
            line.close()
            return str(said.get("code", "")), str(said.get("message", "")), (folder / MARKER).exists()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _order(self, folder: Path) -> Order:
        devices = self.stolen.warrant.document["device_uuids"]
        return Order(
            attempt_id=self.stolen.attempt.attempt_id,
            host_id=str(self.host.pk),
            devices=tuple(HostDevice(device, "H200 SXM", "cpu-emulated") for device in devices),
            warrant_keys=warrant_keys(),
            ttl_ms=5_000,
            grace_ms=1_000,
            run_folder=str(folder / "run"),
            checkpoint_root=str(folder),
            hidden_folders=(),
        )

    def signed_for(self, host_id: str, nonce: str) -> ClaimAnswer:
        """The same warrant by the real key, fresh for this nonce, but naming another host."""
        document = parse(WarrantDocument, self.stolen.warrant.document)
        moved = sign_warrant(replace(document, host_id=host_id, nonce=nonce), warrant_key())
        return replace(self.stolen, warrant=moved)


def attack(say: Narrator, host: Host, job: Job) -> None:
    """Three forgeries; each must run nothing."""
    say.step(9, "A forged message, a replayed warrant, a warrant for another host: none runs anything")
    forge_message(say, host)
    claimed = AttemptHost.objects.filter(attempt__job=job).exclude(claim_answer=None).order_by("attempt__number")[0]
    thief = Thief(host, parse(ClaimAnswer, claimed.claim_answer))
    code, words, has_started = thief.offer(lambda _nonce: thief.stolen)
    say.expect(f"a warrant replayed to a new guard is refused: {words}", code == "wrong_nonce" and not has_started)
    code, words, has_started = thief.offer(lambda nonce: thief.signed_for(str(uuid.uuid4()), nonce))
    say.expect(f"a fresh warrant for another host is refused: {words}", code == "wrong_host" and not has_started)


def forge_message(say: Narrator, host: Host) -> None:
    """Write a bell straight into Redis for an attempt that nobody placed."""
    attempts, forged = Attempt.objects.count(), str(uuid.uuid4())
    Celery(broker=broker_url()).send_task("writ.bell", args=[forged], queue=f"gpu.{host.pk}", ignore_result=True)
    say.tell(f"a message for the made-up attempt {forged} stands in the host's queue")
    sent = timezone.now()

    def has_looked() -> bool | None:
        host.refresh_from_db()
        return (host.last_seen_at - sent).total_seconds() > POLLED_TWICE_S or None

    say.wait("the host to look again", has_looked, 20)
    is_quiet = Attempt.objects.count() == attempts and not Attempt.objects.filter(pk=forged).exists()
    say.expect("the host looked, found nothing placed, and ran nothing", is_quiet)
