"""Every address of the resolver against every role: what is not in the matrix fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as live_settings
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.integration.access.matrix import API, API_PUBLIC, HOST, PAGES, SIGN_IN
from tests.integration.access.world import ROLES, UNKNOWN, AccessWorld


@pytest.fixture(scope="module")
def _one_world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AccessWorld]:
    """Made once for this file, and taken back at its end."""
    kept, live_settings.WRIT_KEYS = live_settings.WRIT_KEYS, tmp_path_factory.mktemp("keys")
    with django_db_blocker.unblock(), transaction.atomic():
        yield AccessWorld(tmp_path_factory.mktemp("lists"))
        transaction.set_rollback(True)
    live_settings.WRIT_KEYS = kept


@pytest.fixture
def world(_one_world: AccessWorld, django_db_blocker: Any) -> Iterator[AccessWorld]:
    """The world as it was made: what a test does to it is taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield _one_world
        transaction.set_rollback(True)


def every_address() -> dict[str, list[str]]:
    """Name -> arguments of every address, as Django resolves them."""
    return dict(_walk(get_resolver()))


def _walk(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, list[str]]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _walk(entry, space + (f"{entry.namespace}:" if entry.namespace else ""))
        else:
            assert isinstance(entry, URLPattern)
            yield f"{space}{entry.name}", list(entry.pattern.regex.groupindex)


ADDRESSES = every_address()
VISITOR = Client()  # one, since each new client builds the whole stack of middleware anew


def path_of(world: AccessWorld, name: str, **other: Any) -> str:
    known = world.arguments(name) | other
    return reverse(name, kwargs={key: known[key] for key in ADDRESSES[name]})


def send(client: Client, method: str, path: str, **more: Any) -> HttpResponse:
    """In a savepoint that is taken back, so that one role's act does not change what the next one meets."""
    with transaction.atomic():
        answer = client.generic(method, path, **more) if more else getattr(client, method.lower())(path)
        transaction.set_rollback(True)
    return answer


def expected(row: str) -> tuple[str, dict[str, int]]:
    method, *statuses = row.split()
    return method, dict(zip(ROLES, map(int, statuses), strict=True))


def test_matrix_lists_every_address_and_no_other() -> None:
    listed = {*PAGES, *SIGN_IN, *HOST, *API, *API_PUBLIC}
    assert set(ADDRESSES) == listed, "put every new address into tests/integration/access/matrix.py"


@pytest.mark.parametrize("name", PAGES)
def test_page_answers_each_role_as_listed(world: AccessWorld, name: str) -> None:
    method, statuses = expected(PAGES[name])
    path = path_of(world, name)
    met = {role: send(world.clients[role], method, path).status_code for role in ROLES}
    assert met == statuses, path


@pytest.mark.parametrize("name", PAGES)
def test_page_sends_a_visitor_to_sign_in(world: AccessWorld, name: str) -> None:
    method, _statuses = expected(PAGES[name])
    path = path_of(world, name)
    answer = send(VISITOR, method, path)
    assert (answer.status_code, answer["Location"]) == (302, f"{reverse('account_login')}?next={path}")


@pytest.mark.parametrize("name", [name for name in PAGES if ADDRESSES[name]])
def test_page_of_no_such_object_is_not_found(world: AccessWorld, name: str) -> None:
    """The same answer as for another team's object, so that nobody learns what exists."""
    method, statuses = expected(PAGES[name])
    fields = [field for field in ADDRESSES[name] if field.endswith("_id") or field in ("key", "slug")]
    path = path_of(world, name, **{field: 987654321 if field == "user_id" else UNKNOWN for field in fields})
    for role, status in statuses.items():
        if status == 404:
            assert send(world.clients[role], method, path).status_code == 404, (role, path)


@pytest.mark.parametrize("name", SIGN_IN)
def test_sign_in_page_answers_as_listed(world: AccessWorld, name: str) -> None:
    method, visitor, signed_in = SIGN_IN[name]
    path = path_of(world, name)
    met = [send(client, method, path).status_code for client in (VISITOR, world.clients["owner"])]
    assert met == [visitor, signed_in]


def test_sign_up_is_closed(world: AccessWorld) -> None:
    page = send(VISITOR, "GET", reverse("account_signup")).content.decode()
    assert 'name="password1"' not in page


@pytest.mark.parametrize("name", HOST)
def test_host_address_takes_only_a_signed_post(world: AccessWorld, name: str) -> None:
    path = reverse(name)
    for client in (VISITOR, world.clients["operator"]):
        assert send(client, "POST", path, data=b"{}", content_type="application/json").status_code == HOST[name]
        assert send(client, "GET", path).status_code == 405


def filled(world: AccessWorld, body: Any) -> bytes:
    """The body with the world's own ids in it."""
    source = f"name: x\nfiling: {world.filing.reference}\nchip: h200-sxm\ndevices: 1\ntime_limit: 20m\n"
    values = {"site": str(world.order.site.pk), "order": str(world.order.pk),
              "source": source + "train-lm:\n  data: python-stdlib\n"}  # fmt: skip
    text = json.dumps(body)
    for key, value in values.items():
        text = text.replace(f'"{{{key}}}"', json.dumps(value))
    return text.encode()


def call(world: AccessWorld, name: str, headers: dict[str, str] | None = None, **other: Any) -> HttpResponse:
    row, body = API[name]
    more: dict[str, Any] = {"content_type": "application/json", "headers": headers or {}}
    if isinstance(body, str):
        more |= {"data": body.encode(), "content_type": "application/x-www-form-urlencoded"}
    elif body is not None:
        more["data"] = filled(world, body)
    return send(VISITOR, row.split()[0], path_of(world, name, **other), **more)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("name", API)
def test_api_answers_each_role_as_listed(world: AccessWorld, name: str) -> None:
    _method, statuses = expected(API[name][0])
    met = {role: call(world, name, bearer(world.tokens[role])) for role in ROLES}
    assert {role: answer.status_code for role, answer in met.items()} == statuses, [a.content for a in met.values()]


@pytest.mark.parametrize("name", API)
def test_api_without_a_token_is_refused_even_to_a_session(world: AccessWorld, name: str) -> None:
    row, _body = API[name]
    assert call(world, name).status_code == 401
    assert call(world, name, bearer("writ_unknown")).status_code == 401
    assert send(world.clients["officer"], row.split()[0], path_of(world, name)).status_code == 401


def test_api_description_is_public(world: AccessWorld) -> None:
    assert send(VISITOR, "GET", reverse("api:openapi-json")).status_code == API_PUBLIC["api:openapi-json"]
    assert send(VISITOR, "GET", reverse("api:api-root")).status_code == API_PUBLIC["api:api-root"]


def test_standing_of_another_teams_order_is_as_empty_as_that_of_no_order(world: AccessWorld) -> None:
    client = world.clients["stranger"]
    theirs = send(client, "GET", path_of(world, "review:standing"))
    nothing = send(client, "GET", path_of(world, "review:standing", subject_id=UNKNOWN))
    assert theirs.content == nothing.content
    assert world.case.reference.encode() not in theirs.content
    own = send(world.clients["owner"], "GET", path_of(world, "review:standing"))
    assert world.case.reference.encode() in own.content


def test_person_without_a_live_membership_is_told_so_on_every_page(world: AccessWorld) -> None:
    from tests.factories import make_person, make_user

    client = Client()
    client.force_login(make_user(make_person()))
    for name in PAGES:
        method, _statuses = expected(PAGES[name])
        answer = send(client, method, path_of(world, name))
        assert answer.status_code == (404 if name == "accounts:switch" else 403), name
