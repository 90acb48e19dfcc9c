"""Every write of evidence: file, accept, return, withdraw, and use a laboratory's report for a release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.documents import Upload, store_document
from ledger.errors import ComplianceRefusal, InvalidInput, NotPermitted
from ledger.services import record
from ledger.transitions import advance
from procurement.evidence.asked import OWN_PIECES, REPORT, SHIPMENT, Asked, asked_of
from procurement.evidence.blockers import unused_report
from procurement.evidence.models import Basis, Evidence, ReportUse
from procurement.evidence.shares import SHARE, latest_share
from procurement.evidence.states import EDGES, EvidenceAction, EvidenceState
from procurement.orders.models import Order, OrderLine, Release
from procurement.orders.states import OrderState

OPEN_ORDERS: Final = (OrderState.IN_REVIEW, OrderState.STOPPED, OrderState.APPROVED, OrderState.RECEIVED)
SHIPPING_ORDERS: Final = (OrderState.APPROVED, OrderState.RECEIVED)
TEXT_LIMIT: Final = 4_000
REASON_LIMIT: Final = 1_000
SERIALS_LIMIT: Final = 10_000
SERIAL_LENGTH: Final = 60


@dataclass(frozen=True)
class Share:
    """The exporter's certified statement for C4: the running share, the cap it names, in what, as of when."""

    share_percent: Decimal
    cap_percent: Decimal
    basis: Basis
    as_of: date


@dataclass(frozen=True)
class Submission:
    """What somebody files for one piece of one certification."""

    certification: str
    piece: str
    line: OrderLine | None = None
    statement: str = ""
    valid_until: date | None = None
    share: Share | None = None
    laboratory: str = ""
    serials: Sequence[str] = ()
    upload: Upload | None = None


def file_evidence(*, actor: Actor, order: Order, submission: Submission) -> Evidence:
    """File a piece of evidence: a document, a statement or both. What it replaces no longer counts.

    A statement for C4 replaces the accepted one only when it is accepted itself.

    Raises:
        InvalidInput: the order does not ask for the piece, or something that the piece needs is left out.
        ComplianceRefusal: the order takes no evidence now, or the other side's piece waits for an officer.
    """
    with transaction.atomic():
        locked = _locked_order(order)
        _refuse_other_sides(actor, locked)
        asked = _asked(locked, submission)
        _check(submission)
        _replace_former(actor, locked, submission)
        row = Evidence.objects.create(
            order=locked, line=asked.line, certification=asked.id, piece=submission.piece,
            statement=submission.statement.strip(), valid_until=submission.valid_until,
            is_report=_is_report(submission), laboratory=submission.laboratory.strip(),
            serials=_serials(submission), **_share(submission),
            filer=actor.membership, filer_person=actor.person, filer_team=actor.team,
        )  # fmt: skip
        record("evidence.filed", row, actor=actor, facts=_facts(row))
        if submission.upload:
            store_document(
                actor=actor, subject=row, upload=submission.upload, title=f"{row.certification}: {row.piece}"
            )
    return row


def accept_evidence(*, actor: Actor, evidence: Evidence) -> Evidence:
    """Accept a piece as what it claims to be. Who filed it, or is of their side, cannot.

    Raises:
        NotPermitted: the same person, or one of the filer's or the applicant's side.
        ComplianceRefusal: an older statement of C4 than the one accepted before.
    """
    with transaction.atomic():
        row = _locked_for_decision(actor, evidence)
        former = _former_share(row)
        row.state = advance(EDGES, row.state, EvidenceAction.ACCEPT)
        if former is not None and former.state == EvidenceState.ACCEPTED:
            _move(former, EvidenceAction.REPLACE)
            record("evidence.replaced", former, actor=actor, facts=_facts(former))
        _decide(row, actor)
        record("evidence.accepted", row, actor=actor, facts=_facts(row))
    return row


def return_evidence(*, actor: Actor, evidence: Evidence, reason: str) -> Evidence:
    """Give a piece back with the reason; its side files it anew."""
    with transaction.atomic():
        row = _locked_for_decision(actor, evidence)
        row.state = advance(EDGES, row.state, EvidenceAction.RETURN)
        row.reason = _said(reason)
        _decide(row, actor)
        record("evidence.returned", row, actor=actor, facts={**_facts(row), "reason": row.reason})
    return row


def withdraw_evidence(*, actor: Actor, evidence: Evidence, reason: str) -> Evidence:
    """Take a piece back: by its own side, or by an officer who finds that it does not hold. It counts no more.

    Raises:
        NotPermitted: neither of the side that filed it nor an officer of the other.
    """
    with transaction.atomic():
        order = _locked_order(evidence.order)
        row = _locked(evidence)
        is_own = actor.may(Act.FILE_EVIDENCE) and row.filer_team_id == actor.team.pk
        if not is_own:
            actor.require(Act.ACCEPT_EVIDENCE)
            _refuse_filers_side(actor, row, order)
        actor.require(Act.FILE_EVIDENCE if is_own else Act.ACCEPT_EVIDENCE)
        row.state = advance(EDGES, row.state, EvidenceAction.WITHDRAW)
        row.reason, row.withdrawn_at = _said(reason), timezone.now()
        row.save(update_fields=["state", "reason", "withdrawn_at"])
        record("evidence.withdrawn", row, actor=actor, facts={**_facts(row), "reason": row.reason})
    return row


def use_report(*, actor: Actor, release: Release) -> ReportUse:
    """Tie the laboratory's report on just these units to a release; called in the release's transaction.

    Raises:
        ComplianceRefusal: no accepted, unused report is about so many units of this line.
    """
    report = unused_report(release.line, release.quantity, timezone.now().date())
    if report is None:
        units = f"{release.quantity} unit{'' if release.quantity == 1 else 's'}"
        raise ComplianceRefusal(
            f"The export licence asks for a laboratory's test of each shipment. No accepted report that no release has "
            f"used is about just {units} of {release.line.chip.name}: have one accepted, or release "
            f"as many units as a report names."
        )
    used = ReportUse.objects.create(evidence=report, release=release)
    facts = {"release": release.reference, "serials": report.serials}
    record("evidence.report_used", report, actor=actor, facts=facts)
    return used


def _locked_order(order: Order) -> Order:
    return Order.objects.select_for_update(of=("self",)).select_related("team", "site__operator").get(pk=order.pk)


def _locked(evidence: Evidence) -> Evidence:
    return Evidence.objects.select_for_update(of=("self",)).select_related("order", "line__chip").get(pk=evidence.pk)


def _locked_for_decision(actor: Actor, evidence: Evidence) -> Evidence:
    """The order first, as a release locks it, then the piece."""
    actor.require(Act.ACCEPT_EVIDENCE)
    order = _locked_order(evidence.order)
    row = _locked(evidence)
    _refuse_filers_side(actor, row, order)
    return row


def _refuse_filers_side(actor: Actor, row: Evidence, order: Order) -> None:
    if row.filer_person_id == actor.person.pk:
        raise NotPermitted("You filed this piece. Somebody of the compliance office has to look at it.")
    if actor.is_of(order.team_id) or actor.is_of(row.filer_team_id):
        raise NotPermitted("You are of the side that filed this piece; another officer has to look at it.")


def _refuse_other_sides(actor: Actor, order: Order) -> None:
    """The applicant's own team, and the exporter's side once the order is approved."""
    actor.require(Act.FILE_EVIDENCE)
    if actor.may(Act.PLACE_ORDER) and order.team_id != actor.team.pk:
        raise Order.DoesNotExist
    takes = OPEN_ORDERS if actor.may(Act.PLACE_ORDER) else SHIPPING_ORDERS
    if order.state not in takes:
        raise ComplianceRefusal(f"{order.reference} is {order.state.replace('_', ' ')}; it takes no evidence now.")


def _asked(order: Order, submission: Submission) -> Asked:
    about = submission.line.pk if submission.line else None
    for each in asked_of(order, timezone.now().date()):
        line = each.line.pk if each.line else None
        if (each.id, line) == (submission.certification, about) and submission.piece in each.pieces:
            if submission.piece in OWN_PIECES:
                raise InvalidInput("Writ keeps this piece itself; nothing is filed for it.", field="piece")
            return each
    raise InvalidInput(f"{order.reference} does not ask for this piece of evidence.", field="piece")


def _check(submission: Submission) -> None:
    """Everything that the piece needs, each lack named by its field."""
    if not submission.statement.strip() and submission.upload is None:
        raise InvalidInput("Attach a document, or write the statement.", field="statement")
    if len(submission.statement) > TEXT_LIMIT:
        raise InvalidInput(f"The statement is longer than {TEXT_LIMIT} characters.", field="statement")
    if submission.valid_until is not None and submission.valid_until < timezone.now().date():
        raise InvalidInput("This day has passed already.", field="valid_until")
    if submission.certification == SHARE:
        _check_share(submission)
    elif submission.share is not None:
        raise InvalidInput("Only C4 states a share.", field="share_percent")
    if _is_report(submission):
        _check_report(submission)


def _check_share(submission: Submission) -> None:
    share = submission.share
    if share is None:
        raise InvalidInput("State the share, the cap, what is counted, and as of which day.", field="share_percent")
    if submission.upload is None:
        raise InvalidInput("Attach the exporter's certified statement itself.", field="document")
    if share.share_percent < 0 or share.share_percent > 100_000:
        raise InvalidInput("The share is a percentage of what was shipped in the United States.", field="share_percent")
    if not 0 < share.cap_percent <= 100:
        raise InvalidInput("The cap lies above 0 and at most at 100 per cent.", field="cap_percent")
    if share.as_of > timezone.now().date():
        raise InvalidInput("The statement is as of a day to come.", field="as_of")


def _check_report(submission: Submission) -> None:
    if submission.upload is None:
        raise InvalidInput("Attach the laboratory's report itself.", field="document")
    if not submission.laboratory.strip():
        raise InvalidInput("Name the laboratory.", field="laboratory")
    serials = _serials(submission)
    if not serials:
        raise InvalidInput("List the serial numbers that the report is about.", field="serials")
    if len(serials) > SERIALS_LIMIT or any(len(each) > SERIAL_LENGTH for each in serials):
        raise InvalidInput(
            f"At most {SERIALS_LIMIT:,} serials of at most {SERIAL_LENGTH} characters each.", field="serials"
        )
    if len(set(serials)) < len(serials):
        raise InvalidInput("A serial is listed twice.", field="serials")
    _refuse_reported(submission, serials)


def _refuse_reported(submission: Submission, serials: Sequence[str]) -> None:
    """A unit is in one report: the same serial twice would let two shipments go out under one test."""
    standing = Evidence.objects.filter(is_report=True, state__in=[EvidenceState.FILED, EvidenceState.ACCEPTED])
    known = {serial for each in standing.values_list("serials", flat=True) for serial in each}
    doubled = [each for each in serials if each in known]
    if doubled:
        raise InvalidInput(f"In another report already: {', '.join(doubled[:20])}.", field="serials")


def _serials(submission: Submission) -> list[str]:
    return [each.strip() for each in submission.serials if each.strip()] if _is_report(submission) else []


def _is_report(submission: Submission) -> bool:
    return submission.certification == SHIPMENT and submission.piece == REPORT


def _share(submission: Submission) -> dict[str, Any]:
    return vars(submission.share) if submission.share else {}


def _replace_former(actor: Actor, order: Order, submission: Submission) -> None:
    """What stood for the piece stands no more, so that it has to be accepted again; reports stand beside each other."""
    if _is_report(submission):
        return
    replaced = [EvidenceState.FILED]
    if submission.certification != SHARE:
        replaced.append(EvidenceState.ACCEPTED)
    former = Evidence.objects.select_for_update(of=("self",)).filter(
        order=order, line=submission.line, certification=submission.certification, piece=submission.piece,
        state__in=replaced,
    )  # fmt: skip
    for row in former:
        if row.state == EvidenceState.FILED and row.filer_team_id != actor.team.pk:
            raise ComplianceRefusal(
                "The other side has filed this piece; it waits for an officer, who decides on it first."
            )
        _move(row, EvidenceAction.REPLACE)
        record("evidence.replaced", row, actor=actor, facts=_facts(row))


def _former_share(row: Evidence) -> Evidence | None:
    """The statement of C4 that counted so far; a newer one alone may take its place."""
    if row.certification != SHARE:
        return None
    former = latest_share(list(Evidence.objects.filter(order=row.order_id)), row.line)
    if former is not None and former.as_of and row.as_of and row.as_of < former.as_of:
        raise ComplianceRefusal(
            f"A statement as of {former.as_of:%d %B %Y} is accepted; this one, as of {row.as_of:%d %B %Y}, is older."
        )
    return former


def _move(row: Evidence, action: EvidenceAction) -> None:
    row.state = advance(EDGES, row.state, action)
    row.save(update_fields=["state"])


def _decide(row: Evidence, actor: Actor) -> None:
    row.decider, row.decider_person, row.decider_team = actor.membership, actor.person, actor.team
    row.decided_at = timezone.now()
    row.save(update_fields=["state", "reason", "decider", "decider_person", "decider_team", "decided_at"])


def _said(reason: str) -> str:
    said = reason.strip()
    if not said or len(said) > REASON_LIMIT:
        raise InvalidInput(f"Say why, in at most {REASON_LIMIT} characters.", field="reason")
    return said


def _facts(row: Evidence) -> dict[str, Any]:
    """For the ledger: figures as text, no floats."""
    facts: dict[str, Any] = {"order": row.order.reference, "certification": row.certification, "piece": row.piece}
    if row.share_percent is not None:
        facts |= {
            "share_percent": str(row.share_percent), "cap_percent": str(row.cap_percent), "basis": row.basis,
            "as_of": str(row.as_of),
        }  # fmt: skip
    if row.is_report:
        facts |= {"laboratory": row.laboratory, "serials": list(row.serials)}
    if row.valid_until:
        facts["valid_until"] = row.valid_until.isoformat()
    return facts
