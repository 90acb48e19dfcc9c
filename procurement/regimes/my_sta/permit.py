"""What a Malaysian permit file must hold: a notice in time, the origin's licence and its classification."""

from datetime import date, timedelta

from procurement.regimes.answer import must
from procurement.regimes.dated import Law, LawFault, RuleVersion
from procurement.regimes.facts import MalaysiaFacts, TransactionFacts
from procurement.regimes.notes import Answer, Notebook
from procurement.regimes.outcome import Certification, CertificationState, Missing, Upcoming

PAGE = "the order's page (other countries' permits)"
MOVEMENT = Missing(
    "malaysia.movement_on",
    "The day of the export, transshipment or transit is not stated, so whether the notice is in time is not known.",
    f"{PAGE}, or --my-movement-on",
)


def notice_days(law: Law) -> int:
    """Days between notice and movement, at least. Raises: LawFault where the book has none that day."""
    days = law.value("notice.days")
    if days is None:
        raise LawFault(f"{law.book.regime}: no notice period on {law.on}")
    return int(days)


def permit_file(facts: TransactionFacts, notes: Notebook) -> tuple[Certification, ...]:
    """The three pieces, each held, missing, or (a notice given too late) blocked."""
    directive, file = must(notes, "directive"), must(notes, "permit-file")
    origin = facts.origin
    licence = _held(bool(origin.us_reexport_licence.strip()))
    entry = _held(bool(origin.classification.strip()))
    _asked(file, "Is the US licence for the re-export on file?", licence, origin.us_reexport_licence, notes)
    _asked(file, "Is the US classification on file?", entry, origin.classification, notes)
    state = _notice(facts.malaysia, directive, notes)
    return (
        _piece("MY1", f"Notice at least {notice_days(notes.law)} days before the movement", directive, state),
        _piece("MY2", "Re-export licence of the country of origin", file, licence),
        _piece("MY3", "Classification by the country of origin", file, entry),
    )


def _notice(given: MalaysiaFacts, version: RuleVersion, notes: Notebook) -> CertificationState:
    """Whether the notice stands the days that the directive asks; the bound is inclusive."""
    days, question = notice_days(notes.law), "Was the authority notified in time?"
    moves, told = given.movement_on, given.notified_on
    if moves is None:
        notes.lack(MOVEMENT)
    if told is None or told > notes.law.on:
        when = "not notified" if told is None else f"a notice planned for {told}"
        notes.branch(version, question, Answer.NO, fact=when, threshold=f"at least {days} days before the movement")
        notes.reason(version, f"No notice has been given yet: it comes at least {days} days before the movement.")
        return CertificationState.MISSING
    between = None if moves is None else (moves - told).days
    in_time = None if between is None else between >= days
    fact = f"notified {told}; movement {moves or 'not stated'}" + ("" if between is None else f": {between} days")
    threshold = f"at least {days} days before the movement"
    notes.branch(version, question, Answer.of(in_time), fact=fact, threshold=threshold)
    if in_time is False:
        first = told + timedelta(days=days)
        notes.reason(version, f"The notice came {between} days before the movement: it may move from {first} on.")
        return CertificationState.BLOCKED
    return CertificationState.HELD if in_time else CertificationState.MISSING


def upcoming(facts: TransactionFacts, notes: Notebook) -> tuple[Upcoming, ...]:
    """The last day for a notice, or the first day on which the goods may move."""
    days, given, on = timedelta(days=notice_days(notes.law)), facts.malaysia, notes.law.on
    rule = must(notes, "directive").id
    if given.notified_on is not None and given.notified_on <= on:
        return _ahead(given.notified_on + days, on, "first day on which the goods may move after the notice", rule)
    if given.movement_on is None:
        return ()
    return _ahead(given.movement_on - days, on, "last day to notify the Strategic Trade Controller", rule)


def _ahead(day: date, on: date, text: str, rule: str) -> tuple[Upcoming, ...]:
    return (Upcoming(day, text, rule),) if day >= on else ()


def _asked(version: RuleVersion, question: str, state: CertificationState, fact: str, notes: Notebook) -> None:
    notes.branch(version, question, Answer.of(state is CertificationState.HELD), fact=fact.strip() or "not on file")


def _held(is_held: bool) -> CertificationState:
    return CertificationState.HELD if is_held else CertificationState.MISSING


def _piece(number: str, title: str, version: RuleVersion, state: CertificationState) -> Certification:
    return Certification(number, title, (title.lower(),), state, version.verify, version.citation)
