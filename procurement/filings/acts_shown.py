"""Officers' acts on a filing as its page shows them: what is offered, what waits, what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.queries import Happening
from ledger.queries import in_words as act_in_words
from procurement.filings.acts import open_act
from procurement.filings.forms import ActReasonForm, SuspendForm
from procurement.filings.models import Filing, FilingAct
from procurement.filings.services import approval_blockers
from procurement.filings.states import FilingAction, FilingState
from procurement.orders.addresses import address

APPROVED_ONCE: Final = (FilingState.APPROVED, FilingState.SUSPENDED, FilingState.REVOKED)
_PROPOSALS: Final = (
    "filing.revocation_proposed", "filing.reinstatement_proposed", "filing.revocation_proposal_withdrawn",
    "filing.reinstatement_proposal_withdrawn",
)  # fmt: skip


def offered(filing: Filing, actor: Actor, typed: Mapping[str, Any]) -> dict[str, Any]:
    """What an officer may do to an approved filing now; for anybody else, only what stopped."""
    found: dict[str, Any] = {
        "drain_url": address("drains:filing", filing.pk) if filing.state in APPROVED_ONCE[1:] else "",
        "sees_acts": actor.may(Act.SEE_REVIEW) and filing.state in APPROVED_ONCE,
    }
    if not found["sees_acts"]:
        return found
    waiting = open_act(filing)
    is_side = filing.applicant.person_id == actor.person.pk or actor.is_of(filing.team_id)
    is_officer = actor.may(Act.REVIEW_CASE)
    signs = is_officer and not is_side
    is_suspended = filing.state == FilingState.SUSPENDED
    is_proposer = waiting is not None and waiting.proposer_person_id == actor.person.pk
    return found | {
        "waiting": waiting and {"act": waiting, "verb": _verb(waiting), "proposer": waiting.proposer_person.name},
        "is_proposer": is_proposer,
        "may_suspend": is_officer and filing.state == FilingState.APPROVED,
        "may_revoke": signs and waiting is None and filing.state in APPROVED_ONCE[:2],
        "may_reinstate": signs and waiting is None and is_suspended,
        "may_sign": signs and waiting is not None and not is_proposer,
        "may_turn_down": signs and waiting is not None,
        "against": [{"reason": text, "url": ""} for text in approval_blockers(filing)] if is_suspended else [],
        "what_if_url": address("drains:what_if_filing", filing.pk),
        "acts": [_row(act) for act in filing.acts.select_related("proposer_person", "countersigner_person")
                 if not act.is_open],
        "suspend_form": typed.get("suspend_form") or SuspendForm(prefix="suspend"),
        "revoke_form": typed.get("revoke_form") or ActReasonForm(prefix="revoke"),
        "reinstate_form": typed.get("reinstate_form") or ActReasonForm(prefix="reinstate"),
        "turn_down_form": typed.get("turn_down_form") or ActReasonForm(prefix="turn_down"),
    }  # fmt: skip


def without_proposals(entries: list[Happening], actor: Actor) -> list[Happening]:
    """The history without what officers proposed to each other, for whoever does not see reviews."""
    if actor.may(Act.SEE_REVIEW):
        return entries
    withheld = {act_in_words(each) for each in _PROPOSALS}
    return [each for each in entries if each.what not in withheld]


def _verb(act: FilingAct) -> str:
    if act.action == FilingAction.SUSPEND:
        return _("Suspend")
    return _("Reinstate") if act.action == FilingAction.REINSTATE else _("Revoke")


def _row(act: FilingAct) -> dict[str, Any]:
    second = act.countersigner_person
    return {
        "act": act, "verb": _verb(act), "proposer": act.proposer_person.name,
        "countersigner": second.name if second else "",
    }  # fmt: skip
