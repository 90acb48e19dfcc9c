"""Our parties as matching sees them, and everybody who must be screened for an order or a filing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils import timezone

from procurement.filings.models import Filing
from procurement.orders.models import Order
from procurement.parties.models import Ownership, Party
from procurement.screening.matching.subjects import Name, NameKind, PartyKind, Subject

_NAME_KINDS = {kind.value: kind for kind in NameKind}
_PERSONS = ("individual", "person", "natural_person")


def subject_of(party: Party) -> Subject:
    """A party with every name and country it is known by."""
    others = [Name(row.name, _NAME_KINDS.get(row.kind, NameKind.ALIAS)) for row in party.names.all()]
    countries = {party.country, party.hq_country, party.ultimate_parent_country} - {""}
    kind = PartyKind.INDIVIDUAL if party.kind in _PERSONS else PartyKind.ENTITY
    return Subject(str(party.pk), (Name(party.name), *others), tuple(sorted(countries)), kind)


def roots_of_order(order: Order) -> QuerySet[Party]:
    """Every party in every role, the site's operator and the applicant's organisation, without their owners."""
    return Party.objects.filter(
        Q(order_roles__order=order) | Q(sites=order.site_id) | Q(organisation=order.team.organisation_id)
    ).distinct()


def roots_of_filing(filing: Filing) -> QuerySet[Party]:
    """Every remote user and the applicant's organisation, without their owners."""
    return Party.objects.filter(
        Q(remote_access__filing=filing) | Q(organisation=filing.team.organisation_id)
    ).distinct()


def parties_of_order(order: Order) -> QuerySet[Party]:
    """Every party in every role, the site's operator, the applicant's organisation, and all their owners."""
    return with_owners(roots_of_order(order).order_by().values_list("pk", flat=True))


def parties_of_filing(filing: Filing) -> QuerySet[Party]:
    """Every remote user, the applicant's organisation, and all their owners."""
    return with_owners(roots_of_filing(filing).order_by().values_list("pk", flat=True))


def orders_reaching(party: Party) -> QuerySet[Order]:
    """Every order that the party is screened for: it, or anybody it holds a share in, is a party of it."""
    held = _reached({party.pk}, "owner", "owned")
    return Order.objects.filter(
        Q(parties__party__in=held) | Q(site__operator__in=held) | Q(team__organisation__party__in=held)
    ).distinct()


def filings_reaching(party: Party) -> QuerySet[Filing]:
    """Every filing that names the party, or anybody it holds a share in, as a remote user."""
    return Filing.objects.filter(remote_users__party__in=_reached({party.pk}, "owner", "owned")).distinct()


def with_owners(roots: Iterable[uuid.UUID]) -> QuerySet[Party]:
    """The parties and, up the tree, everybody who holds a share in them today."""
    return Party.objects.filter(pk__in=_reached(set(roots), "owned", "owner")).order_by("pk")


def _reached(roots: set[uuid.UUID], near: str, far: str) -> set[uuid.UUID]:
    """The roots and whom today's shares lead to, from the ``near`` to the ``far`` end; circles end by themselves."""
    today = timezone.now().date()
    in_force = Ownership.objects.filter(
        Q(starts_on=None) | Q(starts_on__lte=today), Q(ends_on=None) | Q(ends_on__gt=today)
    )
    known = set(roots)
    edge = known
    while edge:
        edge = set(in_force.filter(**{f"{near}__in": edge}).values_list(far, flat=True)) - known
        known |= edge
    return known
