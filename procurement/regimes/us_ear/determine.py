"""US EAR, advanced computing: from the facts of a transaction to its lane."""

from datetime import date
from typing import Any

from procurement.regimes import geography
from procurement.regimes.dated import Book, Law, Sheet, exact_keys
from procurement.regimes.facts import Form, TransactionFacts
from procurement.regimes.lanes import Lane, ReviewPolicy
from procurement.regimes.law_files import LawFiles
from procurement.regimes.licence_ends import ends_ahead
from procurement.regimes.notes import Answer, Notebook, Requirement
from procurement.regimes.outcome import Determination, ExceptionRoute, Missing, Upcoming
from procurement.regimes.reasons import with_missing
from procurement.regimes.us_ear import (
    computed_flags,
    duty,
    elsewhere,
    gp10,
    jurisdiction,
    lane_2026,
    letter,
    memory,
    parties,
    places,
    policy,
    red_flags,
    validated,
)
from procurement.regimes.us_ear.classification import Classification, Tier, classify
from procurement.regimes.us_ear.lane_2026 import LaneAnswer

REGIME = "us_ear"
PACKAGE = "procurement.regimes.us_ear"
STRICTNESS = (ReviewPolicy.APPROVAL, ReviewPolicy.CASE_BY_CASE, ReviewPolicy.DENIAL)


def read_clocks(sheet: Sheet) -> tuple[dict[str, Any], ...]:
    """The dates ahead, nearest first."""
    clocks = sheet.only("clocks")["clocks"]
    for clock in clocks:
        exact_keys(clock, ("due", "known_since", "rule", "text"), sheet.where, ("known_until", "country"))
    return tuple(sorted(clocks, key=lambda clock: clock["due"]))


LAW = LawFiles(
    REGIME,
    PACKAGE,
    beside=(geography.PACKAGE,),
    readers=(
        *geography.READERS,
        ("clocks.yaml", read_clocks),
        ("certifications.yaml", lane_2026.read_certifications),
        (red_flags.FILE, red_flags.read_flags),
        (computed_flags.REGIONS, computed_flags.read_regions),
    ),
)


def determine(facts: TransactionFacts, *, on: date, book: Book | None = None) -> Determination:
    """The regime's answer for a transaction on a day (New York date), by the package's own rules or another book.

    Source: 15 CFR parts 740, 742, 744, 746, 748 and 774, as each rule version cites; see rule_versions.yaml.
    Simplification: software, technology, deemed exports and support by US persons (744.6) are not asked about.
    """
    held = book or LAW.book()
    notes = Notebook(held.at(on))
    if on < held.begins:
        notes.lack(_before_the_book(held, on))
        return _write(facts, notes, Lane.UNDETERMINED)
    if on > held.read_until:
        notes.warn(f"Rules published after {held.read_until} were not read.")
    if facts.route.to_country == "US" and (facts.route.install_country or "US") == "US":
        return _domestic(facts, notes)
    return _determine(facts, notes)


def _determine(facts: TransactionFacts, notes: Notebook) -> Determination:
    jurisdiction.warn(facts.route, notes)
    elsewhere.warn(facts.route, notes)
    if facts.item.form is Form.MEMORY_STACK:
        return _determine_memory(facts, notes)
    item = classify(facts.item, notes)
    destination = places.enforced_destination(facts, item, notes)
    hq = places.headquarters(facts, notes)
    lane = lane_2026.open_lane(facts, notes) if item.is_listed else None
    setting = policy.Setting(item, Answer.of(places.goes_to_d5_or_macau(facts, notes.law)), hq.answer)
    asked = list(parties.party_requirements(facts, notes))
    if not item.is_listed and (found := letter.letter(facts, hq, notes)):
        asked.append(found)
    if item.tier is not Tier.NONE:
        asked += _list_based(item, destination, hq, setting, lane, notes)
    _worldwide(item, asked, notes)
    computed_flags.raise_flags(computed_flags.Seen(facts, item, hq, notes.law), notes)
    gp10.flag(facts, item, notes)
    return _resolve(facts, item, asked, setting, lane, notes)


def _determine_memory(facts: TransactionFacts, notes: Notebook) -> Determination:
    """Memory sold alone: its own entry, destinations and exception; parties and end uses as for any item."""
    item = memory.classify_memory(facts.item, notes)
    to_d5 = Answer.of(places.goes_to_d5_or_macau(facts, notes.law))
    asked = [*parties.party_requirements(facts, notes), *memory.memory_requirement(facts, item, notes)]
    computed_flags.raise_flags(computed_flags.Seen(facts, item, places.Reach(Answer.NO), notes.law), notes)
    gp10.flag(facts, item, notes)
    return _resolve(facts, item, asked, policy.Setting(item, to_d5, Answer.NO), None, notes)


def _list_based(
    item: Classification,
    destination: places.Reach,
    hq: places.Reach,
    setting: policy.Setting,
    lane: LaneAnswer | None,
    notes: Notebook,
) -> list[Requirement]:
    """The requirement of the entry, by destination and by headquarters; unknown where the entry is."""
    version = notes.law.version("destination")
    if version is None:
        return []
    reach = [each for each in (destination, hq) if each.answer is Answer.YES]
    if reach and item.is_listed:
        review, missing = _review(setting, lane, notes)
        return [Requirement(version, Answer.YES, review, allows_exceptions=True, missing=missing)]
    open_questions = [each for each in (destination, hq) if each.answer is Answer.UNKNOWN]
    if reach or open_questions:
        missing = tuple(lack for each in open_questions for lack in each.missing) if not reach else ()
        return [Requirement(version, Answer.UNKNOWN, missing=(*missing, *notes.missing))]
    return []


def _review(
    setting: policy.Setting, lane: LaneAnswer | None, notes: Notebook
) -> tuple[ReviewPolicy | None, tuple[Missing, ...]]:
    """The lane of 91 FR 1684 where it is open, otherwise the codified policy."""
    if lane is not None and lane.answer is Answer.YES:
        return ReviewPolicy.CASE_BY_CASE, ()
    if lane is not None and lane.answer is Answer.UNKNOWN:
        return None, lane.missing
    review, _ = policy.review_policy(setting, notes)
    return review, ()


def _worldwide(item: Classification, asked: list[Requirement], notes: Notebook) -> None:
    """Says what the codified worldwide text asks, where the enforced rules ask for nothing."""
    version = notes.law.version("destination.worldwide")
    if version is None or item.tier is not Tier.A or any(each.answer is Answer.YES for each in asked):
        return
    state = "it is not enforced" if version.version == "P25a" else "compliance is asked from 2025-05-15 only"
    notes.reason(
        version,
        "The codified text asks for a licence worldwide for .a items, and its exceptions AIA, ACM and LPP relieve that "
        f"text alone, never what is enforced; {state}.",
        is_flag=True,
    )


def _resolve(
    facts: TransactionFacts,
    item: Classification,
    asked: list[Requirement],
    setting: policy.Setting,
    lane: LaneAnswer | None,
    notes: Notebook,
) -> Determination:
    demanded = [each for each in asked if each.answer is Answer.YES]
    for each in demanded or asked:
        notes.lack(*each.missing)
    if any(each.is_prohibition for each in demanded):
        return _write(facts, notes, Lane.PROHIBITED, item)
    if demanded:
        routes = _exceptions(facts, asked, setting, notes)
        certifications = lane if lane is not None and not routes else None
        if routes:
            return _write(facts, notes, Lane.EXCEPTION, item, routes=routes)
        return _write(facts, notes, Lane.LICENCE_REQUIRED, item, _strictest(demanded), lane=certifications)
    if any(each.answer is Answer.UNKNOWN for each in asked):
        return _write(facts, notes, Lane.UNDETERMINED, item)
    notes.missing.clear()
    return _write(facts, notes, Lane.NO_REQUIREMENT_FOUND, item)


def _exceptions(
    facts: TransactionFacts, asked: list[Requirement], setting: policy.Setting, notes: Notebook
) -> tuple[ExceptionRoute, ...]:
    """None where any listed party, end use, letter or embargo stands beside the entry's requirement."""
    if not all(each.allows_exceptions for each in asked):
        return ()
    if setting.item.tier is Tier.C:
        return memory.memory_exception(facts, setting.item, notes)
    return (*policy.exceptions(setting, notes), *validated.validated_route(facts, setting, notes))


def _strictest(demanded: list[Requirement]) -> ReviewPolicy | None:
    held = [each.policy for each in demanded if each.policy is not None]
    return max(held, key=STRICTNESS.index, default=None)


def _domestic(facts: TransactionFacts, notes: Notebook) -> Determination:
    version = notes.law.version("domestic")
    if version is not None:
        notes.reason(version, "The item stays in, or comes to, the United States: no export is made.")
    return _write(facts, notes, Lane.NO_REQUIREMENT_FOUND)


def _write(
    facts: TransactionFacts,
    notes: Notebook,
    found: Lane,
    item: Classification | None = None,
    review: ReviewPolicy | None = None,
    *,
    routes: tuple[ExceptionRoute, ...] = (),
    lane: LaneAnswer | None = None,
) -> Determination:
    return Determination(
        regime=REGIME,
        on=notes.law.on,
        lane=found,
        review_policy=review,
        eccn=item.eccn if item else None,
        exceptions=routes,
        certifications=lane.certifications if lane else (),
        duty_rate=duty.duty_rate(facts, notes),
        reasons=with_missing(notes),
        unverified=tuple(notes.unverified),
        upcoming=_upcoming(facts, notes.law),
        missing=tuple(notes.missing),
        tree=tuple(notes.tree),
        rule_versions=tuple(sorted(notes.law.used)),
        rule_set_sha256=notes.law.book.digest,
    )


def _before_the_book(book: Book, on: date) -> Missing:
    begins = book.begins
    return Missing(f"rules@{on}", f"The rules encoded begin on {begins}; none is held for {on}.", "the rule data")


def _upcoming(facts: TransactionFacts, law: Law) -> tuple[Upcoming, ...]:
    countries = {facts.route.to_country, *(party.country for party in facts.parties)}
    clocks = tuple(
        Upcoming(clock["due"], clock["text"], clock["rule"])
        for clock in law.book.read("clocks.yaml", read_clocks)
        if clock["known_since"] <= law.on < clock["due"]
        and law.on <= clock.get("known_until", law.on)
        and clock.get("country", facts.route.to_country) in countries
    )
    return (*clocks, *ends_ahead(facts, "exporter", law.on))
