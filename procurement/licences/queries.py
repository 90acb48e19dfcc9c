"""What may be seen of licences, with everything a page needs of them."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.db.models import Count, Min, Prefetch, Q, QuerySet, Sum

from accounts.actors import Actor
from accounts.permissions import Act
from procurement.licences.models import Condition, Licence, LicenceAct, LicenceLine
from procurement.licences.states import LicenceAction, LicenceState

_STOPPED_BY: Final = {
    LicenceState.SUSPENDED.value: LicenceAction.SUSPEND,
    LicenceState.REVOKED.value: LicenceAction.REVOKE,
}


def visible_to(actor: Actor) -> QuerySet[Licence]:
    """Staff and the liaison see every licence; a team sees those of its own orders, as it has to keep to them."""
    if actor.may(Act.SEE_LICENCES):
        return Licence.objects.all()
    return Licence.objects.filter(order__team=actor.team)


def listed(actor: Actor) -> QuerySet[Licence]:
    """Licences for a list, with the sums of their lines; what ends first comes first."""
    return (
        visible_to(actor)
        .select_related("order__team__organisation", "holder")
        .annotate(
            granted=Sum("lines__granted"),
            held=Sum("lines__held"),
            drawn=Sum("lines__drawn"),
            ship_until=Min("lines__ship_until"),
            use_until=Min("lines__use_until"),
        )
        .order_by("ship_until", "-recorded_at", "pk")
    )


def detailed(actor: Actor) -> QuerySet[Licence]:
    """One licence with lines, conditions and acts."""
    acts = LicenceAct.objects.select_related("proposer_person", "countersigner_person")
    return (
        visible_to(actor)
        .select_related("order__site", "order__team__organisation", "holder", "recorded_by__person")
        .prefetch_related(
            Prefetch("lines", queryset=LicenceLine.objects.select_related("chip", "site", "end_user")),
            Prefetch("conditions", queryset=Condition.objects.select_related("attested_by__person").order_by("pk")),
            Prefetch("acts", queryset=acts),
        )
    )


def open_act(licence: Licence) -> LicenceAct | None:
    """The proposed act that waits for a second person, if there is one."""
    return (
        licence.acts.select_related("proposer_person", "proposer")
        .filter(in_effect_at=None, withdrawn_at=None)
        .first()
    )


def standing_act(licence: Licence) -> LicenceAct | None:
    """The act by which a licence is suspended or revoked now; none where it is neither, or expired by itself."""
    if licence.state not in _STOPPED_BY:
        return None
    acts = licence.acts.filter(action=_STOPPED_BY[licence.state], in_effect_at__isnull=False, withdrawn_at=None)
    return acts.order_by("-in_effect_at").first()


def ended_on(on: date) -> QuerySet[Licence]:
    """Active or suspended licences of which every line's use has ended by law before a day."""
    alive = Q(lines__use_until=None) | Q(lines__use_until__gte=on)
    candidates = Licence.objects.filter(state__in=[LicenceState.ACTIVE, LicenceState.SUSPENDED])
    return candidates.annotate(alive=Count("lines", filter=alive), all=Count("lines")).filter(alive=0, all__gt=0)
