"""Determinations as their pages show them: an order's, one in full with its replay, and a question by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from procurement.catalog.chips import UnknownChip, find_chip
from procurement.determinations.differences import Differences, differences
from procurement.determinations.models import AdHocDetermination, Determination
from procurement.determinations.program import program
from procurement.determinations.replay import by_present_rules, replayed
from procurement.determinations.rules import kept_book, present
from procurement.determinations.trees import tree_of
from procurement.regimes.dated import Book, LawFault
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.plain import FactsRefused, from_plain
from procurement.regimes.registry import REGIMES, regime


def stored(row: Determination) -> dict[str, Any]:
    """A stored determination, with its lines' trees."""
    book = _book(row.regime, row.rule_set_sha256)
    return {
        **tree_of(row.result, book),
        "row": row,
        "others": [tree_of(line, book) for line in row.result.get("other_lines", ())],
        "chips": [chip_name(line["item"]["chip"]) for line in row.inputs["lines"]],
        "url": reverse("determinations:detail", args=[row.pk]),
        "list_snapshots": row.list_snapshots,
    }


def stored_page(row: Determination) -> dict[str, Any]:
    """The page of one determination: its tree, its inputs, its replay, and what the present rules would change."""
    return {
        "shown": stored(row),
        "row": row,
        "replay": replayed(row),
        "program": program(),
        **_under_present_rules(row),
        "inputs": [_inputs(line) for line in row.inputs["lines"]],
    }


def _under_present_rules(row: Determination) -> dict[str, Any]:
    """What differs under the present rule set; nothing to say where it is the one the row was made with."""
    book = present().book(row.regime)
    if book.digest == row.rule_set_sha256:
        return {"is_present_set": True, "would_change": None, "changes": None, "present_fault": ""}
    try:
        found = by_present_rules(row)
    except (LawFault, FactsRefused) as fault:
        return {"is_present_set": False, "would_change": None, "changes": None, "present_fault": str(fault)}
    changes = differences(row.result, found)
    tree = tree_of(found, book, beside=row.result) if changes else None
    return {"is_present_set": False, "would_change": tree, "changes": in_rows(changes), "present_fault": ""}


def in_rows(found: Differences) -> dict[str, Any]:
    """Differences for the partial `determinations/_differences.html`."""
    return {
        "any": bool(found),
        "turned": [(each, _words()[each.what]) for each in found.turned],
        "moved": [(each, _words()[each.what]) for each in found.moved if each.what in _words()],
        "reasons": next((each for each in found.moved if each.what == "reasons"), None),
        "branches": found.branches,
        "is_detail_only": found.is_detail_only,
    }


def _words() -> dict[str, str]:
    return {
        "lane": _("Lane"),
        "review_policy": _("Review policy"),
        "duty_rate": _("Duty, as a fraction"),
        "eccn": "ECCN",
        "certifications": _("Certifications"),
        "exceptions": _("Exceptions"),
        "missing": _("Missing facts"),
    }


def asked(row: AdHocDetermination) -> list[dict[str, Any]]:
    """The trees of a question by hand, computed again from its facts and days by the rules of then."""
    facts = from_plain(TransactionFacts, row.inputs["facts"])
    return [tree_of(_again(row, facts, name, day), _rules_of(row, name)) for name, day in days_of(row).items()]


def days_of(row: AdHocDetermination) -> dict[str, date]:
    """The day that each regime answered a question by hand for, in the registry's order."""
    on = row.inputs["on"]
    return {each.id: date.fromisoformat(on[each.id]) for each in REGIMES if each.id in on}


def chip_name(slug: str) -> str:
    """The name of a chip in the catalogue's file, or its slug."""
    try:
        return find_chip(slug).name
    except UnknownChip:
        return slug


def _again(row: AdHocDetermination, facts: TransactionFacts, name: str, on: date) -> dict[str, Any]:
    return regime(name).determine(facts, on=on, book=_rules_of(row, name)).to_json()


def _rules_of(row: AdHocDetermination, name: str) -> Book:
    return _book(name, row.rule_sets.get(name, ""))


def _book(name: str, sha256: str) -> Book:
    """The book that a digest was kept for, or the present one where none was."""
    try:
        return kept_book(name, sha256) or present().book(name)
    except LawFault:
        return present().book(name)


def _inputs(line: dict[str, Any]) -> list[tuple[str, str]]:
    """The facts that were told, flat, empty ones left out."""
    return [(name, value) for name, value in _flat("", line) if value not in ("", "None", "[]")]


def _flat(prefix: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for name, each in value.items() for pair in _flat(f"{prefix}.{name}" if prefix else name, each)]
    if isinstance(value, list):
        return [pair for n, each in enumerate(value, start=1) for pair in _flat(f"{prefix} {n}", each)]
    return [(prefix.replace("_", " ").replace(".", ": "), str(value))]
