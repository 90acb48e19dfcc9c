"""What a suspension would stop, before the click; the drain live, after it."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.permissions import Act
from accounts.web import acting, actor_of, show_part
from allocation.dispatch import queries
from procurement.licences.queries import visible_to


@acting(Act.SEE_LICENCES)
@require_GET
def what_if_licence(request: HttpRequest, licence_id: uuid.UUID) -> HttpResponse:
    """Jobs, teams, GPU-hours and orders that hang on a licence now."""
    licence = get_object_or_404(visible_to(actor_of(request)), pk=licence_id)
    context = {"what_if": queries.what_would_stop_licence(licence)}
    back = reverse("licences:detail", args=[licence.reference])
    return show_part(request, "drains/_what_if.html", context, name=_("What stops"), back=back)


@acting(Act.SEE_LICENCES)
@require_GET
def licence(request: HttpRequest, licence_id: uuid.UUID) -> HttpResponse:
    """The drains that a licence caused, the running one polling itself down to its last process."""
    found = get_object_or_404(visible_to(actor_of(request)), pk=licence_id)
    drains = queries.drains_shown().filter(cause_kind="licence", cause_id=found.pk)[:5]
    progress = [queries.progress_of_drain(drain) for drain in drains]
    is_live = any(drain.completed_at is None for drain in progress)
    return render(request, "drains/_licence.html", {"drains": progress, "licence": found, "is_live": is_live})
