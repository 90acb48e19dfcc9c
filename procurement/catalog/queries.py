"""What is read of chips: the published figures, and what is computed from them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Prefetch, QuerySet

from accounts.actors import Actor
from accounts.permissions import Act
from procurement.catalog.models import ChipFigure, ChipModel
from procurement.catalog.spec import Throughput, performance_density, rounded, total_processing_performance


@dataclass(frozen=True)
class Computed:
    """TPP and density of a chip; None where a figure is not published. Area in mm2, 0 for planar dies only."""

    tpp: Decimal | None
    die_area_mm2: Decimal | None
    pd: Decimal | None


def chips_visible_to(actor: Actor) -> QuerySet[ChipModel]:
    """The catalogue with its figures, for whoever may see it."""
    chips = ChipModel.objects.prefetch_related(Prefetch("figures", ChipFigure.objects.order_by("-bit_length")))
    return chips if actor.may(Act.SEE_CATALOG) else chips.none()


def computed(chip: ChipModel) -> Computed:
    """Total processing performance, applicable die area and performance density of a stored chip."""
    figures = [Throughput(each.bit_length, each.dense_tera_ops, False, each.is_estimate) for each in chip.figures.all()]
    tpp = total_processing_performance(figures) if figures else None
    area = applicable_area(chip)
    density = None if tpp is None else rounded(performance_density(tpp, area))
    return Computed(tpp, area, density)


def applicable_area(chip: ChipModel) -> Decimal | None:
    """The die area that counts: all of it on a non-planar node, none of it on a planar one."""
    if chip.die_area_mm2 is None or chip.is_non_planar is None:
        return None
    return chip.die_area_mm2 if chip.is_non_planar else Decimal(0)
