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


def parties_of_order(order: Order) -> QuerySet[Party]:
    """Every party in every role, the site's operator, the applicant's organisation, and all their owners."""
    roots = Party.objects.filter(
        Q(order_roles__order=order) | Q(sites=order.site_id) | Q(organisation=order.team.organisation_id)
    )
    return _with_owners(roots.values_list("pk", flat=True))


def parties_of_filing(filing: Filing) -> QuerySet[Party]:
    """Every remote user, the applicant's organisation, and all their owners."""
    roots = Party.objects.filter(Q(remote_access__filing=filing) | Q(organisation=filing.team.organisation_id))
    return _with_owners(roots.values_list("pk", flat=True))


def _with_owners(roots: Iterable[uuid.UUID]) -> QuerySet[Party]:
    """The parties and, up the tree, everybody who holds a share in them today; circles end by themselves."""
    today = timezone.now().date()
    known = set(roots)
    edge = known
    while edge:
        owners = Ownership.objects.filter(
            Q(starts_on=None) | Q(starts_on__lte=today), Q(ends_on=None) | Q(ends_on__gt=today), owned__in=edge
        )
        edge = set(owners.values_list("owner", flat=True)) - known
        known |= edge
    return Party.objects.filter(pk__in=known).order_by("pk")
