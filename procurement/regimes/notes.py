"""The notebook of one determination: what the rules found, in the order they looked."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from procurement.regimes.dated import Law, RuleVersion
from procurement.regimes.lanes import ReviewPolicy
from procurement.regimes.outcome import Branch, Missing, Reason, Result


class Answer(StrEnum):
    """Whether a rule asks for something; `UNKNOWN` where a fact or a table is missing."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, value: bool | None) -> "Answer":
        """From a three-valued truth."""
        if value is None:
            return cls.UNKNOWN
        return cls.YES if value else cls.NO


RESULT = {Answer.YES: Result.MET, Answer.NO: Result.NOT_MET, Answer.UNKNOWN: Result.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Requirement:
    """A rule's demand for a licence (or its prohibition), with the review policy it carries."""

    version: RuleVersion
    answer: Answer
    policy: ReviewPolicy | None = None
    is_prohibition: bool = False
    allows_exceptions: bool = False
    missing: tuple[Missing, ...] = ()


@dataclass(slots=True)
class Notebook:
    """Collects reasons, branches, missing facts and warnings; keeps their order, drops repeats."""

    law: Law
    reasons: list[Reason] = field(default_factory=list)
    tree: list[Branch] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)

    def reason(self, version: RuleVersion, text: str, *, is_flag: bool = False) -> None:
        """A reason under a rule version; what is unverified about that version comes with it."""
        reason = Reason(version.rule, version.version, text, version.citation, is_flag)
        if reason not in self.reasons:
            self.reasons.append(reason)
        self.warn(version.verify)

    def branch(
        self,
        version: RuleVersion,
        question: str,
        answer: Answer,
        *,
        fact: str,
        threshold: str = "",
        under: str = "",
    ) -> None:
        """One line of the tree."""
        line = (
            question,
            fact,
            threshold,
            RESULT[answer],
            version.rule,
            version.version,
            version.citation,
            under,
        )
        self.tree.append(Branch(*line))

    def noted(self, version: RuleVersion, question: str, *, fact: str, threshold: str = "") -> None:
        """A line of the tree that shows a fact and decides nothing."""
        line = (question, fact, threshold, Result.NOTED, version.rule, version.version, version.citation)
        self.tree.append(Branch(*line))

    def warn(self, text: str) -> None:
        """Something the reader must know is not verified."""
        if text and text not in self.unverified:
            self.unverified.append(text)

    def lack(self, *missing: Missing) -> None:
        """Facts or tables without which there is no full answer."""
        self.missing.extend(each for each in missing if each not in self.missing)


def both(*values: bool | None) -> bool | None:
    """Three-valued AND: one false settles it, otherwise one unknown leaves it open."""
    if False in values:
        return False
    return None if None in values else True


def either(*values: bool | None) -> bool | None:
    """Three-valued OR: one true settles it, otherwise one unknown leaves it open."""
    if True in values:
        return True
    return None if None in values else False


def figure(value: Decimal | None) -> str:
    """A figure for the page: thousands apart, no trailing zeros."""
    if value is None:
        return "not known"
    return f"{value.normalize():,f}"
