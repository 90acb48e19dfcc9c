"""Malaysia: a notice before AI chips of US origin move where a restricted activity is known or suspected."""

from datetime import date

from procurement.regimes import geography, us_ear
from procurement.regimes.answer import answered, before_the_book, must
from procurement.regimes.dated import Book
from procurement.regimes.facts import AuthorityAnswer, TransactionFacts
from procurement.regimes.lanes import Lane
from procurement.regimes.law_files import LawFiles
from procurement.regimes.my_sta.codes import US_RULES, Code, code_of, read_codes, read_us_book
from procurement.regimes.my_sta.permit import notice_days, permit_file, upcoming
from procurement.regimes.notes import Answer, Notebook
from procurement.regimes.outcome import Determination, Missing
from procurement.regimes.route import Movement, movement, touches

REGIME = "my_sta"
PACKAGE = "procurement.regimes.my_sta"
COUNTRY = "MY"
ORIGIN = "US"
ACTIVITY = Missing(
    "malaysia.is_restricted_activity",
    "Whether a restricted activity under the Malaysian Act is known or suspected is not stated.",
    "the order's page (other countries' permits), or --my-restricted-activity",
)
LAW = LawFiles(
    REGIME,
    PACKAGE,
    beside=(us_ear.LAW.package, *us_ear.LAW.beside),
    readers=(*geography.READERS, ("codes.yaml", read_codes), (US_RULES, read_us_book)),
)


def concerns(facts: TransactionFacts) -> bool:
    """Whether goods come from Malaysia, pass it, are sent there or are installed there."""
    return touches(facts.route, COUNTRY)


def determine(facts: TransactionFacts, *, on: date, book: Book | None = None) -> Determination:
    """The regime's answer on a day (Kuala Lumpur date).

    Source: Strategic Trade Act 2010 s. 12; Directive of the Strategic Trade Controller No. 1/2025, effective
    2025-07-14, both from secondary sources.
    Simplification: the maker's country stands for the origin; Malaysia's general list of strategic items is not
    encoded, so an item outside the directive may still be listed there (errs to the permissive side, and says so).
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
    if ruled is not None:
        return answered(notes, ruled)
    return _by_directive(facts, moved, notes)


def _movement(facts: TransactionFacts, notes: Notebook) -> Movement:
    version, route = must(notes, "territory"), facts.route
    found = movement(route, COUNTRY)
    places = (route.from_country, *route.via, route.to_country, route.install_country or route.to_country)
    fact = " - ".join(geography.country_name(each, notes.law.book) for each in dict.fromkeys(places))
    leaves = found in (Movement.EXPORT, Movement.TRANSIT)
    notes.branch(version, "Do goods leave Malaysia or pass through it?", Answer.of(leaves), fact=fact)
    if found is Movement.NONE:
        notes.reason(version, "No goods leave Malaysia or pass through it.")
    if found is Movement.ARRIVAL:
        notes.reason(version, "The goods arrive in Malaysia and stay; moving them on later is asked about again.")
    return found


def _authority(facts: TransactionFacts, notes: Notebook) -> Lane | None:
    """The Strategic Trade Controller's own answer on file stands before the rest."""
    answer, reference = facts.malaysia.permit_answer, facts.malaysia.permit_reference or "no reference recorded"
    if answer is None:
        return None
    version = must(notes, "permit.answer")
    match answer:
        case AuthorityAnswer.REFUSED:
            notes.reason(version, f"The Strategic Trade Controller refused ({reference}).")
            return Lane.PROHIBITED
        case AuthorityAnswer.GRANTED:
            notes.reason(version, f"The Strategic Trade Controller granted it ({reference}); its conditions bind.")
            return Lane.LICENCE_REQUIRED


def _by_directive(facts: TransactionFacts, moved: Movement, notes: Notebook) -> Determination:
    directive = notes.law.version("directive")
    if directive is None:
        notes.reason(must(notes, "territory"), f"No rule held for {notes.law.on} is about AI chips in Malaysia.")
        notes.warn("Malaysia's general list of strategic items is not encoded.")
        return answered(notes, Lane.NO_REQUIREMENT_FOUND)
    code = _item(facts, notes)
    if code.answer is Answer.NO:
        notes.warn("Malaysia's general list of strategic items is not encoded.")
        return answered(notes, Lane.NO_REQUIREMENT_FOUND)
    if code.answer is Answer.UNKNOWN:
        return answered(notes, Lane.UNDETERMINED)
    return _notice(facts, code, moved, notes)


def _item(facts: TransactionFacts, notes: Notebook) -> Code:
    """Of US origin, and under a code of the directive."""
    directive, item = must(notes, "directive"), facts.item
    is_us = item.maker_country == ORIGIN
    fact = f"made by {item.maker or item.name} ({geography.country_name(item.maker_country, notes.law.book)})"
    notes.branch(directive, "Is the item of US origin?", Answer.of(is_us), fact=fact)
    if not is_us:
        notes.reason(directive, f"{item.name} is not of US origin: the directive is about items that are.")
        return Code(Answer.NO)
    notes.warn("The maker's country stands for the item's origin.")
    found = code_of(facts, notes)
    if found.answer is Answer.NO:
        notes.reason(directive, f"{item.name} has no code of the directive.")
    return found


def _notice(facts: TransactionFacts, code: Code, moved: Movement, notes: Notebook) -> Determination:
    directive, known = must(notes, "directive"), facts.malaysia.is_restricted_activity
    what = f"{facts.item.name} ({code.code or 'code not encoded'}; US entry {code.us_entry})"
    notes.branch(
        directive,
        "Is a restricted activity known or suspected?",
        Answer.of(known),
        fact={True: "yes", False: "no", None: "not stated"}[known],
    )
    if facts.end_use.is_military:
        text = "A military end use is stated: weigh whether it is a restricted activity."
        notes.reason(directive, text, is_flag=True)
    if known is None:
        notes.lack(ACTIVITY)
        return answered(notes, Lane.UNDETERMINED)
    if not known:
        text = f"{what}: no restricted activity is known or suspected, so no notice is asked of this {moved}."
        notes.reason(directive, text)
        return answered(notes, Lane.NO_REQUIREMENT_FOUND)
    notes.reason(
        directive, f"{what}: the {moved} needs a notice at least {notice_days(notes.law)} days ahead, and a permit."
    )
    file = permit_file(facts, notes)
    return answered(notes, Lane.LICENCE_REQUIRED, certifications=file, upcoming=upcoming(facts, notes))
