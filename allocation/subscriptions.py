"""What allocation does when procurement says that something happened."""

from __future__ import annotations

import uuid

from allocation.clock import wake
from ledger import events


def subscribe() -> None:
    """Attach allocation's handlers to the domain events (idempotent)."""
    events.subscribe(events.DevicesReceived, devices_received)
    events.subscribe(events.FilingDecided, filing_decided)
    events.subscribe(events.FilingWithdrawn, filing_withdrawn)
    events.subscribe(events.FilingSuspended, filing_suspended)
    events.subscribe(events.FilingReinstated, filing_reinstated)
    events.subscribe(events.DecisionAttested, decision_attested)
    events.subscribe(events.LicenceChanged, licence_changed)
    events.subscribe(events.PartyMatched, party_matched)
    events.subscribe(events.AccessEnded, access_ended)
    events.subscribe(events.IncidentDecided, incident_decided)


def devices_received(event: events.DevicesReceived) -> None:
    """Received serials enter the inventory."""
    from allocation.inventory.services import receive_devices

    receive_devices(receipt_id=event.receipt_id)


def filing_decided(event: events.FilingDecided) -> None:
    """An approved filing gets its grant."""
    from allocation.grants.services import open_grant

    if event.approved:
        open_grant(filing_id=event.filing_id, decision_id=event.decision_id, granted_ms=event.granted_ms)


def filing_withdrawn(event: events.FilingWithdrawn) -> None:
    """A filing that no longer stands loses its grant, and what runs under it drains."""
    from allocation.grants.services import revoke_grants

    revoke_grants(filing_id=event.filing_id, reason=event.reason)
    _drain_filing(event.filing_id, event.reason)


def filing_suspended(event: events.FilingSuspended) -> None:
    """What runs under a suspended filing drains; its grant waits for the reinstatement."""
    _drain_filing(event.filing_id, event.reason, immediate=event.stop_now)


def _drain_filing(filing_id: uuid.UUID, reason: str, *, immediate: bool = False) -> None:
    from allocation.dispatch import drains
    from procurement.filings.models import Filing

    filing = Filing.objects.get(pk=filing_id)
    cause = drains.Cause("filing", filing.pk, filing.reference, reason)
    attempts = drains.attempts_resting_on("filing", filing.pk)
    drains.begin_drain(actor=None, cause=cause, attempts=attempts, immediate=immediate)


def filing_reinstated(event: events.FilingReinstated) -> None:
    """What waited for the reinstatement is looked at again."""
    wake()


def decision_attested(event: events.DecisionAttested) -> None:
    """What waited for the attestation is looked at again."""
    wake()


def licence_changed(event: events.LicenceChanged) -> None:
    """A licence that no longer carries use drains every job on it; one that does again lets jobs start."""
    from allocation.dispatch import drains
    from procurement.licences.models import Licence

    wake()
    if not event.drain:
        return
    licence = Licence.objects.get(pk=event.licence_id)
    cause = drains.Cause("licence", licence.pk, licence.reference, event.reason)
    attempts = drains.attempts_resting_on("licence", licence.pk)
    drains.begin_drain(actor=None, cause=cause, attempts=attempts, immediate=event.stop_now)


def party_matched(event: events.PartyMatched) -> None:
    """A listed party in the chain: where its list says so, everything stops now."""
    from allocation.dispatch import drains
    from allocation.inventory.listed import quarantine_for_party
    from procurement.parties.models import Party

    if not event.stop_now:
        return
    party = Party.objects.get(pk=event.party_id)
    reason = "The compliance office has stopped it."
    cause = drains.Cause("party", party.pk, "screening", reason)
    attempts = drains.attempts_resting_on("party", party.pk)
    quarantine_for_party(party=party, reason=event.reason)
    drains.begin_drain(actor=None, cause=cause, attempts=attempts, immediate=True)


def access_ended(event: events.AccessEnded) -> None:
    """What a person submitted drains when their access ends."""
    from accounts.models import Membership
    from allocation.dispatch import drains

    member = Membership.objects.get(pk=event.membership_id)
    attempts = drains.attempts_resting_on("membership", member.pk)
    cause = drains.Cause("membership", member.pk, "access", "The access of the person who submitted it has ended.")
    drains.begin_drain(actor=None, cause=cause, attempts=attempts)


def incident_decided(event: events.IncidentDecided) -> None:
    """An incident whose case was decided as cleared up is closed; one that was declined stands."""
    from allocation.inventory.incidents import close_decided

    if event.cleared:
        close_decided(incident_ref=event.incident_ref, reason=event.reason)
