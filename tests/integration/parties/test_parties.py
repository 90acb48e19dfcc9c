"""Parties and sites: who sees which, and who stands at the top of an ownership tree."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from ledger.errors import InvalidInput, NotPermitted
from ledger.models import Entry
from procurement.parties import services
from procurement.parties.forms import PartyForm
from procurement.parties.models import Ownership, Party, ScreeningState
from procurement.parties.queries import (
    parties_visible_to,
    sites_visible_to,
    ultimate_parent,
    ultimate_parent_country,
)
from tests import factories as make

pytestmark = pytest.mark.django_db


def own(owner: Party, owned: Party, share: str | None, **fields: Any) -> Ownership:
    percent = None if share is None else Decimal(share)
    return Ownership.objects.create(owner=owner, owned=owned, share_percent=percent, **fields)


@pytest.mark.parametrize(("share", "found"), [("49.999", False), ("50", False), ("50.001", True), (None, False)])
def test_parent_is_whoever_holds_more_than_half(share: str | None, found: bool) -> None:
    owner, owned = make.make_party(), make.make_party()
    own(owner, owned, share)
    assert ultimate_parent(owned, make.today()) == (owner if found else None)


def test_ultimate_parent_is_the_top_of_the_chain_and_gives_the_country() -> None:
    top, middle, owned = make.make_party(hq_country="CN"), make.make_party(country="SG"), make.make_party()
    own(top, middle, "100")
    own(middle, owned, "60")
    assert ultimate_parent(owned, make.today()) == top
    assert ultimate_parent_country(owned, make.today()) == "CN"


def test_owners_in_a_circle_end_the_search() -> None:
    first, second = make.make_party(), make.make_party()
    own(first, second, "60")
    own(second, first, "60")
    assert ultimate_parent(first, make.today()) == second


@pytest.mark.parametrize(("days", "counts"), [(-1, False), (0, True), (1, True)])
def test_share_counts_until_its_last_day(days: int, counts: bool) -> None:
    owner, owned = make.make_party(), make.make_party()
    own(owner, owned, "60", ends_on=make.today() + timedelta(days=days))
    assert (ultimate_parent(owned, make.today()) is not None) == counts


def test_country_of_a_parent_that_no_tree_names_is_the_recorded_one() -> None:
    party = make.make_party(ultimate_parent_country="MO")
    assert ultimate_parent_country(party, make.today()) == "MO"


def test_party_registered_by_a_team_is_seen_by_it_and_by_staff_alone() -> None:
    applicant = make.make_applicant()
    facts = services.PartyFacts(name="Hidden Buyer", country="CN")
    party = services.register_party(actor=applicant, facts=facts)
    assert party.team == applicant.team
    sees = {actor.role: parties_visible_to(actor).filter(pk=party.pk).exists() for actor in (
        applicant, make.make_officer(), make.make_liaison(),
    )}  # fmt: skip
    assert sees == {"applicant": True, "officer": True, "liaison": True}
    assert not parties_visible_to(make.make_applicant()).filter(pk=party.pk).exists()


def test_customer_is_not_seen_by_another_customer() -> None:
    customer = make.make_party()
    team = make.make_team(organisation=make.make_organisation(party=customer))
    make.make_site("Own hall", operator=customer)
    assert parties_visible_to(make.make_applicant(team=team)).filter(pk=customer.pk).exists()
    assert sites_visible_to(make.make_applicant(team=team)).filter(name="Own hall").exists()
    other = make.make_applicant()
    assert not parties_visible_to(other).filter(pk=customer.pk).exists()
    assert not sites_visible_to(other).filter(name="Own hall").exists()


def test_party_of_the_common_directory_is_seen_by_every_team() -> None:
    party = services.register_party(actor=make.make_officer(), facts=services.PartyFacts(name="Supplier", country="US"))
    assert party.team is None
    assert parties_visible_to(make.make_applicant()).filter(pk=party.pk).exists()


def test_name_of_a_person_stays_out_of_the_ledger() -> None:
    facts = services.PartyFacts(name="Jane Example", country="US", kind="person")
    services.register_party(actor=make.make_officer(), facts=facts)
    assert "name" not in Entry.objects.get(act="party.registered").facts


def test_name_added_to_a_cleared_party_asks_for_another_screening() -> None:
    party = make.make_party()
    services.add_name(actor=make.make_officer(), party=party, name="Another name")
    party.refresh_from_db()
    assert party.screening_state == ScreeningState.NOT_SCREENED


@pytest.mark.parametrize("before", [ScreeningState.CLEAR, ScreeningState.UNDECIDED, ScreeningState.MATCHED])
def test_recorded_owner_asks_for_another_screening_unless_a_match_is_confirmed(before: ScreeningState) -> None:
    owner, owned = make.make_party(), make.make_party(screening_state=before)
    services.record_ownership(actor=make.make_officer(), owner=owner, owned=owned, share_percent=None)
    stays = before == ScreeningState.MATCHED
    state = Party.objects.values_list("screening_state", flat=True).get(pk=owned.pk)
    assert state == (before if stays else ScreeningState.NOT_SCREENED)


def test_name_is_not_added_to_a_party_that_the_team_does_not_see() -> None:
    hidden = make.make_party(team=make.make_team())
    with pytest.raises(Party.DoesNotExist):
        services.add_name(actor=make.make_applicant(), party=hidden, name="Alias")


@pytest.mark.parametrize(("share", "fits"), [("0", False), ("0.001", True), ("100", True), ("100.001", False)])
def test_share_lies_above_nought_and_at_most_at_a_hundred(share: str, fits: bool) -> None:
    owner, owned = make.make_party(), make.make_party()
    said = {"actor": make.make_officer(), "owner": owner, "owned": owned, "share_percent": Decimal(share)}
    if fits:
        assert services.record_ownership(**said).share_percent == Decimal(share)
    else:
        with pytest.raises(InvalidInput):
            services.record_ownership(**said)


@pytest.mark.parametrize("country", ["", "C", "cn", "CHN", "C1", "ZZ"])
def test_party_without_a_country_code_is_refused(country: str) -> None:
    with pytest.raises(InvalidInput):
        services.register_party(actor=make.make_officer(), facts=services.PartyFacts(name="Party", country=country))


@pytest.mark.parametrize("field", ["country", "hq_country", "ultimate_parent_country"])
def test_party_in_a_country_that_is_not_there_is_refused_by_service_and_form(field: str) -> None:
    said = {"name": "Party", "country": "CN", field: "ZZ"}
    with pytest.raises(InvalidInput, match="ZZ is not a country code") as refused:
        services.register_party(actor=make.make_officer(), facts=services.PartyFacts(**said))
    assert refused.value.field == field
    typed = {"kind": "company", "buyer_class": "unknown", **said}
    assert list(PartyForm(typed).errors) == [field]
    assert PartyForm(typed | {field: "de"}).is_valid()


def test_site_name_is_taken_within_a_team_alone() -> None:
    facts = services.SiteFacts(name="Hall 7", operator=make.make_party(), address="Street 1", country="CN")
    applicant = make.make_applicant()
    services.register_site(actor=applicant, facts=facts)
    services.register_site(actor=make.make_applicant(), facts=facts)
    with pytest.raises(InvalidInput, match="already"):
        services.register_site(actor=applicant, facts=replace(facts, name="hall 7"))
    with pytest.raises(IntegrityError), transaction.atomic():
        make.make_site("HALL 7", team=applicant.team)


def test_site_in_a_country_that_is_not_there_is_refused() -> None:
    facts = services.SiteFacts(name="Hall", operator=make.make_party(), address="1 Road", country="ZZ")
    with pytest.raises(InvalidInput, match="ZZ is not a country code") as refused:
        services.register_site(actor=make.make_officer(), facts=facts)
    assert refused.value.field == "country"


def test_party_registered_by_an_auditor_is_not_permitted() -> None:
    with pytest.raises(NotPermitted):
        services.register_party(actor=make.make_auditor(), facts=services.PartyFacts(name="Party", country="CN"))
