"""Which entry of the Commerce Control List a chip, or the server that holds it, falls in."""

from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from enum import StrEnum

from procurement.regimes.dated import Law, LawFault, RuleVersion
from procurement.regimes.facts import ItemFacts
from procurement.regimes.notes import Answer, Notebook, both, either, figure
from procurement.regimes.outcome import Missing
from procurement.regimes.us_ear.entries import entry_2022, entry_2023

EXACT = Context(prec=100, traps=[Inexact])


class Tier(StrEnum):
    """The paragraph of 3A090 whose parameters are met; the 2022 entry had a single one."""

    ENTRY_2022 = "2022"
    A = "a"
    B = "b"
    C = "c"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Classification:
    """The tier, the ECCN to write, and the facts that decide exceptions and policy."""

    tier: Tier
    eccn: str | None
    is_data_centre: bool | None

    @property
    def is_listed(self) -> bool:
        """Whether the parameters of the circuits' paragraphs are met; memory sold alone (.c) has rules of its own."""
        return self.tier in (Tier.ENTRY_2022, Tier.A, Tier.B)


DIE_AREA = Missing(
    "item.die_area_mm2",
    "The applicable die area is not published, so performance density is not known.",
    "the chip's page in the catalogue",
)
TPP = Missing("item.tpp", "No dense throughput figure is held for this chip.", "the chip's page in the catalogue")
INTERCONNECT = Missing(
    "item.interconnect_gb_s",
    "The aggregate bidirectional interconnect rate is not held for this chip.",
    "the chip's page in the catalogue",
)
DATA_CENTRE = Missing(
    "item.is_data_centre",
    "Whether the chip is designed or marketed for data centres is not stated.",
    "the chip's page in the catalogue",
)


def classify(item: ItemFacts, notes: Notebook) -> Classification:
    """The entry an item meets on the day of the law at hand.

    Source: ECCN 3A090 (87 FR 62186 from 2022-10-07; 88 FR 73458 from 2023-11-17), Note 2, 4A090 and .z.
    Simplification: the presumption on foundries of Note 1 is not asked; memory sold alone (.c) is asked elsewhere.
    """
    version = _must(notes.law, "eccn.3A090")
    if item.estimates:
        notes.warn(f"{item.name}: estimated figures are used: {', '.join(item.estimates)}.")
    tier = _tier_2022(item, version, notes) if version.version == "R22" else _tier_2023(item, version, notes)
    return Classification(tier, _eccn(tier, item, notes), item.is_data_centre)


def _tier_2022(item: ItemFacts, version: RuleVersion, notes: Notebook) -> Tier:
    tops, rate = _limits(notes.law, "3A090.2022.bits_tops", "3A090.2022.interconnect_gb_s")
    enough_tpp = None if item.tpp is None else item.tpp >= tops
    enough_rate = None if item.interconnect_gb_s is None else item.interconnect_gb_s >= rate
    met = both(enough_tpp, enough_rate)
    notes.branch(
        version,
        "Does it meet the entry of 2022?",
        Answer.of(met),
        fact=f"bits x TOPS {figure(item.tpp)}; interconnect {figure(item.interconnect_gb_s)} GB/s",
        threshold=f"bits x TOPS at least {figure(tops)} and interconnect at least {figure(rate)} GB/s",
    )
    if met is None:
        notes.lack(*((TPP,) if item.tpp is None else ()), *((INTERCONNECT,) if enough_rate is None else ()))
        return Tier.UNKNOWN
    if not met:
        notes.reason(version, f"{item.name} does not meet both parameters of the 2022 entry.")
        return Tier.NONE
    notes.reason(version, f"{item.name} meets both parameters of the 2022 entry 3A090.")
    return Tier.ENTRY_2022


def _tier_2023(item: ItemFacts, version: RuleVersion, notes: Notebook) -> Tier:
    if item.tpp is None:
        notes.lack(TPP)
        return Tier.UNKNOWN
    met_a, met_b = _paragraph_a(item, version, notes), _paragraph_b(item, version, notes)
    if either(met_a, met_b) is False:
        notes.reason(version, f"{item.name} (TPP {figure(item.tpp)}) meets neither 3A090.a nor 3A090.b.")
        return Tier.NONE
    excluded = _note_2(item, notes)
    if excluded:
        return Tier.NONE
    if excluded is None:
        notes.lack(DATA_CENTRE)
        return Tier.UNKNOWN
    if met_a is None or (not met_a and met_b is None):
        notes.lack(DIE_AREA)
        return Tier.UNKNOWN
    tier = Tier.A if met_a else Tier.B
    notes.reason(version, f"{item.name} has TPP {figure(item.tpp)} and {_density(item)}: it meets 3A090.{tier}.")
    return tier


def _paragraph_a(item: ItemFacts, version: RuleVersion, notes: Notebook) -> bool | None:
    """3A090.a: TPP alone, or a lower TPP at a high density. Both bounds are inclusive."""
    tpp = _tpp(item)
    a1, a2, a2_pd = _limits(notes.law, "3A090.a.1.tpp", "3A090.a.2.tpp", "3A090.a.2.pd")
    first = tpp >= a1
    second = both(tpp >= a2, _pd_at_least(item, a2_pd))
    _write(notes, version, "3A090.a.1", first, item, f"TPP at least {figure(a1)}")
    _write(
        notes,
        version,
        "3A090.a.2",
        second,
        item,
        f"TPP at least {figure(a2)} and PD at least {figure(a2_pd)}",
    )
    return either(first, second)


def _paragraph_b(item: ItemFacts, version: RuleVersion, notes: Notebook) -> bool | None:
    """3A090.b: lower bounds inclusive, upper bounds exclusive; b.2 has no upper bound on TPP."""
    tpp = _tpp(item)
    b1, b1_top, b1_pd, b1_pd_top = _limits(
        notes.law, "3A090.b.1.tpp_from", "3A090.b.1.tpp_below", "3A090.b.1.pd_from", "3A090.b.1.pd_below"
    )
    b2, b2_pd, b2_pd_top = _limits(notes.law, "3A090.b.2.tpp", "3A090.b.2.pd_from", "3A090.b.2.pd_below")
    first = both(b1 <= tpp < b1_top, _pd_at_least(item, b1_pd), _pd_below(item, b1_pd_top))
    second = both(tpp >= b2, _pd_at_least(item, b2_pd), _pd_below(item, b2_pd_top))
    limits_1 = f"TPP {figure(b1)} to below {figure(b1_top)} and PD {figure(b1_pd)} to below {figure(b1_pd_top)}"
    limits_2 = f"TPP at least {figure(b2)} and PD {figure(b2_pd)} to below {figure(b2_pd_top)}"
    _write(notes, version, "3A090.b.1", first, item, limits_1)
    _write(notes, version, "3A090.b.2", second, item, limits_2)
    return either(first, second)


def _note_2(item: ItemFacts, notes: Notebook) -> bool | None:
    """Whether Note 2 takes the item out: not for data centres, and TPP below its bound."""
    version = _must(notes.law, "eccn.note-2")
    (bound,) = _limits(notes.law, "note-2.tpp_below")
    out = both(_tpp(item) < bound, None if item.is_data_centre is None else not item.is_data_centre)
    if item.is_data_centre is not True or out:
        notes.branch(
            version,
            "Does Note 2 take it out?",
            Answer.of(out),
            fact=f"data-centre part: {_yes_no(item.is_data_centre)}; TPP {figure(item.tpp)}",
            threshold=f"not designed or marketed for data centres, and TPP below {figure(bound)}",
        )
    if out:
        notes.reason(version, f"{item.name} is not a data-centre part and its TPP is below {figure(bound)}: Note 2.")
    return out


def _eccn(tier: Tier, item: ItemFacts, notes: Notebook) -> str | None:
    match tier:
        case Tier.NONE | Tier.UNKNOWN | Tier.C:
            return None
        case Tier.ENTRY_2022:
            return entry_2022(item, _must(notes.law, "eccn.4A090"), notes)
        case Tier.A | Tier.B:
            return entry_2023(tier.value, item, _must(notes.law, "eccn.4A090"), notes)


def _write(notes: Notebook, version: RuleVersion, name: str, met: bool | None, item: ItemFacts, limit: str) -> None:
    fact = f"TPP {figure(item.tpp)}; {_density(item)}"
    notes.branch(version, f"Does it meet {name}?", Answer.of(met), fact=fact, threshold=limit)


def _density(item: ItemFacts) -> str:
    if item.die_area_mm2 is None or item.tpp is None:
        return "PD not known (no die area published)"
    if item.die_area_mm2 == 0:
        return "PD not defined (planar dies only)"
    return f"PD {figure((item.tpp / item.die_area_mm2).quantize(Decimal('0.0001')))}"


def _pd_at_least(item: ItemFacts, bound: Decimal) -> bool | None:
    """Exact: TPP / area >= bound without dividing; planar dies never meet a density."""
    if item.die_area_mm2 is None:
        return None
    if item.die_area_mm2 == 0:
        return False
    return _tpp(item) >= EXACT.multiply(bound, item.die_area_mm2)


def _pd_below(item: ItemFacts, bound: Decimal) -> bool | None:
    reached = _pd_at_least(item, bound)
    return None if reached is None else not reached


def _tpp(item: ItemFacts) -> Decimal:
    if item.tpp is None:
        raise LawFault("a density was asked for an item without TPP")
    return item.tpp


def _limits(law: Law, *names: str) -> tuple[Decimal, ...]:
    values = tuple(law.value(name) for name in names)
    held = tuple(value for value in values if value is not None)
    if len(held) != len(values):
        raise LawFault(f"us_ear: no value on {law.on} for one of {', '.join(names)}")
    return held


def _must(law: Law, rule: str) -> RuleVersion:
    version = law.version(rule)
    if version is None:
        raise LawFault(f"us_ear: {rule} has no version on {law.on}")
    return version


def _yes_no(value: bool | None) -> str:
    return "not stated" if value is None else ("yes" if value else "no")
