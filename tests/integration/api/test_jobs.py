"""Jobs over the API: submitted, listed, read, cancelled, and refused with the fault or the broken link."""

from __future__ import annotations

import pytest

from allocation.jobs.models import Job, LogChunk, Metric
from tests.integration.allocation.worlds import World, attempt_of
from tests.integration.api.conftest import Caller, fields_of


def test_job_is_submitted_listed_read_and_cancelled(made: World, owner: Caller) -> None:
    job = owner.post("jobs", {"source": made.source()}, expect=201)
    assert (job["state"], job["device_count"], job["time_limit_ms"]) == ("waiting", 1, 1_200_000)
    assert [row["id"] for row in owner.get("jobs?state=waiting")["items"]] == [job["id"]]
    assert owner.get("jobs?state=failed")["items"] == []
    chain = owner.get(f"jobs/{job['id']}/chain")
    assert chain["links"]
    assert owner.get(f"jobs/{job['id']}/logs") == {"text": "", "offset": 0, "is_final": False}
    assert owner.get(f"jobs/{job['id']}/metrics")["is_final"] is False
    assert owner.post(f"jobs/{job['id']}/cancel")["state"] == "cancelled"


def test_job_state_of_no_such_name_is_refused(owner: Caller) -> None:
    assert fields_of(owner.get("jobs?state=sleeping", expect=422)) == {"state"}


def test_job_log_and_curve_are_read_from_an_offset(made: World, owner: Caller) -> None:
    attempt = made.place()
    LogChunk.objects.create(attempt=attempt, offset=0, text="hello\n")
    Metric.objects.create(attempt=attempt, step=1, values={"loss": 5.5})
    job = Job.objects.get().pk
    assert owner.get(f"jobs/{job}/logs?offset=2")["text"] == "llo\n"
    assert owner.get(f"jobs/{job}/metrics")["series"]
    assert attempt_of(attempt.job).pk == attempt.pk


def test_job_with_a_broken_chain_is_refused_with_the_link_named(made: World, owner: Caller, officer: Caller) -> None:
    officer.post(f"licences/{made.exporter.pk}/suspend", {"reason": "Letter of BIS."})
    answer = owner.post("jobs", {"source": made.source()}, expect=409)
    assert answer["code"] == "refused_by_compliance"
    assert any(made.exporter.reference in reason for reason in [answer["message"], *answer["blockers"]])


@pytest.mark.parametrize(
    ("source", "told"),
    [("", "source"), ("name: [", "line"), ("name: x\nsurprise: 1\n", "surprise"), ("a: &a [*a]\n", "")],
)
def test_job_file_that_does_not_fit_is_refused_with_its_fault(owner: Caller, source: str, told: str) -> None:
    answer = owner.post("jobs", {"source": source}, expect=422)
    assert answer["code"] == "invalid_input"
    assert told in str(answer)


def test_job_file_of_too_many_bytes_is_refused(owner: Caller) -> None:
    assert "source" in str(owner.post("jobs", {"source": "x" * 70_000}, expect=422)["faults"])


def test_job_of_another_team_is_not_found_by_any_door(made: World, owner: Caller, stranger: Caller) -> None:
    job = owner.post("jobs", {"source": made.source()}, expect=201)["id"]
    for path in (f"jobs/{job}", f"jobs/{job}/logs", f"jobs/{job}/metrics", f"jobs/{job}/chain"):
        assert stranger.get(path, expect=404)["code"] == "not_found"
    stranger.post(f"jobs/{job}/cancel", expect=404)
    assert stranger.get("jobs")["items"] == []
    assert stranger.post("jobs", {"source": made.source()}, expect=422)["field"]
