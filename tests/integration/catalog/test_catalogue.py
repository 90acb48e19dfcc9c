"""The catalogue in the database follows its sourced file."""

import pytest

from ledger.models import Entry
from procurement.catalog.chips import all_chips
from procurement.catalog.models import ChipModel
from procurement.catalog.queries import computed
from procurement.catalog.services import load_catalog

pytestmark = pytest.mark.django_db


def test_catalogue_loaded_twice_changes_nothing_the_second_time():
    assert load_catalog() == 45
    assert load_catalog() == 0
    assert Entry.objects.filter(act="chip.recorded").count() == 45


def test_chip_that_was_altered_is_brought_back_and_recorded():
    load_catalog()
    ChipModel.objects.filter(slug="h20").update(dram_bandwidth_gb_s=1)
    assert load_catalog() == 1
    assert Entry.objects.filter(act="chip.changed").count() == 1


def test_stored_figures_compute_as_the_files_do():
    load_catalog()
    stored = {chip.slug: computed(chip) for chip in ChipModel.objects.prefetch_related("figures")}
    for chip in all_chips():
        assert (stored[chip.slug].tpp, stored[chip.slug].pd) == (chip.tpp, chip.pd), chip.slug
