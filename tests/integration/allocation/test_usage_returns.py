"""Usage returns: each millisecond falls into one month; drift over the tolerance opens one case."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from allocation.dispatch.models import Lease
from allocation.inventory.incidents import close_incident
from allocation.inventory.models import Incident
from allocation.jobs.models import Attempt
from allocation.metering import queries, returns
from allocation.metering.declared import Measure, compare
from allocation.metering.drift import check_filings, check_recent_filings
from allocation.metering.months import Month, month_of, read_month
from ledger.errors import InvalidInput
from procurement.filings.models import Filing
from procurement.review.models import Case
from tests import factories as make
from tests.integration.allocation.worlds import World

OCTOBER, NOVEMBER, DECEMBER = (Month(2026, number) for number in (10, 11, 12))


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "26-01", "2026-00", "2026-11-01", "", "9999-99", "0001-01"])
def test_month_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_month(text)


def test_months_follow_each_other_over_the_years_end() -> None:
    assert (DECEMBER.next, Month(2027, 1).before) == (Month(2027, 1), DECEMBER)
    assert read_month("2026-11") == NOVEMBER == month_of(datetime(2026, 11, 30, 23, 59, 59, 999_999, UTC))


def charge(attempt: Attempt, begins: datetime, stops: datetime) -> None:
    """Rewrites when an attempt's lease was charged, as if it had run then."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE allocation_lease SET charged_from = %s, charged_until = %s, expires_at = %s WHERE attempt_id = %s",
            [begins, stops, stops, attempt.pk],
        )


def test_lease_over_a_months_end_is_split_and_no_millisecond_is_lost_or_counted_twice(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    host.end(attempt)
    begins = datetime(2026, 10, 31, 23, 59, 59, 999_400, UTC)
    charge(attempt, begins, begins + timedelta(milliseconds=61_000, microseconds=300))
    parts = [returns.usage_return(world.exporter, month).gpu_ms for month in (OCTOBER, NOVEMBER, DECEMBER)]
    assert parts == [1, 61_000, 0]
    assert sum(parts) == queries.gpu_ms_of_job(attempt.job_id) == 61_001
    assert returns.months_of(world.exporter) == (NOVEMBER, OCTOBER)


def test_return_counts_what_ran_under_its_licence_and_no_other(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host, devices=2)
    host.end(attempt)
    this_month = month_of(Lease.objects.all()[0].charged_from)
    for licence in (world.exporter, world.importer):
        made = returns.usage_return(licence, this_month)
        assert (made.devices, made.rows[0].job, made.rows[0].is_emulated) == (2, attempt.job.reference, True)
    other = make.make_licence("exporter", world.order)
    assert returns.usage_return(other, this_month).rows == ()


def test_csv_json_and_page_say_the_same(world: World, client: Client, settings: object) -> None:
    settings.ROOT_URLCONF = "config.urls"  # type: ignore[attr-defined]
    host = world.add_host()
    attempt = world.run(host)
    host.end(attempt)
    this_month = month_of(Lease.objects.get().charged_from)
    made = returns.usage_return(world.exporter, this_month)
    client.force_login(make.make_user(world.officer.person))
    url = reverse("metering:month", args=[world.exporter.pk, this_month])
    rows = list(csv.DictReader(io.StringIO(client.get(url, {"format": "csv"}).content.decode())))
    told = json.loads(client.get(url, {"format": "json"}).content)
    page = client.get(url).content.decode()
    assert [int(row["gpu_ms"]) for row in rows] == [made.gpu_ms] == [told["gpu_ms"]]
    assert told["sha256"] == made.digest
    assert attempt.job.reference in page
    assert client.get(reverse("metering:month", args=[world.exporter.pk, "2026-13"])).status_code == 404
    assert str(this_month) in client.get(reverse("metering:licences")).content.decode()


def measured(filing: Filing, measure: Measure) -> tuple[int | None, int, bool]:
    found = next(each for each in compare(filing) if each.measure == measure)
    return found.declared, found.observed, found.has_drifted


def test_most_devices_at_once_counts_overlaps_and_not_leases_that_follow_each_other(world: World) -> None:
    host = world.add_host()
    first, second, third = (world.run(host) for _ in range(3))
    begins = datetime(2026, 11, 1, tzinfo=UTC)
    for attempt, start, stop in ((first, 0, 10), (second, 5, 20), (third, 10, 30)):
        host.end(attempt)
        charge(attempt, begins + timedelta(seconds=start), begins + timedelta(seconds=stop))
    assert measured(world.filing, Measure.DEVICES) == (4, 2, False)


@pytest.mark.parametrize(("flops", "drifted"), [(109, False), (110, False), (111, True)])
def test_flops_over_the_tolerance_open_one_case_and_at_it_none(world: World, flops: int, drifted: bool) -> None:
    host = world.add_host()
    attempt = world.run(host)
    Filing.objects.update(model_parameters=1, training_tokens=1)
    unit = 6 * 10**3
    Filing.objects.update(training_tokens=10**3)
    host.end(attempt, receipt={"work": {"flops_counted": unit * flops // 100}})
    assert check_recent_filings() == int(drifted)
    assert check_recent_filings() == 0
    assert Incident.objects.filter(kind="usage_drift").count() == Case.objects.filter(kind="incident").count()
    assert Incident.objects.exists() is drifted


def test_closed_drift_comes_back_only_where_it_has_grown_by_the_tolerance(world: World) -> None:
    host = world.add_host()
    Filing.objects.update(model_parameters=1, training_tokens=100)
    host.end(world.run(host), receipt={"work": {"flops_counted": 1_000}})
    assert check_filings([world.filing]) == 0
    filing = Filing.objects.get()
    assert check_filings([filing]) == 1
    close_incident(actor=world.officer, incident_id=Incident.objects.get().pk, reason="The filing is amended.")
    assert check_filings([filing]) == 0
    host.end(world.run(host), receipt={"work": {"flops_counted": 100}})
    assert check_filings([filing]) == 0
    host.end(world.run(host), receipt={"work": {"flops_counted": 1}})
    assert check_filings([filing]) == 1


def test_tolerance_is_the_tightest_that_a_licence_of_the_order_names(world: World) -> None:
    assert {each.tolerance_percent for each in compare(world.filing)} == {10}
    make.make_condition(world.exporter, "other", usage_tolerance_percent=5)
    make.make_condition(world.importer, "other", usage_tolerance_percent=2)
    assert {each.tolerance_percent for each in compare(world.filing)} == {2}


@pytest.mark.parametrize("receipt", [{"work": {"flops_counted": "1; DROP"}}, {"work": [1]}, {"work": {}}, {"x": 1}])
def test_receipt_that_counts_nothing_plain_counts_as_nothing(world: World, receipt: dict[str, object]) -> None:
    host = world.add_host()
    host.end(world.run(host), receipt=receipt)
    assert measured(world.filing, Measure.FLOPS)[1] == 0


def test_party_with_remote_access_that_nobody_declared_is_drift(world: World) -> None:
    host = world.add_host()
    host.end(world.run(host))
    assert measured(world.filing, Measure.REMOTE_USERS) == (0, 0, False)
    organisation = world.team.team.organisation
    organisation.party = make.make_party("A tenant nobody named")
    organisation.save()
    assert measured(world.filing, Measure.REMOTE_USERS) == (0, 1, True)
    world.filing.remote_users.create(party=organisation.party, purpose="Trains.")
    assert measured(world.filing, Measure.REMOTE_USERS) == (1, 1, False)
