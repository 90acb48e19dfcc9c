"""Which Malaysian code an item has, from its US classification: asked of the US rules that lie beside."""

from dataclasses import dataclass
from typing import Any

from procurement.regimes import us_ear
from procurement.regimes.answer import must
from procurement.regimes.dated import Book, Sheet, exact_keys
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.notes import Answer, Notebook
from procurement.regimes.outcome import Missing
from procurement.regimes.us_ear.classification import Tier, classify

US_RULES = "us_ear/rule_versions.yaml"
PAPERS = Missing(
    "origin.classification",
    "The US classification of the item is not known, so neither is its Malaysian code.",
    "the chip's page in the catalogue, or --us-classification",
)


@dataclass(frozen=True, slots=True)
class Code:
    """The Malaysian code of a listed item; an empty one with answer NO is an item outside the directive."""

    answer: Answer
    code: str = ""
    us_entry: str = ""


def read_codes(sheet: Sheet) -> tuple[tuple[str, str], ...]:
    """US entry -> Malaysian code, in the file's order."""
    rows: list[dict[str, Any]] = sheet.only("codes")["codes"]
    for row in rows:
        exact_keys(row, ("us", "code"), sheet.where)
    return tuple((str(row["us"]), str(row["code"])) for row in rows)


def read_us_book(sheet: Sheet) -> Book:
    """The US rules of this very rule set, so that an older set answers with the US rules it was made with."""
    return us_ear.LAW.book({name: text for name, text in sheet.book.texts.items() if not name.startswith("my_sta/")})


def code_of(facts: TransactionFacts, notes: Notebook) -> Code:
    """The item's code under the directive.

    Simplification: where Writ cannot classify the item, the entry that its papers give is taken; where both are
    known and differ, the listed one counts (errs to the strict side).
    """
    us = Notebook(notes.law.book.read(US_RULES, read_us_book).at(notes.law.on))
    found = classify(facts.item, us)
    notes.law.used.update({f"{us_ear.REGIME}/{name}": version for name, version in us.law.used.items()})
    for text in us.unverified:
        notes.warn(text)
    stated = facts.origin.classification.strip().upper()
    entry = found.eccn or stated
    code = malaysian_code(entry, notes)
    answer = Answer.YES if code or found.is_listed else Answer.of(None if found.tier is Tier.UNKNOWN else False)
    version = must(notes, "codes")
    notes.branch(
        version,
        "Is it an item of the directive?",
        answer,
        fact=f"US entry: {found.eccn or 'none met' if found.tier is not Tier.UNKNOWN else 'not known'}"
        + (f"; papers: {stated}" if stated else ""),
        threshold="a code that follows a US entry for advanced chips, computers or assemblies",
    )
    if stated and found.tier is not Tier.UNKNOWN and stated != (found.eccn or "").upper():
        text = f"The papers give {stated}; Writ finds {found.eccn or 'no listed entry'}: settle which one is right."
        notes.reason(version, text, is_flag=True)
    if answer is Answer.UNKNOWN:
        notes.lack(*us.missing, PAPERS)
    if answer is Answer.YES:
        notes.warn(version.verify)
    if answer is Answer.YES and not code:
        notes.warn(f"No Malaysian code is encoded for {entry}: ask the authority for it.")
    return Code(answer, code, entry)


def malaysian_code(entry: str, notes: Notebook) -> str:
    """The code of a US entry or of a parent paragraph of it; empty where none is encoded."""
    rows = notes.law.book.read("codes.yaml", read_codes)
    wanted = f"{entry}.".upper()
    return next((code for us, code in rows if wanted.startswith(f"{us}.".upper())), "")
