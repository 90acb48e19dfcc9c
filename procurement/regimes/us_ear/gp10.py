"""General prohibition ten and advanced circuits of PRC design: a flag, to US persons and to the officer."""

import re
from collections.abc import Iterable

from procurement.regimes.facts import TransactionFacts
from procurement.regimes.notes import Notebook
from procurement.regimes.us_ear.classification import Classification

PRC = "CN"
ASCEND = re.compile(r"ascend|昇腾|昇騰|\b910\s?[bcd]\b|huawei\W+(?:\w+\W+)?9[0-9]0", re.IGNORECASE)

_WHOLE = re.compile(rf"(?:{ASCEND.pattern})(?:\s?\d{{3}}\w?)?", re.IGNORECASE)


def flag(facts: TransactionFacts, item: Classification, notes: Notebook) -> None:
    """Raises the flag wherever an Ascend chip is dealt in, weighed, ordered beside or bought together.

    Source: BIS guidance of 2025-05-13 on 15 CFR 736.2(b)(10): circuits of PRC design that meet 3A090 are presumed
    made against the rules; it names Ascend 910B, 910C and 910D.
    Simplification: of other PRC circuits only the item itself is asked, by its own parameters.
    """
    version = notes.law.version("gp10")
    if version is None:
        return
    for how, names in _where(facts).items():
        for name in dict.fromkeys(each for each in names if ASCEND.search(each)):
            text = f"{name} {how}: BIS says that dealing in it risks general prohibition ten; US persons take note."
            notes.reason(version, text, is_flag=True)
    if item.is_listed and facts.item.maker_country == PRC and not ASCEND.search(facts.item.name):
        text = f"{facts.item.name} is of PRC design and meets 3A090: BIS presumes a risk of general prohibition ten."
        notes.reason(version, text, is_flag=True)


def named(*texts: str) -> tuple[str, ...]:
    """The Ascend chips that texts name, each once, as they are written there."""
    found = (each.group() for text in texts for each in _WHOLE.finditer(text))
    return tuple(dict.fromkeys(each.strip() for each in found))


def _where(facts: TransactionFacts) -> dict[str, Iterable[str]]:
    weighed = (*facts.imports.domestic_alternatives, *named(facts.imports.domestic_reason))
    return {
        "is the item": (facts.item.name,),
        "is ordered beside": facts.ordered_beside,
        "is bought together with it": facts.imports.co_purchased,
        "is weighed": weighed,
    }
