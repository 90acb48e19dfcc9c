"""How a state looks on a page: its words, its tone (colour) and its icon, in one place.

States themselves are declared in each slice's ``states.py``. A state that is not listed here is shown by its own
words in the neutral tone, so a new state is never hidden and never looks reassuring by accident.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

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
        "whole": _("Whole"), "approved": _("Approved"), "active": _("In force"), "in_force": _("In force"),
        "live": _("Live"), "bound": _("Bound"), "in_service": _("In service"), "succeeded": _("Succeeded"),
        "completed": _("Completed"), "complete": _("Complete"), "done": _("Done"), "received": _("Received"),
        "cleared": _("Cleared"), "clear": _("Clear"), "false_positive": _("False positive"), "ok": _("OK"),
        "no_requirement_found": _("No requirement found"), "exception": _("Exception"), "verified": _("Verified"),
        "free": _("Free"), "released": _("Released"), "fulfilled": _("Fulfilled"), "confirmed": _("Confirmed"),
        "countersigned": _("Countersigned"), "sealed": _("Sealed"), "delivered": _("Delivered"),
        "available": _("Available"), "met": _("Met"), "enrolled": _("Enrolled"), "decided": _("Decided"),
        "approval": _("Approval"), "answered": _("Answered"), "accepted": _("Accepted"),
    },
    Tone.WAIT: {
        "pending": _("Pending"), "submitted": _("Submitted"), "in_review": _("In review"), "open": _("Open"),
        "claimed": _("Claimed"), "advised": _("Advised"), "questioned": _("Question asked"),
        "awaiting_answer": _("Awaiting an answer"), "awaiting_countersign": _("Awaiting countersignature"),
        "awaiting_determination": _("Awaiting determination"), "licence_required": _("Licence required"),
        "held_reported": _("Held: reported guidance"), "undetermined": _("Undetermined"), "undecided": _("Undecided"),
        "queued": _("Queued"), "waiting": _("Waiting"), "placed": _("Placed"), "held": _("Held"),
        "draining": _("Draining"), "suspended": _("Suspended"), "requeued": _("Requeued"),
        "quarantined": _("Quarantined"), "awaiting_licence": _("Awaiting licence"), "preempted": _("Preempted"),
        "silent": _("Silent"), "todo": _("To do"), "case_by_case": _("Case by case"), "expiring": _("Ends soon"),
        "unverified": _("Unverified"), "ordered": _("Ordered"), "in_transit": _("In transit"), "offered": _("Offered"),
        "potential": _("Possible match"), "possible": _("Possible match"), "requested": _("Requested"),
        "unlicensed": _("Unlicensed"), "drained": _("Drained"), "on_hold": _("On hold"), "paused": _("Paused"),
        "advice": _("Advised"), "awaiting_team": _("Waiting for the team"), "unbound": _("Not bound"),
        "partially_received": _("Partly received"), "part_received": _("Partly received"), "stopping": _("Stopping"),
    },
    Tone.BAD: {
        "broken": _("Broken"), "declined": _("Declined"), "refused": _("Refused"), "rejected": _("Rejected"),
        "revoked": _("Revoked"), "expired": _("Expired"), "lapsed": _("Lapsed"), "failed": _("Failed"),
        "killed": _("Killed"), "stopped": _("Stopped"), "prohibited": _("Prohibited"), "true_match": _("True match"),
        "blocked": _("Blocked"), "mismatch": _("Mismatch"), "lost": _("Lost"), "late": _("Late"), "hit": _("Hit"),
        "denial": _("Denial"), "unaccounted": _("Unaccounted for"), "incident": _("Incident"), "exhausted": _("Used up"),
        "denied": _("Denied"), "listed": _("Listed"), "unhealthy": _("Unhealthy"),
    },
    Tone.INFO: {
        "running": _("Running"), "shipped": _("Shipped"), "starting": _("Starting"), "new": _("New"),
        "leased": _("Leased"), "in_use": _("In use"), "allocated": _("Allocated"), "part_used": _("Part used"),
        "emulated": _("Emulated"), "checkpointing": _("Checkpointing"), "ready": _("Ready"), "resumed": _("Resumed"),
    },
    Tone.CALM: {
        "draft": _("Draft"), "withdrawn": _("Withdrawn"), "cancelled": _("Cancelled"), "closed": _("Closed"),
        "superseded": _("Superseded"), "not_applicable": _("Not needed"), "not_needed": _("Not needed"),
        "retired": _("Retired"), "returned": _("Returned"), "idle": _("Idle"), "unknown": _("Unknown"),
        "none": _("None"), "ended": _("Ended"),
    },
}  # fmt: skip

_OWN_ICONS: Final[dict[str, str]] = {
    "running": "player-play", "draining": "player-pause", "drained": "player-stop", "suspended": "clock-pause",
    "quarantined": "shield-lock", "prohibited": "ban", "revoked": "circle-x", "declined": "circle-x",
    "refused": "circle-x", "rejected": "circle-x", "denied": "circle-x", "expired": "hourglass", "lapsed": "hourglass",
    "draft": "pencil", "in_review": "eye", "submitted": "send", "undetermined": "help-circle", "shipped": "truck",
    "in_transit": "truck", "emulated": "test-pipe", "awaiting_countersign": "users", "true_match": "user-check",
    "questioned": "message-question", "awaiting_answer": "message-question", "awaiting_team": "message-question",
    "held_reported": "clock-pause", "licence_required": "certificate", "bound": "link", "unbound": "unlink",
    "broken": "unlink", "whole": "circle-check", "todo": "circle-dashed", "blocked": "ban", "revoke": "ban",
}  # fmt: skip

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
