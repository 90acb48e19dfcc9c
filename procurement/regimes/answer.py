"""How a regime closes its notebook: a rule that must hold that day, and the determination of what was found."""

from procurement.regimes.dated import LawFault, RuleVersion
from procurement.regimes.lanes import Lane, ReviewPolicy
from procurement.regimes.notes import Notebook
from procurement.regimes.outcome import Certification, Determination, Missing, Upcoming
from procurement.regimes.reasons import with_missing


def must(notes: Notebook, rule: str) -> RuleVersion:
    """The version of a rule that the book must have on its day. Raises: LawFault naming regime, rule and day."""
    version = notes.law.version(rule)
    if version is None:
        raise LawFault(f"{notes.law.book.regime}: {rule} has no version on {notes.law.on}")
    return version


def before_the_book(notes: Notebook) -> Missing | None:
    """What is lacking on a day before the book begins; None on any other. Later than it was read, it warns."""
    book, on = notes.law.book, notes.law.on
    if on > book.read_until:
        notes.warn(f"Rules published after {book.read_until} were not read.")
    if on >= book.begins:
        return None
    text = f"The rules encoded begin on {book.begins}; none is held for {on}."
    return Missing(f"rules@{on}", text, "the rule data of the installation")


def answered(
    notes: Notebook,
    lane: Lane,
    policy: ReviewPolicy | None = None,
    *,
    certifications: tuple[Certification, ...] = (),
    upcoming: tuple[Upcoming, ...] = (),
) -> Determination:
    """The determination of a regime that writes no ECCN, knows no exception and levies no duty."""
    return Determination(
        regime=notes.law.book.regime,
        on=notes.law.on,
        lane=lane,
        review_policy=policy,
        eccn=None,
        exceptions=(),
        certifications=certifications,
        duty_rate=None,
        reasons=with_missing(notes),
        unverified=tuple(notes.unverified),
        upcoming=upcoming,
        missing=tuple(notes.missing),
        tree=tuple(notes.tree),
        rule_versions=tuple(sorted(notes.law.used)),
        rule_set_sha256=notes.law.book.digest,
    )
