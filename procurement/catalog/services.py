"""Writes of the catalogue: the chips of the sourced file, kept in the database."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction

from accounts.actors import Actor
from ledger.services import record
from procurement.catalog.chips import PublishedChip, all_chips
from procurement.catalog.models import ChipFigure, ChipModel

PRECISIONS: Final = {16: "fp16", 8: "fp8/int8", 4: "fp4/int4"}


@transaction.atomic
def load_catalog(*, actor: Actor | None = None) -> int:
    """Bring the database to the sourced chip file; what is the same is left alone.

    Returns:
        How many chips were added or changed.
    """
    known = {chip.slug: chip for chip in ChipModel.objects.select_for_update().prefetch_related("figures")}
    changed = 0
    for published in all_chips():
        row = known.get(published.slug)
        if row is None or _differs(row, published):
            _save(published, actor, is_new=row is None)
            changed += 1
    return changed


def _differs(row: ChipModel, published: PublishedChip) -> bool:
    fields = {name: getattr(row, name) for name in _fields(published)}
    figures = {(each.bit_length, each.dense_tera_ops, each.is_estimate) for each in row.figures.all()}
    wanted = {(each.bits, each.tops, each.is_estimate) for each in published.throughput}
    return fields != _fields(published) or figures != wanted


def _save(published: PublishedChip, actor: Actor | None, *, is_new: bool) -> None:
    row, _ = ChipModel.objects.update_or_create(slug=published.slug, defaults=_fields(published))
    row.figures.all().delete()
    ChipFigure.objects.bulk_create(_figures(row, published))
    facts = {"slug": row.slug, "tpp": str(published.tpp), "source": row.source, "as_of": published.as_of}
    record("chip.recorded" if is_new else "chip.changed", row, actor=actor, facts=facts)


def _fields(published: PublishedChip) -> dict[str, Any]:
    dies = published.logic_dies
    return {
        "name": published.name,
        "vendor": published.maker,
        "vendor_country": published.maker_country,
        "is_data_centre": published.is_data_centre,
        "was_us_commercial_on_2026_01_15": published.is_us_commercial,
        "die_area_mm2": None if dies is None else sum(die.area_mm2 * die.count for die in dies),
        "is_non_planar": None if dies is None else all(die.is_non_planar for die in dies),
        "process_node": published.process or "",
        "memory_gb": published.memory_gb,
        "dram_bandwidth_gb_s": published.dram_bandwidth_gb_s,
        "interconnect_gb_s": published.interconnect_gb_s,
        "tdp_w": published.tdp_w,
        "launched": published.launched or "",
        "estimated_fields": list(published.estimates),
        "source": f"{published.source} {published.note}".strip(),
    }


def _figures(row: ChipModel, published: PublishedChip) -> list[ChipFigure]:
    return [
        ChipFigure(
            chip=row,
            precision=PRECISIONS.get(each.bits, f"{each.bits} bit"),
            bit_length=each.bits,
            dense_tera_ops=each.tops,
            is_estimate=each.is_estimate,
            source=published.source,
        )
        for each in published.throughput
    ]
