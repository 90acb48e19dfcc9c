"""The letter of April 2025 on circuits that reach the bandwidth of H20: it binds its addressee."""

from procurement.regimes.dated import LawFault, RuleVersion
from procurement.regimes.facts import ExporterFacts, ItemFacts, TransactionFacts
from procurement.regimes.lanes import ReviewPolicy
from procurement.regimes.notes import Answer, Notebook, Requirement, both, either, figure
from procurement.regimes.outcome import Missing
from procurement.regimes.us_ear.places import Reach, goes_to_d5_or_macau

ADDRESSEE = "nvidia"
ADDRESSEE_HQ = "US"
EXPORTER = Missing(
    "exporter.name",
    "A letter from BIS binds the exporter that it is addressed to (NVIDIA); the exporter is not stated.",
    "the order's parties (exporter), or --exporter",
)


def letter(facts: TransactionFacts, hq: Reach, notes: Notebook) -> Requirement | None:
    """What the letter asks: a licence of its addressee; to any other exporter it is a red flag.

    Source: Form 8-K of 2025-04-15: a licence for H20 and any circuit that reaches its memory bandwidth, its
    interconnect bandwidth or both together, to China, Macau and D:5 and to parties headquartered there.
    """
    version = notes.law.version("letter.2025-04")
    if version is None:
        return None
    reaches = both(_reaches_bandwidth(facts.item, version, notes), _reaches_place(facts, hq, notes))
    if reaches is False:
        return None
    bound = _binds(facts.exporter)
    notes.branch(
        version,
        "Is the exporter the letter's addressee?",
        Answer.of(bound),
        fact=facts.exporter.name or "not stated",
    )
    if bound is False:
        text = f"{facts.item.name} reaches the bandwidth that BIS wrote to another exporter about: ask BIS first."
        notes.reason(version, text, is_flag=True)
        return None
    if reaches and bound:
        text = f"The exporter was told by letter that {facts.item.name} needs a licence to this destination."
        notes.reason(version, text)
        return Requirement(version, Answer.YES, _policy(notes))
    open_questions = () if reaches else (*hq.missing, *_lack_figures(facts.item))
    return Requirement(version, Answer.UNKNOWN, missing=(*open_questions, *(() if bound else (EXPORTER,))))


def _policy(notes: Notebook) -> ReviewPolicy | None:
    version = notes.law.version("letter.2025-04.policy")
    if version is None:
        return None
    notes.reason(version, "Licences under the letter were granted in August 2025; no policy was published.")
    return ReviewPolicy.CASE_BY_CASE


def _reaches_bandwidth(item: ItemFacts, version: RuleVersion, notes: Notebook) -> bool | None:
    memory, interconnect = (
        notes.law.value("letter.2025-04.memory_bandwidth"),
        notes.law.value("letter.2025-04.interconnect"),
    )
    if memory is None or interconnect is None:
        raise LawFault(f"us_ear: the letter of 2025-04 has no parameters on {notes.law.on}")
    held = either(
        None if item.dram_bandwidth_gb_s is None else item.dram_bandwidth_gb_s >= memory,
        None if item.interconnect_gb_s is None else item.interconnect_gb_s >= interconnect,
    )
    notes.branch(
        version,
        "Does it reach the bandwidth of H20?",
        Answer.of(held),
        fact=f"memory {figure(item.dram_bandwidth_gb_s)} GB/s; interconnect {figure(item.interconnect_gb_s)} GB/s",
        threshold=f"memory at least {figure(memory)} GB/s, or interconnect at least {figure(interconnect)} GB/s",
    )
    return held


def _reaches_place(facts: TransactionFacts, hq: Reach, notes: Notebook) -> bool | None:
    by_hq = {Answer.YES: True, Answer.NO: False, Answer.UNKNOWN: None}[hq.answer]
    return either(goes_to_d5_or_macau(facts, notes.law), by_hq)


def _binds(exporter: ExporterFacts) -> bool | None:
    if exporter.name is not None:
        return exporter.name.casefold().startswith(ADDRESSEE)
    if exporter.hq is not None and exporter.hq != ADDRESSEE_HQ:
        return False
    return None


def _lack_figures(item: ItemFacts) -> tuple[Missing, ...]:
    where = "the chip's page in the catalogue"
    lacks = []
    if item.dram_bandwidth_gb_s is None:
        lacks.append(Missing("item.dram_bandwidth_gb_s", "The chip's memory bandwidth is not held.", where))
    if item.interconnect_gb_s is None:
        lacks.append(Missing("item.interconnect_gb_s", "The chip's interconnect bandwidth is not held.", where))
    return tuple(lacks)
