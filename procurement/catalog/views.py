"""Chips on pages: the list, and each with its figures and their sources."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.permissions import Act
from accounts.web import Listing, acting, actor_of, show_list
from procurement.catalog import queries
from procurement.catalog.filters import ChipFilter
from procurement.catalog.models import ChipModel
from procurement.determinations.entries import entries
from procurement.determinations.gp10 import notice
from procurement.templatetags.chips import exact

CHIPS: Final = Listing(
    filterset=ChipFilter,
    template="catalog/list.html",
    part="chips",
    columns=(
        ("chip", lambda row: row.slug),
        ("name", lambda row: row.name),
        ("tpp", lambda row: queries.computed(row).tpp),
        ("pd", lambda row: queries.computed(row).pd),
        ("dram_bandwidth_gb_s", lambda row: row.dram_bandwidth_gb_s),
        ("estimates", lambda row: " ".join(row.estimated_fields)),
    ),
)


@acting(Act.SEE_CATALOG)
@require_GET
def chips(request: HttpRequest) -> HttpResponseBase:
    """Every chip model, with total processing performance and performance density."""
    return show_list(request, queries.chips_visible_to(actor_of(request)), CHIPS)


@acting(Act.SEE_CATALOG)
@require_GET
def chip(request: HttpRequest, slug: str) -> HttpResponse:
    """One chip model: published figures, what is computed from them, sources and estimates."""
    actor = actor_of(request)
    found = get_object_or_404(queries.chips_visible_to(actor), slug=slug)
    on, shipped = entries(found, timezone.now())
    context = {
        "chip": found,
        "facts": _facts(found),
        "entries": shipped,
        "entries_on": on,
        "gp10": notice(found.name),
        "may_ask": actor.may(Act.DETERMINE_AD_HOC),
    }
    return render(request, "catalog/chip.html", context)


def _facts(chip: ChipModel) -> list[tuple[str, str]]:
    yes_no = {True: _("Yes"), False: _("No"), None: ""}
    return [
        (_("Maker"), f"{chip.vendor} ({chip.vendor_country})"),
        (_("Designed or marketed for data centres"), yes_no[chip.is_data_centre]),
        (_("On sale in the United States on 2026-01-15"), yes_no[chip.was_us_commercial_on_2026_01_15]),
        (_("Memory"), _marked(chip, "memory_gb", "GB")),
        (_("Memory bandwidth"), _marked(chip, "dram_bandwidth_gb_s", "GB/s")),
        (_("Interconnect, both directions"), _marked(chip, "interconnect_gb_s", "GB/s")),
        (_("Process"), chip.process_node),
        (_("Board power"), f"{chip.tdp_w} W" if chip.tdp_w else ""),
        (_("Launched"), chip.launched),
    ]


def _marked(chip: ChipModel, name: str, unit: str) -> str:
    value = getattr(chip, name)
    if value is None:
        return ""
    return f"{exact(value)} {unit} " + (f"({_('estimate')}) [2]" if name in chip.estimated_fields else "[1]")
