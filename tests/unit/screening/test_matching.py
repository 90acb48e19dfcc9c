"""Hits: who is found, who is not, and how each explains itself. Names are invented or public entries."""

import pytest

from procurement.screening.matching.evidence import Direction, evidence_hash
from procurement.screening.matching.index import CandidateIndex
from procurement.screening.matching.matcher import DEFAULT_THRESHOLD, match
from procurement.screening.matching.scoring import How
from procurement.screening.matching.subjects import ListedParty, Name, NameKind, PartyKind, Subject

LISTED = (
    ListedParty(
        "csl:EL:1",
        "a" * 64,
        (Name("Huawei Technologies Co., Ltd."), Name("Huawei Tech", NameKind.ALIAS)),
        ("CN",),
    ),
    ListedParty("csl:SDN:2", "b" * 64, (Name("PUTIN, Vladimir"),), ("RU",), PartyKind.INDIVIDUAL),
    ListedParty("un:UN:3", "c" * 64, (Name("Mohammed Ali"),), ("EG",), PartyKind.INDIVIDUAL),
    ListedParty("house:4", "d" * 64, (Name("Fictional Meridian Dual-Use Trading (demo)"),), ("AE",)),
    ListedParty("csl:EL:5", "e" * 64, (Name("Cambricon Technologies Corporation Limited"),), ("CN",)),
    *(
        ListedParty(f"x:{number}", f"{number:064d}", (Name(f"{word} Technologies Trading"),), ("AE",))
        for number, word in enumerate(("Alpine", "Borealis", "Cobalt", "Dunmore"))
    ),
)
INDEX = CandidateIndex(LISTED)


def found(name: str, *countries: str, kind: PartyKind = PartyKind.UNKNOWN, threshold: float = DEFAULT_THRESHOLD):
    return match(Subject("p", (Name(name),), countries, kind), INDEX, threshold)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Huawei Technologies", "csl:EL:1"),
        ("HUAWEI TECHNOLOGIES COMPANY LIMITED", "csl:EL:1"),
        ("Huawai Technologies Co Ltd", "csl:EL:1"),
        ("HuaweiTechnologies", "csl:EL:1"),
        ("Hua\u200bwei Technologies", "csl:EL:1"),
        ("华为技术有限公司", "csl:EL:1"),
        ("寒武纪科技", "csl:EL:5"),
        ("Vladimir Putin", "csl:SDN:2"),
        ("Владимир Путин", "csl:SDN:2"),
        ("محمد علي", "un:UN:3"),
        ("Fictional Meridian Dual Use Trading", "house:4"),
        ("Ficitonal Meridian Dual-Use Trading (demo)", "house:4"),
    ],
)
def test_match_variant_of_a_listed_name_finds_the_party(name: str, key: str) -> None:
    assert [hit.listed.key for hit in found(name)][:1] == [key]


@pytest.mark.parametrize(
    "name",
    [
        "Bright Harbour Cloud Computing",
        "Anna Thompson",
        "Granular Data Systems",
        "Vladimir Petrov",
        "北京云计算",
    ],
)
def test_match_name_on_no_list_finds_nobody(name: str) -> None:
    assert found(name) == ()


def test_match_party_with_several_names_that_meet_is_one_hit() -> None:
    assert len([hit for hit in found("Huawei Technologies") if hit.listed.key == "csl:EL:1"]) == 1


def test_match_says_which_parts_met_and_which_are_left() -> None:
    [hit] = found("Cambrican Technologies Nanjing", threshold=0.5)
    assert {(part.query, part.listed, part.how) for part in hit.comparison.parts} == {
        ("cambrican", "cambricon", How.SOUND),
        ("technologies", "technologies", How.EQUAL),
    }
    assert hit.comparison.only_query == ("nanjing",)


def test_match_through_a_trade_name_says_so() -> None:
    assert found("华为")[0].via_trade_name == "Huawei Technologies"


def test_match_country_speaks_for_or_against_and_moves_the_score() -> None:
    same, other = found("Huawai Technologies", "HK")[0], found("Huawai Technologies", "BR")[0]
    assert same.evidence[0].direction is Direction.FOR
    assert other.evidence[0].direction is Direction.AGAINST
    assert same.score > other.score


def test_match_unknown_country_is_neutral() -> None:
    assert found("Huawai Technologies")[0].evidence[0].direction is Direction.NEUTRAL


def test_match_exact_name_is_a_hit_whatever_speaks_against_it() -> None:
    hits = found("Vladimir Putin", "BR", kind=PartyKind.ENTITY, threshold=0.99)
    assert [hit.listed.key for hit in hits] == ["csl:SDN:2"]


def test_match_threshold_keeps_its_boundary() -> None:
    score = found("Huawai Technologies")[0].score
    assert found("Huawai Technologies", threshold=score)
    assert not found("Huawai Technologies", threshold=score + 0.0001)


def test_match_part_of_the_lists_scores_as_the_whole() -> None:
    part = CandidateIndex(LISTED[:1], weights_of=INDEX)
    subject = Subject("p", (Name("Huawai Technologies"),))
    assert match(subject, part)[0].score == match(subject, INDEX)[0].score


def test_evidence_hash_same_sight_is_the_same() -> None:
    one = Subject("p", (Name("A"), Name("B", NameKind.ALIAS)), ("CN", "US"))
    two = Subject("p", (Name("B", NameKind.ALIAS), Name("A")), ("US", "CN"))
    assert evidence_hash(one, LISTED[0]) == evidence_hash(two, LISTED[0])


@pytest.mark.parametrize(
    "changed",
    [
        Subject("p", (Name("A"), Name("C", NameKind.FORMER)), ("CN",)),
        Subject("p", (Name("A"),), ("US",)),
        Subject("q", (Name("A"),), ("CN",)),
        Subject("p", (Name("A"),), ("CN",), PartyKind.ENTITY),
    ],
)
def test_evidence_hash_changed_party_is_another(changed: Subject) -> None:
    assert evidence_hash(Subject("p", (Name("A"),), ("CN",)), LISTED[0]) != evidence_hash(changed, LISTED[0])


def test_evidence_hash_changed_entry_is_another() -> None:
    subject = Subject("p", (Name("A"),))
    changed = ListedParty(LISTED[0].key, "f" * 64, LISTED[0].names)
    assert evidence_hash(subject, LISTED[0]) != evidence_hash(subject, changed)


def test_match_bare_trade_name_is_found_even_in_a_list_of_one() -> None:
    alone = CandidateIndex(LISTED[:1])
    assert match(Subject("p", (Name("Huawei"),)), alone)
