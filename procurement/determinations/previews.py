"""The last preview of a rule set, kept so that officers read it on a page before the set is switched on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from django.db import transaction

from ledger.services import record
from procurement.determinations.models import PreviewedChange, RulePreview
from procurement.determinations.replaying import Previewed
from procurement.determinations.rules import present
from procurement.regimes.rule_set import RuleSet

CHUNK: Final = 1_000


@transaction.atomic
def keep_preview(*, rules: RuleSet, on: date | None, found: Sequence[Previewed], account: str) -> RulePreview:
    """Keep what a preview found; of those before, only which sets and how many would change is kept."""
    changed = [each for each in found if each.differences or each.fault]
    PreviewedChange.objects.all().delete()
    row = RulePreview.objects.create(
        account=account[:150],
        rule_sets=_digests(rules),
        compared_with=_digests(present()),
        on=on,
        determinations=len(found),
        changed=sum(bool(each.differences) for each in found),
        faults=sum(bool(each.fault) for each in found),
    )
    PreviewedChange.objects.bulk_create((_change(row, each) for each in changed), batch_size=CHUNK)
    facts = {"rule_sets": row.rule_sets, "determinations": row.determinations, "changed": row.changed}
    record("rules.previewed", row, facts={**facts, "faults": row.faults, "on": str(on or ""), "account": row.account})
    return row


def _change(preview: RulePreview, each: Previewed) -> PreviewedChange:
    return PreviewedChange(
        preview=preview,
        reference=each.reference,
        regime=each.regime,
        on=each.on,
        lane_after=each.lane,
        differences=each.differences.to_json() if each.differences else None,
        fault=each.fault[:1000],
    )


def _digests(rules: RuleSet) -> dict[str, str]:
    return {name: book.digest for name, book in rules.books.items()}
