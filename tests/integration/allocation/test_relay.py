"""The relay: rings over a real queue, again until the state has moved; a queue that is away changes nothing."""

import json
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty
from typing import Any

import pytest
from celery import Celery, current_app
from django.conf import settings

from allocation.dispatch.bells import queue_of
from allocation.dispatch.relay import relay_rings
from ledger.models import OutboxMessage
from tests.integration.allocation.worlds import FakeHost, World


@pytest.fixture
def celery_app() -> Iterator[Celery]:
    before = current_app._get_current_object()
    app = Celery("relay-test", broker=settings.CELERY_BROKER_URL)
    app.set_current()
    yield app
    before.set_current()


def rung(app: Celery, host: FakeHost) -> list[Any]:
    """Takes the messages off the host's queue."""
    found = []
    with app.connection_for_read() as broker:
        queue = broker.SimpleQueue(queue_of(host.id), no_ack=True)
        with suppress(Empty):
            while True:
                found.append(json.loads(queue.get_nowait().body))
        queue.close()
    return found


def make_due() -> None:
    from django.db.models.functions import Now

    OutboxMessage.objects.filter(done_at=None).update(due_at=Now())


def test_bell_is_rung_again_until_the_host_has_claimed(world: World, celery_app: Celery, services: None) -> None:
    host = world.add_host()
    attempt = world.place()
    assert relay_rings() == 1
    assert relay_rings() == 0
    make_due()
    assert relay_rings() == 1
    assert [message[0] for message in rung(celery_app, host)] == [[str(attempt.pk)]] * 2
    host.claim(attempt)
    make_due()
    assert relay_rings() == 0
    assert OutboxMessage.objects.get().done_at is not None


def test_queue_that_is_away_changes_nothing_and_the_host_polls(world: World, celery_app: Celery) -> None:
    host = world.add_host()
    attempt = world.place()
    celery_app.conf.broker_url = "redis://127.0.0.1:1/0"
    assert relay_rings() == 0
    assert OutboxMessage.objects.get().last_error
    assert host.post("poll", {})["bells"] == [str(attempt.pk)]
    host.claim(attempt)


def test_queue_name_is_the_hosts_own(world: World, celery_app: Celery) -> None:
    first, second = world.add_host(world.serials[:1]), world.add_host(world.serials[1:])
    attempt = world.place()
    relay_rings()
    lead = first if str(attempt.hosts.get().host_id) == first.id else second
    other = second if lead is first else first
    assert rung(celery_app, other) == []
    assert len(rung(celery_app, lead)) == 1
