"""A small instance with something on every page: two organisations, an order with its licences, devices and jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from accounts.actors import Actor
from accounts.roles import Role
from allocation.dispatch.models import Lease
from allocation.grants import services as grants
from allocation.grants.models import Grant
from allocation.inventory import services as inventory
from allocation.inventory.models import Backend, Device, Host
from allocation.jobs.models import Attempt, AttemptHost, Job, LogChunk, Metric
from allocation.jobs.states import AttemptState, JobState
from procurement.filings.models import Filing
from procurement.filings.states import FilingState
from procurement.licences.models import Licence, Side
from procurement.orders import drafts
from procurement.orders import services as orders
from procurement.orders.models import EndUse, Order, PartyRole
from procurement.review import services as review
from procurement.review.models import Case, Decision
from procurement.review.states import CaseKind, CaseState, Outcome
from procurement.screening.list_services import Source, load_list
from procurement.screening.loaders import house_csv
from tests import factories

HOUR_MS = 3_600_000


@dataclass
class World:
    """Who is there, and the rows that pages are about."""

    officer: Actor
    second: Actor
    applicant: Actor
    operator: Actor
    auditor: Actor
    liaison: Actor
    order: Order
    licence: Licence
    case: Case
    job: Job
    device: Device

    def of(self, role: Role) -> Actor:
        """The person of a role."""
        people = (self.officer, self.applicant, self.operator, self.auditor, self.liaison)
        return next(actor for actor in people if actor.role == role)


def make_world(folder: Path) -> World:
    """Everything, by the real services where an act has side effects that pages show.

    Args:
        folder: where the invented house list is written before it is loaded.
    """
    operator_org = factories.make_organisation("Yunshan Cloud 云山云计算有限公司", kind="operator")
    customer = factories.make_organisation("Научно-исследовательский институт языковых моделей")
    compliance = factories.make_team("Compliance", organisation=operator_org)
    officer = factories.make_officer(person=factories.make_person("Rosalind Okafor"), team=compliance)
    second = factories.make_officer(person=factories.make_person("Wei Lin 林伟"), team=compliance)
    applicant = factories.make_applicant(team=factories.make_team("Language models", organisation=customer))
    _load_house_list(folder)
    order = _submitted_order(applicant)
    case = order.cases.get()
    review.claim_case(actor=officer, case_id=case.pk)
    review.ask_question(
        actor=officer, case_id=case.pk, text="Which models will be trained, and who reaches them remotely?"
    )
    licensed, licence, device = _licensed_order(applicant, officer)
    _advised_filing(licensed, officer, applicant)
    return World(
        officer=officer, second=second, applicant=applicant,
        operator=factories.make_operator(team=factories.make_team("Cluster", organisation=operator_org)),
        auditor=factories.make_auditor(), liaison=factories.make_liaison(), order=order, licence=licence, case=case,
        job=_running_job(licensed, applicant, device), device=device,
    )  # fmt: skip


def _load_house_list(folder: Path) -> None:
    rows = "".join(f"Invented House Number {n} (demo),,SG,entity,review,Invented.\n" for n in range(40))
    listed = "Fictional Meridian Trading (demo),Meridian Fiction,AE,entity,review,Invented.\n"
    path = folder / "house.csv"
    path.write_text(",".join(house_csv.COLUMNS) + "\n" + listed + rows)
    load_list(actor=None, file=path, source=Source(is_fictional=True))


def _submitted_order(applicant: Actor) -> Order:
    """In review, determined, screened with a hit, and with a long German word in it."""
    chip, site = factories.make_chip(), factories.make_site("Ulanqab hall 2")
    exporter = factories.make_party("Supplier Inc.", country="US", hq_country="US", ultimate_parent_country="US")
    consignee = factories.make_party("Fictional Meridian Trading (demo)", country="AE", hq_country="AE")
    site.operator.name = "云山云计算有限公司 (Yunshan Cloud)"
    site.operator.save()
    facts = drafts.OrderFacts(
        demand=factories.make_demand(applicant=applicant, chip=chip), site=site, end_use=EndUse.TRAINING,
        use_case="Trains language models. Ausfuhrgenehmigungspflichtige Datenverarbeitungsanlagenkomponenten. " * 3,
        domestic_alternatives="Ascend 910C lacks the operators that the training code needs.", has_encryption=False,
        lines=(drafts.Line(chip, 8),),
        parties=(
            drafts.Named(exporter, PartyRole.EXPORTER), drafts.Named(site.operator, PartyRole.PURCHASER),
            drafts.Named(consignee, PartyRole.ULTIMATE_CONSIGNEE), drafts.Named(site.operator, PartyRole.END_USER),
        ),
    )  # fmt: skip
    order = drafts.create_order(actor=applicant, facts=facts)
    return orders.submit_order(actor=applicant, order=order)


def _licensed_order(applicant: Actor, officer: Actor) -> tuple[Order, Licence, Device]:
    """Approved, with both licences (one about to end), four devices bound and a fifth in quarantine."""
    order = factories.make_order(applicant=applicant)
    soon = {"ship_until": factories.today() + timedelta(days=12)}
    exporter = factories.make_licence(Side.EXPORTER, order, line=soon, recorded_by=officer.membership)
    importer = factories.make_licence(Side.IMPORTER, order, granted=4, recorded_by=officer.membership)
    factories.make_condition(exporter, "checkpoint_window_s", seconds=60)
    bound = factories.make_receipt(order, ["1650224000001", "1650224000002", "1650224000003", "1650224000004"],
                                   exporter=exporter, importer=importer)  # fmt: skip
    devices = inventory.receive_devices(receipt_id=bound.pk)
    inventory.receive_devices(receipt_id=factories.make_receipt(order, ["1650224000005"]).pk)
    host = Host.objects.create(name="gpu-07.ulanqab", site=order.site, public_key="0" * 64)
    Device.objects.filter(pk__in=[device.pk for device in devices]).update(
        host=host, backend=Backend.CPU_EMULATED, uuid=None, health="ok", last_reported_at=timezone.now()
    )
    return order, exporter, devices[0]


def _advised_filing(order: Order, officer: Actor, applicant: Actor) -> None:
    """A filing in review that one officer has advised to approve, with its question answered."""
    filing = factories.make_filing(order, applicant=applicant, state=FilingState.IN_REVIEW, title="Tokenizer study")
    matter = review.Matter(kind=CaseKind.FILING, title=filing.title, order=order, filing=filing)
    case = review.open_case(actor=applicant, matter=matter, applicant=filing.applicant)
    review.claim_case(actor=officer, case_id=case.pk)
    review.ask_question(actor=officer, case_id=case.pk, text="For how long?")
    review.answer_question(actor=applicant, case_id=case.pk, answer="Six weeks.")
    review.advise(
        actor=officer, case_id=case.pk,
        advice=review.Advice(
            outcome=Outcome.APPROVE, reason="The use fits the licence.", granted_ms=HOUR_MS,
            valid_until=filing.ends_on - timedelta(days=1),
        ),
    )  # fmt: skip


def _running_job(order: Order, applicant: Actor, device: Device) -> Job:
    """A job that runs on an emulated device with curves and a log, and one that waits and says why."""
    filing = factories.make_filing(order, applicant=applicant)
    grant = _grant(filing, applicant)
    job = _job(filing, grant, applicant, name="stdlib-bytes", state=JobState.RUNNING)
    _job(filing, grant, applicant, name="second-run", waits_because="Needs 8 devices; 3 are free on licensed hosts.")
    now = timezone.now()
    attempt = Attempt.objects.create(
        job=job, number=1, fencing_token=factories.number(), state=AttemptState.RUNNING, claimed_at=now, started_at=now
    )
    AttemptHost.objects.create(attempt=attempt, host=Host.objects.get(), rank=0, claimed_at=now)
    Lease.objects.create(
        device=device, attempt=attempt, fencing_token=attempt.fencing_token, exporter_line=device.exporter_line,
        importer_line=device.importer_line, expires_at=now + timedelta(hours=1), charged_from=now,
    )  # fmt: skip
    for step in range(1, 60):
        values = {"loss": round(1.6 + 4 * 0.95**step, 4), "tokens_per_s": 41_000 + step % 7 * 150}
        Metric.objects.create(attempt=attempt, step=step, values=values)
    LogChunk.objects.create(attempt=attempt, offset=0, text="".join(f"step {n}\n" for n in range(60)))
    return job


def _grant(filing: Filing, applicant: Actor) -> Grant:
    first, second = factories.make_officer(), factories.make_officer()
    matter = review.Matter(kind=CaseKind.FILING, title=filing.title, order=filing.order, filing=filing)
    case = review.open_case(actor=applicant, matter=matter, applicant=filing.applicant)
    decision = Decision.objects.create(
        case=case, outcome=Outcome.APPROVE, reason="As advised.", granted_ms=100 * HOUR_MS, valid_until=filing.ends_on,
        applicant_person=case.applicant_person, applicant_team=case.applicant_team, decider=first.membership,
        decider_person=first.person, decider_team=first.team, countersigner=second.membership,
        countersigner_person=second.person, countersigner_team=second.team, final_at=timezone.now(),
    )  # fmt: skip
    case.state, case.closed_at = CaseState.CLOSED, timezone.now()
    case.save()
    return grants.open_grant(filing_id=filing.pk, decision_id=decision.pk, granted_ms=100 * HOUR_MS)


def _job(filing: Filing, grant: Grant, applicant: Actor, **fields: object) -> Job:
    spec = {
        "name": fields["name"],
        "chip": "h200-sxm",
        "devices": 1,
        "time_limit_ms": HOUR_MS,
        "filing": filing.reference,
    }
    return Job.objects.create(
        reference=f"JOB-T-{factories.number():05d}", team=applicant.team, submitted_by=applicant.membership,
        filing=filing, grant=grant, chip=filing.chip, device_count=1, time_limit_ms=HOUR_MS, spec=spec,
        spec_sha256="0" * 64, **fields,
    )  # fmt: skip
