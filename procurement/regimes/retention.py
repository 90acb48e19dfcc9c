"""How long the records of a transaction are kept: the longest rule that applies, and a hold over all of them."""

from dataclasses import dataclass
from datetime import date

from procurement.regimes import us_ear
from procurement.regimes.dated import Book, Law, LawFault, RuleVersion


@dataclass(frozen=True, slots=True)
class LicenceTerm:
    """What a licence asks for itself: its records are kept until a day, that day included.

    Args:
        until: None where the day that its years are counted from has not come: no end is in sight then.
        asks: in words what it asks for, such as `7 years from the last day that it allows`.
    """

    licence: str
    until: date | None
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold, or an agency's request: from its first day until it is lifted, nothing is destroyed.

    Args:
        lifted_on: the day of the written release, from which it holds no more; None while it stands.
        is_agency_request: BIS or another agency asked for the records (15 CFR 762.6(b)).
    """

    reference: str
    placed_on: date
    lifted_on: date | None = None
    is_agency_request: bool = False

    def stands(self, on: date) -> bool:
        """Whether it holds on a day. A hold placed later holds nothing yet."""
        return self.placed_on <= on and (self.lifted_on is None or on < self.lifted_on)


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What the time of keeping is counted from. A day that has not come, or that nobody knows, is None.

    Args:
        exported_on: the export itself.
        diverted_on: the latest known reexport, transshipment or diversion.
        ended_on: any other end of the transaction, such as a refusal or a withdrawal.
        is_under_sanctions_rules: a record that OFAC's regulations ask to be kept.
    """

    exported_on: date | None = None
    diverted_on: date | None = None
    ended_on: date | None = None
    is_under_sanctions_rules: bool = True
    licence_terms: tuple[LicenceTerm, ...] = ()
    holds: tuple[Hold, ...] = ()

    @property
    def counted_from(self) -> date | None:
        """The latest of the days, or None while the transaction has not come to any of them."""
        days = [day for day in (self.exported_on, self.diverted_on, self.ended_on) if day is not None]
        return max(days, default=None)


@dataclass(frozen=True, slots=True)
class RetentionReason:
    """One rule that asks for the records, or a hold on them; `until` is the last day, None where it sets no end."""

    rule: str
    text: str
    citation: str
    until: date | None
    is_hold: bool = False


@dataclass(frozen=True, slots=True)
class Retention:
    """Until when the records are kept.

    Args:
        until: the last day on which they must still be there; None where no end is in sight.
        is_held: a hold stands over all periods.
        reasons: every rule that applies, the longest first.
        unverified: what a reader must know is not verified.
    """

    on: date
    until: date | None
    is_held: bool
    reasons: tuple[RetentionReason, ...]
    unverified: tuple[str, ...]

    @property
    def may_destroy(self) -> bool:
        """Whether the records may be destroyed on the day asked about: the last day of keeping has passed."""
        return self.until is not None and self.on > self.until


def keep_until(facts: RecordFacts, *, on: date, book: Book | None = None) -> Retention:
    """The longest of the EAR's five years, OFAC's ten, a licence's own term; a standing hold is over all.

    Source: 15 CFR 762.6 (five years from the latest of export, known reexport, transshipment or diversion, or other
    end of the transaction); 31 CFR 501.601 (ten years since 2025-03-21); 15 CFR 750.7(d) for a licence's own.
    Simplification: years end with the anniversary, kept through that day; from a 29 February they end with the
    1 March where there is no such day. Both err to the longer side.
    Raises: LawFault where the rules hold nothing for the day, as before 2022-10-07.
    """
    law = (book or us_ear.LAW.book()).at(on)
    reasons = [*_periods(facts, law), *_licences(facts, law), *_holds(facts, law)]
    reasons.sort(key=lambda each: each.until or date.max, reverse=True)
    is_held = any(hold.stands(on) for hold in facts.holds)
    ends = [each.until for each in reasons if each.until is not None]
    is_open = is_held or facts.counted_from is None or any(term.until is None for term in facts.licence_terms)
    unverified = tuple(version.verify for version in law.used.values() if version.verify)
    return Retention(on, None if is_open else max(ends), is_held, tuple(reasons), unverified)


def _periods(facts: RecordFacts, law: Law) -> list[RetentionReason]:
    rules = [("records.ear", "records.ear.years", "The EAR")]
    if facts.is_under_sanctions_rules:
        rules.append(("records.ofac", "records.ofac.years", "The sanctions regulations"))
    return [_period(facts.counted_from, rule, years, whose, law) for rule, years, whose in rules]


def _period(start: date | None, rule: str, name: str, whose: str, law: Law) -> RetentionReason:
    version, years = _must(law, rule), law.value(name)
    if years is None:
        raise LawFault(f"us_ear: {name} has no value on {law.on}")
    if start is None:
        text = f"{whose} ask for {years} years from the end of the transaction, which has not come."
        return _reason(version, text, None)
    text = f"{whose} ask for {years} years from {start}, the latest of export, diversion and end."
    return _reason(version, text, years_after(start, int(years)))


def _licences(facts: RecordFacts, law: Law) -> list[RetentionReason]:
    if not facts.licence_terms:
        return []
    version = _must(law, "records.licence")
    return [_reason(version, _asked(term), term.until) for term in facts.licence_terms]


def _asked(term: LicenceTerm) -> str:
    whose = f"Licence {term.licence} asks for its records"
    if term.until is None:
        return f"{whose} for {term.asks or 'years of its own'}; that day has not come."
    return f"{whose} for {term.asks}: until {term.until}." if term.asks else f"{whose} until {term.until}."


def _holds(facts: RecordFacts, law: Law) -> list[RetentionReason]:
    standing = [hold for hold in facts.holds if hold.stands(law.on)]
    if not standing:
        return []
    request = _must(law, "records.ear.request")
    return [_held(hold, request) for hold in standing]


def _held(hold: Hold, request: RuleVersion) -> RetentionReason:
    if hold.is_agency_request:
        text = f"An agency asked for the records ({hold.reference}, {hold.placed_on})."
        return RetentionReason(request.id, text, request.citation, None, is_hold=True)
    text = f"Legal hold {hold.reference} stands since {hold.placed_on}."
    return RetentionReason("hold", text, "", None, is_hold=True)


def years_after(day: date, years: int) -> date:
    """The anniversary; of a 29 February the 1 March where the year has none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _reason(version: RuleVersion, text: str, until: date | None) -> RetentionReason:
    return RetentionReason(version.id, text, version.citation, until)


def _must(law: Law, rule: str) -> RuleVersion:
    version = law.version(rule)
    if version is None:
        raise LawFault(f"us_ear: {rule} has no version on {law.on}")
    return version
