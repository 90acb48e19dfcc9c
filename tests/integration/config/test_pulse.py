"""The pulse hears of news at once, again and again."""

import time

import pytest
from django.db import connection

from allocation.clock import wake
from config.management.commands.pulse import listen, wait_for_news

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(30)]


def test_wait_after_several_wakes_returns_at_once_and_can_be_asked_again() -> None:
    listen()
    for _ in range(2):
        wake()
        wake()
        began = time.monotonic()
        wait_for_news(20)
        assert time.monotonic() - began < 10
    connection.close()


def test_wait_without_news_returns_after_its_time() -> None:
    listen()
    began = time.monotonic()
    wait_for_news(0.2)
    assert 0.15 < time.monotonic() - began < 10
    connection.close()
