"""A changed list opens exactly the cases it must, once; re-screening goes on after a stop; decisions survive it."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from procurement.parties.models import Party, ScreeningState
from procurement.screening import health, register, rescreening
from procurement.screening.decision_services import decide_hit
from procurement.screening.list_services import load_list
from procurement.screening.models import Hit, HitState, Rescreening
from procurement.screening.services import screen_party
from tests import factories
from tests.integration.screening.conftest import OTHERS
from tests.integration.screening.list_shapes import csl

ROOT = Path(__file__).resolve().parents[3]
WORDS = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ironwood", "Juniper", "Larch", "Maple")
KINDS = ("Foundry", "Logistics", "Instruments", "Shipping")


def listed(name: str, reason: str = "Invented.") -> str:
    return f"{name} (demo),,AE,entity,stop,{reason}\n"


def standing(party: Party | None = None) -> set[tuple[str, str, str]]:
    """Which hits stand, by party, entry and evidence."""
    hits = Hit.objects.filter(withdrawn_at=None)
    hits = hits.filter(party=party) if party else hits
    return set(hits.values_list("party__name", "entry_key", "evidence_sha256"))


def make_parties(names: list[str]) -> list[Party]:
    parties = [Party.objects.create(name=name, country="AE") for name in names]
    for party in parties:
        screen_party(actor=None, party=party, purpose="test")
    return parties


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_changed_list_opens_exactly_what_matching_everyone_anew_would(house, write, seed: int) -> None:
    chance = random.Random(seed)
    names = [f"{word} {kind}" for word in WORDS for kind in KINDS]
    make_parties(chance.sample(names, 30))
    rows = dict.fromkeys(chance.sample(names, 12), "Invented.")
    load_list(actor=None, file=write(OTHERS + "".join(listed(*row) for row in rows.items())), is_drop_confirmed=True)
    for _ in range(3):
        for name in chance.sample(names, 6):
            if name in rows and chance.random() < 0.5:
                del rows[name]
            else:
                rows[name] = f"Invented {chance.random()}."
        load_list(
            actor=None, file=write(OTHERS + "".join(listed(*row) for row in rows.items())), is_drop_confirmed=True
        )
        found = standing()
        for party in Party.objects.all():
            screen_party(actor=None, party=party, purpose="everything anew")
        assert found == standing()


@pytest.mark.django_db
def test_changed_list_opens_a_case_once(house, write, officer) -> None:
    [party, other] = make_parties(["Zephyrine Quarters", "Plain Harbour"])
    added = OTHERS + listed("Zephyrine Quarters")
    loaded = load_list(actor=None, file=write(added), is_drop_confirmed=True)
    assert (loaded.changed, loaded.rescreened) == (2, 2)
    assert Hit.objects.count() == 1
    done = Rescreening.objects.get()
    assert (done.new_hits, done.withdrawn_hits, done.finished_at is not None) == (1, 0, True)
    asked = rescreening.ask(purpose="again", is_whole=True)
    assert asked is not None
    rescreening.run(asked)
    again = Rescreening.objects.get(pk=asked)
    assert (again.done_count, again.new_hits, again.withdrawn_hits) == (2, 0, 0)
    assert [hit.party_id for hit in Hit.objects.all()] == [party.pk]
    assert Party.objects.get(pk=other.pk).screening_state == ScreeningState.CLEAR


@pytest.mark.django_db
def test_rescreening_that_was_cut_off_goes_on_where_it_was(house, write, monkeypatch) -> None:
    make_parties([f"{word} Foundry" for word in WORDS])
    monkeypatch.setattr(rescreening, "PART", 3)
    rows = "".join(listed(f"{word} Foundry") for word in WORDS)

    class Cut(Exception):
        pass

    def cut_off(done: int, _total: int) -> None:
        if done == 6:
            raise Cut

    with pytest.raises(Cut):
        load_list(actor=None, file=write(OTHERS + rows), is_drop_confirmed=True, progress=cut_off)
    row = Rescreening.objects.get()
    assert (row.done_count, row.new_hits, row.finished_at) == (6, 6, None)
    assert ["6 of 12" in blocker.reason for blocker in health.rescreening_blockers()] == [True]
    asked: list[int] = []
    rescreening.run(row.pk, lambda done, _total: asked.append(done))
    row.refresh_from_db()
    assert asked == [9, 12]
    assert (row.done_count, row.new_hits, row.finished_at is not None) == (12, 12, True)
    assert Hit.objects.count() == 12
    assert not health.rescreening_blockers()


@pytest.mark.django_db
def test_rescreening_matches_what_is_left_against_the_lists_of_now(house, write, monkeypatch) -> None:
    """A second list comes meanwhile: nothing is found in what is no longer listed, though its own turn is to come."""
    parties = make_parties([f"{word} Foundry" for word in WORDS[:4]])
    monkeypatch.setattr(rescreening, "PART", 2)
    rows = [listed(f"{word} Foundry") for word in WORDS[:4]]
    run, came = rescreening.run, []

    def another(done: int, _total: int) -> None:
        if not came:
            came.append(done)
            monkeypatch.setattr(rescreening, "run", lambda *_: 0)
            load_list(actor=None, file=write(OTHERS + rows[0]), is_drop_confirmed=True)
            monkeypatch.setattr(rescreening, "run", run)

    load_list(actor=None, file=write(OTHERS + "".join(rows)), is_drop_confirmed=True, progress=another)
    assert came == [2]
    assert {name for name, _, _ in standing()} == {parties[0].name, parties[1].name}
    run(rescreening.unfinished().get().pk)
    assert {name for name, _, _ in standing()} == {parties[0].name}
    assert not rescreening.unfinished().exists()


@pytest.mark.django_db
def test_party_changed_while_it_was_matched_is_matched_as_it_is_now(house, write, monkeypatch) -> None:
    [party] = make_parties(["Plain Harbour"])
    kept = rescreening._screened

    def renamed_before_it_is_stored(parties, found, cause):
        Party.objects.filter(pk=party.pk).update(name="Zephyrine Quarters")
        return kept(parties, {0: ()} | found, cause)

    monkeypatch.setattr(rescreening, "_screened", renamed_before_it_is_stored)
    load_list(actor=None, file=write(OTHERS + listed("Zephyrine Quarters")), is_drop_confirmed=True)
    assert [name for name, _, _ in standing()] == ["Zephyrine Quarters"]


@pytest.mark.django_db(transaction=True)
def test_decision_survives_a_restart(write, officer, process_environment, tmp_path) -> None:
    """Another process, with nothing in its memory, matches everyone anew: what was dismissed does not come back."""
    load_list(actor=None, file=write(OTHERS + listed("Zephyrine Quarters")))
    dismissed, open_one = make_parties(["Zephyrine Quarters", "Zephyrine Quarters Ltd"])
    hit = dismissed.hits.get()
    decide_hit(
        actor=officer,
        hit_id=hit.pk,
        outcome=HitState.FALSE_POSITIVE,
        reason="The registration number differs.",
        evidence_sha256=hit.evidence_sha256,
    )
    command = [sys.executable, "manage.py", "lists", "rescreen"]
    done = subprocess.run(command, cwd=ROOT, env=process_environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "2 parties matched again: 0 new hits, 0 withdrawn" in done.stdout
    states = dict(Party.objects.values_list("pk", "screening_state"))
    assert states == {dismissed.pk: ScreeningState.CLEAR, open_one.pk: ScreeningState.UNDECIDED}
    assert dismissed.hits.get().state == HitState.FALSE_POSITIVE


@pytest.mark.django_db
def test_matching_in_processes_finds_what_one_process_does(house, write, monkeypatch, settings, tmp_path) -> None:
    """A large list has a file; parties are handed to processes that map it."""
    settings.WRIT_STATE = tmp_path
    monkeypatch.setattr(register, "LEAST_NAMES_FOR_A_FILE", 10)
    monkeypatch.setattr(register, "_cached", None)
    monkeypatch.setattr(rescreening, "LEAST_FOR_PROCESSES", 1)
    settings.WRIT_SCREENING_PROCESSES = 2
    make_parties([f"{word} Foundry" for word in WORDS])
    rows = "".join(listed(f"{word} Foundry") for word in WORDS[:5])
    load_list(actor=None, file=write(OTHERS + rows), is_drop_confirmed=True)
    assert register.current_register().index_path is not None
    assert {name for name, _, _ in standing()} == {f"{word} Foundry" for word in WORDS[:5]}
    monkeypatch.setattr(register, "_cached", None)


@pytest.mark.django_db
def test_rescreening_takes_no_more_queries_for_more_parties(house, write, django_assert_max_num_queries) -> None:
    make_parties([f"{word} {kind}" for word in WORDS for kind in KINDS])
    path = write(OTHERS + listed("Zephyrine Quarters"))
    with django_assert_max_num_queries(60):
        load_list(actor=None, file=path, is_drop_confirmed=True)


@pytest.mark.django_db
def test_party_at_a_listed_address_is_a_hit_and_a_new_address_takes_it_away(house, officer, tmp_path) -> None:
    path = tmp_path / "csl.csv"
    path.write_bytes(csl())
    load_list(actor=None, file=path)
    party = factories.make_party("Wholly Unlike", address="7, invented St., TOWN, CN", screening_state="not_screened")
    screen_party(actor=officer, party=party, purpose="test")
    hit = party.hits.get()
    assert (hit.entry.name, hit.score, hit.evidence["is_by_address"]) == ("Invented Fabrication 7", 800, True)
    assert "Same address" in hit.evidence["evidence"][0]["words"]
    Party.objects.filter(pk=party.pk).update(address="8 Other Road, Elsewhere, CN")
    screen_party(actor=officer, party=party, purpose="moved")
    assert party.hits.get().withdrawn_at is not None


@pytest.mark.django_db
def test_rescreening_by_two_processes_takes_each_part_once(house, write, monkeypatch) -> None:
    make_parties([f"{word} Foundry" for word in WORDS])
    monkeypatch.setattr(rescreening, "PART", 3)
    rows = "".join(listed(f"{word} Foundry") for word in WORDS)
    others: list[int] = []

    def somebody_else(done: int, _total: int) -> None:
        if done == 3 and not others:
            others.append(done)
            rescreening.run(Rescreening.objects.get().pk)

    load_list(actor=None, file=write(OTHERS + rows), is_drop_confirmed=True, progress=somebody_else)
    row = Rescreening.objects.get()
    assert others == [3]
    assert (row.done_count, row.new_hits, Hit.objects.count()) == (12, 12, 12)
