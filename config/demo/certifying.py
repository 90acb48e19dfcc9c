"""Chapter 5, first page: the certifications that go with the order, filed piece by piece and accepted by an officer."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone

from config.demo import people
from config.demo.narrator import Narrator
from ledger.documents import Upload
from procurement.determinations.services import determine_order
from procurement.evidence import services as evidence
from procurement.evidence.asked import OF_A_PRODUCT, OWN_PIECES, REPORT, asked_of
from procurement.evidence.models import Basis
from procurement.evidence.shares import SHARE
from procurement.orders.models import Order
from procurement.orders.shipments import release_shipment


def certify(say: Narrator, order: Order, serials: tuple[str, ...]) -> None:
    """File every piece that the order's certifications ask for, and have it accepted; nothing ships before."""
    lia, olivia = people.actor("lia"), people.actor("olivia")
    line = order.lines.get()
    say.refused(
        "a release before the certifications are held", lambda: release_shipment(actor=lia, line=line, quantity=1)
    )
    asked = asked_of(order, timezone.now().date())
    submissions = [each for one in asked for each in _submissions(one.id, one.pieces, order, serials)]
    for submission in submissions:
        row = evidence.file_evidence(actor=lia, order=order, submission=submission)
        evidence.accept_evidence(actor=olivia, evidence=row)
    determined = next(each for each in determine_order(actor=olivia, order=order) if each.regime == "us_ear")
    held = [each["id"] for each in determined.result["certifications"] if each["state"] == "held"]
    say.expect(f"{len(submissions)} pieces filed and accepted; held: {', '.join(held)}", len(held) == 7)


def _submissions(
    certification: str, pieces: tuple[str, ...], order: Order, serials: tuple[str, ...]
) -> list[evidence.Submission]:
    return [
        evidence.Submission(
            certification=certification,
            piece=piece,
            line=order.lines.get() if certification in OF_A_PRODUCT else None,
            statement="Fictional, for a demonstration.",
            share=_share() if certification == SHARE else None,
            laboratory="Fictional Test House (demo)" if piece == REPORT else "",
            serials=serials if piece == REPORT else (),
            upload=Upload(name=f"{certification}.txt", content=f"FICTIONAL: {certification}, {piece}.\n".encode()),
        )
        for piece in pieces
        if piece not in OWN_PIECES
    ]


def _share() -> evidence.Share:
    return evidence.Share(Decimal("3.5"), Decimal(50), Basis.TPP, timezone.now().date())
