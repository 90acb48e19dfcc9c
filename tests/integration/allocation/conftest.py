"""Worlds in which jobs run, with a warrant key and host addresses of the test's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.integration.allocation.worlds import World, make_world


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.WRIT_KEYS = tmp_path / "keys"
    settings.ROOT_URLCONF = "tests.integration.allocation.addresses"


@pytest.fixture
def world(db: None, client: Client) -> World:
    """Four licensed devices, a filing with 100 GPU-hours, and no host yet."""
    return make_world(client)


@pytest.fixture
def new_world(db: None, client: Client) -> Callable[..., World]:
    """More worlds, for what has to be independent of each other."""
    return lambda **kwargs: make_world(client, **kwargs)
