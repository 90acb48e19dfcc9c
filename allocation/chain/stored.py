"""The versions that an attempt was admitted on: stored with it, compared at every renewal."""

from __future__ import annotations

from allocation.chain.chain import Chain
from allocation.chain.models import AttemptLink
from allocation.jobs.models import Attempt


def store_links(attempt: Attempt, chain: Chain) -> None:
    """Replace the attempt's stored links by those of a chain that was just judged.

    The versions are those of the rows that were judged. Reading them anew from ``chain_version`` would let
    a change slip in between the judging and the reading.
    """
    AttemptLink.objects.filter(attempt=attempt).delete()
    rows = {
        (link.kind, rest.source, rest.object_id): AttemptLink(
            attempt=attempt,
            kind=link.kind,
            source=rest.source,
            object_id=rest.object_id,
            reference=rest.reference,
            version=rest.version,
        )
        for link in chain.gates
        for rest in link.rests
    }
    AttemptLink.objects.bulk_create(rows.values())
    Attempt.objects.filter(pk=attempt.pk).update(valid_until=chain.valid_until)
