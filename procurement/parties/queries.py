"""Who may see which party and site, and who stands at the top of an ownership tree."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Final

from django.db.models import Q, QuerySet

from accounts.actors import Actor
from accounts.permissions import Act
from procurement.parties.models import Ownership, Party, Site

MAJORITY_PERCENT: Final = Decimal(50)


def sees_every_party(actor: Actor) -> bool:
    """Whether the role works with the whole directory."""
    return actor.may(Act.SEE_ALL_WORK) or actor.may(Act.SEE_LICENCES)


def parties_visible_to(actor: Actor) -> QuerySet[Party]:
    """The common directory, what the team registered, and who is in the team's orders; all of it for staff."""
    if sees_every_party(actor):
        return Party.objects.all()
    own = Q(team=actor.team) | Q(organisation=actor.team.organisation) | Q(order_roles__order__team=actor.team)
    return Party.objects.filter(Q(team=None, organisation=None) | own).distinct()


def sites_visible_to(actor: Actor) -> QuerySet[Site]:
    """Sites of the common directory and of the team; all of them for staff."""
    sites = Site.objects.select_related("operator")
    if sees_every_party(actor):
        return sites
    own = Q(team=actor.team) | Q(operator__organisation=actor.team.organisation) | Q(orders__team=actor.team)
    return sites.filter(Q(team=None, operator__organisation=None) | own).distinct()


def owners_of(party: Party, on: date) -> list[Ownership]:
    """Direct shares in ``party`` that were held on a day, the largest first; unknown ones come last."""
    held = party.owners.select_related("owner").filter(
        Q(starts_on=None) | Q(starts_on__lte=on), Q(ends_on=None) | Q(ends_on__gte=on)
    )
    return sorted(held, key=lambda each: each.share_percent or Decimal(0), reverse=True)


def ultimate_parent(party: Party, on: date) -> Party | None:
    """The top of the chain of majority owners as recorded, or ``None`` where no majority owner is recorded.

    Simplification: only a direct share above 50 % counts as control; joint or indirect control is not found, so
    an answer of ``None`` means "not recorded", never "no parent".
    """
    seen: set[uuid.UUID] = {party.pk}
    top: Party | None = None
    current = party
    while (owner := _majority_owner(current, on)) is not None and owner.pk not in seen:
        seen.add(owner.pk)
        top = current = owner
    return top


def ultimate_parent_country(party: Party, on: date) -> str:
    """Where the ultimate parent is headquartered: by the ownership tree, else as recorded with the party."""
    parent = ultimate_parent(party, on)
    if parent is None:
        return party.ultimate_parent_country
    return parent.hq_country or parent.country


def _majority_owner(party: Party, on: date) -> Party | None:
    for holding in owners_of(party, on):
        if holding.share_percent is not None and holding.share_percent > MAJORITY_PERCENT:
            return holding.owner
    return None
