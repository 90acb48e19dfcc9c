"""The shape of what a machine checks in a condition."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from ledger.errors import InvalidInput
from procurement.licences.conditions import check_parameter

SOME_ID = str(uuid.uuid4())


@pytest.mark.parametrize(
    ("kind", "parameter"),
    [
        ("site", {"site": SOME_ID}),
        ("end_user", {"end_user": SOME_ID}),
        ("end_use", {"end_uses": ["training"]}),
        ("checkpoint_window_s", {"seconds": 1}),
        ("checkpoint_window_s", {"seconds": 3600}),
    ],
)
def test_parameter_of_its_kind_is_taken(kind: str, parameter: dict[str, Any]) -> None:
    check_parameter(kind, parameter)


@pytest.mark.parametrize(
    ("kind", "parameter"),
    [
        ("site", {}),
        ("site", {"site": "Shanghai"}),
        ("end_user", {"end_user": 7}),
        ("end_use", {"end_uses": []}),
        ("end_use", {"end_uses": "training"}),
        ("checkpoint_window_s", {"seconds": 0}),
        ("checkpoint_window_s", {"seconds": 3601}),
        ("checkpoint_window_s", {"seconds": True}),
        ("checkpoint_window_s", {"seconds": "60"}),
        ("lab_test", {}),
        ("other", {"anything": 1}),
    ],
)
def test_parameter_of_another_shape_is_refused(kind: str, parameter: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        check_parameter(kind, parameter)
