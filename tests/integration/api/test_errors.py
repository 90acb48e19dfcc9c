"""Every error of the API has one shape: a code, and words without details of what broke."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.integration.api.conftest import Caller

ANY_ID = "6f1f9d3e-6c0d-4b54-9d0b-0d2f6a3c1a11"


def told(answer: HttpResponse, status: int) -> str:
    """The code of an error in the API's shape."""
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (status, "application/json")
    said: dict[str, Any] = json.loads(answer.content)
    assert set(said) == {"code", "message"}
    assert said["message"]
    return str(said["code"])


def test_request_without_a_valid_token_is_not_signed_in(owner: Caller) -> None:
    assert told(owner.send("GET", "orders", token="writ_unknown"), 401) == "not_signed_in"
    assert told(Client().get("/api/v1/orders"), 401) == "not_signed_in"


def test_body_that_is_no_json_is_malformed(owner: Caller) -> None:
    headers = {"Authorization": f"Bearer {owner.token}"}
    answer = Client().post("/api/v1/orders", "{no", content_type="application/json", headers=headers)
    assert told(answer, 400) == "malformed"


@pytest.mark.parametrize("path", ["nothing", "orders/1/2/3", ""])
def test_address_that_is_not_there_is_not_found(owner: Caller, path: str) -> None:
    for method in ("GET", "POST"):
        answer = owner.send(method, path)
        assert answer.status_code == 404
        assert json.loads(answer.content)["code"] == "not_found"


def test_page_that_is_not_there_is_still_a_page(db: None) -> None:
    answer = Client().get("/nothing/api/v1/")
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (404, "text/html")


def test_method_that_is_not_taken_is_refused_with_those_that_are(owner: Caller) -> None:
    answer = owner.send("DELETE", f"orders/{ANY_ID}")
    assert told(answer, 405) == "method_not_allowed"
    assert answer["Allow"] == "GET"


@pytest.mark.parametrize("is_debugged", [False, True])
def test_fault_that_nobody_foresaw_tells_no_details(
    owner: Caller, monkeypatch: pytest.MonkeyPatch, settings: Any, is_debugged: bool
) -> None:
    def broken(*_said: Any) -> None:
        raise RuntimeError("the secret path /srv/writ")

    settings.DEBUG = is_debugged
    monkeypatch.setattr("procurement.orders.queries.visible_to", broken)
    client = Client(raise_request_exception=False)
    answer = client.get("/api/v1/orders", headers={"Authorization": f"Bearer {owner.token}"})
    assert told(answer, 500) == "fault"
    assert b"secret" not in answer.content
