"""Certifications, their evidence with its documents, and red flags over the API.

Annotations are evaluated here, not postponed: the API's framework looks names up in its own module otherwise.
"""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Field, File, Form, Router, Schema
from ninja.files import UploadedFile

from accounts.api import caller
from accounts.permissions import Act
from ledger.documents import Upload
from ledger.errors import InvalidInput
from procurement.evidence import queries, services, shown
from procurement.evidence.flag_services import answer_flag as answer
from procurement.evidence.models import Basis, Evidence, FlagAnswer
from procurement.evidence.red_flags import flags_of
from procurement.evidence.standing import standing_of
from procurement.orders import queries as orders
from procurement.orders.models import Order

router = Router()


class CertificationOut(Schema):
    """One certification of an order: held, not_on_file, blocked, or in_review where screening has a part in it.

    ``pieces_asked`` are the pieces of evidence by the words under which they are filed, with ``chip_slug`` where the
    certification is about one product.
    """

    id: str
    chip: str
    chip_slug: str
    pieces_asked: list[str]
    title: str
    state: str
    lacks: list[str]


class EvidenceOut(Schema):
    """One filed piece as it stands."""

    id: uuid.UUID
    certification: str
    piece: str
    state: str
    statement: str
    valid_until: date | None
    share_percent: str | None
    cap_percent: str | None
    as_of: date | None
    serials: Any
    filed_at: datetime
    decided_at: datetime | None

    @staticmethod
    def resolve_share_percent(row: Evidence) -> str | None:
        """As a decimal text: no floats."""
        return None if row.share_percent is None else f"{row.share_percent.normalize():f}"

    @staticmethod
    def resolve_cap_percent(row: Evidence) -> str | None:
        """As a decimal text: no floats."""
        return None if row.cap_percent is None else f"{row.cap_percent.normalize():f}"


class PieceIn(Schema):
    """A piece of evidence as it is filed, beside its document: the fields of the form, under the same limits.

    ``serials`` are apart by line ends, as in the laboratory's report; share, cap, basis and day go together.
    """

    certification: str = Field(max_length=10)
    piece: str = Field(max_length=300)
    chip: str = Field(default="", max_length=100, description="slug; where the certification is about one product")
    statement: str = Field(default="", max_length=services.TEXT_LIMIT)
    valid_until: date | None = None
    share_percent: Decimal | None = Field(default=None, max_digits=10, decimal_places=4)
    cap_percent: Decimal | None = Field(default=None, max_digits=10, decimal_places=4)
    basis: Basis | None = None
    as_of: date | None = None
    laboratory: str = Field(default="", max_length=200)
    serials: str = Field(default="", max_length=services.SERIALS_LIMIT * (services.SERIAL_LENGTH + 2))

    def share(self) -> services.Share | None:
        """The certified share of C4. Raises: InvalidInput where a part of it is left out."""
        parts = (self.share_percent, self.cap_percent, self.basis, self.as_of)
        if all(part is None for part in parts):
            return None
        if self.share_percent is None or self.cap_percent is None or self.basis is None or self.as_of is None:
            raise InvalidInput("State the share, the cap, what is counted, and as of which day.", field="share_percent")
        return services.Share(self.share_percent, self.cap_percent, self.basis, self.as_of)

    def submission(self, order: Order, document: UploadedFile | None) -> services.Submission:
        """The piece as the service takes it. Raises: InvalidInput for a chip that the order has no line of."""
        line = None
        if self.chip:
            line = order.lines.select_related("chip").filter(chip__slug=self.chip).first()
            if line is None:
                raise InvalidInput(f"{order.reference} has no line of {self.chip}.", field="chip")
        return services.Submission(
            certification=self.certification,
            piece=self.piece,
            line=line,
            statement=self.statement,
            valid_until=self.valid_until,
            share=self.share(),
            laboratory=self.laboratory,
            serials=self.serials.split("\n"),
            upload=Upload.of(document) if document is not None else None,
        )


class ReasonIn(Schema):
    """Why a piece is returned or withdrawn."""

    reason: str = Field(min_length=1, max_length=services.REASON_LIMIT)


class FlagOut(Schema):
    """One red flag of the order's day: what was computed, where it stands, and the last answer's reason."""

    id: str
    text: str
    state: str
    seen: list[str]
    reason: str


class FlagIn(Schema):
    """An answer to one flag."""

    answer: FlagAnswer
    reason: str = Field(default="", max_length=services.REASON_LIMIT)


@router.get("/orders/{order_id}", response=list[CertificationOut])
def certifications(request: HttpRequest, order_id: uuid.UUID) -> Any:
    """The certifications that go with an order."""
    order = _order(request, order_id)
    return shown.summary(order, caller(request), standing_of(order, timezone.now().date()))["certifications"]


@router.get("/orders/{order_id}/pieces", response=list[EvidenceOut])
def pieces(request: HttpRequest, order_id: uuid.UUID) -> Any:
    """Everything filed on an order that the caller may see, oldest first."""
    return queries.visible_to(caller(request)).filter(order=_order(request, order_id)).order_by("filed_at", "pk")


@router.post("/orders/{order_id}/pieces", response={201: EvidenceOut})
def file_evidence(
    request: HttpRequest, order_id: uuid.UUID, said: Form[PieceIn], document: File[UploadedFile | None] = None
) -> tuple[int, Evidence]:
    """File a piece (multipart/form-data): its facts and its document, PDF, PNG, JPEG or plain text to 10 MiB."""
    actor, order = caller(request), _order(request, order_id)
    actor.require(Act.FILE_EVIDENCE)
    submission = said.submission(order, document)
    return 201, services.file_evidence(actor=actor, order=order, submission=submission)


@router.post("/{evidence_id}/accept", response=EvidenceOut)
def accept_evidence(request: HttpRequest, evidence_id: uuid.UUID) -> Evidence:
    """Accept a piece."""
    return services.accept_evidence(actor=caller(request), evidence=_row(request, evidence_id))


@router.post("/{evidence_id}/return", response=EvidenceOut)
def return_evidence(request: HttpRequest, evidence_id: uuid.UUID, said: ReasonIn) -> Evidence:
    """Return a piece with the reason."""
    row = _row(request, evidence_id)
    return services.return_evidence(actor=caller(request), evidence=row, reason=said.reason)


@router.post("/{evidence_id}/withdraw", response=EvidenceOut)
def withdraw_evidence(request: HttpRequest, evidence_id: uuid.UUID, said: ReasonIn) -> Evidence:
    """Withdraw a piece."""
    row = _row(request, evidence_id)
    return services.withdraw_evidence(actor=caller(request), evidence=row, reason=said.reason)


@router.get("/orders/{order_id}/red-flags", response=list[FlagOut])
def red_flags(request: HttpRequest, order_id: uuid.UUID) -> list[dict[str, Any]]:
    """The red-flag catalogue of the order's day, for those who see reviews."""
    caller(request).require(Act.SEE_REVIEW)
    return [
        {
            "id": each.flag.id,
            "text": each.flag.text,
            "state": each.state.value,
            "seen": list(each.seen),
            "reason": each.answers[-1].reason if each.answers else "",
        }
        for each in flags_of(_order(request, order_id))
    ]


@router.post("/orders/{order_id}/red-flags/{code}", response=list[FlagOut])
def answer_red_flag(request: HttpRequest, order_id: uuid.UUID, code: str, said: FlagIn) -> list[dict[str, Any]]:
    """Answer one flag; the whole list comes back."""
    actor = caller(request)
    actor.require(Act.REVIEW_CASE)
    answer(actor=actor, order=_order(request, order_id), code=code, answer=said.answer, reason=said.reason)
    return red_flags(request, order_id)


def _order(request: HttpRequest, order_id: uuid.UUID) -> Order:
    return get_object_or_404(orders.visible_to(caller(request)).select_related("team"), pk=order_id)


def _row(request: HttpRequest, evidence_id: uuid.UUID) -> Evidence:
    return get_object_or_404(queries.on_visible_orders(caller(request)), pk=evidence_id)
