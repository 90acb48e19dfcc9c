"""Lists, hits and decisions on the real database: its locks, constraints and triggers are the point."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from accounts.roles import Role
from ledger import events
from ledger.errors import ComplianceRefusal, InvalidInput, NotPermitted, Overtaken
from ledger.models import Entry
from ledger.transitions import IllegalTransition
from procurement.filings.models import RemoteUser
from procurement.orders.models import OrderParty, PartyRole
from procurement.parties.models import Ownership, Party, PartyName, ScreeningState
from procurement.screening import health, queries
from procurement.screening.decision_services import countersign_release, decide_hit
from procurement.screening.list_services import ListRefused, ListTooSmall, load_list
from procurement.screening.models import AdHocSearch, Hit, HitState, ListEntry, ListSnapshot
from procurement.screening.services import screen_order, screen_party, search
from tests import factories

pytestmark = pytest.mark.django_db
MERIDIAN = "Fictional Meridian Trading (demo),Meridian Fiction,AE,entity,stop,Invented.\n"
OTHERS = "".join(f"Invented House Number {n} (demo),,SG,entity,review,Invented.\n" for n in range(40))
REASON = "The registration number differs."


def make_party(name: str = "Fictional Meridian Trading", country: str = "AE", **fields) -> Party:
    return Party.objects.create(name=name, country=country, **fields)


def hit_on(party: Party, officer) -> Hit:
    screen_party(actor=officer, party=party, purpose="test")
    return party.hits.get()


def state_of(party: Party) -> str:
    return Party.objects.get(pk=party.pk).screening_state


def decide(officer, hit: Hit, outcome: HitState, reason: str = REASON):
    return decide_hit(actor=officer, hit_id=hit.pk, outcome=outcome, reason=reason, evidence_sha256=hit.evidence_sha256)


def test_party_on_no_list_is_clear(house, officer) -> None:
    party = make_party("Bright Harbour Cloud Computing", "SG")
    screen_party(actor=officer, party=party, purpose="test")
    assert state_of(party) == ScreeningState.CLEAR
    assert not party.hits.exists()


def test_party_that_may_be_listed_is_undecided_with_one_explained_hit(house, officer) -> None:
    party = make_party("FICTIONAL MERIDIAN TRADlNG LLC")
    hit = hit_on(party, officer)
    assert state_of(party) == ScreeningState.UNDECIDED
    assert (hit.entry_key, hit.effect) == (ListEntry.objects.get(name__contains="Meridian").entry_key, "stop")
    assert hit.evidence["parts"]
    assert hit.evidence["listed"]["name"].startswith("Fictional Meridian")


def test_party_is_found_by_its_former_name(house, officer) -> None:
    party = make_party("Harmless Widgets", "AE")
    PartyName.objects.create(party=party, name="Fictional Meridian Trading", kind="former")
    assert hit_on(party, officer).evidence["subject"]["name"] == "Fictional Meridian Trading"


def test_screening_without_any_list_leaves_the_party_unscreened(officer) -> None:
    party = make_party()
    screen_party(actor=officer, party=party, purpose="test")
    assert state_of(party) == ScreeningState.NOT_SCREENED
    assert [blocker.reason for blocker in health.list_blockers()] == ["No screening list is loaded."]


def test_order_screens_every_role_and_the_owners_up_the_tree(house, officer) -> None:
    order = factories.make_order()
    hidden = make_party()
    middle = make_party("Plain Holding", "SG")
    end_user = make_party("Plain Cloud", "SG")
    Ownership.objects.create(owner=middle, owned=end_user, share_percent=60)
    Ownership.objects.create(owner=hidden, owned=middle, share_percent=None)
    Ownership.objects.create(owner=end_user, owned=hidden, share_percent=1)
    order.parties.create(party=end_user, role="end_user")
    screened = {run.party_id for run in screen_order(actor=officer, order=order)}
    assert {hidden.pk, middle.pk, end_user.pk} <= screened
    assert any("Fictional Meridian Trading" in blocker.reason for blocker in queries.order_blockers(order))


def test_false_positive_is_remembered_when_the_evidence_is_the_same(house, officer) -> None:
    party = make_party()
    decide(officer, hit_on(party, officer), HitState.FALSE_POSITIVE)
    assert state_of(party) == ScreeningState.CLEAR
    screen_party(actor=officer, party=party, purpose="again")
    assert state_of(party) == ScreeningState.CLEAR
    assert party.hits.count() == 1


def test_false_positive_comes_back_when_the_party_changes(house, officer) -> None:
    party = make_party()
    decide(officer, hit_on(party, officer), HitState.FALSE_POSITIVE)
    PartyName.objects.create(party=party, name="Meridian Fiction")
    screen_party(actor=officer, party=party, purpose="again")
    assert state_of(party) == ScreeningState.UNDECIDED
    assert party.hits.filter(withdrawn_at=None).get().state == HitState.OPEN


def test_false_positive_comes_back_when_the_entry_changes_and_only_then(house, officer, write) -> None:
    party = make_party()
    decide(officer, hit_on(party, officer), HitState.FALSE_POSITIVE)
    unrelated = OTHERS.replace("Number 1 (demo),,SG", "Number 1 (demo),,AE")
    loaded = load_list(actor=None, file=write(MERIDIAN + unrelated))
    assert (loaded.changed, loaded.rescreened) == (1, 1)
    assert state_of(party) == ScreeningState.CLEAR
    load_list(actor=None, file=write(MERIDIAN.replace("Invented.", "Invented anew.") + unrelated))
    assert state_of(party) == ScreeningState.UNDECIDED
    assert party.hits.count() == 2


def test_decision_on_a_namesake_does_not_clear_another_party(house, officer) -> None:
    one, other = make_party(), make_party()
    decide(officer, hit_on(one, officer), HitState.FALSE_POSITIVE)
    screen_party(actor=officer, party=other, purpose="test")
    assert state_of(other) == ScreeningState.UNDECIDED


def test_listed_anew_party_gets_its_hit_by_the_list_change_alone(house, officer, write) -> None:
    party = make_party("Zephyrine Quarters", "SG")
    screen_party(actor=officer, party=party, purpose="test")
    added = "Zephyrine Quarters,,SG,entity,stop,Invented.\n"
    load_list(actor=None, file=write(MERIDIAN + OTHERS + added))
    assert state_of(party) == ScreeningState.UNDECIDED


def test_delisted_party_is_clear_again_but_a_true_match_waits_for_two_officers(house, officer, write) -> None:
    undecided, matched = make_party(), make_party()
    hit_on(undecided, officer)
    decide(officer, hit_on(matched, officer), HitState.TRUE_MATCH)
    load_list(actor=None, file=write(OTHERS))
    assert state_of(undecided) == ScreeningState.CLEAR
    assert state_of(matched) == ScreeningState.MATCHED


def test_true_match_tells_what_hangs_on_the_party(house, officer, monkeypatch) -> None:
    heard: list[events.PartyMatched] = []
    monkeypatch.setitem(events._subscribers, events.PartyMatched, [heard.append])
    party = make_party()
    decide(officer, hit_on(party, officer), HitState.TRUE_MATCH)
    assert state_of(party) == ScreeningState.MATCHED
    assert [(event.party_id, event.stop_now) for event in heard] == [(party.pk, True)]
    assert Entry.objects.filter(act="hit.true_match").exists()


def test_true_match_stops_the_orders_that_name_the_party(house, officer) -> None:
    order = factories.make_order(state="in_review")
    party = make_party()
    order.parties.create(party=party, role="intermediate_consignee")
    decide(officer, hit_on(party, officer), HitState.TRUE_MATCH)
    order.refresh_from_db()
    assert order.state == "stopped"


def test_search_without_any_list_is_refused(officer) -> None:
    with pytest.raises(ComplianceRefusal, match="No screening list"):
        search(actor=officer, name="Fictional Meridian", purpose="test")


def test_release_of_a_true_match_takes_a_second_person(house, officer) -> None:
    party = make_party()
    hit = hit_on(party, officer)
    decide(officer, hit, HitState.TRUE_MATCH)
    proposal = decide(officer, hit, HitState.RELEASED)
    assert state_of(party) == ScreeningState.MATCHED
    same_person = factories.make_officer(person=officer.person)
    for again in (officer, same_person):
        with pytest.raises(NotPermitted):
            countersign_release(actor=again, decision_id=proposal.pk)
    countersign_release(actor=factories.make_officer(), decision_id=proposal.pk)
    assert state_of(party) == ScreeningState.CLEAR


def test_release_cannot_be_forged_in_raw_sql(house, officer) -> None:
    hit = hit_on(make_party(), officer)
    decide(officer, hit, HitState.TRUE_MATCH)
    proposal = decide(officer, hit, HitState.RELEASED)
    forgeries = (
        ("UPDATE procurement_hit SET state = 'released' WHERE id = %s", hit.pk),
        ("UPDATE procurement_hit SET state = 'false_positive' WHERE id = %s", hit.pk),
        ("UPDATE procurement_hitdecision SET in_effect_at = now() WHERE id = %s", proposal.pk),
        (
            (
                "UPDATE procurement_hitdecision SET in_effect_at = now(), countersigner_id = decider_id, "
                "countersigner_person_id = decider_person_id, countersigner_team_id = decider_team_id WHERE id = %s"
            ),
            proposal.pk,
        ),
        ("DELETE FROM procurement_hitdecision WHERE id = %s", proposal.pk),
        ("UPDATE procurement_hit SET evidence = '{}' WHERE id = %s", hit.pk),
    )
    for statement, key in forgeries:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [key])


def test_true_match_is_not_dismissed_by_one_officer(house, officer) -> None:
    hit = hit_on(make_party(), officer)
    decide(officer, hit, HitState.TRUE_MATCH)
    with pytest.raises(IllegalTransition):
        decide(officer, hit, HitState.FALSE_POSITIVE)


def test_decision_on_evidence_not_seen_is_overtaken(house, officer) -> None:
    hit = hit_on(make_party(), officer)
    with pytest.raises(Overtaken):
        decide_hit(
            actor=officer, hit_id=hit.pk, outcome=HitState.FALSE_POSITIVE, reason=REASON, evidence_sha256="0" * 64
        )


def test_decision_without_a_reason_is_refused(house, officer) -> None:
    with pytest.raises(InvalidInput):
        decide(officer, hit_on(make_party(), officer), HitState.FALSE_POSITIVE, reason="  no ")


@pytest.mark.parametrize("role", [Role.APPLICANT, Role.OPERATOR, Role.AUDITOR, Role.LIAISON])
def test_decision_by_anybody_but_an_officer_is_refused(house, officer, role: Role) -> None:
    hit = hit_on(make_party(), officer)
    with pytest.raises(NotPermitted):
        decide(factories.make_actor(role), hit, HitState.FALSE_POSITIVE)


def test_decision_about_ones_own_organisation_is_refused(house, officer) -> None:
    party = make_party()
    hit = hit_on(party, officer)
    organisation = officer.team.organisation
    organisation.party = party
    organisation.save()
    with pytest.raises(NotPermitted):
        decide(officer, hit, HitState.FALSE_POSITIVE)


def test_list_loaded_twice_is_one_snapshot(house, write) -> None:
    again = load_list(actor=None, file=write(MERIDIAN + OTHERS))
    assert not again.is_new
    assert ListSnapshot.objects.count() == 1


def test_list_that_shrank_is_refused_and_the_old_one_stays(house, write) -> None:
    with pytest.raises(ListTooSmall, match="more than 5 %"):
        load_list(actor=None, file=write(MERIDIAN))
    assert ListSnapshot.objects.get(is_current=True).pk == house.pk
    assert ListSnapshot.objects.count() == 1
    assert Entry.objects.filter(act="list.refused", facts__code="suspiciously_smaller").exists()


def test_list_that_shrank_is_taken_when_the_drop_is_confirmed(house, write) -> None:
    loaded = load_list(actor=None, file=write(MERIDIAN), is_drop_confirmed=True)
    assert ListSnapshot.objects.get(is_current=True).pk == loaded.snapshot.pk


def test_list_broken_in_its_last_row_leaves_nothing_behind(house, write) -> None:
    with pytest.raises(ListRefused):
        load_list(actor=None, file=write(MERIDIAN + OTHERS + "Another,,AE,entity,sto"))
    assert ListSnapshot.objects.get().pk == house.pk
    assert ListEntry.objects.count() == house.entry_count


def test_list_is_loaded_by_officer_or_operator_only(write) -> None:
    with pytest.raises(NotPermitted):
        load_list(actor=factories.make_actor(Role.APPLICANT), file=write(MERIDIAN))


def test_snapshot_is_never_changed(house) -> None:
    for statement in (
        "UPDATE procurement_listsnapshot SET entry_count = 1",
        "UPDATE procurement_listentry SET name = 'x'",
        "UPDATE procurement_listname SET name = 'x'",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_search_is_logged_with_person_and_purpose(house, officer) -> None:
    result = search(actor=officer, name="Fictional Meridian", purpose="Question from the sales desk")
    assert [hit["list"] for hit in result.hits] == ["HOUSE"]
    row = AdHocSearch.objects.get()
    assert (row.membership_id, row.purpose, row.hit_count) == (officer.membership.pk, "Question from the sales desk", 1)
    assert Entry.objects.filter(act="search.made").exists()


@pytest.mark.parametrize(("name", "purpose"), [("", "why"), ("A name", ""), ("x" * 301, "why")])
def test_search_without_name_or_purpose_is_refused(house, officer, name: str, purpose: str) -> None:
    with pytest.raises(InvalidInput):
        search(actor=officer, name=name, purpose=purpose)
    assert not AdHocSearch.objects.exists()


def test_search_by_an_applicant_is_refused(house) -> None:
    with pytest.raises(NotPermitted):
        search(actor=factories.make_actor(Role.APPLICANT), name="Fictional Meridian", purpose="curious")


def test_search_in_unusual_number_goes_on_record_once(house, officer) -> None:
    for number in range(52):
        search(actor=officer, name=f"Name {number}", purpose="many")
    assert Entry.objects.filter(act="search.unusual_volume").count() == 1


@override_settings(WRIT_SCREENING_THRESHOLD=990)
def test_threshold_is_a_setting(house, officer) -> None:
    party = make_party("Fictional Meridian Tradings")
    screen_party(actor=officer, party=party, purpose="test")
    assert state_of(party) == ScreeningState.CLEAR


def test_applicant_sees_that_it_is_in_review_and_no_more(house, officer) -> None:
    applicant = factories.make_actor(Role.APPLICANT)
    party = make_party()
    hit_on(party, officer)
    assert queries.shown_state(applicant, party) == "in_review"
    assert not queries.hits_of_parties(applicant, [party.pk]).exists()
    assert queries.hits_of_parties(officer, [party.pk]).count() == 1


def test_list_health_tells_a_list_of_eight_days_from_one_of_seven(house) -> None:
    from datetime import timedelta

    for days, is_stale in ((7, False), (8, True)):
        [told] = health.list_health(today=house.published_on + timedelta(days=days))
        assert told.is_stale is is_stale


@pytest.mark.parametrize("names", ["order", "owner", "filing"])
def test_officer_decides_no_hit_on_a_party_of_an_own_teams_order_or_filing(house, names: str) -> None:
    party = make_party()
    order = factories.make_order()
    if names == "filing":
        RemoteUser.objects.create(filing=factories.make_filing(order), party=party, purpose="Operates.")
    else:
        end_user = party if names == "order" else make_party("Plain Cloud", "SG")
        OrderParty.objects.create(order=order, party=end_user, role=PartyRole.FORWARDER)
        if names == "owner":
            Ownership.objects.create(owner=party, owned=end_user, share_percent=60)
    hit = hit_on(party, factories.make_officer())
    insider = factories.make_officer(person=order.applicant.person)
    with pytest.raises(NotPermitted, match="own team's order or filing"):
        decide(insider, hit, HitState.FALSE_POSITIVE)
    decide(factories.make_officer(), hit, HitState.FALSE_POSITIVE)
