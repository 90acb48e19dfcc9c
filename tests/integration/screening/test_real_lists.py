"""The real lists of the data folder, loaded whole and searched."""

from __future__ import annotations

from pathlib import Path

import pytest

from procurement.screening.list_services import load_list
from procurement.screening.services import search

pytestmark = [pytest.mark.django_db, pytest.mark.data]


def found(officer, name: str) -> set[str]:
    return {hit["list"] for hit in search(actor=officer, name=name, purpose="test").hits}


def test_un_list_is_loaded_whole_and_searched(data_folder: Path, officer) -> None:
    loaded = load_list(actor=None, file=data_folder / "screening" / "UN_consolidated.xml")
    assert (loaded.snapshot.entry_count, loaded.changed) == (1003, 1003)
    assert loaded.snapshot.published_on.isoformat() == "2026-02-27"
    assert found(officer, "Badege, Eric") == {"UN"}


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_consolidated_list_is_loaded_whole_and_searched(data_folder: Path, officer) -> None:
    loaded = load_list(actor=None, file=data_folder / "screening" / "csl_2026-07-31_projection.json")
    assert (loaded.snapshot.entry_count, loaded.snapshot.name_count) == (25921, 57168)
    assert found(officer, "华为技术有限公司") >= {"EL", "CMIC"}
    assert found(officer, "Cambricon Technologies") == {"EL"}
    assert found(officer, "Bright Harbour Cloud Computing") == set()
