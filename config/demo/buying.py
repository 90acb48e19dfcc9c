"""Chapters 1 to 5: from the catalogue over three orders to licensed devices on a shelf."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import Organisation
from allocation.inventory.models import Device, Incident
from config.demo import people
from config.demo.certifying import certify
from config.demo.narrator import Narrator
from ledger.documents import Upload
from ledger.models import Entry
from procurement.catalog import queries as catalog
from procurement.catalog.models import ChipModel
from procurement.determinations.models import Determination
from procurement.licences.models import ConditionKind, Licence, Side
from procurement.licences.services import GrantedLine, Paper, Proviso, activate_licence, record_licence
from procurement.orders import drafts
from procurement.orders import services as orders
from procurement.orders.models import EndUse, Order, PartyRole
from procurement.orders.shipments import Arrival, record_receipt, release_shipment
from procurement.parties.models import BuyerClass, Party, Site
from procurement.parties.services import PartyFacts, SiteFacts, register_party, register_site
from procurement.regimes.lanes import Lane
from procurement.review import services as review
from procurement.review.models import Case, Decision
from procurement.review.states import Outcome
from procurement.screening.decision_services import decide_hit
from procurement.screening.models import Hit, HitState

CHIP: Final = "h200-sxm"
LISTED: Final = "Fictional Meridian Dual-Use Trading (demo)"
WINDOW_S: Final = 30


@dataclass
class Bought:
    """What the first chapters leave behind."""

    order: Order
    exporter_licence: Licence
    importer_licence: Licence
    serials: tuple[str, ...]
    site: Site
    run: int


def show_catalogue(say: Narrator) -> None:
    """Chapter 1."""
    say.step(1, "The catalogue: chips with their published figures; TPP and performance density are computed")
    shown = {slug: computed(slug) for slug in (CHIP, "h20")}
    for slug, (name, tpp, density) in shown.items():
        say.tell(f"{name} ({slug}): TPP {tpp:,}, performance density {density}")
    ratio = Decimal(shown[CHIP][1]) / Decimal(shown["h20"][1])
    say.expect(f"H200 against H20 by TPP: {ratio:.2f}x", f"{ratio:.2f}" == "6.69")
    say.tell(f"{ChipModel.objects.count()} chip models, estimates marked as such")


def computed(slug: str) -> tuple[str, int, str]:
    """Name, TPP and performance density of a catalogued chip."""
    chip = ChipModel.objects.get(slug=slug)
    figures = catalog.computed(chip)
    return chip.name, int(figures.tpp or 0), f"{figures.pd}"


def place_orders(say: Narrator, run: int) -> tuple[Order, Order, Order]:
    """Chapter 2."""
    say.step(2, "Demand and orders")
    chen, dong = people.actor("chen"), people.actor("dong")
    olivia = people.actor("olivia")
    supplier = party(olivia, people.SUPPLIER, "US", BuyerClass.PRIVATE)
    jade = own_party(chen, people.JADE, BuyerClass.PRIVATE)
    province = own_party(dong, people.PROVINCE, BuyerClass.STATE_FUNDED_DATA_CENTRE)
    first = draft(chen, supplier, jade, site_of(chen, jade, "Jade Example Hall 1, Shanghai (fictional)", Decimal(0)))
    second_site = site_of(dong, province, "Province Example Hall (fictional)", Decimal(60))
    second = draft(dong, supplier, province, second_site)
    listed = party(olivia, LISTED, "AE", BuyerClass.PRIVATE)
    third = draft(chen, supplier, jade, first.site, consignee=listed)
    for order in (first, second, third):
        orders.submit_order(actor=Actor(order.applicant), order=order)
        order.refresh_from_db()
        roles = ", ".join(f"{each.get_role_display().lower()} {each.party.name}" for each in order.parties.all())
        say.tell(f"{order.reference}: 8 x H200 SXM for {order.site.name}; {roles}")
    say.expect(
        "three orders are in review or stopped",
        all(o.state in ("in_review", "stopped") for o in (first, second, third)),
    )
    return first, second, third


def own_party(applicant: Actor, name: str, buyer_class: BuyerClass) -> Party:
    """The party that is the applicant's own organisation: one entity, one screening subject."""
    organisation = Organisation.objects.get(name=name)
    if organisation.party is None:
        organisation.party = party(applicant, name, "CN", buyer_class)
        organisation.save(update_fields=["party"])
    return organisation.party


def party(actor: Actor, name: str, country: str, buyer_class: BuyerClass) -> Party:
    """A party by name, registered where it is missing."""
    known = Party.objects.filter(name=name, country=country).first()
    facts = PartyFacts(
        name=name, country=country, hq_country=country, ultimate_parent_country=country, buyer_class=buyer_class,
        address="1 Example Road (fictional)",
    )  # fmt: skip
    return known or register_party(actor=actor, facts=facts)


def site_of(actor: Actor, operator: Party, name: str, state_funding: Decimal) -> Site:
    """A site by name, registered where it is missing."""
    facts = SiteFacts(
        name=name, operator=operator, address="1 Example Road (fictional)", country="CN",
        state_funding_percent=state_funding, completion_percent=Decimal(100), power_kw=2_000,
    )  # fmt: skip
    return Site.objects.filter(name=name).first() or register_site(actor=actor, facts=facts)


def draft(applicant: Actor, supplier: Party, buyer: Party, site: Site, consignee: Party | None = None) -> Order:
    """An order of 8 H200 with its demand, use case and reason."""
    chip, today = ChipModel.objects.get(slug=CHIP), timezone.now().date()
    demand = drafts.state_demand(
        actor=applicant,
        demand=drafts.Demand(
            chip=chip, quantity=8, needed_from=today, needed_until=today + timedelta(days=365),
            purpose="Training of language models for the cloud's own customers.",
        ),
    )  # fmt: skip
    roles = {
        PartyRole.EXPORTER: supplier, PartyRole.PURCHASER: buyer,
        PartyRole.ULTIMATE_CONSIGNEE: consignee or buyer, PartyRole.END_USER: buyer,
    }  # fmt: skip
    return drafts.create_order(
        actor=applicant,
        facts=drafts.OrderFacts(
            demand=demand,
            site=site,
            end_use=EndUse.TRAINING,
            use_case="Trains language models on licensed text; serves them to enterprise customers in China.",
            domestic_alternatives="Ascend 910C and MLU590 were tried on the same model: the training stack lacks "
            "operators that the models need, and the porting would take nine months.",
            has_encryption=False,
            lines=[drafts.Line(chip=chip, quantity=8)],
            parties=[drafts.Named(party=each, role=role) for role, each in roles.items()],
        ),
    )


def show_determinations(say: Narrator, first: Order, second: Order, third: Order) -> None:
    """Chapter 3."""
    say.step(3, "Determinations of both regimes, as of today; screening")
    for order in (first, second, third):
        for each in Determination.objects.filter(order=order, superseded_at=None).order_by("-regime"):
            tell_determination(say, order, each)
    lanes = set(Determination.objects.filter(order=second, superseded_at=None).values_list("lane", flat=True))
    say.expect(f"{second.reference} is held on reported guidance", Lane.HELD_REPORTED in lanes)
    decline_held(say, second)
    confirm_listed(say, third)


def tell_determination(say: Narrator, order: Order, made: Determination) -> None:
    """One determination in a few lines."""
    policy = f", review policy {made.review_policy.replace('_', ' ')}" if made.review_policy else ""
    say.tell(f"{order.reference} under {made.regime}: {made.get_lane_display()}{policy}")
    for reason in made.result["reasons"][:2]:
        say.tell(f"    {reason['text']} [{reason['citation'] or reason['rule']}]")
    certifications = made.result.get("certifications", [])
    if certifications:
        say.tell(f"    to gather: {', '.join(each['id'] for each in certifications)}")
    for words in made.result.get("unverified", [])[:1]:
        say.tell(f"    unverified: {words}")


def decline_held(say: Narrator, order: Order) -> None:
    """The state-funded order is declined by two officers."""
    olivia, bruno = people.actor("olivia"), people.actor("bruno")
    case = Case.objects.get(order=order, kind="order")
    review.claim_case(actor=olivia, case_id=case.pk)
    reason = "Held on reported guidance of 2025-11-05: a state-funded data centre is to use domestic chips."
    advice = review.Advice(outcome=Outcome.DECLINE, reason=reason)
    review.advise(actor=olivia, case_id=case.pk, advice=advice)
    review.countersign(actor=bruno, case_id=case.pk)
    order.refresh_from_db()
    said = Entry.objects.get(act="case.decided", subject_id=str(case.pk)).facts["reason"]
    say.expect(f"{order.reference} is declined by two officers; the ledger says why: {said}", order.state == "declined")


def confirm_listed(say: Narrator, order: Order) -> None:
    """The third order's consignee stands on the house list."""
    hits = Hit.objects.filter(party__name=LISTED, source_code="house").select_related("entry")
    hit = hits.order_by("-found_at")[0]
    say.tell(
        f"screening: {hit.party.name} ~ {hit.entry.name} (score {hit.score / 1000:.2f}, {hit.entry.list_authority})"
    )
    if hit.state == HitState.OPEN:
        decide_hit(
            actor=people.actor("olivia"), hit_id=hit.pk, outcome=HitState.TRUE_MATCH,
            reason="Same name, same country, same trade as the entry.", evidence_sha256=hit.evidence_sha256,
        )  # fmt: skip
    else:
        # Matched in an earlier telling: the order came in as any other, and an officer stops it.
        why = f"{hit.party.name} is a confirmed match with {hit.entry.name}."
        orders.stop_order(actor=people.actor("olivia"), order=order, reason=why)
    order.refresh_from_db()
    said = Entry.objects.get(act="order.stopped", subject_id=str(order.pk)).facts["reason"]
    say.expect(f"{order.reference} is stopped by screening; the ledger says why: {said}", order.state == "stopped")


def decide_first_order(say: Narrator, order: Order) -> None:
    """Chapter 4."""
    say.step(4, "Casework: claim, question, advice, countersign; never one person alone")
    olivia, bruno, chen = people.actor("olivia"), people.actor("bruno"), people.actor("chen")
    case = Case.objects.get(order=order, kind="order")
    review.claim_case(actor=olivia, case_id=case.pk)
    review.ask_question(actor=olivia, case_id=case.pk, text="Who has remote access to the hall?")
    case.refresh_from_db()
    say.expect("a question is open and the clock stands still", case.clock_stopped_at is not None)
    review.answer_question(actor=chen, case_id=case.pk, answer="Our own staff on site; nobody from elsewhere.")
    case.refresh_from_db()
    say.expect("answered; the clock runs again", case.clock_stopped_at is None)
    reason = "Within the lane of 91 FR 1684; certifications C1 to C7 are asked of the exporter."
    review.advise(actor=olivia, case_id=case.pk, advice=review.Advice(outcome=Outcome.APPROVE, reason=reason))
    say.refused("the adviser countersigns", lambda: review.countersign(actor=olivia, case_id=case.pk))
    say.refused("the adviser countersigns by raw SQL", lambda: sign_by_sql(case, olivia), IntegrityError)
    review.countersign(actor=bruno, case_id=case.pk)
    order.refresh_from_db()
    say.expect(
        f"{order.reference} is approved by {olivia.person.name} and {bruno.person.name}", order.state == "approved"
    )


def sign_by_sql(case: Case, officer: Actor) -> None:
    """Try to sign a decision past every service."""
    decision = Decision.objects.get(case=case, returned_at=None)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procurement_decision SET countersigner_id = %s, countersigner_person_id = %s,"
            " countersigner_team_id = %s, final_at = now() WHERE id = %s",
            [officer.membership.pk, officer.person.pk, officer.team.pk, decision.pk],
        )


def license_and_receive(say: Narrator, order: Order, run: int) -> Bought:
    """Chapter 5, up to the receipt; the host enrols afterwards."""
    say.step(5, "Licences of both sides; release and receipt to the unit")
    exporter = licence(order, run, Side.EXPORTER, "US BIS (fictional document)", 8)
    importer = licence(order, run, Side.IMPORTER, "PRC NDRC (fictional document)", 4)
    for each in (exporter, importer):
        units = each.lines.get().granted
        conditions = ", ".join(condition.get_kind_display().lower() for condition in each.conditions.all())
        say.tell(f"{each.reference} ({each.authority} {each.number}): {units} units; conditions: {conditions}")
    line = order.lines.get()
    lia, otto = people.actor("lia"), people.actor("otto")
    serials = tuple(f"DEMO-H200-{run:03d}-{index}" for index in range(1, 6))
    certify(say, order, serials[:4])
    say.refused("a release of 5", lambda: release_shipment(actor=lia, line=line, quantity=5))
    release = release_shipment(actor=lia, line=line, quantity=4)
    say.tell(f"{release.reference}: 4 units are held on a line of each side")
    arrival = Arrival(site=order.site, chip=line.chip, serials=serials, received_on=timezone.now().date())
    receipt = record_receipt(actor=otto, order=order, arrival=arrival)
    tell_receipt(say, receipt.reference, serials)
    return Bought(order, exporter, importer, serials, order.site, run)


def tell_receipt(say: Narrator, reference: str, serials: tuple[str, ...]) -> None:
    """Four devices are bound, the fifth is set apart with an incident case."""
    devices = {device.serial: device for device in Device.objects.filter(serial__in=serials)}
    say.expect(f"{reference}: all 5 serials are recorded", len(devices) == len(serials))
    bound = [serial for serial in serials if devices[serial].exporter_line_id and devices[serial].importer_line_id]
    say.expect("4 devices are bound, each to one live line of each authority", len(bound) == 4)
    (surplus,) = set(serials) - set(bound)
    incident = Incident.objects.get(device=devices[surplus], closed_at=None)
    say.expect(
        f"{surplus} is quarantined ({devices[surplus].quarantine_reason}); incident {incident.reference}, "
        f"case {incident.case.reference if incident.case else '-'}",
        devices[surplus].state == "quarantined" and incident.case is not None,
    )


def licence(order: Order, run: int, side: Side, authority: str, granted: int) -> Licence:
    """A licence recorded from its (fictional) document, with its conditions as data, and put into force."""
    olivia, today = people.actor("olivia"), timezone.now().date()
    end_user = order.parties.get(role=PartyRole.END_USER).party
    number = f"DEMO-{side.value.upper()}-{run:03d}"
    line = GrantedLine(
        chip=ChipModel.objects.get(slug=CHIP), granted=granted, site=order.site, end_user=end_user,
        end_uses=(EndUse.TRAINING,), ship_until=today + timedelta(days=180), use_until=today + timedelta(days=730),
    )  # fmt: skip
    paper = Paper(
        side=side, authority=authority, number=number, order=order, holder=end_user, issued_on=today,
        valid_from=today, lines=(line,), conditions=provisos(order, end_user),
    )  # fmt: skip
    recorded = record_licence(actor=olivia, paper=paper, upload=document(number, authority, granted, today))
    return activate_licence(actor=people.actor("bruno"), licence=recorded)


def provisos(order: Order, end_user: Party) -> tuple[Proviso, ...]:
    """The conditions of both licences."""
    window = Proviso(
        kind=ConditionKind.CHECKPOINT_WINDOW_S, text=f"A job that has to stop saves its state within {WINDOW_S} s.",
        parameter={"seconds": WINDOW_S}, is_machine_checked=True,
    )  # fmt: skip
    rules: dict[ConditionKind, dict[str, Any]] = {
        ConditionKind.SITE: {"site": str(order.site_id)},
        ConditionKind.END_USE: {"end_uses": [EndUse.TRAINING.value]},
        ConditionKind.END_USER: {"end_user": str(end_user.pk)},
    }
    machine = [
        replace(
            window, kind=kind, text=f"Only as the licence line says: {kind.replace('_', ' ')}.", parameter=parameter
        )
        for kind, parameter in rules.items()
    ]
    return (*machine, window)


def document(number: str, authority: str, granted: int, on: date) -> Upload:
    """The licence's document: clearly fictional plain text."""
    text = f"FICTIONAL DOCUMENT FOR A DEMONSTRATION\n{authority}\nNo. {number}\n{on}\n{granted} units of H200 SXM\n"
    return Upload(name=f"{number}.txt", content=text.encode())
