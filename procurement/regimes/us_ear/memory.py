"""High-bandwidth memory sold alone: 3A090.c, its own destinations and its own exception."""

from decimal import Decimal

from procurement.regimes.dated import LawFault, RuleVersion
from procurement.regimes.facts import ItemFacts, TransactionFacts
from procurement.regimes.geography import country_name
from procurement.regimes.lanes import ReviewPolicy
from procurement.regimes.notes import Answer, Notebook, Requirement, either, figure
from procurement.regimes.outcome import ExceptionRoute, Missing
from procurement.regimes.us_ear.classification import EXACT, Classification, Tier
from procurement.regimes.us_ear.places import destinations, is_d5_or_macau, no_table

ECCN = "3A090.c"
BY_HAND = "the question by hand (the item), or"
BANDWIDTH = Missing(
    "item.dram_bandwidth_gb_s", "The memory's bandwidth is not held.", f"{BY_HAND} --memory-bandwidth-gb-s"
)
AREA = Missing(
    "item.memory_area_mm2",
    "The area of the memory's package, or of its stack, is not stated.",
    f"{BY_HAND} --memory-area-mm2",
)
HBM_PRECONDITIONS = (
    "the memory bandwidth density is below the bound of section 740.25",
    "the terms of section 740.25 on the packaging site and on the parties hold (not read: ask counsel)",
)


def classify_memory(item: ItemFacts, notes: Notebook) -> Classification:
    """Whether memory sold alone exceeds the density of 3A090.c.

    Source: ECCN 3A090.c, 89 FR 96790, effective 2024-12-02; memory packaged together with logic is outside it.
    """
    version = notes.law.version("eccn.3A090.c")
    if version is None:
        return Classification(Tier.NONE, None, item.is_data_centre)
    bound = _limit("3A090.c.bandwidth_density_above", notes)
    met = _density_above(item, bound)
    notes.branch(
        version,
        "Does it meet 3A090.c?",
        Answer.of(met),
        fact=f"{figure(item.dram_bandwidth_gb_s)} GB/s on {figure(item.memory_area_mm2)} mm2",
        threshold=f"memory bandwidth density above {figure(bound)} GB/s a mm2",
    )
    if met is None:
        notes.lack(*_lacking(item))
        return Classification(Tier.UNKNOWN, None, item.is_data_centre)
    if not met:
        notes.reason(version, f"{item.name} does not exceed the density of 3A090.c.")
        return Classification(Tier.NONE, None, item.is_data_centre)
    notes.reason(version, f"{item.name} exceeds the density of 3A090.c.")
    return Classification(Tier.C, ECCN, item.is_data_centre)


def memory_requirement(facts: TransactionFacts, item: Classification, notes: Notebook) -> tuple[Requirement, ...]:
    """What the entry asks: a licence to Macau or D:5, from the day of compliance on.

    Source: 15 CFR 742.6(a)(6)(i)(B), 89 FR 96790, effective 2024-12-02, compliance 2024-12-31.
    Simplification: headquarters are not asked for memory; the rule by headquarters names .a, .b and .z items.
    """
    version = notes.law.version("destination.memory")
    if version is None or item.tier is Tier.NONE:
        return ()
    reach = _reach(facts, version, notes)
    if reach is Answer.NO:
        return ()
    if version.compliance is not None and notes.law.on < version.compliance:
        text = f"The requirement for 3A090.c is in force, and compliance is asked from {version.compliance} only."
        notes.reason(version, text, is_flag=True)
        return ()
    if item.tier is Tier.UNKNOWN or reach is Answer.UNKNOWN:
        lacks = (*_lacking(facts.item), *((no_table(notes.law),) if reach is Answer.UNKNOWN else ()))
        return (Requirement(version, Answer.UNKNOWN, missing=lacks),)
    return (Requirement(version, Answer.YES, _policy(notes), allows_exceptions=True),)


def memory_exception(facts: TransactionFacts, item: Classification, notes: Notebook) -> tuple[ExceptionRoute, ...]:
    """Licence exception HBM, where the density lies below its bound; its other terms remain to be met.

    Source: 15 CFR 740.25, 89 FR 96790.
    """
    version = notes.law.version("exception.hbm")
    if version is None or item.tier is not Tier.C:
        return ()
    bound = _limit("740.25.bandwidth_density_below", notes)
    reached = _density_at_least(facts.item, bound)
    notes.branch(
        version,
        "Is its density below the bound of exception HBM?",
        Answer.of(None if reached is None else not reached),
        fact=f"{figure(facts.item.dram_bandwidth_gb_s)} GB/s on {figure(facts.item.memory_area_mm2)} mm2",
        threshold=f"below {figure(bound)} GB/s a mm2",
    )
    if reached is not False:
        return ()
    notes.reason(version, "Licence exception HBM may be used once each of its preconditions holds.")
    return (ExceptionRoute("HBM", HBM_PRECONDITIONS, version.citation),)


def _reach(facts: TransactionFacts, version: RuleVersion, notes: Notebook) -> Answer:
    places = destinations(facts)
    answer = Answer.of(either(*(is_d5_or_macau(place, notes.law) for place in places)))
    names = ", ".join(country_name(place, notes.law.book) for place in places)
    question = "Does the requirement for memory reach the destination?"
    notes.branch(version, question, answer, fact=names, threshold="Macau or country group D:5")
    if answer is Answer.YES:
        notes.reason(version, f"The memory goes to {names}: 3A090.c needs a licence to Macau and D:5.")
    return answer


def _policy(notes: Notebook) -> ReviewPolicy | None:
    version = notes.law.version("review-policy.memory")
    if version is None:
        return None
    notes.reason(version, "Applications for 3A090.c to Macau and D:5 are taken to meet a presumption of denial.")
    return ReviewPolicy.DENIAL


def _density_above(item: ItemFacts, bound: Decimal) -> bool | None:
    """Exact: bandwidth / area > bound without dividing."""
    if item.dram_bandwidth_gb_s is None or not item.memory_area_mm2:
        return None
    return item.dram_bandwidth_gb_s > EXACT.multiply(bound, item.memory_area_mm2)


def _density_at_least(item: ItemFacts, bound: Decimal) -> bool | None:
    if item.dram_bandwidth_gb_s is None or not item.memory_area_mm2:
        return None
    return item.dram_bandwidth_gb_s >= EXACT.multiply(bound, item.memory_area_mm2)


def _lacking(item: ItemFacts) -> tuple[Missing, ...]:
    no_bandwidth, no_area = item.dram_bandwidth_gb_s is None, not item.memory_area_mm2
    return (*((BANDWIDTH,) if no_bandwidth else ()), *((AREA,) if no_area else ()))


def _limit(name: str, notes: Notebook) -> Decimal:
    value = notes.law.value(name)
    if value is None:
        raise LawFault(f"us_ear: {name} has no value on {notes.law.on}")
    return value
