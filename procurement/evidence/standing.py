"""Where each certification of an order stands on a day: held, missing, or blocked at its cap (no writes here)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from procurement.catalog.queries import computed
from procurement.evidence.asked import (
    FIGURES,
    OF_A_PRODUCT,
    OWN_PIECES,
    SCREENING,
    Asked,
    asked_of,
    catalogue,
    pieces_of,
)
from procurement.evidence.models import Evidence
from procurement.evidence.shares import SHARE, is_at_cap, latest_share
from procurement.evidence.states import EvidenceState
from procurement.orders.models import Order, OrderLine
from procurement.parties.models import ScreeningState
from procurement.regimes.facts import EvidenceFacts
from procurement.regimes.outcome import CertificationState
from procurement.screening.subjects import parties_of_order


class PieceState(StrEnum):
    """Where one piece of evidence stands."""

    MISSING = "not_on_file"
    FILED = "filed"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    LAPSED = "lapsed"
    AT_CAP = "at_cap"
    KEPT_BY_WRIT = "kept_by_writ"
    NOT_YET_KEPT = "not_yet_kept"


SETTLED: Final = frozenset({PieceState.ACCEPTED, PieceState.KEPT_BY_WRIT})


@dataclass(frozen=True)
class Piece:
    """One piece that a certification asks for, where it stands, and everything filed for it, oldest first."""

    words: str
    state: PieceState
    filed: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Standing:
    """One certification of an order with its pieces."""

    asked: Asked
    state: CertificationState
    pieces: tuple[Piece, ...]

    @property
    def name(self) -> str:
        """C1 to C7, with the product where the order has several."""
        line = self.asked.line
        return f"{self.asked.id} ({line.chip.name})" if line else self.asked.id

    def lacks(self, *, of_others: bool = False) -> list[str]:
        """The pieces that are not settled; ``of_others`` leaves out those that Writ itself keeps."""
        open_pieces = [piece for piece in self.pieces if piece.state not in SETTLED]
        return [piece.words for piece in open_pieces if not (of_others and piece.words in OWN_PIECES)]


def standing_of(order: Order, on: date) -> list[Standing]:
    """Every certification that goes with the order, as it stands on a day."""
    asked = asked_of(order, on)
    rows = _rows(order) if asked else []
    return [_standing(order, each, rows, on) for each in asked]


def evidence_facts(order: Order, line: OrderLine, on: date) -> EvidenceFacts:
    """What the regime is told of one line: the certifications held, and the certified share of C4 with its cap.

    Read from the catalogue of certifications, not from the order's determination, which may be the one in the making.
    """
    rows = _rows(order)
    if not rows:
        return EvidenceFacts()
    held = []
    for each in catalogue():
        about = line if each.id in OF_A_PRODUCT else None
        asked = Asked(each.id, each.title, pieces_of(each), each.verify, each.citation, about)
        if _standing(order, asked, rows, on).state is CertificationState.HELD:
            held.append(each.id)
    share = latest_share(rows, line)
    return EvidenceFacts(
        tuple(held), share.share_percent if share else None, share.cap_percent if share else None
    )  # fmt: skip


def counts_on(row: Evidence, on: date) -> bool:
    """Whether an accepted piece counts on a day."""
    return row.state == EvidenceState.ACCEPTED and (row.valid_until is None or row.valid_until >= on)


def _rows(order: Order) -> list[Evidence]:
    rows = Evidence.objects.filter(order=order).select_related("filer_person", "decider_person", "use__release")
    return list(rows.order_by("filed_at", "pk"))


def _of(rows: Sequence[Evidence], certification: str, line: OrderLine | None) -> list[Evidence]:
    about = line.pk if line else None
    return [each for each in rows if each.certification == certification and each.line_id == about]


def _standing(order: Order, asked: Asked, rows: Sequence[Evidence], on: date) -> Standing:
    own = _of(rows, asked.id, asked.line)
    pieces = tuple(
        _piece(order, asked, words, [row for row in own if row.piece == words], on) for words in asked.pieces
    )
    states = {piece.state for piece in pieces}
    if PieceState.AT_CAP in states:
        return Standing(asked, CertificationState.BLOCKED, pieces)
    held = states <= SETTLED
    return Standing(asked, CertificationState.HELD if held else CertificationState.MISSING, pieces)


def _piece(order: Order, asked: Asked, words: str, rows: Sequence[Evidence], on: date) -> Piece:
    if words in OWN_PIECES:
        return Piece(words, PieceState.KEPT_BY_WRIT if _is_kept(order, asked, words) else PieceState.NOT_YET_KEPT)
    if asked.id == SHARE:
        share = latest_share(rows, asked.line)
        if share is not None and is_at_cap(share, on):
            return Piece(words, PieceState.AT_CAP, tuple(rows))
    return Piece(words, _state(rows, on), tuple(rows))


def _state(rows: Sequence[Evidence], on: date) -> PieceState:
    """An accepted piece that counts settles it; else the newest of what was filed says where it stands."""
    if any(counts_on(row, on) for row in rows):
        return PieceState.ACCEPTED
    if not rows:
        return PieceState.MISSING
    match EvidenceState(rows[-1].state):
        case EvidenceState.FILED:
            return PieceState.FILED
        case EvidenceState.RETURNED:
            return PieceState.RETURNED
        case EvidenceState.ACCEPTED:
            return PieceState.LAPSED
        case EvidenceState.REPLACED | EvidenceState.WITHDRAWN:
            return PieceState.MISSING


def _is_kept(order: Order, asked: Asked, words: str) -> bool:
    """Whether Writ holds its own piece: the figures of the product, or a screening that cleared everybody."""
    if words == SCREENING:
        return not parties_of_order(order).exclude(screening_state=ScreeningState.CLEAR).exists()
    if words == FIGURES and asked.line is not None:
        chip = asked.line.chip
        return computed(chip).tpp is not None and chip.dram_bandwidth_gb_s is not None
    return False
