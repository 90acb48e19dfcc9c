"""What a decision asks for beyond what a machine checks: a named officer attests that it is kept, until a day."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger import events
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.services import record
from procurement.licences.models import Condition
from procurement.review.models import Decision
from procurement.review.services import is_applicants_side
from procurement.review.states import Outcome

REASON_LIMIT = 2_000


def attest_decision_condition(*, actor: Actor, condition: Condition, until: date, reason: str) -> Condition:
    """Attest, as a named officer and until a day, that a decision's condition is kept; jobs may start from then on.

    A day before the one attested so far shortens it: what runs stops when it has passed.

    Raises:
        NotPermitted: of the applicant's side.
        InvalidInput: a condition that a machine checks, no reason, or a day that has passed.
        Overtaken: the decision approves nothing that stands.
    """
    with transaction.atomic():
        actor.require(Act.REVIEW_CASE)
        if condition.decision_id is None or condition.is_machine_checked:
            raise InvalidInput("Only a decision's condition that no machine checks is attested here.")
        decision = Decision.objects.select_for_update(of=("self",)).select_related("case").get(pk=condition.decision_id)
        if is_applicants_side(decision.case, actor):
            raise NotPermitted("You are of the applicant's side on this case; another officer has to attest.")
        _refuse_unless_it_stands(decision)
        said = _said(reason, until)
        current = Condition.objects.select_for_update().get(pk=condition.pk)
        current.attested_by, current.attested_until = actor.membership, until
        current.save(update_fields=["attested_by", "attested_until"])
        facts = {"condition": str(current.pk), "kind": current.kind, "until": until.isoformat(), "reason": said}
        record("case.condition_attested", decision.case, actor=actor, facts=facts)
        events.publish(events.DecisionAttested(decision_id=decision.pk))
    return current


def _refuse_unless_it_stands(decision: Decision) -> None:
    if not decision.is_final or decision.outcome != Outcome.APPROVE:
        raise Overtaken("Only a countersigned approval has conditions to attest; wait until a second officer signs.")
    if decision.revoked_at is not None:
        raise Overtaken(f"The decision was revoked on {decision.revoked_at:%d %b %Y}; nothing rests on it any more.")


def _said(reason: str, until: date) -> str:
    if until < timezone.now().date():
        raise InvalidInput("An attestation holds until a day to come.", field="until")
    said = reason.strip()
    if not said:
        raise InvalidInput("Say what you saw.", field="reason")
    return said[:REASON_LIMIT]
