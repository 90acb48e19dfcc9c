"""Letters of one alphabet that pass for another's, put back where a word mixes alphabets.

Source: the confusables of Unicode Technical Standard 39, restricted to letters that look the same in common
typefaces.
"""

from __future__ import annotations

from procurement.screening.matching.transliteration import script_of

_TWINS = dict(
    zip(
        "АВЕКМНОРСТУХІЈЅԚԜаеорсухіјѕһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαιρυνκχ",
        "ABEKMHOPCTYXIJSQWaeopcyxijshdqwABEZHIKMNOPTYXoaipuvkx",
        strict=True,
    )
)
_LATIN_TWINS = str.maketrans(_TWINS)
_CYRILLIC_TWINS = str.maketrans("ABEKMHOPCTYXIJSaeopcyxijs", "АВЕКМНОРСТУХІЈЅаеорсухіјѕ")


def put_back(word: str) -> str:
    """A word in one alphabet: if every foreign letter passes for a Latin one it is Latin, else Cyrillic.

    A word that is wholly in one alphabet is left alone: it is transliterated, not "corrected".
    """
    if word.isascii():
        return word
    scripts = {script_of(letter) for letter in word if letter.isalpha()}
    if len(scripts) < 2 or "LATIN" not in scripts:
        return word
    if all(letter in _TWINS or script_of(letter) == "LATIN" for letter in word if letter.isalpha()):
        return word.translate(_LATIN_TWINS)
    return word.translate(_CYRILLIC_TWINS)
