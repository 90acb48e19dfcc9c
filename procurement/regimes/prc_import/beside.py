"""What the officer sees beside the answer and what decides nothing: co-purchase, customs, China's export package."""

from procurement.regimes.answer import must
from procurement.regimes.facts import ImportFacts, TransactionFacts
from procurement.regimes.notes import Notebook, figure
from procurement.regimes.prc_import.authority import CustomsState

DECLARED = (CustomsState.DECLARED, CustomsState.RELEASED)


def show(facts: TransactionFacts, notes: Notebook, *, is_import: bool) -> None:
    """Branches and flags; none of them turns a lane."""
    if is_import:
        _co_purchase(facts.imports, notes)
        _customs(facts.imports, notes)
    if "CN" in (facts.route.from_country, facts.route.to_country, facts.route.install_country):
        _export_package(facts, notes)


def _co_purchase(imports: ImportFacts, notes: Notebook) -> None:
    """The ratio of domestic chips bought beside: reported as under study, so it is shown and weighs nothing."""
    version = notes.law.version("report.co-purchase")
    if version is None:
        return
    share = imports.co_purchase_percent
    fact = "not stated" if share is None else f"{figure(share)} % domestic"
    notes.noted(version, "How much is bought of domestic chips beside?", fact=fact, threshold="no ratio is published")
    notes.reason(version, f"Reported: {version.source}; the share stated is {fact}. It decides nothing.", is_flag=True)


def _customs(imports: ImportFacts, notes: Notebook) -> None:
    version = notes.law.version("report.customs") or must(notes, "import.territory")
    state = imports.customs_state.strip()
    notes.noted(version, "Where are the goods with customs?", fact=state.replace("_", " ") or "not stated")
    if version.rule == "report.customs" and state in DECLARED:
        text = "Reported: past declarations are examined again; keep this one and what it rests on."
        notes.reason(version, text, is_flag=True)


def _export_package(facts: TransactionFacts, notes: Notebook) -> None:
    """MOFCOM's package binds what leaves China: an import sees its clock, an export that it is not encoded."""
    leaves = facts.route.from_country == "CN"
    for rule in ("mofcom.export-package", "mofcom.18-2025"):
        version = notes.law.version(rule)
        if version is None:
            continue
        text = f"{version.title}: {version.source}. It is about goods that leave mainland China, not about this import."
        if leaves:
            text = f"{version.title}: {version.source}. What it asks of goods that leave is not encoded: ask counsel."
        notes.reason(version, text, is_flag=True)
