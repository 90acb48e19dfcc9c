"""How a state looks on a page: its words, its tone (colour) and its icon, in one place.

States themselves are declared in each slice's ``states.py``. A state that is not listed here is shown by its own
words in the neutral tone, so a new state is never hidden and never looks reassuring by accident.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db.models import Count, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Tone(StrEnum):
    """The colours of the pages; each has a light and a dark value in ``assets/css/tokens.css``."""

    OK = "ok"
    WAIT = "wait"
    BAD = "bad"
    INFO = "info"
    CALM = "calm"


@dataclass(frozen=True)
class Look:
    """What a reader sees of one state: word, colour and icon together."""

    tone: Tone
    icon: str
    label: str | Promise


_ICONS: Final[dict[Tone, str]] = {
    Tone.OK: "circle-check",
    Tone.WAIT: "clock",
    Tone.BAD: "alert-octagon",
    Tone.INFO: "circle-dot",
    Tone.CALM: "circle-minus",
}

_WORDS: Final[dict[Tone, dict[str, str | Promise]]] = {
    Tone.OK: {
        "whole": _("Whole"),
        "approved": _("Approved"),
        "active": _("In force"),
        "succeeded": _("Succeeded"),
        "done": _("Done"),
        "received": _("Received"),
        "clear": _("Clear"),
        "false_positive": _("False positive"),
        "released": _("Released"),
        "no_requirement_found": _("No requirement found"),
        "exception": _("Exception"),
        "approval": _("Approval"),
        "verified": _("Verified"),
        "sealed": _("Sealed"),
        "available": _("Available"),
        "enrolled": _("Enrolled"),
        "bound": _("Bound"),
        "met": _("Met"),
        "held": _("Held"),
        "accepted": _("Accepted"),
        "loaded": _("Loaded"),
        "unchanged": _("Unchanged"),
        "kept_by_writ": _("Kept by Writ"),
        "resolved": _("Resolved"),
    },
    Tone.WAIT: {
        "pending": _("Pending"),
        "in_review": _("In review"),
        "open": _("Open"),
        "advised": _("Advised"),
        "waiting_for_applicant": _("Waiting for the team"),
        "waiting": _("Waiting"),
        "licence_required": _("Licence required"),
        "held_reported": _("Held: reported guidance"),
        "undetermined": _("Undetermined"),
        "case_by_case": _("Case by case"),
        "undecided": _("Undecided"),
        "not_screened": _("Not screened"),
        "draining": _("Draining"),
        "drained": _("Drained"),
        "suspended": _("Suspended"),
        "quarantined": _("Quarantined"),
        "never_claimed": _("Never claimed"),
        "silent": _("Silent"),
        "unbound": _("Not bound"),
        "unlicensed": _("Unlicensed"),
        "unverified": _("Unverified"),
        "expiring": _("Ends soon"),
        "todo": _("To do"),
        "not_on_file": _("Not on file"),
        "filed": _("Waits for an officer"),
        "lapsed": _("Lapsed"),
        "not_yet_kept": _("Not settled yet"),
        "to_answer": _("To answer"),
        "stands": _("Stands"),
        "standing": _("Holds"),
        "lift_proposed": _("To be lifted: holds until signed"),
    },
    Tone.BAD: {
        "broken": _("Broken"),
        "declined": _("Declined"),
        "refused": _("Refused"),
        "unreachable": _("Not to be had"),
        "stopped": _("Stopped"),
        "revoked": _("Revoked"),
        "expired": _("Expired"),
        "failed": _("Failed"),
        "killed": _("Killed"),
        "host_lost": _("Host lost"),
        "prohibited": _("Prohibited"),
        "denial": _("Denial"),
        "true_match": _("True match"),
        "matched": _("Matched"),
        "blocked": _("Blocked"),
        "at_cap": _("At its cap"),
        "returned": _("Returned"),
        "late": _("Late"),
        "exhausted": _("Used up"),
    },
    Tone.INFO: {
        "running": _("Running"),
        "claimed": _("Claimed"),
        "placed": _("Placed"),
        "shipped": _("Shipped"),
        "leased": _("In use"),
        "emulated": _("Emulated"),
    },
    Tone.CALM: {
        "draft": _("Draft"),
        "withdrawn": _("Withdrawn"),
        "replaced": _("Replaced"),
        "not_seen": _("Not seen"),
        "unanswered": _("Not answered"),
        "cancelled": _("Cancelled"),
        "closed": _("Closed"),
        "ended": _("Ended"),
        "lifted": _("Lifted"),
        "retired": _("Retired"),
        "not_applicable": _("Not needed"),
    },
}

_OWN_ICONS: Final[dict[str, str]] = {
    "blocked": "ban",
    "bound": "link",
    "broken": "unlink",
    "declined": "circle-x",
    "draft": "pencil",
    "drained": "player-stop",
    "draining": "player-pause",
    "emulated": "test-pipe",
    "expired": "hourglass",
    "expiring": "hourglass",
    "held_reported": "clock-pause",
    "in_review": "eye",
    "lapsed": "hourglass",
    "lift_proposed": "lock",
    "licence_required": "certificate",
    "not_on_file": "circle-dashed",
    "prohibited": "ban",
    "quarantined": "shield-lock",
    "refused": "circle-x",
    "revoked": "circle-x",
    "running": "player-play",
    "shipped": "truck",
    "standing": "lock",
    "stands": "flag",
    "suspended": "clock-pause",
    "todo": "circle-dashed",
    "true_match": "user-check",
    "unbound": "unlink",
    "undetermined": "help-circle",
    "waiting_for_applicant": "message-question",
}

LOOKS: Final[dict[str, Look]] = {
    state: Look(tone, _OWN_ICONS.get(state, _ICONS[tone]), label)
    for tone, states in _WORDS.items()
    for state, label in states.items()
}


def look_of(state: object, label: str | Promise | None = None) -> Look:
    """How ``state`` is shown.

    Args:
        state: a member of a slice's ``State`` (or its stored value).
        label: words to use instead of the listed ones.
    """
    code = str(getattr(state, "value", state))
    words = label or getattr(state, "label", None)
    known = LOOKS.get(code)
    if known is None:
        return Look(Tone.CALM, "circle-dot", words or code.replace("_", " ").capitalize())
    return Look(known.tone, known.icon, words or known.label)


_LINKS: Final[dict[str, tuple[str | Promise, str]]] = {
    "demand": (_("Demand"), "chart-line"),
    "order": (_("Order"), "shopping-cart"),
    "determination": (_("Determination"), "scale"),
    "screening": (_("Screening"), "user-search"),
    "exporter_licence": (_("Licence, exporter side"), "certificate"),
    "importer_licence": (_("Licence, importer side"), "license"),
    "receipt": (_("Receipt"), "receipt"),
    "device": (_("Device"), "cpu"),
    "site": (_("Site"), "map-pin"),
    "filing": (_("Filing"), "file-text"),
    "decision": (_("Decision"), "gavel"),
    "grant": (_("Grant"), "hourglass"),
    "people": (_("People"), "users"),
    "warrant": (_("Warrant"), "shield-check"),
    "job": (_("Job"), "player-play"),
}


def link_name(kind: object) -> tuple[str | Promise, str]:
    """The words and the icon of one kind of link of the chain (``LinkKind``)."""
    code = str(getattr(kind, "value", kind))
    return _LINKS.get(code, (code.replace("_", " ").capitalize(), "link"))


def tabs_by_state(rows: QuerySet[Any], states: type[StrEnum], listing: str, here: str) -> list[dict[str, Any]]:
    """One tab for all of ``rows``, and one a state that some are in; ``here`` is the state chosen, or empty."""
    counts: dict[str, int] = dict(rows.order_by().values_list("state").annotate(n=Count("pk", distinct=True)))
    every = {"label": _("All"), "url": listing, "is_here": not here, "count": sum(counts.values())}
    return [every] + [
        {
            "label": look_of(state).label,
            "url": f"{listing}?state={state}",
            "is_here": here == state,
            "count": counts[state],
        }
        for state in states
        if state in counts
    ]
