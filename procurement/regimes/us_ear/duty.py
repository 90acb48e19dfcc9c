"""The duty under section 232 on certain advanced chips that come into the United States."""

from decimal import Decimal

from procurement.regimes.dated import LawFault, RuleVersion
from procurement.regimes.facts import EndUseFacts, Form, ItemFacts, TransactionFacts
from procurement.regimes.notes import Answer, Notebook, both, either, figure

BANDS = ("duty.s232.1", "duty.s232.2")
ZERO_RATE_USES = (
    *("us_data_centre", "us_repair", "us_research", "us_start_up"),
    *("consumer", "civil_industrial", "us_public_sector"),
)


def duty_rate(facts: TransactionFacts, notes: Notebook) -> Decimal | None:
    """The ad valorem rate as a fraction; None where the measure does not apply to this item or route.

    Source: Proclamation of 2026-01-14; HTSUS 9903.79.01-.09, US note 39: both bands exclude their edges.
    Simplification: a chip that leaves the United States is supposed to have been imported into it before, in an
    article of the headings named; memory sold alone is no logic circuit.
    """
    version = notes.law.version("duty.s232")
    if version is None or "US" not in (facts.route.from_country, facts.route.to_country):
        return None
    if facts.item.form is Form.MEMORY_STACK:
        return None
    held = either(*(_in_band(facts.item, band, version, notes) for band in BANDS))
    if held is None:
        notes.warn("Whether the section 232 duty applies cannot be said: TPP or DRAM bandwidth is not held.")
        return None
    return _rate(facts, version, notes) if held else None


def _rate(facts: TransactionFacts, version: RuleVersion, notes: Notebook) -> Decimal:
    if _is_zero_rated(facts.end_use):
        use = (facts.end_use.duty_free_use or "").replace("_", " ")
        notes.reason(version, f"Duty-free under section 232 by its end use ({use}), confirmed in writing.")
        return Decimal(0)
    rate = notes.law.value("duty.s232.rate")
    if rate is None:
        raise LawFault(f"us_ear: no duty rate on {notes.law.on}")
    if facts.end_use.duty_free_use:
        notes.warn("A zero-rate end use is named but not confirmed in writing, so the full duty is shown.")
    if facts.route.from_country == "US":
        notes.warn("The section 232 duty supposes that the chip was imported into the United States before it leaves.")
    percent = figure(rate * 100)
    notes.reason(
        version,
        f"A duty of {percent} % of the value falls due when {facts.item.name} enters the United States.",
    )
    return rate


def _is_zero_rated(use: EndUseFacts) -> bool:
    return use.duty_free_use in ZERO_RATE_USES and use.duty_free_use_confirmed


def _in_band(item: ItemFacts, band: str, version: RuleVersion, notes: Notebook) -> bool | None:
    edges = [
        notes.law.value(f"{band}.{name}") for name in ("tpp_above", "tpp_below", "bandwidth_above", "bandwidth_below")
    ]
    tpp_above, tpp_below, bandwidth_above, bandwidth_below = edges
    held = both(
        _between(tpp_above, item.tpp, tpp_below),
        _between(bandwidth_above, item.dram_bandwidth_gb_s, bandwidth_below),
    )
    notes.branch(
        version,
        f"Is it in duty band {band[-1]}?",
        Answer.of(held),
        fact=f"TPP {figure(item.tpp)}; DRAM bandwidth {figure(item.dram_bandwidth_gb_s)} GB/s",
        threshold=f"TPP above {figure(tpp_above)} and below {figure(tpp_below)}; bandwidth above "
        f"{figure(bandwidth_above)} and below {figure(bandwidth_below)} GB/s",
    )
    return held


def _between(low: Decimal | None, value: Decimal | None, high: Decimal | None) -> bool | None:
    if low is None or high is None:
        raise LawFault("us_ear: a duty band has no edges on this day")
    return None if value is None else low < value < high
