"""The lane of 91 FR 1684: case-by-case review, from the United States to an end user in China or Macau."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from procurement.regimes.dated import Book, LawFault, RuleVersion, Sheet, exact_keys
from procurement.regimes.facts import EvidenceFacts, TransactionFacts
from procurement.regimes.geography import country_name
from procurement.regimes.notes import Answer, Notebook, both, figure
from procurement.regimes.outcome import Certification, CertificationState, Missing
from procurement.regimes.us_ear.places import CHINA_AND_MACAU


@dataclass(frozen=True, slots=True)
class LaneAnswer:
    """Whether the lane is open, and the certifications that then go with the application."""

    answer: Answer
    version: RuleVersion
    certifications: tuple[Certification, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class _Gate:
    question: str
    held: bool | None
    fact: str
    threshold: str
    missing: Missing | None = None


def open_lane(facts: TransactionFacts, notes: Notebook) -> LaneAnswer | None:
    """The lane's answer, or None where the rule is not in force or the end user is elsewhere.

    Source: 15 CFR 742.6(b)(10)(iii)(A) and part 748 supp. 2 para. (dd), 91 FR 1684, effective 2026-01-15.
    """
    version = notes.law.version("lane.2026")
    if version is None or end_user_country(facts) not in CHINA_AND_MACAU:
        return None
    gates = _gates(facts, notes)
    for gate in gates:
        notes.branch(version, gate.question, Answer.of(gate.held), fact=gate.fact, threshold=gate.threshold)
    answer = Answer.of(both(*(gate.held for gate in gates)))
    missing = tuple(gate.missing for gate in gates if gate.held is None and gate.missing)
    _tell(answer, gates, version, notes)
    if answer is Answer.NO:
        return LaneAnswer(answer, version, (), missing)
    held = certifications(facts.evidence, _cap(facts.evidence, notes), notes.law.book)
    return LaneAnswer(answer, version, held, missing)


def end_user_country(facts: TransactionFacts) -> str:
    """Where the end user is located: as stated, else the destination."""
    end_user = facts.end_user
    return end_user.country if end_user else facts.route.install_country or facts.route.to_country


def certifications(evidence: EvidenceFacts, cap_percent: Decimal, book: Book) -> tuple[Certification, ...]:
    """C1 to C7 with the state of their evidence; C4 is blocked at the cap: the next unit goes beyond it."""
    document = book.read("certifications.yaml", read_certifications)
    return tuple(
        Certification(
            row["id"],
            row["title"],
            tuple(row["evidence"]),
            _state(row["id"], evidence, cap_percent),
            row["verify"],
            document["citation"],
        )
        for row in document["certifications"]
    )


def _state(name: str, evidence: EvidenceFacts, cap_percent: Decimal) -> CertificationState:
    if name == "C4" and evidence.c4_share_percent is not None and evidence.c4_share_percent >= cap_percent:
        return CertificationState.BLOCKED
    return CertificationState.HELD if name in evidence.held else CertificationState.MISSING


def _gates(facts: TransactionFacts, notes: Notebook) -> tuple[_Gate, ...]:
    item, route = facts.item, facts.route
    tpp, bandwidth = notes.law.value("lane.2026.tpp_below"), notes.law.value("lane.2026.dram_bandwidth_below")
    if tpp is None or bandwidth is None:
        raise LawFault(f"us_ear: the lane of 2026 has no parameters on {notes.law.on}")
    share, cap = facts.evidence.c4_share_percent, _cap(facts.evidence, notes)
    place = country_name(route.from_country, notes.law.book)
    gates = (
        _Gate(
            "Is it exported from the United States?",
            route.from_country == "US",
            place,
            "from the United States",
        ),
        _below("TPP", item.tpp, tpp, "", "item.tpp"),
        _below("total DRAM bandwidth", item.dram_bandwidth_gb_s, bandwidth, " GB/s", "item.dram_bandwidth_gb_s"),
        _commercial(facts),
    )
    if share is None:
        return gates
    text = f"certified share {figure(share)} % of the aggregate TPP shipped to US customers"
    return (
        *gates,
        _Gate("Is the certified share within its cap (C4)?", share <= cap, text, f"at most {figure(cap)} %"),
    )


def _below(what: str, value: Decimal | None, bound: Decimal, unit: str, fact: str) -> _Gate:
    lack = Missing(fact, f"The chip's {what} is not held.", "the chip's page in the catalogue")
    held = None if value is None else value < bound
    return _Gate(
        f"Is its {what} below the bound?",
        held,
        f"{figure(value)}{unit}",
        f"below {figure(bound)}{unit}",
        lack,
    )


def _commercial(facts: TransactionFacts) -> _Gate:
    held = facts.item.is_us_commercial
    lack = Missing(
        "item.is_us_commercial",
        "Whether the chip was commercially available in the United States on 2026-01-15 is not stated.",
        "the chip's page in the catalogue, or --us-commercial",
    )
    question = "Was it commercially available in the United States on 2026-01-15?"
    return _Gate(question, held, {True: "yes", False: "no", None: "not stated"}[held], "yes", lack)


def _cap(evidence: EvidenceFacts, notes: Notebook) -> Decimal:
    own = notes.law.value("lane.2026.share_cap")
    if own is None:
        raise LawFault(f"us_ear: the lane of 2026 has no cap on {notes.law.on}")
    stated = evidence.c4_cap_percent
    return own if stated is None else min(own, stated)


def _tell(answer: Answer, gates: tuple[_Gate, ...], version: RuleVersion, notes: Notebook) -> None:
    if answer is Answer.YES:
        notes.reason(
            version,
            "Every gate of 91 FR 1684 holds: an application is reviewed case by case, with certifications C1 to C7.",
        )
    elif answer is Answer.NO:
        shut = "; ".join(f"{gate.fact}, asked: {gate.threshold}" for gate in gates if gate.held is False)
        notes.reason(version, f"Outside the lane of 91 FR 1684 ({shut}).")
    else:
        notes.reason(version, "Whether the lane of 91 FR 1684 is open cannot be said yet.")


def read_certifications(sheet: Sheet) -> Mapping[str, Any]:
    """What an applicant must certify, with the evidence held for each."""
    document = sheet.only("citation", "certifications")
    for row in document["certifications"]:
        exact_keys(row, ("id", "title", "evidence", "verify"), sheet.where)
    return document
