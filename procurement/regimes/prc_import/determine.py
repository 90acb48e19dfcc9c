"""Import review in mainland China as reported: a report never refuses, it holds, and two officers decide."""

from datetime import date
from typing import Any

from procurement.regimes import geography
from procurement.regimes.dated import Book, Law, LawFault, RuleVersion, Sheet, exact_keys
from procurement.regimes.facts import AuthorityAnswer, BuyerClass, ImportFacts, TransactionFacts
from procurement.regimes.geography import country_name
from procurement.regimes.lanes import Lane, ReviewPolicy
from procurement.regimes.law_files import LawFiles
from procurement.regimes.notes import Answer, Notebook, figure
from procurement.regimes.outcome import Determination, Missing, Upcoming
from procurement.regimes.reasons import with_missing

REGIME = "prc_import"
PACKAGE = "procurement.regimes.prc_import"
SHUT_OUT = (BuyerClass.STATE_OWNED, BuyerClass.CRITICAL_INFRASTRUCTURE, BuyerClass.MILITARY_LINKED)
CONDITIONALLY_APPROVED = ("h200",)
ASKED_TO_JUSTIFY = ("h20",)
ORDER_PAGE = "the order's page (import review)"


def read_clocks(sheet: Sheet) -> tuple[dict[str, Any], ...]:
    """The dates ahead that the reports name."""
    clocks = sheet.only("clocks")["clocks"]
    for clock in clocks:
        exact_keys(clock, ("due", "known_since", "rule", "text"), sheet.where)
    return tuple(clocks)


LAW = LawFiles(
    REGIME, PACKAGE, beside=(geography.PACKAGE,), readers=(*geography.READERS, ("clocks.yaml", read_clocks))
)


def determine(facts: TransactionFacts, *, on: date, book: Book | None = None) -> Determination:
    """The regime's answer on a day (Shanghai date), from the reports dated until then, or from another book's.

    Source: press reports and company filings, each a dated rule version; no official text was found.
    Simplification: data-centre parts alone are in the reports' reach; other parts are outside it.
    """
    held = book or LAW.book()
    notes = Notebook(held.at(on))
    if on > held.read_until:
        notes.warn(f"Reports published after {held.read_until} were not read.")
    lane, policy = _decide(facts, notes)
    return _write(facts, lane, policy, notes)


def _decide(facts: TransactionFacts, notes: Notebook) -> tuple[Lane, ReviewPolicy | None]:
    begins = notes.law.book.begins
    if notes.law.on < begins:
        notes.lack(Missing(f"rules@{notes.law.on}", f"The reports encoded begin on {begins}.", "the rule data"))
        return Lane.UNDETERMINED, None
    outside = _outside(facts, notes)
    if outside is not None:
        return outside, None
    answered = _authority(facts.imports, notes)
    if answered is not None:
        return answered, None
    return _by_reports(facts, notes)


def _outside(facts: TransactionFacts, notes: Notebook) -> Lane | None:
    """No import into mainland China, or a chip made there, or a part that no report is about."""
    version, item = _must(notes, "import.territory"), facts.item
    place = facts.route.install_country or facts.route.to_country
    enters = "CN" in (place, facts.route.to_country) and facts.route.from_country != "CN"
    name = country_name(place, notes.law.book)
    notes.branch(version, "Is it imported into mainland China?", Answer.of(enters), fact=f"to {name}")
    if not enters:
        notes.reason(version, "Nothing is imported into mainland China.")
        return Lane.NO_REQUIREMENT_FOUND
    if item.maker_country == "CN":
        notes.reason(version, f"{item.name} is a domestic chip there: the reports are about foreign ones.")
        return Lane.NO_REQUIREMENT_FOUND
    if item.is_data_centre is None:
        notes.lack(Missing("item.is_data_centre", "Whether it is a data-centre part is not stated.", "the chip's page"))
        return Lane.UNDETERMINED
    if not item.is_data_centre:
        notes.reason(version, f"No report held is about parts such as {item.name}, which is not a data-centre part.")
        return Lane.NO_REQUIREMENT_FOUND
    return None


def _authority(imports: ImportFacts, notes: Notebook) -> Lane | None:
    """An authority's own answer on file stands before every report."""
    if imports.authority_answer is None:
        return None
    version = _must(notes, "authority.answer")
    what = f"{imports.authority or 'The authority'} ({imports.authority_reference or 'no reference recorded'})"
    match imports.authority_answer:
        case AuthorityAnswer.REFUSED:
            notes.reason(version, f"{what} refused the import.")
            return Lane.PROHIBITED
        case AuthorityAnswer.GRANTED:
            notes.reason(version, f"{what} granted the import; its conditions bind.")
            return Lane.LICENCE_REQUIRED


def _by_reports(facts: TransactionFacts, notes: Notebook) -> tuple[Lane, ReviewPolicy | None]:
    if notes.law.version("report.customs") is None and not _is(facts, ASKED_TO_JUSTIFY):
        version = _must(notes, "import.territory")
        notes.reason(version, f"No report held for {notes.law.on} is about {facts.item.name}.")
        return Lane.NO_REQUIREMENT_FOUND, None
    buyer = facts.imports.buyer_class
    if buyer is None:
        notes.lack(
            Missing(
                "imports.buyer_class",
                "The class of the buyer is not stated.",
                "the buyer's party page, or --buyer-class",
            )
        )
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
    notes.branch(
        version,
        "Is the data centre built with state money?",
        Answer.of(funded),
        fact=fact,
        threshold="any state money",
    )
    if funded is None:
        text = "The share of state money in the data centre is not stated."
        notes.lack(Missing("imports.state_funding_percent", text, "the site's page, or --state-funding"))
        return False
    if funded:
        notes.reason(
            version,
            f"Reported: a data centre with state money is to use domestic chips{_completion(imports, notes)}.",
        )
        notes.reason(version, "A report alone refuses nothing: two officers decide.")
    return funded


def _completion(imports: ImportFacts, notes: Notebook) -> str:
    bound, done = notes.law.value("state-money.complete_percent"), imports.project_complete_percent
    if done is None:
        return "; how far the project is complete is not stated"
    if bound is None:
        raise LawFault(f"{REGIME}: no completion bound on {notes.law.on}")
    if done < bound:
        return f"; at {figure(done)} % complete, below {figure(bound)} %, foreign chips are to be removed"
    return f"; at {figure(done)} % complete ({figure(bound)} % or more) it is reported to be looked at case by case"


def _shut_out(buyer: BuyerClass, notes: Notebook) -> bool:
    version = notes.law.version("report.state-sector")
    if version is None or buyer not in SHUT_OUT:
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
    approval = approval or request or _must(notes, "report.customs")
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
    if _is(facts, CONDITIONALLY_APPROVED):
        return None
    return notes.law.version("report.customs") or notes.law.version("report.h20")


def _states_its_reason(imports: ImportFacts, version: RuleVersion, notes: Notebook) -> bool:
    stated = bool(imports.domestic_reason.strip())
    weighed = ", ".join(imports.domestic_alternatives) or "none named"
    notes.branch(
        version,
        "Is it said why a domestic chip will not do?",
        Answer.of(stated),
        fact=f"alternatives weighed: {weighed}",
    )
    if stated:
        notes.reason(version, "The purchase request gives its use case and why a domestic chip will not do.")
        return True
    text = "Why a domestic chip will not do is not stated; a purchase request is reported to need it."
    notes.lack(Missing("imports.domestic_reason", text, f"{ORDER_PAGE}, or --domestic-reason"))
    return False


def _is(facts: TransactionFacts, families: tuple[str, ...]) -> bool:
    return facts.item.chip.split("-")[0] in families


def _must(notes: Notebook, rule: str) -> RuleVersion:
    version = notes.law.version(rule)
    if version is None:
        raise LawFault(f"{REGIME}: {rule} has no version on {notes.law.on}")
    return version


def _write(facts: TransactionFacts, lane: Lane, policy: ReviewPolicy | None, notes: Notebook) -> Determination:
    return Determination(
        regime=REGIME,
        on=notes.law.on,
        lane=lane,
        review_policy=policy,
        eccn=None,
        exceptions=(),
        certifications=(),
        duty_rate=None,
        reasons=with_missing(notes),
        unverified=tuple(notes.unverified),
        upcoming=_upcoming(facts, notes.law),
        missing=tuple(notes.missing),
        tree=tuple(notes.tree),
        rule_versions=tuple(sorted(notes.law.used)),
        rule_set_sha256=notes.law.book.digest,
    )


def _upcoming(facts: TransactionFacts, law: Law) -> tuple[Upcoming, ...]:
    if "CN" not in (facts.route.to_country, facts.route.install_country):
        return ()
    clocks = law.book.read("clocks.yaml", read_clocks)
    return tuple(Upcoming(c["due"], c["text"], c["rule"]) for c in clocks if c["known_since"] <= law.on < c["due"])
