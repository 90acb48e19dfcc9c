"""What a true match means: it comes from the list's authority, not from the score (no Django here).

Sources: the authorities' own rules, as cited row by row; read 2026-07-31.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EffectKind(StrEnum):
    """What a confirmed match does to a transaction."""

    PROHIBITED = "prohibited"
    LICENCE_REQUIRED = "licence_required"
    STATEMENT_REQUIRED = "statement_required"
    MILITARY_END_USER = "military_end_user"
    SECURITIES_ONLY = "securities_only"
    READ_ENTRY = "read_entry"
    STOP = "stop"
    REVIEW = "review"


@dataclass(frozen=True)
class Effect:
    """An authority's effect.

    Attributes:
        authority: its code, such as ``EL``.
        words: what it means, in a sentence for the officer.
        citation: the provision it rests on.
        stops_now: whether a confirmed match stops running jobs at once; any other opens a decision first.
    """

    authority: str
    kind: EffectKind
    words: str
    citation: str
    stops_now: bool


_STOPPING = frozenset(
    {
        EffectKind.PROHIBITED,
        EffectKind.LICENCE_REQUIRED,
        EffectKind.MILITARY_END_USER,
        EffectKind.STOP,
    }
)
_TABLE: tuple[tuple[str, EffectKind, str, str], ...] = (
    (
        "DPL",
        EffectKind.PROHIBITED,
        "A denial order forbids taking part in any transaction in items subject to the EAR.",
        "15 CFR part 764, supplement 2",
    ),
    (
        "SDN",
        EffectKind.PROHIBITED,
        "Property is blocked: no dealings. Some programmes add an EAR licence requirement.",
        "31 CFR chapter V; 15 CFR 744.8",
    ),
    (
        "EL",
        EffectKind.LICENCE_REQUIRED,
        "A licence is required to the extent the entry states; hardly any exception is available.",
        "15 CFR 744.16; part 744, supplement 4",
    ),
    (
        "MEU",
        EffectKind.MILITARY_END_USER,
        "A licence is required for the items of supplement 2 to part 744.",
        "15 CFR 744.21; part 744, supplement 7",
    ),
    (
        "UVL",
        EffectKind.STATEMENT_REQUIRED,
        "A UVL statement must be had from the party first, and no licence exception may be used.",
        "15 CFR 744.15; part 744, supplement 6",
    ),
    (
        "CMIC",
        EffectKind.SECURITIES_ONLY,
        "Concerns publicly traded securities only; look for an Entity List entry and for diversion.",
        "E.O. 13959 as amended",
    ),
    (
        "SSI",
        EffectKind.READ_ENTRY,
        "Prohibitions differ by directive: read the one the entry names.",
        "31 CFR part 589",
    ),
    ("NS-MBS", EffectKind.READ_ENTRY, "Particular menu items apply: read the entry.", "31 CFR chapter V"),
    ("PLC", EffectKind.READ_ENTRY, "Read the entry.", "31 CFR part 594"),
    (
        "CAP",
        EffectKind.READ_ENTRY,
        "Restricts correspondent and payable-through accounts: read the entry.",
        "31 CFR part 561",
    ),
    (
        "DTC",
        EffectKind.READ_ENTRY,
        "Debarred from ITAR-controlled activity; matters where an item is a defence article.",
        "22 CFR 127.7",
    ),
    (
        "ISN",
        EffectKind.READ_ENTRY,
        "Measures differ by determination: read the Federal Register notice.",
        "Department of State, nonproliferation sanctions",
    ),
    (
        "UN",
        EffectKind.PROHIBITED,
        "Assets freeze and, for most programmes, an arms embargo, as member states carry them out.",
        "UN Security Council Consolidated List",
    ),
)
_BY_AUTHORITY = {code: Effect(code, kind, words, citation, kind in _STOPPING) for code, kind, words, citation in _TABLE}
HOUSE = "HOUSE"
HOUSE_KINDS = (EffectKind.STOP, EffectKind.REVIEW)
_HOUSE_WORDS = {
    EffectKind.STOP: "The operator's own list: no dealings until two officers release it.",
    EffectKind.REVIEW: "The operator's own list: an officer looks at every dealing.",
}


def effect_of(authority: str, declared: str = "") -> Effect:
    """The effect of a true match on a list of ``authority``.

    Args:
        declared: the effect a house list's row states (``stop`` or ``review``); other lists cannot choose.

    An authority that is not in the table, or a house row without a known effect, stops at once: an unknown
    effect is never a pass.
    """
    if authority == HOUSE:
        kind = EffectKind(declared) if declared in HOUSE_KINDS else EffectKind.STOP
        return Effect(HOUSE, kind, _HOUSE_WORDS[kind], "House list", kind in _STOPPING)
    known = _BY_AUTHORITY.get(authority)
    if known is not None:
        return known
    words = f"The effect of the list {authority or '(unnamed)'} is not known here: work stops until it is read."
    return Effect(authority, EffectKind.READ_ENTRY, words, "", True)
