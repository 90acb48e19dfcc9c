"""Legal holds and licences' own terms as pages show them: plain values, no rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.queries import Happening, history
from ledger.queries import in_words as act_in_words
from procurement.licences.models import Licence
from procurement.orders.addresses import address
from procurement.orders.states import OrderState
from procurement.records import queries, retention
from procurement.records.forms import DiversionForm, HoldForm, ReasonForm, TermForm
from procurement.records.models import CountedFrom, LegalHold, RecordTerm
from procurement.records.queries import Kept
from procurement.records.states import HoldState


def page(kept: Kept, actor: Actor, forms: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """How long the records of an order, filing or case are kept, with its holds and what may be done to them."""
    forms = forms or {}
    holds = list(queries.detailed(queries.holds_of(kept)))
    sees = actor.may(Act.SEE_REVIEW)
    has_end = kept.order is not None and kept.order.state != OrderState.DRAFT
    return {
        "kept": kept,
        "reference": kept.row.reference,
        "back": _address(kept),
        "url": reverse("records:of", args=[kept.kind, kept.row.pk]),
        "retention": retention.shown(kept.order, timezone.now().date(), actor) if has_end and kept.order else None,
        "is_held": any(each.state != HoldState.LIFTED for each in holds),
        "holds": [_hold(each, actor, forms) for each in holds] if sees else [],
        "standing": sum(each.state != HoldState.LIFTED for each in holds) if sees else 0,
        "sees": sees,
        "may_place": actor.may(Act.KEEP_RECORDS),
        "hold_form": forms.get("hold") or HoldForm(),
        "diversion_form": (forms.get("diversion") or DiversionForm(auto_id="id_diversion_%s")) if has_end else None,
        "entries": _history(kept, holds) if sees else [],
    }


def _history(kept: Kept, holds: list[LegalHold]) -> list[Happening]:
    """What happened to the holds, and what became known of the goods."""
    held = history([("legalhold", each.pk) for each in holds]) if holds else []
    of_order = history([("order", kept.order.pk)]) if kept.order else []
    known = [each for each in of_order if each.what == act_in_words(queries.DIVERTED)]
    return sorted([*held, *known], key=lambda each: each.at, reverse=True)


def _hold(hold: LegalHold, actor: Actor, forms: Mapping[str, Any]) -> dict[str, Any]:
    kept = queries.kept_by(hold)
    acts = actor.may(Act.KEEP_RECORDS) and not actor.is_of(kept.team_id)
    waits = hold.state == HoldState.LIFT_PROPOSED
    is_proposer = hold.proposer_person_id == actor.person.pk
    return {
        "hold": hold,
        "on": kept.row.reference,
        "facts": _facts(hold),
        "may_propose": acts and hold.state == HoldState.STANDING,
        "may_lift": acts and waits and not is_proposer,
        "may_keep": acts and waits,
        "is_proposer": waits and is_proposer,
        "lift_form": forms.get(f"lift-{hold.pk}") or ReasonForm(auto_id=f"id_lift_{hold.pk}_%s"),
        "keep_form": forms.get(f"keep-{hold.pk}") or ReasonForm(auto_id=f"id_keep_{hold.pk}_%s"),
    }


def _facts(hold: LegalHold) -> list[tuple[Any, Any]]:
    facts: list[tuple[Any, Any]] = [
        (_("Rests on"), hold.matter),
        (_("Reason"), hold.reason),
        (_("Placed"), _("%(day)s by %(who)s") % {"day": f"{hold.placed_on:%d %b %Y}", "who": hold.placer_person.name}),
    ]
    if hold.is_agency_request:
        facts.insert(1, (_("Asked for by an agency"), _("yes: nothing is destroyed while it stands")))
    if hold.proposer_person is not None:
        facts.append((_("To be lifted"), f"{hold.proposer_person.name}: {hold.lift_reason}"))
    if hold.countersigner_person is not None and hold.lifted_on is not None:
        said = {"day": f"{hold.lifted_on:%d %b %Y}", "who": hold.countersigner_person.name}
        facts.append((_("Lifted"), _("%(day)s, countersigned by %(who)s") % said))
    return facts


def _address(kept: Kept) -> str:
    match kept.kind:
        case "order":
            return address("orders:detail", kept.row.reference)
        case "filing":
            return address("filings:detail", kept.row.pk)
        case _:
            return address("review:case", kept.row.pk)


def of_licence(licence: Licence, actor: Actor, form: TermForm | None = None) -> dict[str, Any]:
    """How long a licence asks for its records itself, and what an officer may do about it."""
    stated, waiting = queries.term_in_effect(licence), queries.open_term(licence)
    records = actor.may(Act.RECORD_LICENCE) and not actor.is_of(licence.order.team_id)
    is_proposer = waiting is not None and waiting.proposer_person_id == actor.person.pk
    return {
        "licence": licence,
        "stated": in_words(stated) if stated else "",
        "by": _signed(stated) if stated else "",
        "reason": stated.reason if stated else "",
        "waiting": waiting,
        "waiting_words": in_words(waiting) if waiting else "",
        "may_state": records and waiting is None,
        "may_sign": records and waiting is not None and not is_proposer,
        "may_withdraw": records and waiting is not None,
        "is_proposer": is_proposer,
        "form": form or TermForm(initial=_initial(stated), auto_id="id_term_%s"),
        "withdraw_form": ReasonForm(auto_id="id_term_withdraw_%s"),
    }


def in_words(term: RecordTerm) -> str:
    """Such as "7 years from the last day that the licence allows"."""
    if term.years is None:
        return _("no years of its own")
    starts = {
        CountedFrom.TRANSACTION_END: _("the end of the transaction"),
        CountedFrom.LICENCE_END: _("the last day that the licence allows"),
    }
    return _("%(n)s years from %(start)s") % {"n": term.years, "start": starts[CountedFrom(term.counted_from)]}


def _signed(term: RecordTerm) -> str:
    names = [term.proposer_person.name]
    if term.countersigner_person is not None:
        names.append(term.countersigner_person.name)
    return _(" and ").join(names)


def _initial(stated: RecordTerm | None) -> dict[str, Any]:
    return {"years": stated.years, "counted_from": stated.counted_from} if stated else {}
