"""When somebody's access ends: what stops is said before, stops after, and nobody ends their own."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken
from accounts.services import end_membership, issue_token, record_person_left
from allocation.dispatch.models import Drain
from allocation.jobs.models import Job
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.models import Entry
from tests import factories as make
from tests.browsing import signed_in, text_of
from tests.integration.allocation.worlds import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings: object, tmp_path: object) -> World:
    settings.WRIT_KEYS = tmp_path  # type: ignore[attr-defined]
    return make_world(Client(), devices=2)


def end(client: Client, world: World, reason: str = "Moved to another company.") -> object:
    return client.post(reverse("accounts:end", args=[world.team.membership.pk]), {"reason": reason})


def test_end_of_a_role_drains_what_runs_and_nothing_of_others(world: World) -> None:
    host = world.add_host()
    mate = make.make_applicant(team=world.team.team)
    running = world.run(host)
    spared = world.run(host, filing=make_filing_of(world, mate))
    client = signed_in(world.officer)
    said = client.get(reverse("drains:what_if_membership", args=[world.team.membership.pk])).content.decode()
    assert running.job.reference in said
    assert spared.job.reference not in said

    answer = end(client, world)
    assert (answer.status_code, answer["Location"]) == (  # type: ignore[attr-defined]
        303, reverse("accounts:person", args=[world.team.person.pk]) + "#drain"
    )  # fmt: skip
    assert {item.attempt_id for item in Drain.objects.get().items.all()} == {running.pk}
    assert host.renew(running)[0]["answer"] == "drain"
    assert host.renew(spared)[0]["answer"] == "run"
    entry = Entry.objects.get(act="membership.ended")
    assert entry.facts["reason"] == "Moved to another company."
    page = text_of(client.get(reverse("accounts:person", args=[world.team.person.pk])))
    assert "Ended" in page
    assert "End this role" not in page
    assert Drain.objects.get().reference in text_of(client.get(reverse("drains:person", args=[world.team.person.pk])))


def make_filing_of(world: World, mate: object) -> object:
    from tests.integration.allocation.worlds import approve

    filing = make.make_filing(world.order, applicant=mate)  # type: ignore[arg-type]
    approve(filing, officer=world.officer, second=world.second)
    return filing


def test_person_who_left_loses_every_role_account_and_token(world: World) -> None:
    person = world.team.person
    user = make.make_user(person)
    other_role = make.make_membership("liaison", person=person)
    issue_token(user=user, membership=other_role, label="t")
    running = world.run(world.add_host())
    waiting = world.submit(devices=2)
    client = signed_in(world.operator)
    said = text_of(client.get(reverse("drains:what_if_person", args=[person.pk])))
    assert running.job.reference in said
    assert waiting.reference in said
    answer = client.post(reverse("accounts:left", args=[person.pk]), {"reason": "Retired."})
    assert answer.status_code == 303
    person.refresh_from_db()
    user.refresh_from_db()
    assert person.left_at is not None
    assert not user.is_active
    assert not person.memberships.filter(ends_at=None).exists()
    assert ApiToken.objects.get().revoked_at is not None
    assert Drain.objects.get().cause_kind == "membership"
    assert Entry.objects.get(act="person.left").facts == {"reason": "Retired.", "memberships": 2}
    assert Job.objects.get(pk=waiting.pk).state == "waiting"


def test_reason_is_asked_for_and_nothing_ends_without_it(world: World) -> None:
    client = signed_in(world.officer)
    for address, part in (("accounts:end", world.team.membership.pk), ("accounts:left", world.team.person.pk)):
        answer = client.post(reverse(address, args=[part]), {"reason": "  "})
        assert answer.status_code == 422
        assert "This field is required" in text_of(answer)
    world.team.membership.refresh_from_db()
    assert world.team.membership.ends_at is None
    with pytest.raises(InvalidInput):
        end_membership(actor=world.officer, membership=world.team.membership, reason=" ")


def test_own_access_is_ended_by_somebody_else(world: World) -> None:
    client = signed_in(world.officer)
    answer = client.post(reverse("accounts:end", args=[world.officer.membership.pk]), {"reason": "I go."})
    assert answer.status_code == 422
    assert "another officer or operator" in text_of(answer)
    with pytest.raises(NotPermitted):
        record_person_left(actor=world.officer, person=world.officer.person, reason="I go.")
    assert not Entry.objects.filter(act__in=["membership.ended", "person.left"]).exists()


def test_end_that_was_overtaken_says_when_it_ended(world: World) -> None:
    end_membership(actor=world.operator, membership=world.team.membership, reason="Moved.")
    answer = end(signed_in(world.officer), world)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "ended on" in text_of(answer)
    record_person_left(actor=world.operator, person=world.team.person, reason="Moved.")
    with pytest.raises(Overtaken, match="on record already"):
        record_person_left(actor=world.officer, person=world.team.person, reason="Moved.")


@pytest.mark.parametrize("made", [make.make_applicant, make.make_auditor, make.make_liaison])
def test_other_roles_end_nobodys_access(world: World, made: object) -> None:
    actor = made()  # type: ignore[operator]
    assert end(signed_in(actor), world).status_code == 403  # type: ignore[attr-defined]
    with pytest.raises(NotPermitted):
        end_membership(actor=actor, membership=world.team.membership, reason="Moved.")


def test_list_finds_people_by_name_role_and_whether_access_is_in_force(world: World) -> None:
    end_membership(actor=world.operator, membership=world.team.membership, reason="Moved.")
    client = signed_in(world.officer)
    over = text_of(client.get(reverse("accounts:people"), {"access": "over"}))
    assert world.team.person.name in over
    assert world.operator.person.name not in over
    live = text_of(client.get(reverse("accounts:people"), {"access": "live", "role": "operator"}))
    assert world.operator.person.name in live
    assert world.team.person.name not in live
    table = client.get(reverse("accounts:people"), {"format": "csv", "name": world.team.person.name})
    assert world.team.person.name in b"".join(table.streaming_content).decode()
