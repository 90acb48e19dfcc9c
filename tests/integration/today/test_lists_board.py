"""The first page of an officer says which screening lists to see to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from allocation.today.queries import board_of
from procurement.screening.list_services import ListRefused, Source, load_list
from tests import factories as make
from tests.integration.screening.list_shapes import csl

pytestmark = pytest.mark.django_db


def section(actor):
    return next(each for each in board_of(actor, now=timezone.now()).sections if each.key == "lists")


def test_officer_is_told_of_a_refused_and_of_an_old_list(tmp_path: Path) -> None:
    officer, path = make.make_officer(), tmp_path / "csl.csv"
    assert section(officer).total == 0
    path.write_bytes(csl())
    load_list(actor=None, file=path, source=Source(published_on=timezone.now().date() - timedelta(days=9)))
    path.write_bytes(csl()[:-9])
    with pytest.raises(ListRefused):
        load_list(actor=None, file=path)
    found = section(officer)
    assert (found.total, found.more_url) == (2, reverse("screening:lists"))
    assert "cut off" in found.rows[0].title
    assert "9 days old" in found.rows[1].title
