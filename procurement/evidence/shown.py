"""Certifications and their evidence as pages show them: plain values, no rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.documents import attachments_of
from ledger.queries import history
from procurement.evidence.asked import OWN_PIECES, SCREENING
from procurement.evidence.forms import PieceForm, ReasonForm
from procurement.evidence.models import Evidence
from procurement.evidence.services import OPEN_ORDERS, SHIPPING_ORDERS
from procurement.evidence.standing import Piece, PieceState, Standing, counts_on, standing_of
from procurement.evidence.states import EvidenceState
from procurement.orders.models import Order
from procurement.regimes.outcome import CertificationState

IN_REVIEW = "in_review"
NOT_ON_FILE = "not_on_file"


def page(order: Order, actor: Actor, forms: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Every certification of an order with its pieces and what may be done to each; ``forms`` came back with errors."""
    forms = forms or {}
    on = timezone.now().date()
    standings = standing_of(order, on)
    rows = [piece.filed for each in standings for piece in each.pieces]
    subjects = [("evidence", row.pk) for filed in rows for row in filed]
    return {
        **summary(order, actor, standings),
        "cards": [_card(order, actor, each, forms) for each in standings],
        "entries": history(subjects) if actor.may(Act.SEE_REVIEW) and subjects else [],
        "may_file": may_file(order, actor),
        "may_decide": actor.may(Act.ACCEPT_EVIDENCE),
    }


def summary(order: Order, actor: Actor, standings: list[Standing] | None = None) -> dict[str, Any]:
    """One line a certification, for the order's page and the case."""
    on = timezone.now().date()
    standings = standing_of(order, on) if standings is None else standings
    lines = [_line(each, actor) for each in standings]
    waiting = sum(1 for each in standings for piece in each.pieces if piece.state == PieceState.FILED)
    return {
        "order": order,
        "certifications": lines,
        "held": sum(1 for each in lines if each["state"] == CertificationState.HELD),
        "waiting": waiting if actor.may(Act.ACCEPT_EVIDENCE) else 0,
        "url": reverse("evidence:order", args=[order.pk]),
        "may_file": may_file(order, actor),
    }


def may_file(order: Order, actor: Actor) -> bool:
    """Whether the page offers this person a form; the service decides again."""
    if not actor.may(Act.FILE_EVIDENCE):
        return False
    if actor.may(Act.PLACE_ORDER):
        return order.team_id == actor.team.pk and order.state in OPEN_ORDERS
    return order.state in SHIPPING_ORDERS


def piece_key(standing: Standing, piece: Piece) -> str:
    """Names one piece on the page, for its form and its address."""
    line = standing.asked.line
    return f"{standing.asked.id}-{line.pk if line else 0}-{standing.asked.pieces.index(piece.words)}"


def piece_form(standing: Standing, piece: Piece, *data: Any) -> PieceForm:
    """The form for one piece, its fields named apart from those of the others."""
    asked = standing.asked
    return PieceForm(
        *data, line=asked.line, certification=asked.id, piece=piece.words, auto_id=f"id_{piece_key(standing, piece)}_%s"
    )


def _line(standing: Standing, actor: Actor) -> dict[str, Any]:
    shown = _shown_state(standing, actor)
    lacks = standing.lacks(of_others=not actor.may(Act.SEE_SCREENING))
    return {
        "id": standing.asked.id,
        "chip": standing.asked.line.chip.name if standing.asked.line else "",
        "chip_slug": standing.asked.line.chip.slug if standing.asked.line else "",
        "pieces_asked": list(standing.asked.pieces),
        "title": standing.asked.title,
        "state": shown,
        "lacks": lacks if shown != CertificationState.HELD else [],
    }


def _shown_state(standing: Standing, actor: Actor) -> str:
    """An applicant never learns from a certification what screening says: its own pieces alone count for it."""
    if SCREENING in standing.asked.pieces and not actor.may(Act.SEE_SCREENING):
        return NOT_ON_FILE if standing.lacks(of_others=True) else IN_REVIEW
    return NOT_ON_FILE if standing.state is CertificationState.MISSING else standing.state


def _card(order: Order, actor: Actor, standing: Standing, forms: Mapping[str, Any]) -> dict[str, Any]:
    asked = standing.asked
    return {
        **_line(standing, actor),
        "verify": asked.verify,
        "citation": asked.citation,
        "pieces": [_piece(order, actor, standing, piece, forms) for piece in standing.pieces],
    }


def _piece(
    order: Order, actor: Actor, standing: Standing, piece: Piece, forms: Mapping[str, Any]
) -> dict[str, Any]:  # fmt: skip
    key = piece_key(standing, piece)
    is_own = piece.words in OWN_PIECES
    offers = not is_own and may_file(order, actor)
    on = timezone.now().date()
    return {
        "words": piece.words,
        "state": _piece_state(piece, actor),
        "key": key,
        "form": forms.get(key) or (piece_form(standing, piece) if offers else None),
        "file_url": reverse("evidence:file", args=[order.pk, key]),
        "rows": [_row(row, actor, on, forms) for row in reversed(piece.filed)],
    }


def _piece_state(piece: Piece, actor: Actor) -> str:
    hidden = piece.words == SCREENING and not actor.may(Act.SEE_SCREENING)
    return IN_REVIEW if hidden else piece.state


def _row(row: Evidence, actor: Actor, on: date, forms: Mapping[str, Any]) -> dict[str, Any]:
    sees = actor.may(Act.SEE_REVIEW) or row.filer_team_id == actor.team.pk
    is_own_side = row.filer_team_id == actor.team.pk or row.filer_person_id == actor.person.pk
    officer = actor.may(Act.ACCEPT_EVIDENCE) and not is_own_side
    stands = row.state in (EvidenceState.FILED, EvidenceState.ACCEPTED)
    return {
        "row": row,
        "state": "lapsed" if row.state == EvidenceState.ACCEPTED and not counts_on(row, on) else row.state,
        "facts": _facts(row) if sees else [],
        "statement": row.statement if sees else "",
        "reason": row.reason if sees else "",
        "documents": _documents(row) if sees else [],
        "filer": row.filer_person.name if sees else _("the other side"),
        "decider": _decider(row, actor),
        "may_decide": officer and row.state == EvidenceState.FILED,
        "may_withdraw": stands and (officer or (actor.may(Act.FILE_EVIDENCE) and row.filer_team_id == actor.team.pk)),
        "return_form": forms.get(f"return-{row.pk}") or ReasonForm(auto_id=f"id_return_{row.pk}_%s"),
        "withdraw_form": forms.get(f"withdraw-{row.pk}") or ReasonForm(auto_id=f"id_withdraw_{row.pk}_%s"),
    }


def _decider(row: Evidence, actor: Actor) -> str:
    if row.decider_person is None:
        return ""
    return row.decider_person.name if actor.may(Act.SEE_REVIEW) else _("the compliance office")


def _facts(row: Evidence) -> list[tuple[str, Any]]:
    facts: list[tuple[str, Any]] = []
    if row.share_percent is not None and row.as_of:
        basis = _("of aggregate TPP") if row.basis == "tpp" else _("of units")
        facts += [
            (_("Certified share"), f"{row.share_percent.normalize():f} % {basis}"),
            (_("Cap it states"), f"{row.cap_percent.normalize():f} %" if row.cap_percent is not None else ""),
            (_("As of"), f"{row.as_of:%d %b %Y}"),
        ]
    if row.is_report:
        facts += [(_("Laboratory"), row.laboratory), (_("Serials"), ", ".join(row.serials))]
        use = getattr(row, "use", None)
        facts.append((_("Used by"), use.release.reference if use else _("no release yet")))
    if row.valid_until:
        facts.append((_("Counts until"), f"{row.valid_until:%d %b %Y}"))
    return facts


def _documents(row: Evidence) -> list[dict[str, Any]]:
    return [
        {
            "name": each.filename,
            "url": reverse("evidence:document", args=[row.pk, each.pk]),
            "size_bytes": each.document.size_bytes,
            "sha256": each.document.sha256,
            "at": each.attached_at,
        }
        for each in attachments_of(row)
    ]
