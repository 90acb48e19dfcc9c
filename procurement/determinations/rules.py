"""The rule set an installation answers by, and those that former determinations were made under."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings

from procurement.determinations.models import RuleSetText
from procurement.regimes import rule_set
from procurement.regimes.dated import Book, LawFault
from procurement.regimes.rule_set import RuleSet

_KEPT: dict[str, Book] = {}


def present() -> RuleSet:
    """The set that answers now: that of the folder ``WRIT_RULES`` names, else the packages' own.

    It is read once a process: a folder that is edited answers after the next start.

    Raises:
        LawFault: the folder is not what it must be; a system check says so at the start.
    """
    return _from_folder(settings.WRIT_RULES) if settings.WRIT_RULES else rule_set.own()


@cache
def _from_folder(folder: str) -> RuleSet:
    return rule_set.from_folder(Path(folder))


def kept_book(regime: str, sha256: str) -> Book | None:
    """The book of a digest: the present one where it is the same, else from the texts kept; None where none were.

    Raises:
        LawFault: this program cannot read the texts kept, or they are not those of the digest.
    """
    held = present().book(regime)
    if held.digest == sha256:
        return held
    if sha256 not in _KEPT and (row := RuleSetText.objects.filter(pk=sha256, regime=regime).first()):
        found = rule_set.stored_book(regime, row.texts)
        if found.digest != sha256:
            raise LawFault(f"{regime}: the texts kept as {sha256[:12]} are not those of that digest")
        _KEPT[sha256] = found
    return _KEPT.get(sha256)
