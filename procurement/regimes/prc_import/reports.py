"""What the reports of the day say of a buyer and a chip. A report holds; it never refuses by itself."""

from procurement.regimes.answer import must
from procurement.regimes.dated import LawFault, RuleVersion
from procurement.regimes.facts import BuyerClass, ImportFacts, TransactionFacts
from procurement.regimes.lanes import Lane, ReviewPolicy
from procurement.regimes.notes import Answer, Notebook, figure
from procurement.regimes.outcome import Missing
from procurement.regimes.prc_import.subjects import is_subject, named_report, shut_out_classes

ORDER_PAGE = "the order's page (import review)"
BUYER_CLASS = Missing(
    "imports.buyer_class", "The class of the buyer is not stated.", "the buyer's party page, or --buyer-class"
)


def by_reports(facts: TransactionFacts, notes: Notebook) -> tuple[Lane, ReviewPolicy | None]:
    """The lane that the reports give: held for two officers, or an approval case by case."""
    named = named_report(facts.item, notes)
    if named is not None:
        notes.reason(named, f"Reported of {facts.item.name}: {named.source}. Two officers decide.")
        return Lane.HELD_REPORTED, None
    about_h20 = _is_about("report.h20", facts, notes) and notes.law.version("report.h20") is not None
    if notes.law.version("report.customs") is None and not about_h20:
        text = f"No report held for {notes.law.on} is about {facts.item.name}."
        notes.reason(must(notes, "import.territory"), text)
        return Lane.NO_REQUIREMENT_FOUND, None
    buyer = facts.imports.buyer_class
    if buyer is None:
        notes.lack(BUYER_CLASS)
        return Lane.UNDETERMINED, None
    if _state_money(facts.imports, buyer, notes) or _shut_out(buyer, notes):
        return Lane.HELD_REPORTED, None
    if notes.missing:
        return Lane.UNDETERMINED, None
    return _commercial(facts, buyer, notes)


def _state_money(imports: ImportFacts, buyer: BuyerClass, notes: Notebook) -> bool:
    version = notes.law.version("report.state-money")
    if version is None:
        return False
    share = imports.state_funding_percent
    funded = buyer is BuyerClass.STATE_FUNDED_DATA_CENTRE or (None if share is None else share > 0)
    fact = f"buyer class {buyer.replace('_', ' ')}; state share {figure(share)}{'' if share is None else ' %'}"
    question = "Is the data centre built with state money?"
    notes.branch(version, question, Answer.of(funded), fact=fact, threshold="any state money")
    if funded is None:
        text = "The share of state money in the data centre is not stated."
        notes.lack(Missing("imports.state_funding_percent", text, "the site's page, or --state-funding"))
        return False
    if funded:
        done = _completion(imports, version, notes)
        notes.reason(version, f"Reported: a data centre with state money is to use domestic chips{done}.")
        notes.reason(version, "A report alone refuses nothing: two officers decide.")
    return funded


def _completion(imports: ImportFacts, version: RuleVersion, notes: Notebook) -> str:
    """Below the bound foreign chips are reported to be removed; at the bound and above it is case by case."""
    bound, done = notes.law.value("state-money.complete_percent"), imports.project_complete_percent
    if bound is None:
        raise LawFault(f"{notes.law.book.regime}: no completion bound on {notes.law.on}")
    below = None if done is None else done < bound
    fact = "not stated" if done is None else f"{figure(done)} % complete"
    question = "Is the project less complete than the report's bound?"
    notes.branch(version, question, Answer.of(below), fact=fact, threshold=f"below {figure(bound)} % complete")
    if done is None:
        return "; how far the project is complete is not stated"
    if below:
        return f"; at {figure(done)} % complete, below {figure(bound)} %, foreign chips are to be removed"
    return f"; at {figure(done)} % complete ({figure(bound)} % or more) it is reported to be looked at case by case"


def _shut_out(buyer: BuyerClass, notes: Notebook) -> bool:
    version = notes.law.version("report.state-sector")
    if version is None or buyer not in shut_out_classes(version, notes):
        return False
    notes.branch(version, "Is the buyer of a class that is shut out?", Answer.YES, fact=buyer.replace("_", " "))
    notes.reason(version, f"Reported: buyers of the class {buyer.replace('_', ' ')} are shut out. Two officers decide.")
    return True


def _commercial(facts: TransactionFacts, buyer: BuyerClass, notes: Notebook) -> tuple[Lane, ReviewPolicy | None]:
    """A private buyer or a university: reports that hold, then the purchase request that is asked for."""
    holds = _hold(facts, buyer, notes)
    if holds is not None:
        notes.reason(holds, f"Reported: {holds.source}. Two officers decide.")
        return Lane.HELD_REPORTED, None
    request = notes.law.version("report.purchase-request")
    if request is not None and not _states_its_reason(facts.imports, request, notes):
        return Lane.UNDETERMINED, None
    approval = notes.law.version("report.conditional-approval") or notes.law.version("report.only-when-necessary")
    approval = approval or request or must(notes, "report.customs")
    notes.reason(approval, f"Import approval is reported to be necessary, case by case: {approval.source}.")
    later = notes.law.version("report.first-shipments")
    if later is not None:
        notes.reason(later, f"Reported since: {later.source}.")
    return Lane.LICENCE_REQUIRED, ReviewPolicy.CASE_BY_CASE


def _hold(facts: TransactionFacts, buyer: BuyerClass, notes: Notebook) -> RuleVersion | None:
    """The report that holds a commercial purchase that day, if one does."""
    pause = notes.law.version("report.pause")
    if pause is not None:
        return pause
    necessary = notes.law.version("report.only-when-necessary")
    if necessary is not None and buyer is not BuyerClass.UNIVERSITY:
        return necessary
    if _is_about("report.conditional-approval", facts, notes):
        return None
    return notes.law.version("report.customs") or notes.law.version("report.h20")


def _states_its_reason(imports: ImportFacts, version: RuleVersion, notes: Notebook) -> bool:
    stated = bool(imports.domestic_reason.strip())
    weighed = ", ".join(imports.domestic_alternatives) or "none named"
    use = imports.use_case.strip()[:80] or "not stated"
    question = "Is it said why a domestic chip will not do?"
    notes.branch(version, question, Answer.of(stated), fact=f"alternatives weighed: {weighed}; use case: {use}")
    if stated:
        notes.reason(version, "The purchase request gives its use case and why a domestic chip will not do.")
        return True
    text = "Why a domestic chip will not do is not stated; a purchase request is reported to need it."
    notes.lack(Missing("imports.domestic_reason", text, f"{ORDER_PAGE}, or --domestic-reason"))
    return False


def _is_about(rule: str, facts: TransactionFacts, notes: Notebook) -> bool:
    return is_subject(rule, facts.item, notes)
