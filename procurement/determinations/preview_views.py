"""The page of the last preview of a rule set: what would change, order by order."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.permissions import Act
from accounts.web import acting
from procurement.determinations import shown
from procurement.determinations.differences import from_json
from procurement.determinations.models import PreviewedChange, RulePreview
from procurement.determinations.rules import present
from procurement.orders.models import Order
from procurement.regimes.registry import regime

PAGE_SIZE: Final = 50


@acting(Act.REVIEW_CASE)
@require_GET
def last(request: HttpRequest) -> HttpResponse:
    """The last preview; without one, how one is made."""
    preview = RulePreview.objects.first()
    context: dict[str, Any] = {"preview": preview}
    if preview is not None:
        page = Paginator(preview.changes.all(), PAGE_SIZE).get_page(request.GET.get("page"))
        context |= {"page": page, "orders": _orders(list(page)), "sets": _sets(preview)}
    return render(request, "determinations/preview.html", context)


def _sets(preview: RulePreview) -> list[dict[str, Any]]:
    """Each regime's set: whether it differs from what answered then, and whether it answers now."""
    now = present()
    return [
        {
            "regime": regime(name).title,
            "digest": digest[:12],
            "is_other": digest != preview.compared_with.get(name),
            "is_present": digest == now.book(name).digest,
        }
        for name, digest in preview.rule_sets.items()
    ]


def _orders(changes: list[PreviewedChange]) -> list[dict[str, Any]]:
    """The changes of a page, order by order, each with its address."""
    references = {each.reference for each in changes}
    known = dict(Order.objects.filter(reference__in=references).values_list("reference", "pk"))
    return [
        {"reference": reference, "order_id": known.get(reference), "changes": [_change(each) for each in of_order]}
        for reference, of_order in groupby(changes, key=lambda each: each.reference)
    ]


def _change(each: PreviewedChange) -> dict[str, Any]:
    found = shown.in_rows(from_json(each.differences)) if each.differences else None
    return {"regime": regime(each.regime).title, "on": each.on, "lane": each.lane_after, "found": found,
            "fault": each.fault}  # fmt: skip
