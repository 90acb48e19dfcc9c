"""A regime's answer as the partial `determinations/_tree.html` shows it: plain words and figures, no rule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.words import in_words
from procurement.determinations.differences import branch_key, reason_key
from procurement.regimes.citations import linked
from procurement.regimes.dated import Book, Confidence, RuleVersion
from procurement.regimes.outcome import Result
from procurement.regimes.registry import regime

TONES: Final = {Result.MET: "info", Result.NOT_MET: "calm", Result.UNKNOWN: "wait", Result.NOTED: "calm"}
ICONS: Final = {
    Result.MET: "check",
    Result.NOT_MET: "circle-minus",
    Result.UNKNOWN: "help-circle",
    Result.NOTED: "info-circle",
}
HELD: Final = {
    Confidence.PRIMARY: gettext_lazy("primary text read"),
    Confidence.SECONDARY: gettext_lazy("secondary source"),
    Confidence.MEMORY: gettext_lazy("from memory: check it"),
}
Shown = dict[str, Any]


def tree_of(result: Shown, book: Book | None = None, beside: Shown | None = None) -> Shown:
    """What is shown of one regime's answer.

    Args:
        book: the rules it was made under, for the titles of its rules; the present ones unless told.
        beside: another answer to the same question; what differs from it is marked.
    """
    held = regime(result["regime"])
    reasons = [_reason(each, beside) for each in result["reasons"] if not str(each["rule"]).startswith("missing:")]
    return {
        "regime": held.title,
        "on": date.fromisoformat(result["on"]),
        "lane": result["lane"],
        "review_policy": result["review_policy"],
        "eccn": result["eccn"],
        "duty": _duty(result["duty_rate"]),
        "reasons": [each for each in reasons if not each["is_flag"]],
        "flags": [each for each in reasons if each["is_flag"]],
        "missing": result["missing"],
        "certifications": [_cited(each) for each in result["certifications"]],
        "exceptions": [_cited(each) for each in result["exceptions"]],
        "unverified": result["unverified"],
        "upcoming": [{**each, "on": date.fromisoformat(each["on"])} for each in result["upcoming"]],
        "steps": _steps(result["tree"], book or held.book(), beside),
        "rule_versions": result["rule_versions"],
        "law": _law(result["rule_versions"], book or held.book()),
        "rule_set": result["rule_set_sha256"],
    }


def _law(ids: Iterable[str], book: Book) -> list[Shown]:
    """The rule versions that the answer rests on: their standing, days and sources, and how each is held here."""
    by_id = {each.id: each for each in book.versions}
    return [_version(by_id[name]) for name in ids if name in by_id]


def _version(each: RuleVersion) -> Shown:
    return {
        "id": each.id,
        "title": each.title,
        "standing": in_words(each.state),
        "effective": each.effective,
        "compliance": each.compliance,
        "ends": each.ends,
        "source": each.source,
        "held": HELD[each.confidence],
        "links": linked(each.citation),
    }


def _reason(row: Shown, beside: Shown | None) -> Shown:
    held = {reason_key(each) for each in beside["reasons"]} if beside is not None else {reason_key(row)}
    return {**_cited(row), "only_here": reason_key(row) not in held}


def _steps(rows: list[Shown], book: Book, beside: Shown | None) -> list[Shown]:
    """The branches under the rules that asked them, in the order they were asked; a branch holds those under it."""
    titles = {each.rule: each.title for each in book.versions}
    others = None if beside is None else {branch_key(row): row["result"] for row in beside["tree"]}
    roots = _forest(_branch(row, others) for row in rows)
    return [
        {"title": titles.get(rule, rule), "rule": rule, "branches": list(group)}
        for rule, group in groupby(roots, key=lambda each: each["rule"])
    ]


def _forest(branches: Iterable[Shown]) -> list[Shown]:
    roots: list[Shown] = []
    by_question: dict[str, Shown] = {}
    for each in branches:
        parent = by_question.get(each["under"])
        (roots if parent is None else parent["children"]).append(each)
        by_question[each["question"]] = each
    return roots


def _branch(row: Shown, others: dict[tuple[str, ...], str] | None) -> Shown:
    words = {
        Result.MET: _("Yes"),
        Result.NOT_MET: _("No"),
        Result.UNKNOWN: _("Not known"),
        Result.NOTED: _("Noted"),
    }
    result = Result(row["result"])
    differs = others is not None and others.get(branch_key(row)) != row["result"]
    shown: Shown = {
        "words": words[result],
        "tone": TONES[result],
        "icon": ICONS[result],
        "differs": differs,
        "children": [],
    }
    return {**_cited(row), **shown}


def _cited(row: Shown) -> Shown:
    return {**row, "links": linked(row["citation"])}


def _duty(rate: str | None) -> str:
    return "" if rate is None else f"{(Decimal(rate) * 100).normalize():f} %"
