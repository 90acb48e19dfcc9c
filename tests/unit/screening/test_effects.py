"""The effect of a true match comes from its list's authority."""

import pytest

from procurement.screening.effects import EffectKind, effect_of


@pytest.mark.parametrize(
    ("authority", "kind", "stops_now"),
    [
        ("DPL", EffectKind.PROHIBITED, True),
        ("SDN", EffectKind.PROHIBITED, True),
        ("UN", EffectKind.PROHIBITED, True),
        ("EL", EffectKind.LICENCE_REQUIRED, True),
        ("MEU", EffectKind.MILITARY_END_USER, True),
        ("UVL", EffectKind.STATEMENT_REQUIRED, False),
        ("CMIC", EffectKind.SECURITIES_ONLY, False),
        ("SSI", EffectKind.READ_ENTRY, False),
    ],
)
def test_effect_follows_the_authority(authority: str, kind: EffectKind, stops_now: bool) -> None:
    effect = effect_of(authority)
    assert (effect.kind, effect.stops_now) == (kind, stops_now)


def test_effect_of_an_unknown_list_is_never_a_pass() -> None:
    assert effect_of("NEW").stops_now


@pytest.mark.parametrize(
    ("declared", "stops_now"), [("stop", True), ("review", False), ("", True), ("prohibited", True)]
)
def test_effect_of_a_house_entry_is_its_own_and_unknown_stops(declared: str, stops_now: bool) -> None:
    assert effect_of("HOUSE", declared).stops_now is stops_now


def test_effect_declared_by_another_list_is_ignored() -> None:
    assert effect_of("SDN", "review").kind is EffectKind.PROHIBITED
