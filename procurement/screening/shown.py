"""A match in plain values: what is stored as evidence with a hit, and what a page or a command shows."""

from __future__ import annotations

from typing import Any

from procurement.screening.effects import effect_of
from procurement.screening.matching.matcher import Match
from procurement.screening.matching.subjects import Subject
from procurement.screening.models import ListEntry

THOUSANDTHS = 1000


def evidence_of(match: Match, subject: Subject) -> dict[str, Any]:
    """Everything an officer sees of a match: plain JSON, scores in thousandths."""
    comparison = match.comparison
    return {
        "v": 1,
        "score": round(match.score * THOUSANDTHS),
        "name_score": round(match.name_score * THOUSANDTHS),
        "is_exact": match.is_exact,
        "subject": {
            "name": match.subject_name.text,
            "names": [[str(name.kind), name.text] for name in subject.names],
            "countries": list(subject.countries),
            "kind": str(subject.kind),
        },
        "listed": {
            "name": match.listed_name.text,
            "name_kind": str(match.listed_name.kind),
            "names": [[str(name.kind), name.text] for name in match.listed.names],
            "countries": list(match.listed.countries),
            "kind": str(match.listed.kind),
        },
        "via_trade_name": match.via_trade_name,
        "parts": [
            {
                "query": part.query,
                "listed": part.listed,
                "how": str(part.how),
                "similarity": round(part.similarity * THOUSANDTHS),
            }
            for part in comparison.parts
        ],
        "only_subject": list(comparison.only_query),
        "only_listed": list(comparison.only_listed),
        "evidence": [
            {"topic": piece.topic, "direction": str(piece.direction), "words": piece.words} for piece in match.evidence
        ],
    }


def plain_hit(match: Match, entry: ListEntry) -> dict[str, Any]:
    """A hit of an ad-hoc search, for a page, the API or a command: plain JSON."""
    effect = effect_of(entry.list_authority, entry.facts.get("declared_effect", ""))
    return {
        "entry": match.listed.key,
        "list": entry.list_authority,
        "name": entry.name,
        "matched_name": match.listed_name.text,
        "via_trade_name": match.via_trade_name,
        "score": round(match.score * THOUSANDTHS),
        "is_exact": match.is_exact,
        "countries": list(match.listed.countries),
        "effect": str(effect.kind),
        "effect_words": effect.words,
        "citation": effect.citation,
        "notice": entry.facts.get("notice", ""),
        "url": entry.url,
        "reasons": [piece.words for piece in match.evidence],
        "parts": [[part.query, part.listed, str(part.how)] for part in match.comparison.parts],
        "evidence_sha256": match.evidence_sha256,
    }
