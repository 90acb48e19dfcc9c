"""Where a third authority has a say, its licence carries jobs as the other two do: broken, nothing on it runs on."""

from typing import Any

import pytest
from django.urls import reverse

from allocation.chain.queries import chain_of_job, chain_of_licence
from allocation.clock import database_now
from allocation.dispatch.models import Drain
from allocation.dispatch.queries import what_would_stop_licence
from allocation.evidence.services import Release, statement_of
from allocation.inventory.models import Device
from allocation.inventory.queries import further_lines
from allocation.metering.queries import gpu_ms_of_attempt, gpu_ms_of_line, usage_of_licence
from allocation.metering.returns import Month, usage_return
from allocation.scheduler.passes import run_pass
from ledger import events
from ledger.errors import ComplianceRefusal
from procurement.licences.models import Licence, Side
from procurement.orders.models import Receipt
from tests import factories as make
from tests.integration.allocation.worlds import World, attempt_of, device_of


@pytest.fixture
def third(world: World) -> Licence:
    """A customs approval, on which the first two of the four devices stand."""
    licence = make.make_licence(Side.IMPORTER, world.order, authority="PRC GACC", granted=2)
    make.draw_on(licence, Receipt.objects.get(order=world.order), *world.serials[:2])
    return licence


def suspend(licence: Licence) -> None:
    Licence.objects.filter(pk=licence.pk).update(state="suspended")


def test_third_authoritys_suspension_drains_what_runs_on_its_devices_and_spares_the_rest(
    world: World, third: Licence
) -> None:
    host = world.add_host()
    running = [world.run(host) for _ in range(4)]
    bound = [attempt for attempt in running if device_of(attempt).serial in world.serials[:2]]
    assert len(bound) == 2
    suspend(third)
    answers = dict(zip(running, host.renew(*running), strict=True))
    assert {attempt for attempt, answer in answers.items() if answer["answer"] == "drain"} == set(bound)
    assert third.reference in answers[bound[0]]["reason"]


def test_third_authoritys_act_opens_the_drain_that_its_page_foretold(world: World, third: Licence) -> None:
    make.make_condition(third, "checkpoint_window_s", seconds=20)
    host = world.add_host(world.serials[:2])
    attempt = world.run(host, devices=2)
    waiting = world.submit()
    what_if = what_would_stop_licence(third)
    assert [job.pk for job in what_if.jobs] == [attempt.job_id]
    assert [job.pk for job in what_if.waiting] == [waiting.pk]
    suspend(third)
    events.publish(events.LicenceChanged(licence_id=third.pk, cause="suspended", drain=True, reason="Letter of GACC"))
    assert Drain.objects.get().items.get().attempt_id == attempt.pk
    assert attempt_of(attempt.job).drain_reason
    assert host.renew(attempt)[0]["warrant"]["document"]["window_ms"] <= 20_000


def test_new_job_gets_only_devices_whose_every_authority_still_allows_it(world: World, third: Licence) -> None:
    world.add_host()
    suspend(third)
    job = world.submit(devices=2)
    assert run_pass() == 1
    assert sorted(attempt_of(job).leases.values_list("device__serial", flat=True)) == world.serials[2:]
    with pytest.raises(ComplianceRefusal, match=third.reference):
        world.submit(devices=3)


def test_chain_of_the_third_licence_shows_it_beside_the_other_authorities(world: World, third: Licence) -> None:
    references = [link.reference for link in chain_of_licence(third, now=database_now()).links]
    shown = [licence.reference for licence in (world.exporter, world.importer, third)]
    assert all(any(reference.startswith(one) for reference in references) for one in shown)


def test_chain_of_a_job_names_a_third_authority_whose_approval_ended(world: World, third: Licence) -> None:
    host = world.add_host(world.serials[:2])
    attempt = world.run(host)
    third.lines.update(use_until=make.today().replace(year=2020))
    broken = chain_of_job(attempt.job, now=database_now()).first_broken
    assert broken is not None
    assert third.reference in broken.reference


def test_gpu_time_counts_for_every_authority_that_the_device_stands_on(world: World, third: Licence) -> None:
    host = world.add_host(world.serials[:2])
    attempt = world.run(host)
    host.end(attempt)
    used = gpu_ms_of_attempt(attempt.pk)
    assert used > 0
    assert gpu_ms_of_line(third.lines.get().pk) == used
    assert [row.gpu_ms for row in usage_of_licence(third)] == [used]
    now = database_now()
    assert usage_return(third, Month(now.year, now.month)).gpu_ms == used
    statement = statement_of(attempt.job, Release("The fictional auditor", "test"))
    assert statement["gpu_time"][0]["further_licences"] == [f"{third.authority} {third.number}"]


def test_page_of_a_device_lists_the_lines_of_all_its_authorities(world: World, third: Licence, settings: Any) -> None:
    settings.ROOT_URLCONF = "config.urls"
    bound, free = (Device.objects.get(serial=world.serials[number]) for number in (0, 3))
    assert [line.licence for line in further_lines(bound)] == [third]
    assert not further_lines(free)
    world.client.force_login(make.make_user(world.operator.person))
    assert third.reference in world.client.get(reverse("inventory:device", args=[bound.pk])).content.decode()
