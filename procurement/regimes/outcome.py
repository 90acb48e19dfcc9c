"""What a regime answers: the determination, its reasons and its readable tree."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from procurement.regimes.lanes import Lane, ReviewPolicy
from procurement.regimes.plain import canonical_bytes, sha256_hex, to_plain


class Result(StrEnum):
    """How one branch of the tree came out."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"
    NOTED = "noted"


class CertificationState(StrEnum):
    """Whether the evidence of a certification is on file."""

    HELD = "held"
    MISSING = "missing"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in plain words, under which rule in which version. A flag informs; it never decides alone."""

    rule: str
    version: str
    text: str
    citation: str
    is_flag: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of the tree: a question, the fact found, the threshold it met or not, and the rule."""

    question: str
    fact: str
    threshold: str
    result: Result
    rule: str
    version: str
    citation: str
    under: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact or table without which there is no answer, and where it is entered."""

    fact: str
    text: str
    entered_at: str


@dataclass(frozen=True, slots=True)
class Certification:
    """What the applicant must certify, and the evidence that Writ should hold for it."""

    id: str
    title: str
    evidence: tuple[str, ...]
    state: CertificationState
    verify: str
    citation: str


@dataclass(frozen=True, slots=True)
class ExceptionRoute:
    """A licence exception that may be used, with everything that must hold first."""

    symbol: str
    preconditions: tuple[str, ...]
    citation: str


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A date ahead at which something changes."""

    on: date
    text: str
    rule: str


@dataclass(frozen=True, slots=True)
class Determination:
    """The answer of one regime for one transaction on one date.

    `duty_rate` is the ad valorem duty as a fraction (0.25 is 25 %), None where the measure does not apply.
    """

    regime: str
    on: date
    lane: Lane
    review_policy: ReviewPolicy | None
    eccn: str | None
    exceptions: tuple[ExceptionRoute, ...]
    certifications: tuple[Certification, ...]
    duty_rate: Decimal | None
    reasons: tuple[Reason, ...]
    unverified: tuple[str, ...]
    upcoming: tuple[Upcoming, ...]
    missing: tuple[Missing, ...]
    tree: tuple[Branch, ...]
    rule_versions: tuple[str, ...]
    rule_set_sha256: str

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain JSON values; the same determination gives the same bytes."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    def to_outcome(self) -> dict[str, Any]:
        """The published form: what the command and the API print for one regime."""
        return {
            "regime": self.regime,
            "lane": self.lane.value,
            "review_policy": self.review_policy.value if self.review_policy else None,
            "exceptions": [route.symbol for route in self.exceptions],
            "certifications": [certification.id for certification in self.certifications],
            "duty_rate": None if self.duty_rate is None else float(self.duty_rate),
            "reasons": [
                {"rule": each.rule, "version": each.version, "text": each.text, "citation": each.citation}
                for each in self.reasons
            ],
            "unverified": list(self.unverified),
            "upcoming": [f"{each.on.isoformat()}: {each.text}" for each in self.upcoming],
        }

    def sha256(self) -> str:
        """Digest of the canonical bytes of `to_json`."""
        return sha256_hex(self.to_json())

    def canonical(self) -> bytes:
        """The canonical bytes that a replay must give again."""
        return canonical_bytes(self.to_json())
