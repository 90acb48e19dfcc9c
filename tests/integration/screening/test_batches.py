"""Many names at once: asked for with a purpose, looked up part by part, taken away as a file; how right hits were."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.roles import Role
from accounts.services import issue_token
from ledger.errors import ComplianceRefusal, InvalidInput, NotPermitted
from ledger.models import Entry
from procurement.parties.models import Party
from procurement.screening import batch_services, chores, precision
from procurement.screening.batch_services import ask_batch, run_batch
from procurement.screening.decision_services import decide_hit
from procurement.screening.models import BatchScreening, HitState
from procurement.screening.queries import batch_progress
from procurement.screening.services import screen_party
from tests import factories
from tests.integration.screening.test_pages import signed_in

pytestmark = pytest.mark.django_db
NAMES = (
    "ref,name,country\n"
    "1,Fictional Meridian Trading,AE\n"
    "2,Bright Harbour Cloud,SG\n"
    "3,,SG\n"
    "=4,Meridian Fiction,\n"
)  # fmt: skip


def ask(officer, text: str = NAMES) -> BatchScreening:
    return ask_batch(actor=officer, file_name="names.csv", content=text.encode(), purpose="A customer's list")


def test_batch_is_looked_up_part_by_part_and_its_result_has_every_line(house, officer, monkeypatch) -> None:
    monkeypatch.setattr(batch_services, "PART", 2)
    batch = ask(officer)
    assert (batch_progress(batch).done, batch_progress(batch).all) == (1, 4)
    assert batch_services.is_waiting()
    assert batch_services._do_part(batch.pk)
    assert batch_progress(batch).done == 3
    run_batch(batch.pk)
    progress = batch_progress(batch)
    assert (progress.done, progress.bad, progress.hit_count, progress.is_done) == (4, 1, 2, True)
    assert not batch_services.is_waiting()
    client = signed_in(officer)
    answer = client.get(reverse("screening:batch_result", args=[batch.pk]))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["ref"], row["hits"], row["list"], row["fault"]) for row in rows] == [
        ("1", "1", "HOUSE", ""), ("2", "0", "", ""), ("3", "0", "", "no name"), ("'=4", "1", "HOUSE", ""),
    ]  # fmt: skip


def test_batch_that_was_cut_off_is_gone_on_with_by_the_worker(house, officer, settings) -> None:
    settings.WRIT_LISTS_FETCH_EVERY_H = 0
    batch = ask(officer)
    assert chores.has_work()
    assert chores.work() == 1
    assert batch_progress(batch).is_done
    assert not chores.has_work()


def test_batch_is_logged_with_person_purpose_and_every_name(house, officer) -> None:
    batch = ask(officer)
    assert (batch.membership, batch.purpose) == (officer.membership, "A customer's list")
    assert [line.name for line in batch.lines.all()][:2] == ["Fictional Meridian Trading", "Bright Harbour Cloud"]
    assert Entry.objects.get(act="search.batch_asked").facts == {"lines": 4}


def test_batch_of_many_names_is_an_unusual_volume(house, officer) -> None:
    ask(officer, "name\n" + "Somebody\n" * 50)
    assert Entry.objects.filter(act="search.unusual_volume").count() == 1
    ask(officer)
    assert Entry.objects.filter(act="search.unusual_volume").count() == 1


@pytest.mark.parametrize("text", ["", "nome\nA\n", "name\n\n", "name\n" + "A\n" * 20_001])
def test_batch_without_names_or_of_too_many_is_refused(house, officer, text: str) -> None:
    with pytest.raises(InvalidInput):
        ask(officer, text)
    assert not BatchScreening.objects.exists()


def test_batch_of_other_bytes_is_refused(house, officer) -> None:
    with pytest.raises(InvalidInput, match="UTF-8"):
        ask_batch(actor=officer, file_name="a", content=b"name\n\xff\xfe\n", purpose="test")


def test_batch_without_any_list_is_refused(officer) -> None:
    with pytest.raises(ComplianceRefusal):
        ask(officer)


@pytest.mark.parametrize("role", [Role.APPLICANT, Role.AUDITOR, Role.OPERATOR])
def test_batch_by_anybody_but_an_officer_is_refused(house, role: Role) -> None:
    with pytest.raises(NotPermitted):
        ask(factories.make_actor(role))


def test_batch_is_handed_in_on_the_page_and_its_part_asks_again_until_it_is_done(house, officer) -> None:
    client = signed_in(officer)
    typed = {"file": SimpleUploadedFile("names.csv", NAMES.encode()), "purpose": "A customer's list"}
    answer = client.post(reverse("screening:batches"), typed)
    assert answer.status_code == 303
    assert "every 2s" in client.get(answer.url).content.decode()
    run_batch(BatchScreening.objects.get().pk)
    part = client.get(answer.url, headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" not in part
    assert "<html" not in part
    assert "Fictional Meridian Trading" in part
    again = client.post(reverse("screening:batches"), {"purpose": "Kept"})
    assert (again.status_code, b"Kept" in again.content) == (422, True)


def decided(officer, name: str, outcome: HitState) -> None:
    party = Party.objects.create(name=name, country="AE")
    screen_party(actor=officer, party=party, purpose="test")
    hit = party.hits.get()
    decide_hit(
        actor=officer, hit_id=hit.pk, outcome=outcome, reason="By its number.", evidence_sha256=hit.evidence_sha256
    )


def test_precision_counts_decided_hits_by_list_and_threshold(house, officer) -> None:
    decided(officer, "Fictional Meridian Trading", HitState.TRUE_MATCH)
    decided(officer, "Fictional Meridian Tradings", HitState.FALSE_POSITIVE)
    screen_party(actor=officer, party=Party.objects.create(name="Meridian Fiction", country="AE"), purpose="test")
    [told] = precision.precision_by_list(officer)
    assert (told.authority, told.decided, told.true_matches, told.false_positives, told.percent) == (
        "HOUSE", 2, 1, 1, 50.0,
    )  # fmt: skip
    assert told.points[0][1] == 50.0
    assert told.points[-1][1] == 100.0
    client = signed_in(officer)
    figures = client.get(reverse("screening:precision_figures")).json()
    assert [series["name"] for series in figures["series"]] == ["HOUSE"]
    assert "data-chart-url" in client.get(reverse("screening:precision")).content.decode()


def test_precision_says_nothing_to_who_may_not_see_screening(house, officer) -> None:
    decided(officer, "Fictional Meridian Trading", HitState.TRUE_MATCH)
    assert precision.precision_by_list(factories.make_applicant()) == []


def test_api_decides_a_hit_on_the_evidence_seen(house, officer, client) -> None:
    party = Party.objects.create(name="Fictional Meridian Trading", country="AE")
    screen_party(actor=officer, party=party, purpose="test")
    user = factories.make_user(officer.person)
    token = issue_token(user=user, membership=officer.membership, label="test")
    headers = {"Authorization": f"Bearer {token}"}
    [hit] = client.get("/api/v1/screening/hits", headers=headers).json()
    assert (hit["party"], hit["list_authority"], hit["is_seen"]) == (party.name, "HOUSE", True)
    said = {"outcome": "false_positive", "reason": "The numbers differ.", "evidence_sha256": hit["evidence_sha256"]}
    address = f"/api/v1/screening/hits/{hit['id']}/decisions"
    answer = client.post(address, json.dumps(said), content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "false_positive")
    asked = {"name": "Meridian Fiction", "purpose": "A question.", "country": "United Arab Emirates"}
    found = client.post(
        "/api/v1/screening/searches", json.dumps(asked), content_type="application/json", headers=headers
    )
    assert [each["list"] for each in found.json()["hits"]] == ["HOUSE"]


def test_batch_name_with_an_odd_line_sign_is_one_name(house, officer) -> None:
    batch = ask(officer, 'name\n"Fictional Meridian\u2028Trading"\n"Bright\x0bHarbour"\n')
    assert [line.name for line in batch.lines.all()] == ["Fictional Meridian Trading", "Bright Harbour"]
