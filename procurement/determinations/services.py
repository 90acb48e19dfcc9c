"""Writes of determinations: an order's, one for each regime, and those asked for by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import InvalidInput
from ledger.services import record
from procurement.determinations.ad_hoc import Asked, Published, published
from procurement.determinations.facts import facts_of_order
from procurement.determinations.models import AdHocDetermination, Determination
from procurement.determinations.replay import result_of, strictest
from procurement.orders.models import Order
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.plain import sha256_hex, to_plain
from procurement.regimes.registry import REGIMES, Regime

UNUSUAL_A_DAY: Final = 50
PURPOSE_LIMIT: Final = 300


@transaction.atomic
def determine_order(*, actor: Actor | None, order: Order, now: datetime | None = None) -> list[Determination]:
    """Run every regime on an order as it stands, and store what each said; the former ones are superseded.

    Args:
        actor: who caused it; ``None`` where Writ itself determines again.
        now: the moment whose local date each regime goes by.

    Raises:
        InvalidInput: the order has no lines.
    """
    moment = now or timezone.now()
    locked = Order.objects.select_for_update().get(pk=order.pk)
    facts = facts_of_order(locked)
    if not facts:
        raise InvalidInput(f"{order.reference} has no chips to determine.", field="lines")
    locked.determinations.filter(superseded_at=None).update(superseded_at=moment)
    return [_store(actor, locked, regime, facts, moment) for regime in REGIMES]


def _store(
    actor: Actor | None, order: Order, regime: Regime, facts: Sequence[TransactionFacts], moment: datetime
) -> Determination:
    on = regime.local_date(moment)
    answers = [regime.determine(each, on=on) for each in facts]
    result = result_of(answers)
    worst = strictest(answers)
    row = Determination.objects.create(
        order=order,
        regime=regime.id,
        on=on,
        lane=worst.lane,
        review_policy=worst.review_policy or "",
        inputs={"lines": [to_plain(each) for each in facts]},
        result=result,
        rule_versions=sorted({version for each in answers for version in each.rule_versions}),
        list_snapshots=list(facts[0].list_snapshots),
        rule_set_sha256=worst.rule_set_sha256,
        result_sha256=sha256_hex(result),
    )
    told = {"order": order.reference, "regime": regime.id, "on": str(on), "lane": row.lane, "sha256": row.result_sha256}
    record("determination.made", row, actor=actor, facts={**told, "rule_set": row.rule_set_sha256})
    return row


@transaction.atomic
def determine_ad_hoc(
    *, actor: Actor | None, asked: Sequence[Asked], purpose: str, account: str = ""
) -> list[tuple[AdHocDetermination, Published]]:
    """Determine transactions that are no order; each is logged with person and purpose.

    Args:
        actor: who asks; ``None`` at the command line, where ``account`` names the account.

    Raises:
        NotPermitted: the role may not.
        InvalidInput: no purpose is given.
    """
    if actor is not None:
        actor.require(Act.DETERMINE_AD_HOC)
    purpose = purpose.strip()
    if not purpose or len(purpose) > PURPOSE_LIMIT:
        raise InvalidInput(f"Say what it is for, in at most {PURPOSE_LIMIT} characters.", field="purpose")
    answers = [published(each) for each in asked]
    return list(zip(_log(actor, answers, purpose, account), answers, strict=True)) if answers else []


def _log(actor: Actor | None, answers: list[Published], purpose: str, account: str) -> list[AdHocDetermination]:
    rows = AdHocDetermination.objects.bulk_create(
        AdHocDetermination(
            membership=actor.membership if actor else None,
            account=account[:150],
            purpose=purpose,
            inputs={"facts": to_plain(answer.facts), "on": {e.regime: str(e.on) for e in answer.determinations}},
            outcome=answer.to_json(),
        )
        for answer in answers
    )
    inputs = sha256_hex([row.inputs for row in rows])
    record("determination.ad_hoc", rows[-1], actor=actor, facts={"count": len(rows), "inputs_sha256": inputs})
    _tell_unusual_volume(actor, account, rows[-1], len(rows))
    return rows


def _tell_unusual_volume(actor: Actor | None, account: str, row: AdHocDetermination, added: int) -> None:
    """Put on record when one person's determinations of a day become unusually many."""
    since = datetime.now(UTC) - timedelta(days=1)
    mine = AdHocDetermination.objects.filter(made_at__gt=since)
    whose = mine.filter(membership__person=actor.person) if actor else mine.filter(membership=None, account=account)
    count = whose.count()
    if count >= UNUSUAL_A_DAY > count - added:
        record("determination.unusual_volume", row, actor=actor, facts={"determinations_in_a_day": count})
