"""Destinations and headquarters: where the enforced requirement reaches."""

from dataclasses import dataclass

from procurement.regimes.dated import Law, RuleVersion
from procurement.regimes.facts import PartyFacts, PartyRole, TransactionFacts
from procurement.regimes.geography import TABLE_NAME, country_name, group_table
from procurement.regimes.notes import Answer, Notebook, either
from procurement.regimes.outcome import Missing
from procurement.regimes.us_ear.classification import Classification, Tier
from procurement.regimes.us_ear.ownership import majority_chain

CHINA = frozenset({"CN", "HK"})
CHINA_AND_MACAU = CHINA | {"MO"}
OF_CONCERN = ("D:1", "D:4", "D:5")
RELIEVED = ("A:5", "A:6")
BOUND_ROLES = tuple(role for role in PartyRole if role is not PartyRole.OTHER)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether a rule reaches the transaction, and what is missing to say so."""

    answer: Answer
    missing: tuple[Missing, ...] = ()


def destinations(facts: TransactionFacts) -> tuple[str, ...]:
    """Where the item goes and where it is installed, each once."""
    route = facts.route
    places = (route.to_country, route.install_country or route.to_country)
    return tuple(dict.fromkeys(places))


def is_d5_or_macau(country: str, law: Law) -> bool | None:
    """Whether a country is Macau or in D:5 that day; None where no table is held for the day."""
    if country in CHINA_AND_MACAU:
        return True
    if country == "US":
        return False
    groups = group_table(law.book).of(country, law.on)
    return None if groups is None else "D:5" in groups


def goes_to_d5_or_macau(facts: TransactionFacts, law: Law) -> bool | None:
    """Whether any destination is Macau or in D:5."""
    return either(*(is_d5_or_macau(country, law) for country in destinations(facts)))


def enforced_destination(facts: TransactionFacts, item: Classification, notes: Notebook) -> Reach:
    """Whether the enforced list-based requirement reaches a destination.

    Source: 15 CFR 742.6(a)(6): China (87 FR 62186), Macau (88 FR 2821); from 2023-11-17 groups D:1, D:4 and D:5
    that are not in A:5 or A:6, and Macau (88 FR 73458); from 2026-07-10 the terms for the Emirates (91 FR 43034).
    """
    version = notes.law.version("destination")
    if version is None:
        return Reach(Answer.NO)
    reaches = [_reach(country, facts, item, version, notes) for country in destinations(facts)]
    answers = [reach.answer for reach in reaches]
    for answer in (Answer.YES, Answer.UNKNOWN):
        if answer in answers:
            return Reach(answer, tuple(lack for reach in reaches if reach.answer is answer for lack in reach.missing))
    return Reach(Answer.NO)


def _reach(country: str, facts: TransactionFacts, item: Classification, version: RuleVersion, notes: Notebook) -> Reach:
    uae = notes.law.version("destination.uae") if country == "AE" else None
    if version.version == "R22":
        reach, threshold = _reach_2022(country, notes), "China; Macau from 2023-01-18"
    elif uae is not None:
        reach, threshold, version = (
            _reach_uae(facts, item),
            "a cleared entity of the United Arab Emirates is free",
            uae,
        )
    else:
        reach, threshold = _reach_2023(country, notes.law), "D:1, D:4 or D:5 and not A:5 or A:6; or Macau"
    name = country_name(country, notes.law.book)
    fact = f"{name} ({_groups_text(country, notes.law)})"
    notes.branch(version, "Does the requirement reach the destination?", reach.answer, fact=fact, threshold=threshold)
    if reach.answer is Answer.YES:
        notes.reason(version, f"The item goes to {name}, which the requirement reaches.")
    elif uae is not None:
        notes.warn(uae.verify)
    return reach


def _reach_2022(country: str, notes: Notebook) -> Reach:
    macau = country == "MO" and notes.law.version("destination.macau") is not None
    return Reach(Answer.of(country in CHINA or macau))


def _reach_2023(country: str, law: Law) -> Reach:
    if country in CHINA_AND_MACAU:
        return Reach(Answer.YES)
    if country == "US":
        return Reach(Answer.NO)
    groups = group_table(law.book).of(country, law.on)
    if groups is None:
        return Reach(Answer.UNKNOWN, (no_table(law),))
    return Reach(Answer.of(any(g in groups for g in OF_CONCERN) and not any(g in groups for g in RELIEVED)))


def _reach_uae(facts: TransactionFacts, item: Classification) -> Reach:
    """Simplification: an end user that is not cleared needs a licence, also for .a; errs to the strict side."""
    end_user = facts.end_user
    cleared = end_user.is_uae_cleared if end_user else None
    if cleared is None:
        lack = Missing(
            "parties.end_user.is_uae_cleared",
            "Whether the end user is the UAE government or named in supplement no. 8 to part 740 is not stated.",
            "the order's page (facts beside the papers), or --end-user-uae-cleared",
        )
        return Reach(Answer.UNKNOWN, (lack,))
    return Reach(Answer.of(not cleared and item.tier in (Tier.A, Tier.B)))


def headquarters(facts: TransactionFacts, notes: Notebook) -> Reach:
    """Whether a party, wherever it is, is headquartered or has its ultimate parent in Macau or D:5.

    Source: 15 CFR 744.23(a)(3) from 2023-11-17; 742.6(a)(6)(iii)(A) from 2025-01-13; enforced, BIS 2026-05-31.
    """
    version = notes.law.version("headquarters")
    if version is None:
        return Reach(Answer.NO)
    parties = [party for party in facts.parties if party.role in BOUND_ROLES]
    nobody = facts.end_user is None
    answers: list[bool | None] = [None] if nobody else []
    lacks = [_lack_end_user()] if nobody else []
    for party in parties:
        held, missing = _party_hq(party, version, notes)
        answers.append(held)
        lacks += missing
    answer = Answer.of(either(*answers))
    return Reach(answer, tuple(lacks) if answer is Answer.UNKNOWN else ())


def _party_hq(party: PartyFacts, version: RuleVersion, notes: Notebook) -> tuple[bool | None, list[Missing]]:
    law = notes.law
    places = {"headquarters": party.hq, "ultimate parent": party.ultimate_parent, **_majority_owner(party)}
    held = {what: None if place is None else is_d5_or_macau(place, law) for what, place in places.items()}
    answer = either(*held.values())
    names = {what: country_name(place, law.book) if place else "not stated" for what, place in places.items()}
    fact = "; ".join(f"{what}: {name}" for what, name in names.items())
    notes.branch(
        version,
        f"Is {party.name} ({party.role.replace('_', ' ')}) run from Macau or D:5?",
        Answer.of(answer),
        fact=fact,
        threshold="headquarters or ultimate parent in Macau or country group D:5",
    )
    if answer:
        where = next(f"{what} in {names[what]}" for what, is_there in held.items() if is_there)
        notes.reason(version, f"{party.name} has its {where}: the requirement follows it wherever it is.")
    if answer is not None:
        return answer, []
    return None, [_lack_place(party, what, place, law) for what, place in places.items() if held[what] is None]


def _majority_owner(party: PartyFacts) -> dict[str, str | None]:
    """Where the owner at the top of the majority shares is run from, if said; the stated parent counts beside it."""
    chain = majority_chain(party)
    return {"owner at the top": chain[-1].hq} if chain and chain[-1].hq else {}


def _lack_place(party: PartyFacts, what: str, place: str | None, law: Law) -> Missing:
    if place is not None:
        return no_table(law)
    field = "hq" if what == "headquarters" else "ultimate_parent"
    text = f"The country of the {what} of {party.name} is not stated."
    return Missing(f"parties.{party.role}.{field}", text, "the party's page")


def _lack_end_user() -> Missing:
    return Missing(
        "parties.end_user.hq",
        "The end user's headquarters and ultimate parent are not stated.",
        "the order's parties (end user), or --end-user-hq",
    )


def no_table(law: Law) -> Missing:
    """The country groups are not held for a day."""
    table, on = group_table(law.book), law.on
    return Missing(
        f"country_groups@{on.isoformat()}",
        f"{TABLE_NAME} are held as of {table.as_of} only, not for {on}.",
        "the rule data of the installation",
    )


def _groups_text(country: str, law: Law) -> str:
    if country == "US":
        return "the United States"
    groups = group_table(law.book).of(country, law.on)
    if groups is None:
        return "no table held for the day"
    return ", ".join(sorted(groups)) or "none of the groups asked"
