"""A filing under review, and the people around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from accounts.actors import Actor
from procurement.filings.models import Filing
from procurement.filings.states import FilingState
from procurement.review import services
from procurement.review.models import Case
from procurement.review.services import Advice, Matter
from procurement.review.states import CaseKind, Outcome
from tests import factories


@dataclass(frozen=True)
class Review:
    """One case with its people."""

    case: Case
    filing: Filing
    applicant: Actor
    first: Actor
    second: Actor

    def approval(self) -> Advice:
        """Advice to approve an hour."""
        return Advice(
            outcome=Outcome.APPROVE,
            reason="The use fits the licence.",
            granted_ms=3_600_000,
            valid_until=self.filing.ends_on - timedelta(days=1),
        )

    def advised(self) -> Review:
        """The same, claimed and advised by the first officer."""
        services.claim_case(actor=self.first, case_id=self.case.pk)
        services.advise(actor=self.first, case_id=self.case.pk, advice=self.approval())
        return self


@pytest.fixture
def review(db: None) -> Review:
    """A filing's case, open, with two officers of one team."""
    filing = factories.make_filing(state=FilingState.IN_REVIEW)
    applicant = Actor(filing.applicant)
    first = factories.make_officer()
    second = factories.make_officer(team=first.team)
    matter = Matter(kind=CaseKind.FILING, title="t", order=filing.order, filing=filing)
    case = services.open_case(actor=applicant, matter=matter, applicant=filing.applicant)
    return Review(case=case, filing=filing, applicant=applicant, first=first, second=second)
