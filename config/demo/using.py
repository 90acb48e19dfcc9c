"""Chapters 6 to 8: a use case, a job that trains, and a suspension that stops it within seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.urls import reverse
from django.utils import timezone

from allocation.dispatch.models import DrainItem
from allocation.dispatch.queries import what_would_stop_licence
from allocation.inventory.enrolment import create_enrolment_code
from allocation.inventory.models import Device, Host
from allocation.jobs.models import Attempt, Job, Metric
from allocation.jobs.states import JobState
from config.demo import people
from config.demo.buying import CHIP, Bought, party
from config.demo.http import Client, Visitor
from config.demo.narrator import Narrator
from config.processes import LocalHost, host_state
from procurement.catalog.models import ChipModel
from procurement.filings import services as filings
from procurement.filings.models import Filing
from procurement.licences import acts as licences
from procurement.licences.states import LicenceAction
from procurement.orders.models import EndUse
from procurement.parties.models import BuyerClass
from procurement.review import services as review
from procurement.review.models import Case
from procurement.review.states import Outcome

HOUR_MS: Final = 3_600_000
JOB_FILE: Final = Path(__file__).with_name("job.yaml")
BIGRAM_SHARE: Final = 0.8
STOP_GOAL_MS: Final = 2000


@dataclass
class Used:
    """What these chapters leave behind."""

    filing: Filing
    host: Host
    first_job: Job
    second_job: Job


def enrol_host(bought: Bought) -> LocalHost:
    """A one-time code for this run's host, which stands for the five received devices."""
    code = create_enrolment_code(actor=people.actor("otto"), site=bought.site)
    name = f"{people.HOST_PREFIX}{bought.run:03d}"
    return LocalHost(name, enrol_code=code, emulate=len(bought.serials), chip=people.CHIP_MODEL, serials=bought.serials)


def see_devices(say: Narrator, bought: Bought) -> Host:
    """The rest of chapter 5: the host reports, and the licensed devices become available."""
    name = f"{people.HOST_PREFIX}{bought.run:03d}"

    def reported() -> Host | None:
        ready = Device.objects.filter(serial__in=bought.serials, state="available", host__name=name).count()
        return Host.objects.filter(name=name).first() if ready == 4 else None

    host = say.wait("the host enrols and reports its devices", reported, 60)
    surplus = Device.objects.get(serial__in=bought.serials, exporter_line=None)
    say.tell(f"host {host.name} enrolled with its own key; its devices are EMULATED on the CPU (cpu-emulated)")
    say.expect(f"4 devices are available, {surplus.serial} stays in quarantine", surplus.state == "quarantined")
    return host


def approve_filing(say: Narrator, bought: Bought) -> Filing:
    """Chapter 6."""
    say.step(6, "The use case: filed by the team, reviewed by two, approved with GPU-hours")
    chen, olivia, bruno = people.actor("chen"), people.actor("olivia"), people.actor("bruno")
    today = timezone.now().date()
    use_case = filings.UseCase(
        title="Byte-level language model", end_use=EndUse.TRAINING,
        description="Trains a small transformer on source text, to prove the whole chain.", model_name="bytes-1",
        model_parameters=1_000_000, training_tokens=50_000_000, max_devices=4, requested_ms=40 * HOUR_MS,
        starts_on=today, ends_on=today + timedelta(days=180),
    )  # fmt: skip
    chip = ChipModel.objects.get(slug=CHIP)
    filing = filings.create_filing(actor=chen, order=bought.order, chip=chip, use_case=use_case)
    user = party(chen, "Example University of Bytes (fictional)", "SG", BuyerClass.UNIVERSITY)
    filings.name_remote_user(actor=chen, filing_id=filing.pk, party=user, purpose="Evaluates the model.")
    filings.submit_filing(actor=chen, filing_id=filing.pk)
    case = Case.objects.get(filing=filing)
    review.claim_case(actor=bruno, case_id=case.pk)
    advice = review.Advice(
        outcome=Outcome.APPROVE, reason="Training within the end use of both licences; remote user screened clear.",
        granted_ms=20 * HOUR_MS, valid_until=today + timedelta(days=90),
    )  # fmt: skip
    review.advise(actor=bruno, case_id=case.pk, advice=advice)
    review.countersign(actor=olivia, case_id=case.pk)
    filing.refresh_from_db()
    grant = filing.grants.get()
    say.expect(f"{filing.reference} is approved; {grant.reference} grants 20 GPU-hours", filing.state == "approved")
    return filing


def job_source(filing: Filing) -> str:
    """The demo's job file, on this run's filing."""
    return JOB_FILE.read_text().replace("FILING", filing.reference)


def train(say: Narrator, client: Client, filing: Filing) -> Job:
    """Chapter 7."""
    say.step(7, "job.yaml in, loss curve out: on emulated devices, through our own kernels")
    told = client.post("/api/v1/jobs", {"source": job_source(filing)})
    job = Job.objects.get(pk=told["id"])
    chain = client.get(f"/api/v1/jobs/{job.pk}/chain")
    for link in chain["links"]:
        until = f" until {link['valid_until'][:10]}" if link["valid_until"] else ""
        say.tell(f"  {link['status']:<8} {link['label']}: {link['reference']}{until}")
    say.expect(f"the chain of {job.reference} is whole", chain["is_whole"])
    attempt = say.wait("bell, claim, warrant", lambda: _claimed(job), 30)
    say.tell(f"claimed by the host, warrant signed and checked; isolation: {attempt.isolation}")
    follow(say, job, 150)
    judge_training(say, job)
    return job


def _claimed(job: Job) -> Attempt | None:
    return Attempt.objects.filter(job=job, claimed_at__isnull=False).exclude(isolation="").first()


def follow(say: Narrator, job: Job, seconds: float) -> None:
    """Tell of the loss now and then until the job has ended."""
    told = -1

    def ended() -> bool | None:
        nonlocal told
        job.refresh_from_db()
        newest = Metric.objects.filter(attempt__job=job, kind="train").order_by("-attempt__number", "-step").first()
        if newest and newest.step // 100 > told:
            told = newest.step // 100
            speed = newest.values.get("tokens_per_s")
            pace = f", {speed:,.0f} tokens/s" if speed else ""
            say.tell(f"step {newest.step}: loss {newest.values['loss']:.3f} nats{pace}")
        return True if job.state not in (JobState.WAITING, JobState.RUNNING) else None

    say.wait(f"{job.reference} trains", ended, seconds)
    if job.state != JobState.SUCCEEDED:
        attempt = job.attempts.order_by("-number")[0]
        say.tell(f"{attempt.message}\n{attempt.log_tail[-1500:]}")
    say.expect(f"{job.reference} has succeeded", job.state == JobState.SUCCEEDED)


def judge_training(say: Narrator, job: Job) -> None:
    """Held-out loss against the bigram entropy of the same files, from the runner's receipt."""
    receipt = job.attempts.get(outcome="succeeded").receipt or {}
    bits, bigram = receipt["result"]["held_out_bits_per_byte"], receipt["data"]["held_out_bigram_entropy_bits"]
    say.tell(f"held-out loss {bits:.3f} bits/byte; bigram entropy of the same files {bigram:.3f} bits")
    say.expect(f"held-out loss is at most {BIGRAM_SHARE} of it ({bits / bigram:.3f})", bits <= BIGRAM_SHARE * bigram)
    say.expect("the receipt says that the devices were emulated", receipt["emulated"] is True)


@dataclass(frozen=True)
class Doors:
    """How the story comes in: the team by the API, the officer by the pages."""

    api: Client
    pages: Visitor


def suspend_and_reinstate(say: Narrator, doors: Doors, bought: Bought, first: Job) -> Job:
    """Chapter 8."""
    say.step(8, "A licence is suspended while a job runs; reinstated by two; the job resumes")
    told = doors.api.post("/api/v1/jobs", {"source": job_source(first.filing)})
    job = Job.objects.get(pk=told["id"])
    say.wait(f"{job.reference} trains", lambda: _past(job, _middle(job)), 90)
    licence = bought.exporter_licence
    what_if = what_would_stop_licence(licence)
    hours = what_if.gpu_ms / HOUR_MS
    names = ", ".join(each.reference for each in what_if.jobs)
    teams = ", ".join(what_if.teams)
    words = f"{licence.reference} suspended stops {names} ({teams}; {hours:.2f} GPU-h reserved)"
    say.tell(f"before the click: {words}")
    page = doors.pages.open(reverse("drains:what_if_licence", args=[licence.pk]))
    say.expect(
        "the page names the running job, and it alone",
        [each.pk for each in what_if.jobs] == [job.pk] and job.reference in page,
    )
    stop(say, bought, job)
    refusal = doors.api.refused("/api/v1/jobs", {"source": job_source(first.filing)}, status=409)
    say.expect(f"a new submission is refused: {refusal}", licence.reference in refusal)
    reinstate(say, bought)
    follow(say, job, 150)
    compare_curves(say, first, job)
    return job


def _middle(job: Job) -> int:
    return int(job.spec["train_lm"]["steps"]) // 2


def _past(job: Job, step: int) -> bool | None:
    return Metric.objects.filter(attempt__job=job, kind="train", step__gte=step).exists() or None


def stop(say: Narrator, bought: Bought, job: Job) -> None:
    """Suspend, and time the stop down to the last process."""
    began = time.monotonic()
    licences.suspend_licence(
        actor=people.actor("olivia"), licence=bought.exporter_licence, reason="Diversion inquiry (fictional)."
    )
    item = say.wait("the drain", lambda: _gone(job), 40)
    confirmed_ms = (time.monotonic() - began) * 1000
    acted = item.drain.begun_at
    if item.signalled_at is None or item.last_process_gone_at is None:
        raise AssertionError("a confirmed drain has its times")
    signal_ms = (item.signalled_at - acted).total_seconds() * 1000
    gone_ms = (item.last_process_gone_at - acted).total_seconds() * 1000
    say.tell(f"act {acted:%H:%M:%S.%f} | signal +{signal_ms:.0f} ms | last process gone +{gone_ms:.0f} ms")
    goal = "within" if gone_ms <= STOP_GOAL_MS else "OVER"
    say.tell(f"{goal} the goal of {STOP_GOAL_MS} ms; confirmed to the control plane after {confirmed_ms:.0f} ms")
    job.refresh_from_db()
    checkpoint = job.checkpoints.order_by("-step").first()
    say.expect(
        f"the job is {item.outcome} with a checkpoint at step {checkpoint.step if checkpoint else '-'}",
        item.outcome == "drained" and checkpoint is not None,
    )


def _gone(job: Job) -> DrainItem | None:
    return DrainItem.objects.filter(attempt__job=job, confirmed_at__isnull=False).select_related("drain").first()


def reinstate(say: Narrator, bought: Bought) -> None:
    """Two officers put the licence back into force."""
    olivia, bruno = people.actor("olivia"), people.actor("bruno")
    proposal = licences.Proposal(LicenceAction.REINSTATE, "The inquiry is closed without findings (fictional).")
    act = licences.propose_licence_act(actor=olivia, licence=bought.exporter_licence, proposal=proposal)
    say.refused("one officer reinstates alone", lambda: licences.countersign_licence_act(actor=olivia, act=act))
    licences.countersign_licence_act(actor=bruno, act=act)
    bought.exporter_licence.refresh_from_db()
    say.expect(f"{bought.exporter_licence.reference} is reinstated by two", bought.exporter_licence.state == "active")


def compare_curves(say: Narrator, first: Job, second: Job) -> None:
    """Same spec, same data, same seed: the interrupted run must have gone down the very same curve.

    A reported loss is the mean since the report before; the one mean that the stop cut in two is left out.
    """
    say.expect("the job resumed in a second attempt", second.attempts.count() == 2)
    straight, broken = losses(first), losses(second)
    resumed_at = (second.attempts.get(number=2).resume or {})["step"]
    cut = min((step for step in broken if step > resumed_at), default=resumed_at)
    common = sorted((set(straight) & set(broken)) - {cut})
    same = sum(straight[step] == broken[step] for step in common)
    words = f"its loss equals the uninterrupted run's in all {len(common)} reports but the one cut at step {resumed_at}"
    say.expect(words, same == len(common) > 0)


def losses(job: Job) -> dict[int, float]:
    """Training loss by step; a step trained twice counts as the later attempt reported it."""
    rows = Metric.objects.filter(attempt__job=job, kind="train").order_by("attempt__number", "step")
    return {step: values["loss"] for step, values in rows.values_list("step", "values")}


def runs_left(host: Host) -> list[Path]:
    """Folders of attempts on the demo's host."""
    return list((host_state(host.name) / "runs").glob("*"))
