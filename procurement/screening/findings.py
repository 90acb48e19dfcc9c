"""What matching found of a party, joined with its addresses: one finding for each listed party, with its evidence."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from procurement.parties.models import Party
from procurement.screening.addresses import address_key
from procurement.screening.effects import effect_of
from procurement.screening.matching.matcher import Match
from procurement.screening.matching.subjects import Subject
from procurement.screening.models import ListAddress, ListEntry
from procurement.screening.register import Register, key_of
from procurement.screening.shown import evidence_by_address, evidence_of

SAME_ADDRESS_SCORE = 800
MOST_BY_ADDRESS = 25


@dataclass(frozen=True)
class Finding:
    """Evidence that a party may be a listed one.

    Attributes:
        key: the listed party, such as ``csl:EL:12``.
        score: in thousandths.
        sha256: hash of all that an officer sees of it; a decision is bound to it.
    """

    key: str
    entry: ListEntry
    score: int
    evidence: dict[str, Any]
    sha256: str
    effect: str


@dataclass(frozen=True)
class Sought:
    """A party as it is looked for, and the listed parties that its names met."""

    party: Party
    subject: Subject
    matches: tuple[Match, ...]


def findings(sought: Sequence[Sought], register: Register, keys: frozenset[str] | None) -> list[tuple[Finding, ...]]:
    """The findings of each of many parties: two queries, however many they are.

    Args:
        keys: the listed parties that alone are looked at; ``None``: all.
    """
    places = same_places([each.party for each in sought], register, keys)
    wanted = {match.listed.key for each in sought for match in each.matches}
    entries = register.entries(wanted)
    return [tuple(_of_one(each, entries, places.get(each.party.address, ()))) for each in sought]


def same_places(
    parties: Iterable[Party], register: Register, keys: frozenset[str] | None
) -> Mapping[str, Sequence[ListAddress]]:
    """Listed addresses by the address of ours that they equal."""
    by_key = defaultdict(set)
    for party in parties:
        if key := address_key(party.address):
            by_key[key].add(party.address)
    if not by_key:
        return {}
    rows = ListAddress.objects.filter(key__in=by_key, entry__snapshot__in=register.snapshot_ids)
    found = defaultdict(list)
    for row in rows.select_related("entry__snapshot").order_by("entry__entry_key", "pk"):
        if keys is None or listed_key(row.entry) in keys:
            for address in by_key[row.key]:
                found[address].append(row)
    return found


def listed_key(entry: ListEntry) -> str:
    """The key of an entry over all lists."""
    return key_of(entry.snapshot.source_code, entry.entry_key)


def _of_one(sought: Sought, entries: Mapping[str, ListEntry], places: Sequence[ListAddress]) -> Iterable[Finding]:
    """Name matches with the addresses that speak for them, then entries that only the address met."""
    at = {listed_key(row.entry): row for row in reversed(places)}
    for match in sought.matches:
        key = match.listed.key
        evidence = evidence_of(match, sought.subject, sought.party, same_address=at.pop(key, None))
        yield _finding(sought.party, key, entries[key], evidence, match.evidence_sha256)
    for key in sorted(at)[:MOST_BY_ADDRESS]:
        row = at[key]
        evidence = evidence_by_address(row, sought.subject, sought.party, SAME_ADDRESS_SCORE)
        seen = f"{key} {row.entry.content_sha256} {sorted((name.kind, name.text) for name in sought.subject.names)}"
        yield _finding(sought.party, key, row.entry, evidence, hashlib.sha256(seen.encode()).hexdigest())


def _finding(party: Party, key: str, entry: ListEntry, evidence: dict[str, Any], seen: str) -> Finding:
    effect = effect_of(entry.list_authority, entry.facts.get("declared_effect", ""))
    return Finding(key, entry, evidence["score"], evidence, _sealed(party, seen), str(effect.kind))


def _sealed(party: Party, seen: str) -> str:
    """The hash of a match and of what of the party an officer sees beside it, where there is more to see."""
    beside = {"address": party.address, "registration_number": party.registration_number}
    if not any(beside.values()):
        return seen
    return hashlib.sha256(rfc8785.dumps({"v": 1, "match": seen, **beside})).hexdigest()
