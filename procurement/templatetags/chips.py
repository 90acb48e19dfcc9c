"""Figures of chips on pages: `{% load chips %}`."""

from __future__ import annotations

from decimal import Decimal

from django import template

from procurement.catalog.models import ChipFigure, ChipModel
from procurement.catalog.queries import Computed
from procurement.catalog.queries import computed as compute

register = template.Library()


@register.filter
def computed(chip: ChipModel) -> Computed:
    """TPP, area and density of a chip whose figures are prefetched: `{% with figures=chip|computed %}`."""
    return compute(chip)


@register.filter
def product(figure: ChipFigure) -> Decimal:
    """Operations times bits of one precision."""
    return figure.dense_tera_ops * figure.bit_length


@register.filter
def exact(value: Decimal | None) -> str:
    """A published figure without trailing zeros, thousands apart; a dash where none is published."""
    return "\N{EN DASH}" if value is None else f"{value.normalize():,f}"


@register.filter
def is_estimated(chip: ChipModel, field: str) -> bool:
    """Whether a figure is an estimate: `{% if chip|is_estimated:"logic_dies" %}`."""
    return field in chip.estimated_fields
