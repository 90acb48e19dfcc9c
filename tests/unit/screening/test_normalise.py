"""Names that are the same are brought to the same spelling."""

import pytest

from procurement.screening.matching.normalise import normalise, spellings


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("HUAWEI Technologies Co., Ltd.", ("huawei", "technologies")),
        ("Ｈｕａｗｅｉ Technologies", ("huawei", "technologies")),
        ("Hua\u200bwei\u2060 Technologies", ("huawei", "technologies")),
        ("Société Générale S.A.", ("societe", "generale")),
        ("Siemens Aktiengesellschaft", ("siemens",)),
        ("Владимир Путин", ("vladimir", "putin")),
        ("华为技术有限公司", ("华为技术",)),
        ("Sa'id ABU-MARZUQ", ("said", "abu", "marzuq")),
        ("Smith & Sons, L.L.C.", ("smith", "sons")),
        ("Groß Straße GmbH", ("gross", "strasse")),
        ("Łódź Øresund", ("lodz", "oresund")),
    ],
)
def test_normalise_spelling_variants_meet(written: str, expected: tuple[str, ...]) -> None:
    assert normalise(written).tokens == expected


def test_normalise_latin_ni_in_cyrillic_letters_all_twins_becomes_latin() -> None:
    mixed = "Н" + "U" + "АWEI"  # Cyrillic Н and А
    assert normalise(mixed).tokens == ("huawei",)


def test_normalise_form_alone_keeps_its_words() -> None:
    assert normalise("Limited Company").tokens == ("limited", "company")


def test_normalise_form_is_kept_beside_the_tokens() -> None:
    assert normalise("Alfa OOO").forms == ("ooo",)


def test_normalise_order_of_words_does_not_change_the_key() -> None:
    assert normalise("PUTIN, Vladimir").key == normalise("Vladimir Putin").key


def test_normalise_arabic_says_it_lacks_vowels() -> None:
    assert normalise("محمد علي").lacks_vowels
    assert not normalise("Mohamed Ali").lacks_vowels


@pytest.mark.parametrize("empty", ["", "   ", "\u200b", "—", "()"])
def test_normalise_nothing_gives_no_tokens(empty: str) -> None:
    assert normalise(empty).tokens == ()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("BARAK ბარაკ", ("barak", "barak")),
        ("バラク・オバマ", ("baraku", "obama")),
        ("Ig0r Sech1n", ("igor", "sechin")),
        ("Example 2000", ("example", "2000")),
        ("Join Stock Company Avtoagregat", ("avtoagregat",)),
        ("Velesstroy Limited Liabiliy Company", ("velesstroy",)),
        ("BSTFRTN CMPNY LMTD", ("bstfrtn",)),
        ("Example Systems Corpora", ("example", "systems")),
    ],
)
def test_normalise_other_scripts_digits_and_misspelt_forms(written: str, expected: tuple[str, ...]) -> None:
    assert normalise(written).tokens == expected


def test_spellings_of_a_chinese_name_are_its_characters_and_its_sound() -> None:
    written, sound = spellings("王伟")
    assert (written.tokens, written.is_sound) == (("王伟",), False)
    assert (sound.tokens, sound.is_sound) == (("wang", "wei"), True)


def test_spellings_of_a_name_without_words_are_none() -> None:
    assert spellings("—") == ()


@pytest.mark.parametrize(("written", "lacks"), [("VLDMR PTN", True), ("Vladimir Putin", False), ("NG", False)])
def test_normalise_tells_a_name_written_without_vowels(written: str, lacks: bool) -> None:
    assert normalise(written).lacks_vowels is lacks
