"""The ECCN to write: the chip's own entry, that of the computer which holds it, or the .z twin of another entry."""

from procurement.regimes.dated import RuleVersion
from procurement.regimes.facts import Form, ItemFacts
from procurement.regimes.notes import Notebook
from procurement.regimes.outcome import Missing

TWINS = ("3A001", "4A003", "4A004", "4A005", "5A004")
CRYPTANALYTIC = "5A004"
ENCRYPTION = Missing(
    "item.has_encryption",
    "Whether what is shipped has encryption is not stated: with it, the entry is most likely 5A992.z.",
    "the order (encryption), or --encryption",
)


def entry_2022(item: ItemFacts, version: RuleVersion, notes: Notebook) -> str:
    """The ECCN under the rule of 2022, which had neither paragraphs nor .z twins."""
    if item.form is None:
        notes.warn("The ECCN is that of the bare chip: a computer that holds it is 4A090. State the form shipped.")
    if item.form is not Form.SERVER:
        return "3A090"
    if item.has_encryption:
        notes.warn("Until 2023-11-16 an item with encryption kept its own entry, and the same requirement reached it.")
    return _said("4A090", item, version, notes)


def entry_2023(paragraph: str, item: ItemFacts, version: RuleVersion, notes: Notebook) -> str:
    """The ECCN for a chip of paragraph `a` or `b`: 3A090, 4A090, 5A992.z, or the .z twin of the entry it meets besides.

    Source: related controls of 3A090 and 4A090, eCFR of 2026-07-23.
    Simplification: of the .z entries but 5A992.z the sub-paragraph is left to the classifier, and said to be.
    """
    if item.form is None:
        notes.warn(
            "The ECCN is that of the bare chip: a server or module that holds it is 4A090, and most with encryption "
            "are 5A992.z. State the form that is shipped."
        )
        return f"3A090.{paragraph}"
    if twin := _twin(paragraph, item, notes):
        return _said(twin, item, version, notes)
    if item.form is not Form.SERVER:
        return f"3A090.{paragraph}"
    if item.has_encryption is None:
        notes.warn(ENCRYPTION.text)
        notes.lack(ENCRYPTION)
    return _said(f"4A090.{paragraph}", item, version, notes)


def _twin(paragraph: str, item: ItemFacts, notes: Notebook) -> str | None:
    """The .z entry, encryption before the rest: 5A004 and 5A002 come before 5A992, and that before 3A001 and 4A003."""
    other = item.other_eccn
    if other is not None and other not in TWINS:
        notes.warn(f"{other} has no .z paragraph that is known here, so it was not considered.")
        other = None
    if item.has_encryption and other != CRYPTANALYTIC:
        if item.is_mass_market is None:
            notes.warn("5A992.z supposes mass-market encryption; other encryption is 5A002.z or 5A004.z.")
        if item.is_mass_market is not False:
            return f"5A992.z.{'1' if paragraph == 'a' else '2'}"
        other = "5A002"
    if other is None:
        return None
    notes.warn(f"Which sub-paragraph of {other}.z it is follows from the paragraph of {other} that it meets.")
    return f"{other}.z"


def _said(eccn: str, item: ItemFacts, version: RuleVersion, notes: Notebook) -> str:
    notes.reason(version, f"What is shipped holds {item.name}, so it is {eccn}.")
    return eccn
