"""A small invented house list, and people to act on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from procurement.screening.list_services import Source, load_list
from procurement.screening.loaders import house_csv
from procurement.screening.models import ListSnapshot
from tests import factories

HEADER = ",".join(house_csv.COLUMNS) + "\n"
MERIDIAN = "Fictional Meridian Trading (demo),Meridian Fiction,AE,entity,stop,Invented.\n"
OTHERS = "".join(f"Invented House Number {n} (demo),,SG,entity,review,Invented.\n" for n in range(40))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a house list of these rows and gives its path."""

    def written(rows: str) -> Path:
        path = tmp_path / "house.csv"
        path.write_text(HEADER + rows)
        return path

    return written


@pytest.fixture
def house(db: None, write: Callable[[str], Path]) -> ListSnapshot:
    """A small house list in force."""
    return load_list(actor=None, file=write(MERIDIAN + OTHERS), source=Source(is_fictional=True)).snapshot


@pytest.fixture
def officer(db: None):
    """A compliance officer."""
    return factories.make_officer()
