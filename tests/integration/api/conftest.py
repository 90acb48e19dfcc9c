"""Callers of the API, each with a token of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.actors import Actor
from accounts.models import User
from accounts.services import issue_token
from tests import factories as make
from tests.integration.allocation.worlds import World, make_world

_CLIENT = Client()


class Caller:
    """Somebody who calls the API by token."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.user: User = make.make_user(actor.person)
        self.token = issue_token(user=self.user, membership=actor.membership, label="test")

    def send(self, method: str, path: str, body: Any = None, token: str | None = None) -> HttpResponse:
        """One request to `/api/v1/PATH`."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        data = b"" if body is None else json.dumps(body).encode()
        return _CLIENT.generic(method, f"/api/v1/{path}", data, content_type="application/json", headers=headers)

    def get(self, path: str, expect: int = 200) -> Any:
        return self._answered(self.send("GET", path), expect)

    def post(self, path: str, body: Any = None, expect: int = 200) -> Any:
        return self._answered(self.send("POST", path, {} if body is None else body), expect)

    def _answered(self, answer: HttpResponse, expect: int) -> Any:
        assert answer.status_code == expect, answer.content[:2000]
        return json.loads(answer.content)


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.WRIT_KEYS = tmp_path / "keys"


@pytest.fixture
def made(db: None) -> World:
    """One licensed order with its filing and grant, and a host with two devices."""
    world = make_world(Client(), devices=2)
    world.add_host()
    return world


@pytest.fixture
def owner(made: World) -> Caller:
    """The team that ordered."""
    return Caller(made.team)


@pytest.fixture
def stranger(made: World) -> Caller:
    """Another team."""
    return Caller(make.make_applicant())


@pytest.fixture
def officer(made: World) -> Caller:
    """A compliance officer."""
    return Caller(made.officer)


@pytest.fixture
def second(made: World) -> Caller:
    """A second one."""
    return Caller(made.second)


def fields_of(answer: dict[str, Any]) -> set[str]:
    """The fields that a refusal names."""
    return {fault["field"] for fault in answer["faults"]}
