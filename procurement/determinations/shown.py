"""A determination as its page shows it: plain words and figures, no rule."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from procurement.catalog.chips import UnknownChip, find_chip
from procurement.determinations.models import AdHocDetermination, Determination
from procurement.determinations.replay import recomputed, replay
from procurement.regimes.citations import linked
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.outcome import Result
from procurement.regimes.plain import from_plain
from procurement.regimes.registry import REGIMES, regime

TONES: Final = {Result.MET: "info", Result.NOT_MET: "calm", Result.UNKNOWN: "wait", Result.NOTED: "calm"}
ICONS: Final = {
    Result.MET: "check",
    Result.NOT_MET: "circle-minus",
    Result.UNKNOWN: "help-circle",
    Result.NOTED: "info-circle",
}


def stored(row: Determination) -> dict[str, Any]:
    """A stored determination, with its lines' trees."""
    return {
        **tree_of(row.result),
        "row": row,
        "others": [tree_of(line) for line in row.result.get("other_lines", ())],
        "chips": [_chip_name(line["item"]["chip"]) for line in row.inputs["lines"]],
        "url": reverse("determinations:detail", args=[row.pk]),
        "list_snapshots": row.list_snapshots,
    }


def stored_page(row: Determination) -> dict[str, Any]:
    """The page of one determination: its tree, its inputs, and whether it replays to the same bytes."""
    shown = stored(row)
    same = replay(row)
    return {
        "shown": shown,
        "row": row,
        "replays": same,
        "would_change": None if same else tree_of(recomputed(row)),
        "inputs": [_inputs(line) for line in row.inputs["lines"]],
    }


def asked(row: AdHocDetermination) -> list[dict[str, Any]]:
    """The trees of a question by hand, computed again from its stored facts and days."""
    facts = from_plain(TransactionFacts, row.inputs["facts"])
    days = {each.id: date.fromisoformat(row.inputs["on"][each.id]) for each in REGIMES if each.id in row.inputs["on"]}
    return [tree_of(regime(name).determine(facts, on=day).to_json()) for name, day in days.items()]


def tree_of(result: dict[str, Any]) -> dict[str, Any]:
    """What the partial `determinations/_tree.html` shows of one regime's answer."""
    return {
        "regime": regime(result["regime"]).title,
        "on": date.fromisoformat(result["on"]),
        "lane": result["lane"],
        "review_policy": result["review_policy"],
        "eccn": result["eccn"],
        "duty": _duty(result["duty_rate"]),
        "reasons": [_cited(each) for each in result["reasons"] if not _is_lack(each) and not each["is_flag"]],
        "flags": [_cited(each) for each in result["reasons"] if each["is_flag"]],
        "missing": result["missing"],
        "certifications": [_cited(each) for each in result["certifications"]],
        "exceptions": [_cited(each) for each in result["exceptions"]],
        "unverified": result["unverified"],
        "upcoming": [{**each, "on": date.fromisoformat(each["on"])} for each in result["upcoming"]],
        "branches": [_branch(each) for each in result["tree"]],
        "rule_versions": result["rule_versions"],
        "rule_set": result["rule_set_sha256"],
    }


def _cited(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "links": linked(row["citation"])}


def _branch(row: dict[str, Any]) -> dict[str, Any]:
    words = {
        Result.MET: _("Yes"),
        Result.NOT_MET: _("No"),
        Result.UNKNOWN: _("Not known"),
        Result.NOTED: _("Noted"),
    }
    result = Result(row["result"])
    return {**_cited(row), "words": words[result], "tone": TONES[result], "icon": ICONS[result]}


def _is_lack(row: dict[str, Any]) -> bool:
    return str(row["rule"]).startswith("missing:")


def _duty(rate: str | None) -> str:
    if rate is None:
        return ""
    return f"{(Decimal(rate) * 100).normalize():f} %"


def _inputs(line: dict[str, Any]) -> list[tuple[str, str]]:
    """The facts that were told, flat, empty ones left out."""
    return [(name, value) for name, value in _flat("", line) if value not in ("", "None", "[]")]


def _flat(prefix: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for name, each in value.items() for pair in _flat(f"{prefix}.{name}" if prefix else name, each)]
    if isinstance(value, list):
        return [pair for n, each in enumerate(value, start=1) for pair in _flat(f"{prefix} {n}", each)]
    return [(prefix.replace("_", " ").replace(".", ": "), str(value))]


def _chip_name(slug: str) -> str:
    try:
        return find_chip(slug).name
    except UnknownChip:
        return slug
