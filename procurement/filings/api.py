"""Use-case filings over the API.

Annotations are evaluated here, not postponed: `paginate` wraps a view, and the API's framework would then look a
postponed name such as `FilingState` up in its own module.
"""

import uuid
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from ninja.pagination import LimitOffsetPagination, paginate

from accounts.api import caller
from procurement.catalog.models import ChipModel
from procurement.filings import queries, services
from procurement.filings.models import Filing, RemoteUser
from procurement.filings.states import FilingState
from procurement.orders.models import EndUse
from procurement.parties.queries import parties_visible_to

router = Router()


class RemoteUserIn(Schema):
    """A registered party that will reach the devices from elsewhere, and for what."""

    party: uuid.UUID
    purpose: str = Field(min_length=1, max_length=300, pattern=r"\S")


class RemoteUserOut(RemoteUserIn):
    """Somebody named on a filing."""

    @staticmethod
    def resolve_party(user: RemoteUser) -> uuid.UUID:
        """The key of the party."""
        return user.party_id


class FilingIn(Schema):
    """A use case on the devices of one order."""

    order: uuid.UUID
    chip: str = Field(max_length=60)
    title: str = Field(min_length=1, max_length=200)
    end_use: EndUse
    description: str = Field(min_length=1, max_length=4000)
    model_name: str = Field(min_length=1, max_length=200)
    model_parameters: int = Field(ge=1, le=10**14)
    training_tokens: int | None = Field(default=None, ge=1, le=10**16)
    max_devices: int = Field(ge=1, le=100_000)
    requested_ms: int = Field(ge=1, le=10**15, description="GPU time in milliseconds")
    starts_on: date
    ends_on: date
    remote_users: list[RemoteUserIn] = Field(default=[], max_length=50)


class FilingOut(Schema):
    """A filing as its team sees it."""

    id: uuid.UUID
    reference: str
    title: str
    state: str
    max_devices: int
    requested_ms: int
    starts_on: date
    ends_on: date
    submitted_at: datetime | None
    remote_users: list[RemoteUserOut]


@router.get("", response=list[FilingOut])
@paginate(LimitOffsetPagination)
def list_filings(request: HttpRequest, state: FilingState | None = None) -> QuerySet[Filing]:
    """The filings that one may see, newest first."""
    filings = queries.visible_to(caller(request))
    return filings.filter(state=state) if state else filings


@router.get("/{filing_id}", response=FilingOut)
def get_filing(request: HttpRequest, filing_id: uuid.UUID) -> Filing:
    """One filing."""
    return get_object_or_404(queries.visible_to(caller(request)), pk=filing_id)


@router.post("", response={201: FilingOut})
def create_filing(request: HttpRequest, said: FilingIn) -> Status[Filing]:
    """Save a draft with the remote users it names: all of it or nothing."""
    actor = caller(request)
    with transaction.atomic():
        filing = services.create_filing(
            actor=actor,
            order=get_object_or_404(queries.orders_to_file_on(actor), pk=said.order),
            chip=get_object_or_404(ChipModel, slug=said.chip),
            use_case=services.UseCase(**said.dict(exclude={"order", "chip", "remote_users"})),
        )
        for user in said.remote_users:
            party = get_object_or_404(parties_visible_to(actor), pk=user.party)
            services.name_remote_user(actor=actor, filing_id=filing.pk, party=party, purpose=user.purpose)
    return Status(201, filing)


@router.post("/{filing_id}/submit", response=FilingOut)
def submit_filing(request: HttpRequest, filing_id: uuid.UUID) -> Filing:
    """Hand a draft in."""
    actor = caller(request)
    get_object_or_404(queries.visible_to(actor), pk=filing_id)
    return services.submit_filing(actor=actor, filing_id=filing_id)


@router.post("/{filing_id}/withdraw", response=FilingOut)
def withdraw_filing(request: HttpRequest, filing_id: uuid.UUID) -> Filing:
    """Take a filing back."""
    actor = caller(request)
    get_object_or_404(queries.visible_to(actor), pk=filing_id)
    return services.withdraw_filing(actor=actor, filing_id=filing_id)
