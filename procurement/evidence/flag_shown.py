"""Red flags of an order as pages show them: what was seen or answered first, so that 45 rows drown nobody."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.permissions import Act
from procurement.evidence.forms import FlagForm
from procurement.evidence.red_flags import FlagOfOrder, FlagState, day_of, flags_of, weighed
from procurement.orders.models import Order
from procurement.regimes.citations import linked
from procurement.regimes.us_ear.red_flags import SOURCES

SEEN, WEIGH, ALL = "seen", "weigh", "all"


def flags_page(order: Order, actor: Actor, show: str, form: FlagForm | None = None) -> dict[str, Any]:
    """The checklist of an order; ``form`` is one that came back with errors."""
    flags = flags_of(order)
    may_answer = actor.may(Act.REVIEW_CASE) and not actor.is_of(order.team_id)
    chosen = _chosen(flags, show)
    quiet = [each for each in chosen if show == SEEN and each.state is FlagState.NOT_SEEN]
    return {
        **flags_part(order, actor, flags),
        "rows": [
            _row(order, each, form if may_answer else None, may_answer=may_answer)
            for each in chosen
            if each not in quiet
        ],
        "quiet": [_brief(each) for each in quiet],
        "tabs": _tabs(order, flags, show),
        "may_answer": may_answer,
        "unanswered": sum(1 for each in flags if each.state is FlagState.UNANSWERED),
        "day": day_of(order),
    }


def flags_part(order: Order, actor: Actor, flags: list[FlagOfOrder] | None = None) -> dict[str, Any]:
    """What is to weigh, for the order's page and the case."""
    flags = flags_of(order) if flags is None else flags
    return {
        "order": order,
        "weighed": [_brief(each) for each in weighed(flags)],
        "answered": sum(1 for each in flags if each.answers),
        "count": len(flags),
        "url": reverse("evidence:flags", args=[order.pk]),
    }


def standing_flags(order: Order) -> list[dict[str, Any]]:
    """The flags that a decision has in front of it, with what was seen."""
    return [_brief(each) for each in weighed(flags_of(order))]


def _chosen(flags: list[FlagOfOrder], show: str) -> list[FlagOfOrder]:
    if show == ALL:
        return flags
    return weighed(flags) if show == WEIGH else [each for each in flags if each.is_touched]


def _tabs(order: Order, flags: list[FlagOfOrder], here: str) -> list[dict[str, Any]]:
    names = {SEEN: _("Computed or answered"), WEIGH: _("To weigh"), ALL: _("The whole catalogue")}
    base = reverse("evidence:flags", args=[order.pk])
    return [
        {
            "label": label,
            "url": base if name == SEEN else f"{base}?show={name}",
            "is_here": name == here,
            "count": len(_chosen(flags, name)),
        }
        for name, label in names.items()
    ]


def _brief(found: FlagOfOrder) -> dict[str, Any]:
    last = found.answers[-1] if found.answers else None
    return {
        "id": found.flag.id,
        "text": found.flag.text,
        "state": found.state,
        "seen": found.seen,
        "raised": found.raised,
        "reason": last.reason if last else "",
        "by": last.answerer_person.name if last else "",
    }


def _row(order: Order, found: FlagOfOrder, form: FlagForm | None, *, may_answer: bool) -> dict[str, Any]:
    own = form if form is not None and form.code == found.flag.id else None
    was_seen = bool(found.seen or found.raised)
    return {
        **_brief(found),
        "sources": "; ".join(SOURCES[each] for each in found.flag.source.split(", ")),
        "links": linked(found.flag.citation),
        "note": found.flag.note,
        "answers": [
            {"row": each, "state": each.answer, "by": each.answerer_person.name} for each in reversed(found.answers)
        ],
        "form": own or (FlagForm(code=found.flag.id, was_seen=was_seen) if may_answer else None),
        "answer_url": reverse("evidence:answer_flag", args=[order.pk, found.flag.id]),
    }
