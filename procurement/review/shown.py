"""Cases as pages show them: plain values for templates, and what an applicant must not see left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.queries import history
from procurement.evidence.blockers import approval_warnings
from procurement.evidence.flag_shown import standing_flags
from procurement.review import outcomes, queries, services
from procurement.review.flags import flags_on
from procurement.review.forms import AttestForm
from procurement.review.models import Case, Decision, Flag
from procurement.review.states import CaseKind, CaseState, Outcome


@dataclass(frozen=True)
class Permitted:
    """Which acts the page offers this person now."""

    claim: bool
    work: bool
    countersign: bool
    why_not: str = ""


def permitted(case: Case, actor: Actor, decision: Decision | None) -> Permitted:
    """What this person may do on the case now, and why not where they might expect to."""
    is_officer = actor.may(Act.REVIEW_CASE)
    is_applicants_side = services.is_applicants_side(case, actor)
    may_act = is_officer and not is_applicants_side
    advised_by_me = decision is not None and decision.decider_person_id == actor.person.pk
    return Permitted(
        claim=may_act and case.state == CaseState.OPEN,
        work=may_act and case.state == CaseState.CLAIMED and case.assignee_id == actor.membership.pk,
        countersign=may_act and case.state == CaseState.ADVISED and not advised_by_me,
        why_not=_why_not(case, is_applicants_side=is_applicants_side, advised_by_me=advised_by_me, actor=actor),
    )


def _why_not(case: Case, *, is_applicants_side: bool, advised_by_me: bool, actor: Actor) -> str:
    if is_applicants_side:
        return _("You are of the applicant's side on this case; other officers decide it.")
    if case.state == CaseState.ADVISED and advised_by_me:
        return _("You advised; a second person has to countersign.")
    if case.state == CaseState.WAITING:
        return _("The applicant has a question to answer. The clock stands still.")
    if case.state == CaseState.CLAIMED and case.assignee and case.assignee_id != actor.membership.pk:
        return _("%(name)s holds this case.") % {"name": case.assignee.person.name}
    return ""


def case_page(case: Case, actor: Actor) -> dict[str, Any]:
    """Everything on the case page but the forms."""
    decision = queries.standing(case)
    is_live = case.state in queries.LIVE
    return {
        "case": case,
        "permitted": permitted(case, actor, decision),
        "facts": _facts(case),
        "decision": decision,
        "effects": _effects(case, decision),
        "questions": case.questions.select_related("asked_by__person", "answered_by__person"),
        "flags": _flags(case),
        "blockers": [{"reason": reason, "url": subject_url(case)} for reason in outcomes.blockers(case)]
        if is_live
        else [],
        "entries": history(queries.subjects_of(case)),
        "subject_url": subject_url(case),
        "hits_url": _hits_url(case),
        "determinations_url": _determinations_url(case),
        "chain_url": _chain_url(case),
        "evidence_url": reverse("evidence:order", args=[case.order_id]) if case.order_id else "",
        "red_flags_url": reverse("evidence:flags", args=[case.order_id]) if case.order_id else "",
        "evidence_warnings": _evidence_warnings(case) if is_live else [],
        "weighed": standing_flags(case.order) if case.order else [],
    }


def conditions(case: Case, actor: Actor, typed: Any = None, of: Any = None) -> list[dict[str, Any]]:
    """The conditions of the decision that stands; a form where this officer may attest one, with what was typed."""
    decision = queries.standing(case)
    if decision is None:
        return []
    stands = decision.is_final and decision.outcome == Outcome.APPROVE and decision.revoked_at is None
    may_attest = stands and actor.may(Act.REVIEW_CASE) and not services.is_applicants_side(case, actor)
    today = timezone.now().date()
    rows = []
    for each in decision.conditions.select_related("attested_by__person").order_by("pk"):
        lapsed = each.attested_until is not None and each.attested_until < today
        form = typed if of == each.pk else AttestForm(auto_id=f"id_{each.pk}_%s")
        rows.append(
            {
                "condition": each,
                "is_missing": not each.is_machine_checked and (each.attested_until is None or lapsed),
                "has_lapsed": lapsed,
                "form": form if may_attest and not each.is_machine_checked else None,
            }
        )
    return rows


def standing_part(case: Case, actor: Actor) -> dict[str, Any]:
    """What an applicant sees of a review: where it stands, what is asked, and the final word with its reason."""
    decision = queries.standing(case)
    return {
        "case": case,
        "is_officer": actor.may(Act.SEE_REVIEW),
        "may_answer": actor.may(Act.ANSWER_QUESTION) and case.applicant_team_id == actor.team.pk,
        "questions": case.questions.all(),
        "open_question": queries.open_question(case),
        "decision": decision if decision and decision.is_final else None,
        "conditions": list(decision.conditions.all()) if decision and decision.is_final else [],
        "has_holder": case.assignee_id is not None,
    }


def subject_url(matter: Case) -> str:
    """The page of the order or filing that the case is about."""
    match CaseKind(matter.kind):
        case CaseKind.ORDER:
            return reverse("orders:detail", args=[matter.order_id])
        case CaseKind.FILING:
            return reverse("filings:detail", args=[matter.filing_id])
        case CaseKind.INCIDENT:
            return reverse("review:case", args=[matter.pk])


def _facts(case: Case) -> list[tuple[str, Any]]:
    facts: list[tuple[str, Any]] = [(_("Kind"), case.get_kind_display())]
    if case.applicant_team:
        facts.append((_("Applicant"), str(case.applicant_team)))
    if case.order:
        lines = ", ".join(f"{line.quantity} x {line.chip.name}" for line in case.order.lines.select_related("chip"))
        facts += [
            (_("Order"), f"{case.order.reference}: {lines}"),
            (_("Site"), str(case.order.site)),
            (_("End use"), case.order.get_end_use_display()),
            (_("Why no domestic chip"), case.order.domestic_alternatives),
        ]
    if case.filing:
        facts += _filing_facts(case)
    if case.incident_ref:
        facts.append((_("Incident"), case.incident_ref))
    return facts


def _filing_facts(case: Case) -> list[tuple[str, Any]]:
    filing = case.filing
    if filing is None:
        return []
    users = ", ".join(f"{user.party.name} ({user.purpose})" for user in filing.remote_users.select_related("party"))
    return [
        (_("Filing"), f"{filing.reference}: {filing.title}"),
        (
            _("Model"),
            _("%(name)s, %(n)s parameters") % {"name": filing.model_name, "n": f"{filing.model_parameters:,}"},
        ),
        (_("Devices at once"), filing.max_devices),
        (_("GPU-hours asked"), f"{filing.requested_ms / 3_600_000:,.2f}"),
        (_("Period"), _("%(a)s to %(b)s") % {"a": filing.starts_on, "b": filing.ends_on}),
        (_("Remote access"), users or _("nobody from elsewhere")),
    ]


def _effects(case: Case, decision: Decision | None) -> list[str]:
    """What countersigning will do, in words."""
    if decision is None:
        return []
    subject = case.filing.reference if case.filing else case.order.reference if case.order else case.reference
    if decision.outcome == "decline":
        return [_("decline %(what)s, with your reason shown to the team") % {"what": subject}]
    effects = [_("approve %(what)s") % {"what": subject}]
    if decision.granted_ms:
        hours = f"{decision.granted_ms / 3_600_000:,.2f}"
        effects.append(_("grant %(hours)s GPU-hours until %(day)s") % {"hours": hours, "day": decision.valid_until})
    return effects


def _hits_url(case: Case) -> str:
    subject_id = case.filing_id or case.order_id
    kind = "filing" if case.filing_id else "order"
    return reverse("screening:of", args=[kind, subject_id]) if subject_id else ""


def _determinations_url(case: Case) -> str:
    return reverse("determinations:of_order", args=[case.order_id]) if case.order_id else ""


def _flags(case: Case) -> list[tuple[Flag, str]]:
    """What was raised on the case itself; those of an order stand in its checklist as well."""
    words = flags_on(case.opened_at.date())
    return [(flag, words.get(flag.code, "")) for flag in case.flags.select_related("raised_by__person")]


def _evidence_warnings(case: Case) -> list[str]:
    """Certifications that are not held yet: no bar to an approval, and one to every release."""
    return approval_warnings(case.order, timezone.now().date()) if case.kind == CaseKind.ORDER and case.order else []


def _chain_url(case: Case) -> str:
    if case.filing_id:
        return reverse("chain:filing", args=[case.filing_id])
    return reverse("chain:order", args=[case.order_id]) if case.order_id else ""
