"""A small world in which a job may run, and a host that speaks the protocol with its own key through the real views."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.actors import Actor
from allocation.grants.models import Grant
from allocation.grants.services import open_grant
from allocation.inventory.enrolment import create_enrolment_code
from allocation.inventory.models import Device, Host
from allocation.inventory.services import receive_devices
from allocation.jobs.models import Attempt, Job
from allocation.jobs.services import submit_job
from allocation.scheduler.passes import run_pass
from gpu_runtime.protocol import generate_key, new_nonce, public_key_text, sign_request
from procurement.determinations.models import Determination
from procurement.filings.models import Filing
from procurement.licences.models import Licence
from procurement.orders.models import Order
from procurement.parties.models import Site
from procurement.review.models import Case, Decision
from tests import factories as make

HOUR_MS = 3_600_000
_serials = itertools.count(1)

SOURCE = """name: bytes
filing: {filing}
chip: h200-sxm
devices: {devices}
time_limit: {limit}
train-lm:
  data: python-stdlib
"""


@dataclass
class FakeHost:
    """A host with its own key; every request goes through the real addresses and is really signed."""

    client: Client
    name: str
    serials: list[str]
    id: str = ""
    key: Any = field(default_factory=generate_key)
    sequence: int = 0
    answer: dict[str, Any] = field(default_factory=dict)
    nonces: dict[str, str] = field(default_factory=dict)

    def post(self, name: str, body: dict[str, Any], *, expect: int = 200, **overrides: Any) -> dict[str, Any]:
        path, raw = f"/host/v1/{name}", json.dumps(body).encode()
        self.sequence += 1
        signed = overrides.pop("signed_body", raw)
        values = {"host_id": self.id, "sequence": self.sequence, "path": path, "body": signed, **overrides}
        headers = sign_request(values.pop("key", self.key), method="POST", **values)
        response = self.client.post(path, raw, content_type="application/json", headers=headers)
        assert response.status_code == expect, (name, response.status_code, response.content[:2000])
        return response.json()

    def devices(self, **changes: Any) -> list[dict[str, Any]]:
        told = {
            "chip_model": "h200-sxm", "memory_bytes": 141 * 10**9, "backend": "cpu-emulated", "driver": "emulated 1",
            "health": "ok", "foreign_pids": [],
        }  # fmt: skip
        return [
            {"uuid": f"EMU-{serial}", "serial": serial, "index": index, **told, **changes}
            for index, serial in enumerate(self.serials)
        ]

    def enrol(self, code: str, *, expect: int = 200) -> dict[str, Any]:
        body = {
            "code": code, "name": self.name, "public_key": public_key_text(self.key.verify_key), "agent_version": "1",
            "isolation": "own user, own pid namespace", "devices": self.devices(),
        }  # fmt: skip
        self.answer = self.post("enrol", body, expect=expect)
        self.id = self.answer.get("host_id", "")
        return self.answer

    def report(self, attempts: list[dict[str, Any]] | None = None, **changes: Any) -> None:
        devices = changes.pop("devices", None)
        body = {
            "boot_id": "b1", "isolation": "own user, own pid namespace", "attempts": attempts or [],
            "devices": self.devices(**changes) if devices is None else devices,
        }  # fmt: skip
        self.post("report", body)

    def claim(self, attempt: Attempt, *, nonce: str = "", expect: int = 200) -> dict[str, Any]:
        nonce = nonce or self.nonces.setdefault(str(attempt.pk), new_nonce())
        return self.post("claim", {"attempt_id": str(attempt.pk), "nonce": nonce}, expect=expect)

    def renew(self, *attempts: Attempt, token: int | None = None) -> list[dict[str, Any]]:
        items = [
            {"attempt_id": str(a.pk), "fencing_token": token or a.fencing_token, "nonce": new_nonce(), "processes": 1}
            for a in attempts
        ]
        return self.post("renew", {"attempts": items})["answers"]

    def end(self, attempt: Attempt, outcome: str = "succeeded", *, expect: int = 200, **changes: Any) -> None:
        body = {
            "attempt_id": str(attempt.pk), "fencing_token": attempt.fencing_token, "outcome": outcome, "exit_code": 0,
            "signal": None, "message": "", "log_tail": "", "receipt": None, "signalled_at": None,
            "last_process_gone_at": None, "signal_to_gone_ms": None, "devices_clear": True,
        }  # fmt: skip
        self.post("end", {**body, **changes}, expect=expect)

    def metrics(self, attempt: Attempt, *lines: dict[str, Any], expect: int = 200, log: str = "") -> None:
        body = {"attempt_id": str(attempt.pk), "fencing_token": attempt.fencing_token, "metrics": list(lines)}
        self.post("metrics", {**body, "log": {"offset": 0, "text": log}}, expect=expect)

    def checkpoint(self, attempt: Attempt, step: int, *, expect: int = 200) -> None:
        body = {
            "attempt_id": str(attempt.pk), "fencing_token": attempt.fencing_token, "step": step,
            "name": f"step_{step:08d}", "manifest_sha256": f"{step:064x}", "size_bytes": 10,
        }  # fmt: skip
        self.post("checkpoint", body, expect=expect)

    @property
    def row(self) -> Host:
        return Host.objects.get(pk=self.id)


@dataclass
class World:
    """One order, both licences, received devices, an approved filing with its grant, and a team."""

    client: Client
    team: Actor
    officer: Actor
    second: Actor
    operator: Actor
    site: Site
    order: Order
    exporter: Licence
    importer: Licence
    filing: Filing
    grant: Grant
    serials: list[str]

    def add_host(self, serials: list[str] | None = None, *, site: Site | None = None) -> FakeHost:
        host = FakeHost(self.client, f"host-{next(_serials)}", self.serials if serials is None else serials)
        host.enrol(create_enrolment_code(actor=self.operator, site=site or self.site))
        return host

    def source(self, *, devices: int = 1, limit: str = "20m", filing: Filing | None = None) -> str:
        return SOURCE.format(filing=(filing or self.filing).reference, devices=devices, limit=limit)

    def submit(self, *, devices: int = 1, limit: str = "20m", filing: Filing | None = None) -> Job:
        actor = self.team if filing is None else Actor(filing.applicant)
        return submit_job(actor=actor, source=self.source(devices=devices, limit=limit, filing=filing))

    def place(self, *, devices: int = 1, limit: str = "20m", filing: Filing | None = None) -> Attempt:
        job = self.submit(devices=devices, limit=limit, filing=filing)
        assert run_pass() == 1
        return attempt_of(job)

    def run(self, host: FakeHost, *, devices: int = 1, limit: str = "20m", filing: Filing | None = None) -> Attempt:
        attempt = self.place(devices=devices, limit=limit, filing=filing)
        host.claim(attempt)
        attempt.refresh_from_db()
        return attempt

    def run_any(self, *hosts: FakeHost) -> Attempt:
        """One more job on whichever of the hosts it was placed on."""
        attempt = self.place()
        lead = str(attempt.hosts.get(rank=0).host_id)
        next(host for host in hosts if host.id == lead).claim(attempt)
        attempt.refresh_from_db()
        return attempt


def attempt_of(job: Job) -> Attempt:
    return Attempt.objects.select_related("job").filter(job=job).order_by("-number")[0]


def device_of(attempt: Attempt) -> Device:
    return Device.objects.get(leases__attempt=attempt)


def approve(filing: Filing, *, officer: Actor, second: Actor, granted_ms: int = 100 * HOUR_MS) -> Grant:
    """A countersigned decision, and the grant that follows from it."""
    now = timezone.now()
    member = filing.applicant
    who = {"applicant_person": member.person, "applicant_team": member.team}
    case = Case.objects.create(
        reference=f"CASE-T-{make.number()}", kind="filing", title="t", filing=filing, order=filing.order,
        applicant=member, due_at=now + timedelta(days=1), **who,
    )  # fmt: skip
    decision = Decision.objects.create(
        case=case, outcome="approve", reason="fits", granted_ms=granted_ms, **who, decider=officer.membership,
        decider_person=officer.person, decider_team=officer.team, countersigner=second.membership,
        countersigner_person=second.person, countersigner_team=second.team, final_at=now,
    )  # fmt: skip
    return open_grant(filing_id=filing.pk, decision_id=decision.pk, granted_ms=granted_ms)


def determine(order: Order, **lanes: str) -> None:
    """Current determinations of both regimes."""
    for regime, lane in {"us_ear": "licence_required", "prc_import": "licence_required", **lanes}.items():
        Determination.objects.create(
            order=order, regime=regime, on=make.today(), lane=lane, inputs={}, result={}, rule_versions=[],
            rule_set_sha256="0" * 64, result_sha256="0" * 64,
        )  # fmt: skip


def make_world(client: Client, *, devices: int = 4, granted_ms: int = 100 * HOUR_MS) -> World:
    """A world with ``devices`` licensed devices and no host yet."""
    team, officer, second = make.make_applicant(), make.make_officer(), make.make_officer()
    operator = make.make_operator()
    order = make.make_order(applicant=team, state="received")
    determine(order)
    exporter, importer = make.make_both_licences(order)
    serials = [f"SN-{next(_serials):05d}" for _ in range(devices)]
    receipt = make.make_receipt(order, serials, exporter=exporter, importer=importer)
    receive_devices(receipt_id=receipt.pk)
    filing = make.make_filing(order, applicant=team)
    grant = approve(filing, officer=officer, second=second, granted_ms=granted_ms)
    return World(client, team, officer, second, operator, order.site, order, exporter, importer, filing, grant, serials)
