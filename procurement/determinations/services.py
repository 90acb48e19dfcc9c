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
from procurement.determinations.models import AdHocDetermination, Determination, RuleSetText
from procurement.determinations.program import program
from procurement.determinations.results import result_of, strictest
from procurement.determinations.rules import present
from procurement.determinations.stated import Stated, with_stated
from procurement.orders.models import Order
from procurement.regimes.dated import Book
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.plain import sha256_hex, to_plain
from procurement.regimes.registry import Regime, regimes_for

UNUSUAL_A_DAY: Final = 50
PURPOSE_LIMIT: Final = 300


@transaction.atomic
def determine_order(
    *, actor: Actor | None, order: Order, now: datetime | None = None, stated: Stated | None = None
) -> list[Determination]:
    """Run every regime that an order concerns on it as it stands, and store what each said; the former are superseded.

    Args:
        actor: who caused it; ``None`` where Writ itself determines again.
        now: the moment whose local date each regime goes by.
        stated: what an officer states beside the order's papers; ``None`` carries over what was stated of it before.

    Raises:
        InvalidInput: the order has no lines.
    """
    moment = now or timezone.now()
    locked = Order.objects.select_for_update().get(pk=order.pk)
    facts = with_stated(locked, facts_of_order(locked), stated)
    if not facts:
        raise InvalidInput(f"{order.reference} has no chips to determine.", field="lines")
    locked.determinations.filter(superseded_at=None).update(superseded_at=moment)
    return [_store(actor, locked, regime, facts, moment) for regime in regimes_for(*facts)]


def _store(
    actor: Actor | None, order: Order, regime: Regime, facts: Sequence[TransactionFacts], moment: datetime
) -> Determination:
    on = regime.local_date(moment)
    book = present().book(regime.id)
    _keep(book)
    answers = [regime.determine(each, on=on, book=book) for each in facts]
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
        program=program(),
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
    answers = [published(each, rules=present()) for each in asked]
    return list(zip(_log(actor, answers, purpose, account), answers, strict=True)) if answers else []


def _keep(book: Book) -> None:
    """Keep the texts of a rule set for ever, at its first use."""
    if RuleSetText.objects.filter(pk=book.digest).exists():
        return
    row = RuleSetText(sha256=book.digest, regime=book.regime, texts=dict(book.texts))
    RuleSetText.objects.bulk_create([row], ignore_conflicts=True)
    record("rules.first_used", row, facts={"regime": book.regime, "sha256": book.digest, "files": len(book.texts)})


def _log(actor: Actor | None, answers: list[Published], purpose: str, account: str) -> list[AdHocDetermination]:
    rules = present()
    for name in {each.regime for answer in answers for each in answer.determinations}:
        _keep(rules.book(name))
    rows = AdHocDetermination.objects.bulk_create(
        AdHocDetermination(
            membership=actor.membership if actor else None,
            account=account[:150],
            purpose=purpose,
            inputs={"facts": to_plain(answer.facts), "on": {e.regime: str(e.on) for e in answer.determinations}},
            outcome=answer.to_json(),
            rule_sets={e.regime: e.rule_set_sha256 for e in answer.determinations},
            program=program(),
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
