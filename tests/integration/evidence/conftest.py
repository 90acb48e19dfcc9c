"""An approved order of 8 H200 whose determination asks for C1 to C7, and the people around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from accounts.actors import Actor
from ledger.documents import Upload
from procurement.determinations.services import determine_order
from procurement.evidence.asked import OWN_PIECES, REPORT, asked_of
from procurement.evidence.models import Basis, Evidence
from procurement.evidence.services import Share, Submission, accept_evidence, file_evidence
from procurement.evidence.shares import SHARE
from procurement.orders.models import Order, OrderLine
from procurement.orders.states import OrderState
from tests import factories as make

PAPER = Upload(name="paper.txt", content=b"A paper.\n")


@dataclass
class Certified:
    """The order, its team, the exporter's liaison and two officers."""

    order: Order
    team: Actor
    liaison: Actor = field(default_factory=make.make_liaison)
    officer: Actor = field(default_factory=make.make_officer)
    second: Actor = field(default_factory=make.make_officer)

    @property
    def line(self) -> OrderLine:
        return self.order.lines.order_by("pk")[0]

    def determine(self) -> dict[str, str]:
        """Determine again; the state of each certification in the US answer."""
        rows = determine_order(actor=self.officer, order=self.order)
        found = next(row for row in rows if row.regime == "us_ear")
        return {each["id"]: each["state"] for each in found.result["certifications"]}

    def file(self, certification: str, place: int = 0, *, by: Actor | None = None, **differs: Any) -> Evidence:
        """File the piece of that place in its certification."""
        asked = next(each for each in asked_of(self.order, make.today()) if each.id == certification)
        values: dict[str, Any] = {
            "certification": certification, "piece": asked.pieces[place], "line": asked.line, "upload": PAPER,
            "statement": "As it is.",
        }  # fmt: skip
        if asked.id == SHARE:
            values["share"] = share("20")
        if asked.pieces[place] == REPORT:
            values |= {"laboratory": "Fictional Test House (demo)", "serials": ["A-1", "A-2"]}
        submission = Submission(**{**values, **differs})
        return file_evidence(actor=by or self.team, order=self.order, submission=submission)

    def settle(self, certification: str, place: int = 0, **differs: Any) -> Evidence:
        """File a piece and have it accepted."""
        return accept_evidence(actor=self.officer, evidence=self.file(certification, place, **differs))

    def settle_all(self, *, but: tuple[str, ...] = ()) -> None:
        """Every piece that somebody files, of every certification but some."""
        for each in asked_of(self.order, make.today()):
            for place, words in enumerate(each.pieces):
                if each.id not in but and words not in OWN_PIECES:
                    self.settle(each.id, place)


def share(percent: str, cap: str = "50", *, as_of: date | None = None, basis: Basis = Basis.TPP) -> Share:
    """A certified share, as of today unless told."""
    return Share(Decimal(percent), Decimal(cap), basis, as_of or make.today())


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.WRIT_MEDIA = tmp_path


@pytest.fixture
def certified(db: None) -> Certified:
    team = make.make_applicant()
    made = Certified(make.make_order(applicant=team, state=OrderState.APPROVED), team)
    made.determine()
    return made
