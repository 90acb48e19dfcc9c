"""A party of an order turned out to be listed: its devices are set apart, and an incident is opened."""

from __future__ import annotations

from django.db import transaction

from allocation.inventory import quarantine as reasons
from allocation.inventory.incidents import open_incident
from allocation.inventory.models import Device, IncidentKind
from allocation.inventory.services import quarantine_device
from procurement.parties.models import Party
from procurement.screening.subjects import orders_reaching


def quarantine_for_party(*, party: Party, reason: str) -> None:
    """Quarantine the devices of every order that the party has a part in, by itself or through what it owns.

    A remote user of one filing has no part in the order: what runs for them is stopped, the devices are not.
    """
    with transaction.atomic():
        open_incident(kind=IncidentKind.LISTED_PARTY, title=reason[:300], subject=str(party.pk))
        orders = orders_reaching(party).values("pk")
        bound = Device.objects.filter(item__receipt__order__in=orders).exclude(state="retired")
        for pk in bound.order_by("pk").values_list("pk", flat=True):
            quarantine_device(device_id=pk, reason=reasons.LISTED)
