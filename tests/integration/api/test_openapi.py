"""The API describes itself as valid OpenAPI 3.1, and describes what it does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator


@pytest.fixture
def description(db: None) -> dict[str, Any]:
    answer = Client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return json.loads(answer.content)


def test_description_is_valid_openapi_3_1(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(description).iter_errors()) == []


def test_description_schemas_are_valid_json_schemas(description: dict[str, Any]) -> None:
    for schema in description["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_description_says_of_every_operation_that_it_takes_a_token(description: dict[str, Any]) -> None:
    schemes = description["components"]["securitySchemes"]
    assert [scheme["scheme"] for scheme in schemes.values()] == ["bearer"]
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert operation["security"] == [{name: [] for name in schemes}], (method, path)


def test_description_names_every_operation_once(description: dict[str, Any]) -> None:
    ids = [each["operationId"] for methods in description["paths"].values() for each in methods.values()]
    assert len(ids) == len(set(ids)) > 25
