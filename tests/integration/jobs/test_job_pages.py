"""Jobs through the pages: what is wrong with a job file is told where it stands; a job is its team's alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from allocation.jobs.models import Attempt, Job
from procurement.licences.models import Licence
from procurement.licences.states import LicenceState
from tests import factories as make
from tests.browsing import signed_in, text_of
from tests.integration.allocation.worlds import World, make_world

pytestmark = pytest.mark.django_db
SUBMIT = "/jobs/submit/"


@pytest.fixture(autouse=True)
def own_keys(settings: Any, tmp_path: Path) -> None:
    settings.WRIT_KEYS = tmp_path / "keys"


@pytest.fixture
def world(db: None) -> World:
    """One licensed device, an approved filing, no host yet."""
    return make_world(Client(), devices=1)


@pytest.fixture
def team(world: World) -> Client:
    """The team's browser."""
    return signed_in(world.team)


@pytest.fixture
def running(world: World) -> Attempt:
    """An attempt that reported two steps and a log."""
    host = world.add_host()
    attempt = world.run(host)
    host.metrics(attempt, {"step": 1, "loss": 5.5}, {"step": 2, "loss": 4.25}, log="step 1\nstep 2\n")
    return attempt


def upload(client: Client, content: bytes, source: str = "") -> Any:
    return client.post(SUBMIT, {"source": source, "file": SimpleUploadedFile("job.yaml", content)})


def address(name: str, attempt: Attempt) -> str:
    return reverse(f"jobs:{name}", args=[attempt.job_id])


def test_submit_page_begins_with_the_teams_approved_filing(world: World, team: Client) -> None:
    shown = text_of(team.get(SUBMIT))
    assert f"filing: {world.filing.reference}" in shown
    assert "No approved filing" in text_of(signed_in(make.make_applicant()).get(SUBMIT))


def test_job_file_submitted_on_the_page_makes_a_job(world: World, team: Client) -> None:
    answer = team.post(SUBMIT, {"source": world.source()})
    job = Job.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("jobs:detail", args=[job.pk]))


def test_job_file_uploaded_replaces_what_was_typed(world: World, team: Client) -> None:
    assert upload(team, world.source().encode(), source="name: [").status_code == 303
    assert Job.objects.get().name == "bytes"


def test_array_and_order_given_in_the_fields_are_as_if_the_job_file_said_them(world: World, team: Client) -> None:
    team.post(SUBMIT, {"source": world.source()})
    first = Job.objects.get()
    answer = team.post(SUBMIT, {"source": world.source(), "array": "3", "after": f"{first.reference}, "})
    assert answer.status_code == 303
    made = Job.objects.exclude(pk=first.pk)
    assert sorted(job.spec["array"]["index"] for job in made) == [0, 1, 2]
    assert {each.reference for job in made for each in job.after.all()} == {first.reference}


@pytest.mark.parametrize(("fields", "words"), [
    ({"array": "1"}, "greater than or equal to 2"),
    ({"after": "JOB-9999-00001"}, "Your team has no job JOB-9999-00001."),
    ({"after": "x"}, "names up to 32 different jobs"),
])  # fmt: skip
def test_array_or_order_that_cannot_be_is_told_and_nothing_is_lost(
    world: World, team: Client, fields: dict[str, str], words: str
) -> None:
    answer = team.post(SUBMIT, {"source": world.source(), **fields})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert next(iter(fields.values())) in answer.content.decode()
    assert not Job.objects.exists()


def test_array_said_twice_is_refused_at_its_field(world: World, team: Client) -> None:
    answer = team.post(SUBMIT, {"source": world.source() + "array: 2\n", "array": "3"})
    assert answer.status_code == 422
    assert "The job file says this already" in text_of(answer)
    assert not Job.objects.exists()


@pytest.mark.parametrize(("broken", "line"), [
    ("name: bytes\nfiling: [\n", 3),
    ("name: bytes\nfiling: F\nchip: h200-sxm\ndevices: many\n", 4),
    ("name: bytes\nname: again\n", 2),
])  # fmt: skip
def test_fault_in_a_job_file_is_told_with_its_line_and_the_text_is_kept(team: Client, broken: str, line: int) -> None:
    answer = team.post(SUBMIT, {"source": broken})
    assert answer.status_code == 422
    assert f"line {line}: " in text_of(answer)
    assert broken.strip() in text_of(answer)
    assert not Job.objects.exists()


def test_fault_in_an_uploaded_job_file_leaves_its_text_in_the_box(team: Client) -> None:
    answer = upload(team, b"name: uploaded\nfiling: [\n")
    assert answer.status_code == 422
    assert "name: uploaded" in answer.context["form"]["source"].value()


def test_file_of_more_than_64_kib_is_refused_in_words(world: World, team: Client) -> None:
    answer = upload(team, world.source().encode() + b"#" * 65_536)
    assert answer.status_code == 422
    assert "The file is larger than 64 KiB." in text_of(answer)
    assert "Write the job file, or choose one." not in text_of(answer)
    assert not Job.objects.exists()


def test_text_of_more_than_64_kib_is_refused_in_words(team: Client) -> None:
    answer = team.post(SUBMIT, {"source": "#" * 65_537})
    assert answer.status_code == 422
    assert "at most 65536 characters" in text_of(answer)
    assert "Write the job file, or choose one." not in text_of(answer)


def test_file_that_is_not_utf_8_is_refused_in_words(team: Client) -> None:
    answer = upload(team, "name: grün\n".encode("latin-1"), source="name: kept\n")
    assert answer.status_code == 422
    assert "The file is not UTF-8 text." in text_of(answer)
    assert "Write the job file, or choose one." not in text_of(answer)
    assert "name: kept" in text_of(answer)


def test_submission_of_nothing_asks_for_a_job_file(team: Client) -> None:
    answer = team.post(SUBMIT, {"source": ""})
    assert answer.status_code == 422
    assert "Write the job file, or choose one." in text_of(answer)


def test_broken_chain_is_told_with_the_link_named(world: World, team: Client) -> None:
    Licence.objects.filter(pk=world.exporter.pk).update(state=LicenceState.SUSPENDED)
    answer = team.post(SUBMIT, {"source": world.source()})
    assert answer.status_code == 422
    shown = text_of(answer)
    assert "The chain is broken at" in shown
    assert world.exporter.reference in shown
    assert f"filing: {world.filing.reference}" in shown
    assert not Job.objects.exists()


def test_filing_of_another_team_is_not_known(world: World) -> None:
    answer = signed_in(make.make_applicant()).post(SUBMIT, {"source": world.source()})
    assert answer.status_code == 422
    assert f"Your team has no filing {world.filing.reference}." in text_of(answer)


def test_owner_reads_the_job_live_with_curves_and_log(world: World, team: Client, running: Attempt) -> None:
    shown = text_of(team.get(address("detail", running)))
    assert running.job.reference in shown
    assert address("cancel", running) in shown
    assert team.get(address("live", running)).status_code == 200
    curves = team.get(address("metrics", running)).json()
    assert curves["is_final"] is False
    assert [series["points"] for series in curves["series"]] == [[[1, 5.5], [2, 4.25]]]
    assert team.get(address("log", running)).json() == {"text": "step 1\nstep 2\n", "offset": 14, "is_final": False}
    assert team.get(address("log", running), {"offset": "7"}).json()["text"] == "step 2\n"


@pytest.mark.parametrize("offset", ["-1", "x", "", "9" * 30])
def test_log_from_an_offset_that_is_none_begins_at_the_start(team: Client, running: Attempt, offset: str) -> None:
    assert team.get(address("log", running), {"offset": offset}).json()["text"] == "step 1\nstep 2\n"


def test_ended_job_says_that_nothing_more_comes(world: World, team: Client) -> None:
    host = world.add_host()
    attempt = world.run(host)
    host.end(attempt)
    assert team.get(address("metrics", attempt)).json()["is_final"] is True
    assert address("cancel", attempt) not in text_of(team.get(address("detail", attempt)))


@pytest.mark.parametrize("name", ["detail", "live", "metrics", "log"])
def test_job_of_another_team_is_not_found(running: Attempt, name: str) -> None:
    assert signed_in(make.make_applicant()).get(address(name, running)).status_code == 404


def test_job_of_another_team_cannot_be_cancelled(running: Attempt) -> None:
    assert signed_in(make.make_applicant()).post(address("cancel", running)).status_code == 404
    running.job.refresh_from_db()
    assert running.job.cancel_requested_at is None
