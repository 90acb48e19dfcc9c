"""The red flags of an order: the catalogue of its day, what Writ computed, what officers answered (no writes here)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.utils import timezone

from procurement.determinations.models import Determination
from procurement.determinations.rules import present
from procurement.evidence.models import FlagAnswer, RedFlagAnswer
from procurement.evidence.shares import REGIME
from procurement.orders.models import Order
from procurement.regimes.registry import regime
from procurement.regimes.us_ear.computed_flags import flag_of
from procurement.regimes.us_ear.red_flags import RedFlag, catalogue
from procurement.review.models import Flag


class FlagState(StrEnum):
    """Where one flag stands on one order; none of them decides anything."""

    TO_ANSWER = "to_answer"
    STANDS = "stands"
    RESOLVED = "resolved"
    NOT_SEEN = "not_seen"
    UNANSWERED = "unanswered"


WEIGHED = frozenset({FlagState.TO_ANSWER, FlagState.STANDS})


@dataclass(frozen=True)
class FlagOfOrder:
    """One flag of the catalogue on one order.

    Args:
        seen: what Writ computed, in words, from the facts of the determination that stands.
        raised: flags that officers raised on the order's cases, with their evidence.
        answers: every answer, oldest first; the last counts while what was seen is what it was given on.
    """

    flag: RedFlag
    seen: tuple[str, ...]
    raised: tuple[Flag, ...]
    answers: tuple[RedFlagAnswer, ...]
    state: FlagState

    @property
    def is_touched(self) -> bool:
        """Whether it was computed, raised or answered: what a reader looks at first."""
        return bool(self.seen or self.raised or self.answers)


def flags_of(order: Order) -> list[FlagOfOrder]:
    """The catalogue as of the order's day, each flag with what is known of it on this order."""
    made = list(order.determinations.filter(regime=REGIME).order_by("made_at"))
    raised = list(Flag.objects.filter(case__order=order).select_related("raised_by__person").order_by("raised_at"))
    answers = list(RedFlagAnswer.objects.filter(order=order).select_related("answerer_person"))
    seen = seen_in(each for each in made if each.superseded_at is None)
    return [_flag(each, seen, raised, answers, made) for each in catalogue(day_of(order), book=present().book(REGIME))]


def day_of(order: Order) -> date:
    """The order's day by the regime's calendar: that on which it was handed in."""
    return regime(REGIME).local_date(order.submitted_at or timezone.now())


def weighed(flags: Iterable[FlagOfOrder]) -> list[FlagOfOrder]:
    """What a decision has in front of it: flags that stand, and those seen that nobody answered."""
    return [each for each in flags if each.state in WEIGHED]


def seen_in(made: Iterable[Determination]) -> dict[str, tuple[str, ...]]:
    """Flag -> what was seen, in words, in some determinations and all their lines."""
    found: dict[str, list[str]] = {}
    for each in made:
        for answer in (each.result, *each.result.get("other_lines", ())):
            for reason in answer.get("reasons", ()):
                code = flag_of(reason["text"]) if reason["is_flag"] else None
                words = reason["text"].partition(": ")[2]
                if code and words not in found.setdefault(code, []):
                    found[code].append(words)
    return {code: tuple(words) for code, words in found.items()}


def _flag(
    flag: RedFlag,
    seen: dict[str, tuple[str, ...]],
    raised: Sequence[Flag],
    answers: Sequence[RedFlagAnswer],
    made: Sequence[Determination],
) -> FlagOfOrder:
    own = tuple(each for each in answers if each.code == flag.id)
    by_hand = tuple(each for each in raised if each.code == flag.id and not each.is_computed)
    words = seen.get(flag.id, ())
    return FlagOfOrder(flag, words, by_hand, own, _state(flag.id, words, by_hand, own, made))


def _state(
    code: str,
    seen: tuple[str, ...],
    raised: Sequence[Flag],
    answers: Sequence[RedFlagAnswer],
    made: Sequence[Determination],
) -> FlagState:
    """An answer holds for what was seen when it was given: what is seen anew asks for a new one."""
    if not answers:
        return FlagState.TO_ANSWER if seen or raised else FlagState.UNANSWERED
    last = answers[-1]
    known = seen_in(each for each in made if _stood_at(each, last.answered_at)).get(code, ())
    is_new = not set(seen) <= set(known) or any(each.raised_at > last.answered_at for each in raised)
    if is_new and last.answer != FlagAnswer.STANDS:
        return FlagState.TO_ANSWER
    return FlagState(last.answer)


def _stood_at(made: Determination, moment: datetime) -> bool:
    return made.made_at <= moment and (made.superseded_at is None or made.superseded_at > moment)
