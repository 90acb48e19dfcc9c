"""The catalogue's chips: published figures, names, estimates."""

import csv
import os
from decimal import Decimal
from pathlib import Path

import pytest

from procurement.catalog import chips
from procurement.catalog.chips import CatalogFault, UnknownChip, all_chips, find_chip

PUBLISHED = [
    ("h200-sxm", "15832", "19.45"),
    ("h100-sxm", "15832", "19.45"),
    ("h20", "2368", "2.91"),
    ("a100-80gb", "4992", "6.04"),
    ("b200", "36000", "22.50"),
    ("l40s", "5864", "9.63"),
]


@pytest.mark.parametrize(("slug", "tpp", "pd"), PUBLISHED)
def test_chip_of_published_figures_computes_them(slug, tpp, pd):
    chip = find_chip(slug)
    assert (chip.tpp, chip.pd) == (Decimal(tpp), Decimal(pd))


def test_catalogue_holds_45_chips():
    assert len(all_chips()) == 45


def test_h200_to_h20_by_tpp_is_6_69():
    assert round(find_chip("h200-sxm").tpp / find_chip("h20").tpp, 2) == Decimal("6.69")


@pytest.mark.parametrize("name", ["h200-sxm", "H200 SXM", "NVIDIA H200 SXM", "nvidia h200 sxm"])
def test_chip_by_slug_or_name_is_found(name):
    assert find_chip(name).slug == "h200-sxm"


def test_chip_unknown_names_the_near_ones():
    with pytest.raises(UnknownChip, match="h200-sxm, h200-nvl"):
        find_chip("H200")


@pytest.mark.parametrize("slug", ["a800-80gb", "h800-sxm", "h20", "l20", "l2", "rtx-4090d", "rtx-5090d"])
def test_china_market_part_was_never_us_commercial(slug):
    assert not find_chip(slug).is_us_commercial


@pytest.mark.parametrize(
    ("slug", "field"), [("b200", "logic_dies"), ("b30a", "throughput_tops"), ("mi325x", "logic_dies")]
)
def test_chip_with_an_estimate_says_so(slug, field):
    assert field in find_chip(slug).estimates


def test_catalogue_with_an_unknown_key_is_refused_naming_the_file(monkeypatch):
    document = {"as_of": "2026-11-22", "source": "s", "chips": [{"slug": "x", "colour": "red"}]}
    monkeypatch.setattr(chips.yaml, "safe_load", lambda _text: document)
    all_chips.cache_clear()
    with pytest.raises(CatalogFault, match=r"chips\.yaml: x: unknown key \['colour'\]"):
        all_chips()
    all_chips.cache_clear()


@pytest.mark.data
def test_catalogue_against_the_collected_datasheets_agrees():
    path = Path(os.environ.get("WRIT_DATA", "../shared/data")) / "chips" / "chip_specs.csv"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    with path.open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            _agrees(row)


def _agrees(row):
    chip = find_chip(row["chip"])
    tops = {figure.bits: figure.tops for figure in chip.throughput}
    published = {16: row["fp16"], 8: row["int8_fp8"], 4: row["fp4_int4"]}
    assert tops == {bits: Decimal(value) for bits, value in published.items() if value}, chip.slug
    assert chip.die_area_mm2 == (Decimal(row["die_mm2"]) if row["die_mm2"] else None), chip.slug
    assert chip.is_data_centre == (row["dc"] == "1"), chip.slug
    assert chip.is_us_commercial == (row["us_commercial_2026_01_15"] == "yes"), chip.slug
    assert bool(chip.estimates) == bool(row["estimate"]), chip.slug
