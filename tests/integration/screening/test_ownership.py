"""The 50 % rule: shares summed along the tree, by date; an unknown share is a blocker, not a pass."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from procurement.orders.blockers import screening_blockers
from procurement.parties.models import Ownership, Party, ScreeningState
from procurement.parties.services import end_ownership, record_ownership
from procurement.screening.decision_services import countersign_release, decide_hit
from procurement.screening.list_services import load_list
from procurement.screening.models import HitState
from procurement.screening.ownership import Listed, Reach, ownership_blockers, reasons, trees
from procurement.screening.services import screen_party
from tests import factories
from tests.integration.screening.conftest import OTHERS
from tests.integration.screening.list_shapes import csl
from tests.integration.screening.test_pages import signed_in

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)
LISTED = "Listed Holding {n} (demo),,AE,entity,stop,Invented.\n"
REASON = "It is the listed one by its number."


@pytest.fixture
def listed(write, officer) -> list[Party]:
    """Three owners that are confirmed matches on a list that blocks."""
    rows = "".join(LISTED.format(n=word) for word in ("Alder", "Birch", "Cedar"))
    load_list(actor=None, file=write(OTHERS + rows))
    parties = [
        Party.objects.create(name=f"Listed Holding {word}", country="AE") for word in ("Alder", "Birch", "Cedar")
    ]
    for party in parties:
        confirm(officer, party)
    return parties


def confirm(officer, party: Party) -> None:
    screen_party(actor=officer, party=party, purpose="test")
    hit = max(party.hits.all(), key=lambda each: each.score)
    for each in party.hits.all():
        outcome = HitState.TRUE_MATCH if each.pk == hit.pk else HitState.FALSE_POSITIVE
        decide_hit(actor=officer, hit_id=each.pk, outcome=outcome, reason=REASON, evidence_sha256=each.evidence_sha256)


def hold(owner: Party, owned: Party, share: str | None, **dates: date) -> Ownership:
    percent = None if share is None else Decimal(share)
    return Ownership.objects.create(owner=owner, owned=owned, share_percent=percent, **dates)


def clear(name: str) -> Party:
    return factories.make_party(name)


def tree_of(party: Party, on: date = TODAY):
    [tree] = trees([party], on)
    return tree


@pytest.mark.parametrize(
    ("shares", "reach"),
    [
        (["49.999"], Reach.LESS),
        (["50"], Reach.HALF),
        (["50.001"], Reach.HALF),
        (["25", "24.999"], Reach.LESS),
        (["25", "25"], Reach.HALF),
        (["20", "20", "10"], Reach.HALF),
        ([], Reach.LESS),
    ],
)
def test_shares_of_several_listed_owners_are_added_up(listed, shares: list[str], reach: Reach) -> None:
    party = clear("Plain Works")
    for owner, share in zip(listed, shares, strict=False):
        hold(owner, party, share)
    hold(clear("Harmless Fund"), party, "5")
    tree = tree_of(party)
    assert tree.reach is reach
    assert tree.by_tiers == sum(map(Decimal, shares))


def test_what_listed_owners_hold_to_half_counts_whole_tier_by_tier(listed) -> None:
    party, middle = clear("Plain Works"), clear("Middle Holding")
    hold(listed[0], middle, "60")
    hold(middle, party, "60")
    tree = tree_of(party)
    assert (tree.by_tiers, tree.summed, tree.reach) == (Decimal(60), Decimal(36), Reach.HALF)
    assert "Listed owners hold 60 % of Plain Works together (Listed Holding Alder, 60 %)" in reasons(tree)[0]


def test_direct_and_indirect_shares_are_summed_along_the_paths(listed) -> None:
    party, middle = clear("Plain Works"), clear("Middle Holding")
    hold(listed[0], party, "30")
    hold(listed[0], middle, "45")
    hold(middle, party, "50")
    tree = tree_of(party)
    assert (tree.by_tiers, tree.summed, tree.reach) == (Decimal(30), Decimal("52.5"), Reach.HALF)


def test_owner_above_a_listed_one_is_not_counted_twice(listed) -> None:
    party = clear("Plain Works")
    hold(listed[0], party, "30")
    hold(listed[1], listed[0], "100")
    assert tree_of(party).most == Decimal(30)


def test_shares_in_a_circle_end_where_it_closes(listed) -> None:
    one, other = clear("One Works"), clear("Other Works")
    hold(one, other, "40")
    hold(other, one, "40")
    hold(listed[0], other, "55")
    tree = tree_of(one)
    assert tree.owners[0].owners[1].is_circle or tree.owners[0].owners[0].is_circle
    assert (tree.by_tiers, tree.reach) == (Decimal(40), Reach.LESS)


def test_unknown_share_is_a_blocker_whoever_holds_it(listed) -> None:
    party, middle = clear("Plain Works"), clear("Middle Holding")
    hold(middle, party, "10")
    hold(clear("Harmless Fund"), middle, None)
    tree = tree_of(party)
    assert tree.reach is Reach.UNKNOWN
    [words] = ownership_blockers([party], TODAY)
    assert words.startswith("The share of Harmless Fund in Middle Holding is not known.")
    assert "counts as a blocker, not as a pass" in words


def test_owner_that_may_be_listed_keeps_the_answer_open(house) -> None:
    party = clear("Plain Works")
    hold(factories.make_party("Nobody Looked", screening_state=ScreeningState.NOT_SCREENED), party, "60")
    tree = tree_of(party)
    assert (tree.reach, tree.owners[0].listed) == (Reach.UNKNOWN, Listed.MAY_BE)


@pytest.mark.parametrize(
    ("on", "reach"),
    [
        (date(2026, 5, 31), Reach.LESS),
        (date(2026, 6, 1), Reach.HALF),
        (date(2026, 8, 31), Reach.HALF),
        (date(2026, 9, 1), Reach.LESS),
    ],
)
def test_shares_count_on_the_days_on_which_they_are_held(listed, on: date, reach: Reach) -> None:
    party = clear("Plain Works")
    hold(listed[0], party, "60", starts_on=date(2026, 6, 1), ends_on=date(2026, 9, 1))
    assert tree_of(party, on).reach is reach


@pytest.mark.parametrize(
    ("on", "counts"),
    [
        (date(2025, 9, 28), False),
        (date(2025, 9, 29), True),
        (date(2025, 11, 9), True),
        (date(2025, 11, 10), False),
        (date(2026, 11, 9), False),
        (date(2026, 11, 10), True),
    ],
)
def test_entity_list_owner_counts_while_the_affiliates_rule_is_in_force(
    tmp_path, officer, on: date, counts: bool
) -> None:
    path = tmp_path / "csl.csv"
    path.write_bytes(csl())
    load_list(actor=None, file=path)
    owner, party = Party.objects.create(name="Invented Fabrication 7", country="CN"), clear("Plain Works")
    confirm(officer, owner)
    hold(owner, party, "60")
    assert (tree_of(party, on).reach is Reach.HALF) is counts


def test_order_of_a_party_held_by_listed_owners_waits_and_its_page_shows_the_tree(listed, officer) -> None:
    order = factories.make_order(state="in_review")
    hold(listed[0], order.site.operator, "60")
    texts = [blocker.text for blocker in screening_blockers(order)]
    assert any("Listed owners hold 60 %" in text for text in texts)
    page = signed_in(officer).get(reverse("screening:party", args=[order.site.operator_id])).content.decode()
    assert "60 % of the party along this path" in page
    part = signed_in(officer).get(reverse("screening:of", args=["order", order.pk])).content.decode()
    assert "Listed owners hold 60 %" in part


def test_party_page_shows_the_owners_of_a_day(listed, officer) -> None:
    party = clear("Plain Works")
    hold(listed[0], party, "60", starts_on=date(2026, 6, 1), ends_on=date(2026, 9, 1))
    client, address = signed_in(officer), reverse("screening:party", args=[party.pk])
    assert "Listed owners hold 60 %" in client.get(address, {"on": "2026-07-01"}).content.decode()
    for on in ("2026-10-01", "", "never"):
        assert "Listed owners hold" not in client.get(address, {"on": on}).content.decode()


@pytest.mark.django_db(transaction=True)
def test_release_of_an_owner_ends_when_a_share_is_recorded_that_nobody_knew_of(listed, officer) -> None:
    party, owner = clear("Plain Works"), listed[0]
    hold(owner, party, "60")
    hit = owner.hits.get(state=HitState.TRUE_MATCH)
    proposal = decide_hit(
        actor=officer, hit_id=hit.pk, outcome=HitState.RELEASED, reason=REASON, evidence_sha256=hit.evidence_sha256
    )
    assert tree_of(party).reach is Reach.HALF
    countersign_release(actor=factories.make_officer(), decision_id=proposal.pk)
    assert tree_of(party).reach is Reach.LESS
    record_ownership(actor=officer, owner=owner, owned=clear("Another Works"), share_percent=Decimal(70))
    assert tree_of(party).reach is Reach.HALF


def test_owner_recorded_later_is_screened_with_the_party_at_once(house, officer) -> None:
    party = factories.make_party("Plain Works")
    screen_party(actor=officer, party=party, purpose="test")
    owner = Party.objects.create(name="Fictional Meridian Trading", country="AE")
    held = record_ownership(actor=officer, owner=owner, owned=party, share_percent=Decimal(10))
    states = dict(Party.objects.filter(pk__in=[party.pk, owner.pk]).values_list("pk", "screening_state"))
    assert states == {party.pk: ScreeningState.CLEAR, owner.pk: ScreeningState.UNDECIDED}
    ended = end_ownership(actor=officer, ownership_id=held.pk, ends_on=TODAY + timedelta(days=400))
    assert ended.ends_on is not None
    assert party.screening_runs.count() == 3
