"""The chip models Writ knows, read strictly from chips.yaml (dated, sourced, estimates marked)."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from procurement.catalog.spec import (
    Die,
    Throughput,
    applicable_die_area_mm2,
    performance_density,
    rounded,
    total_processing_performance,
)

FILE = "chips.yaml"
ESTIMABLE = ("throughput_tops", "logic_dies", "dram_bandwidth_gb_s", "interconnect_gb_s", "memory_gb")
REQUIRED = (
    *(
        "slug",
        "name",
        "maker",
        "maker_country",
        "is_data_centre",
        "us_commercial",
        "throughput_tops",
        "logic_dies",
    ),
    *("memory_gb", "dram_bandwidth_gb_s", "interconnect_gb_s", "process", "tdp_w", "launched"),
)
OPTIONAL = ("aliases", "estimates", "note", "source")


class CatalogFault(ValueError):
    """The catalogue's file is not what it must be; it names the file and the key."""


class UnknownChip(LookupError):
    """No chip model of that name; `near` holds the closest names."""

    code = "unknown_chip"

    def __init__(self, name: str, near: tuple[str, ...]) -> None:
        hint = f"; near it: {', '.join(near)}" if near else "; `/catalog/` lists every chip model"
        super().__init__(f"no chip model is called {name!r}{hint}")
        self.near = near


@dataclass(frozen=True, slots=True)
class PublishedChip:
    """One accelerator as its maker publishes it. Units stand in the names; None is 'not published'."""

    slug: str
    name: str
    aliases: tuple[str, ...]
    maker: str
    maker_country: str
    is_data_centre: bool
    is_us_commercial: bool
    throughput: tuple[Throughput, ...]
    logic_dies: tuple[Die, ...] | None
    memory_gb: Decimal | None
    dram_bandwidth_gb_s: Decimal | None
    interconnect_gb_s: Decimal | None
    process: str | None
    tdp_w: int | None
    launched: str | None
    estimates: tuple[str, ...]
    note: str
    source: str
    as_of: str

    @property
    def tpp(self) -> Decimal:
        """Total processing performance."""
        return total_processing_performance(self.throughput)

    @property
    def die_area_mm2(self) -> Decimal | None:
        """Applicable die area; zero for planar dies only, None where unpublished."""
        return None if self.logic_dies is None else applicable_die_area_mm2(self.logic_dies)

    @property
    def pd(self) -> Decimal | None:
        """Performance density for display, two places."""
        return rounded(performance_density(self.tpp, self.die_area_mm2))


@cache
def all_chips() -> tuple[PublishedChip, ...]:
    """Every chip model of the catalogue, in the file's order."""
    document = yaml.safe_load(files("procurement.catalog").joinpath(FILE).read_text(encoding="utf-8"))
    _only(document, ("as_of", "source", "chips"), "the head")
    chips = tuple(_chip(row, document) for row in document["chips"])
    slugs = [chip.slug for chip in chips]
    doubled = {slug for slug in slugs if slugs.count(slug) > 1}
    if doubled:
        raise CatalogFault(f"{FILE}: slug given twice: {', '.join(sorted(doubled))}")
    return chips


def find_chip(name: str) -> PublishedChip:
    """The chip model of this slug, name or alias; case, spaces and the maker's name do not matter.

    Raises: UnknownChip with the nearest names.
    """
    chip = _index().get(_key(name))
    if chip is not None:
        return chip
    raise UnknownChip(name, _near(name))


def _near(name: str) -> tuple[str, ...]:
    key = _key(name)
    slugs = {chip.slug.replace("-", ""): chip.slug for chip in all_chips()}
    starts = [slug for short, slug in slugs.items() if key and short.startswith(key)]
    close = [slugs[short] for short in difflib.get_close_matches(key, slugs, n=5, cutoff=0.5)]
    return tuple(dict.fromkeys([*starts, *close]))[:5]


@cache
def _index() -> Mapping[str, PublishedChip]:
    index: dict[str, PublishedChip] = {}
    for chip in all_chips():
        for name in (chip.slug, chip.name, *chip.aliases):
            index[_key(name)] = chip
            index[_key(name.removeprefix(f"{chip.maker} "))] = chip
    return index


def _key(name: str) -> str:
    return re.sub(r"[^0-9a-z]", "", name.lower())


def _chip(row: Mapping[str, Any], document: Mapping[str, Any]) -> PublishedChip:
    where = str(row.get("slug", "a chip without a slug"))
    _only(row, (*REQUIRED, *OPTIONAL), where, required=REQUIRED)
    estimates = tuple(row.get("estimates", ()))
    if unknown := set(estimates) - set(ESTIMABLE):
        raise CatalogFault(f"{FILE}: {where}: no such figure to mark as an estimate: {sorted(unknown)}")
    return PublishedChip(
        slug=row["slug"],
        name=row["name"],
        aliases=tuple(row.get("aliases", ())),
        maker=row["maker"],
        maker_country=row["maker_country"],
        is_data_centre=row["is_data_centre"],
        is_us_commercial=row["us_commercial"],
        throughput=_throughput(row["throughput_tops"], is_estimate="throughput_tops" in estimates),
        logic_dies=_dies(row["logic_dies"], is_estimate="logic_dies" in estimates),
        memory_gb=_decimal(row["memory_gb"]),
        dram_bandwidth_gb_s=_decimal(row["dram_bandwidth_gb_s"]),
        interconnect_gb_s=_decimal(row["interconnect_gb_s"]),
        process=row["process"],
        tdp_w=row["tdp_w"],
        launched=row["launched"],
        estimates=estimates,
        note=row.get("note", ""),
        source=row.get("source", document["source"]),
        as_of=str(document["as_of"]),
    )


def _throughput(figures: Mapping[int, str], *, is_estimate: bool) -> tuple[Throughput, ...]:
    return tuple(Throughput(bits, Decimal(tops), is_estimate=is_estimate) for bits, tops in figures.items())


def _dies(row: Mapping[str, Any] | None, *, is_estimate: bool) -> tuple[Die, ...] | None:
    if row is None:
        return None
    return (Die(Decimal(row["area_mm2"]), row["non_planar"], row["count"], is_estimate),)


def _decimal(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _only(row: Mapping[str, Any], known: tuple[str, ...], where: str, required: tuple[str, ...] = ()) -> None:
    if unknown := set(row) - set(known):
        raise CatalogFault(f"{FILE}: {where}: unknown key {sorted(unknown)}")
    if missing := set(required) - set(row):
        raise CatalogFault(f"{FILE}: {where}: missing key {sorted(missing)}")
