"""Usage returns on pages and as files: what ran under a licence in a month, and declared against observed."""

from __future__ import annotations

import json
import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.permissions import Act
from accounts.web import acting, actor_of
from allocation.metering import returns
from allocation.metering.declared import compare
from allocation.metering.months import read_month
from ledger.errors import InvalidInput
from procurement.filings.models import Filing
from procurement.licences.queries import visible_to


@acting(Act.SEE_DEVICES)
@require_GET
def licences(request: HttpRequest) -> HttpResponse:
    """Every licence under which something ran, with its months."""
    found = visible_to(actor_of(request)).order_by("reference")
    rows = [(licence, months) for licence in found if (months := returns.months_of(licence))]
    return render(request, "metering/licences.html", {"rows": rows})


@acting(Act.SEE_DEVICES)
@require_GET
def month(request: HttpRequest, licence_id: uuid.UUID, month: str) -> HttpResponse:
    """One return: a page to print, or the same as CSV or JSON."""
    licence = get_object_or_404(visible_to(actor_of(request)), pk=licence_id)
    try:
        made = returns.usage_return(licence, read_month(month))
    except InvalidInput as error:
        raise Http404(error.message) from error
    name = f"{licence.reference}-{made.month}"
    match request.GET.get("format"):
        case "csv":
            return _file(returns.as_csv(made).encode(), "text/csv; charset=utf-8", f"{name}.csv")
        case "json":
            text = json.dumps({**returns.as_json(made), "sha256": made.digest}, ensure_ascii=False, indent=2)
            return _file(text.encode(), "application/json", f"{name}.json")
    filings = Filing.objects.filter(reference__in={row.filing for row in made.rows}).order_by("reference")
    compared = [(each, compare(each)) for each in filings]
    return render(request, "metering/month.html", {"made": made, "licence": licence, "compared": compared})


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
