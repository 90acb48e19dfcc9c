"""Whether a party is on Taiwan's SHTC entity list: a confirmed match, a check by hand, or nobody looked."""

import re
from datetime import date
from typing import Any

from procurement.regimes.answer import must
from procurement.regimes.dated import Sheet, exact_keys
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.notes import Answer, Notebook
from procurement.regimes.outcome import Missing

LIST_NAME = "Taiwan SHTC Entity List"
SOURCE_CODE = "tw_shtc"
PAGE = "the order's page (other countries' permits), or --tw-list-checked-on"


def read_entries(sheet: Sheet) -> tuple[tuple[str, date], ...]:
    """The entries known by name, with the day of their listing."""
    rows: list[dict[str, Any]] = sheet.only("entries")["entries"]
    for row in rows:
        exact_keys(row, ("name", "listed_on"), sheet.where)
    return tuple((str(row["name"]), row["listed_on"]) for row in rows)


def listed(facts: TransactionFacts, notes: Notebook) -> Answer:
    """Whether any party is listed; before the list that is held, and where nobody looked, it is not known."""
    version = notes.law.version("entity-list")
    if version is None:
        return _no_list(notes)
    found = [
        f"{party.name} ({entry.entry})"
        for party in facts.parties
        for entry in party.listings or ()
        if entry.list_name == LIST_NAME
    ]
    checked = _was_checked(facts, notes)
    answer = Answer.YES if found else Answer.of(False if checked else None)
    total, added = notes.law.value("list.total"), notes.law.value("list.added")
    notes.branch(
        version,
        "Is a party on the SHTC entity list?",
        answer,
        fact="; ".join(found) or ("checked, none found" if checked else "not checked against the official list"),
        threshold=f"an entry of the list ({total:,} entries, {added} of them added on {version.effective})",
    )
    for text in found:
        notes.reason(version, f"{text} is on the SHTC entity list.")
    _name_flags(facts, notes)
    if answer is Answer.UNKNOWN:
        notes.lack(Missing("taiwan.list_checked_on", _why_unknown(facts, notes), PAGE))
    return answer


def _no_list(notes: Notebook) -> Answer:
    on = notes.law.on
    text = f"The SHTC entity list as it stood on {on} is not held; the one known is of 2025-06-10."
    notes.lack(Missing(f"tw_shtc_entity_list@{on}", text, "the rule data of the installation"))
    return Answer.UNKNOWN


def _was_checked(facts: TransactionFacts, notes: Notebook) -> bool:
    """By a loaded list and screened parties, or by hand no longer ago than the limit; the bound is inclusive."""
    screened = bool(facts.parties) and all(party.listings is not None for party in facts.parties)
    if screened and any(each.startswith(f"{SOURCE_CODE}@") for each in facts.list_snapshots):
        return True
    day, fresh = facts.taiwan.list_checked_on, notes.law.value("list.fresh_days")
    return day is not None and fresh is not None and 0 <= (notes.law.on - day).days <= fresh


def _why_unknown(facts: TransactionFacts, notes: Notebook) -> str:
    day, fresh = facts.taiwan.list_checked_on, notes.law.value("list.fresh_days")
    if day is None:
        return "The parties were not checked against Taiwan's SHTC entity list, which Writ does not hold."
    return (
        f"The check of {day} against Taiwan's SHTC entity list does not count on {notes.law.on}: {fresh} days at most."
    )


def _name_flags(facts: TransactionFacts, notes: Notebook) -> None:
    version = must(notes, "entity-list")
    for name, since in notes.law.book.read("entries.yaml", read_entries):
        for party in facts.parties:
            if since <= notes.law.on and re.search(rf"\b{re.escape(name)}\b", party.name, re.IGNORECASE):
                text = f"{party.name} bears the name of an entry listed on {since} ({name}): confirm who it is."
                notes.reason(version, text, is_flag=True)
