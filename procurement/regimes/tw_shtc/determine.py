"""Taiwan: a permit before strategic high-tech commodities (SHTC) leave, and the entity list."""

from datetime import date

from procurement.regimes import geography
from procurement.regimes.answer import answered, before_the_book, must
from procurement.regimes.dated import Book
from procurement.regimes.facts import AuthorityAnswer, TransactionFacts
from procurement.regimes.lanes import Lane
from procurement.regimes.law_files import LawFiles
from procurement.regimes.notes import Answer, Notebook
from procurement.regimes.outcome import Determination, Missing
from procurement.regimes.route import Movement, movement
from procurement.regimes.tw_shtc.parties import listed, read_entries

REGIME = "tw_shtc"
PACKAGE = "procurement.regimes.tw_shtc"
COUNTRY = "TW"
PAGE = "the order's page (other countries' permits)"
IS_SHTC = Missing(
    "taiwan.is_shtc",
    "Whether the goods are strategic high-tech commodities under Taiwan's list is not stated.",
    f"{PAGE}, or --tw-shtc",
)
TRANSIT = Missing(
    "taiwan.permit_answer",
    "The rules encoded are about export: whether this transit needs a permit is for the authority to say.",
    f"{PAGE}, or --tw-permit-answer",
)
LAW = LawFiles(
    REGIME,
    PACKAGE,
    beside=(geography.PACKAGE,),
    readers=(*geography.READERS, ("entries.yaml", read_entries)),
)


def concerns(facts: TransactionFacts) -> bool:
    """Whether goods come from Taiwan or pass it."""
    return COUNTRY in (facts.route.from_country, *facts.route.via)


def determine(facts: TransactionFacts, *, on: date, book: Book | None = None) -> Determination:
    """The regime's answer on a day (Taipei date).

    Source: Foreign Trade Act art. 13; SHTC entity list, addition of 2025-06-10; both from secondary sources.
    Simplification: whether goods are SHTC is a fact that is told, it is not derived; goods that are not SHTC and go
    to a listed party are held for two officers, since the sources do not say how far the list reaches.
    """
    notes = Notebook((book or LAW.book()).at(on))
    lacking = before_the_book(notes)
    if lacking is not None:
        notes.lack(lacking)
        return answered(notes, Lane.UNDETERMINED)
    moved = _movement(facts, notes)
    if moved in (Movement.NONE, Movement.ARRIVAL):
        return answered(notes, Lane.NO_REQUIREMENT_FOUND)
    ruled = _authority(facts, notes)
    return answered(notes, _by_goods(facts, moved, notes) if ruled is None else ruled)


def _movement(facts: TransactionFacts, notes: Notebook) -> Movement:
    version, route = must(notes, "territory"), facts.route
    found = movement(route, COUNTRY)
    places = (route.from_country, *route.via, route.to_country, route.install_country or route.to_country)
    fact = " - ".join(geography.country_name(each, notes.law.book) for each in dict.fromkeys(places))
    leaves = found in (Movement.EXPORT, Movement.TRANSIT)
    notes.branch(version, "Do goods leave Taiwan or pass through it?", Answer.of(leaves), fact=fact)
    if not leaves:
        notes.reason(version, "No goods leave Taiwan or pass through it.")
    return found


def _authority(facts: TransactionFacts, notes: Notebook) -> Lane | None:
    """The authority's own answer on file stands before the rest."""
    answer, reference = facts.taiwan.permit_answer, facts.taiwan.permit_reference or "no reference recorded"
    if answer is None:
        return None
    version = must(notes, "permit.answer")
    match answer:
        case AuthorityAnswer.REFUSED:
            notes.reason(version, f"Taiwan's authority refused the permit ({reference}).")
            return Lane.PROHIBITED
        case AuthorityAnswer.GRANTED:
            notes.reason(version, f"Taiwan's authority granted the permit ({reference}); its conditions bind.")
            return Lane.LICENCE_REQUIRED


def _by_goods(facts: TransactionFacts, moved: Movement, notes: Notebook) -> Lane:
    permit, is_shtc = must(notes, "permit"), facts.taiwan.is_shtc
    notes.branch(
        permit,
        "Are the goods strategic high-tech commodities?",
        Answer.of(is_shtc),
        fact={True: "yes", False: "no", None: "not stated"}[is_shtc],
    )
    notes.warn(permit.verify)
    on_list = listed(facts, notes)
    if is_shtc is None:
        notes.lack(IS_SHTC)
        return Lane.UNDETERMINED
    if is_shtc:
        return _shtc(moved, notes)
    if on_list is Answer.YES:
        text = "The goods are stated not to be SHTC; the sources do not say how far the list reaches beyond them."
        notes.reason(must(notes, "entity-list"), f"{text} Two officers decide.")
        return Lane.HELD_REPORTED
    if on_list is Answer.UNKNOWN:
        return Lane.UNDETERMINED
    notes.reason(permit, "The goods are stated not to be SHTC, and no party was found on the entity list.")
    return Lane.NO_REQUIREMENT_FOUND


def _shtc(moved: Movement, notes: Notebook) -> Lane:
    if moved is Movement.EXPORT:
        notes.reason(must(notes, "permit"), "The goods are SHTC: a permit is needed before they are exported.")
        return Lane.LICENCE_REQUIRED
    notes.reason(must(notes, "transit"), "The goods are SHTC and pass through Taiwan: ask the authority first.")
    notes.lack(TRANSIT)
    return Lane.UNDETERMINED
