"""A page with every component on it, served to the browser tests alone."""

from __future__ import annotations

from datetime import timedelta
from threading import Event
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import include, path
from django.utils import timezone

from accounts import views
from accounts.states_shown import LOOKS

KINDS = (
    "demand",
    "order",
    "determination",
    "screening",
    "exporter_licence",
    "importer_licence",
    "receipt",
    "device",
    "site",
    "filing",
    "decision",
    "grant",
    "people",
    "warrant",
    "job",
)


class Suspend(forms.Form):
    """What a suspension asks for."""

    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), help_text="The team reads this.")
    basis = forms.ChoiceField(choices=[("a", "Authority's letter"), ("b", "Own finding")])


class Listed(forms.Form):
    """A filter bar."""

    q = forms.CharField(label="Reference or party", required=False)
    state = forms.ChoiceField(choices=[("", "Any"), ("in_review", "In review")], required=False)


class Upload(forms.Form):
    """One file."""

    document = forms.FileField(help_text="The document as the authority sent it.")


def _links(broken: bool) -> list[dict[str, Any]]:
    now = timezone.now()
    links: list[dict[str, Any]] = [
        {
            "kind": kind,
            "reference": f"{kind[:3].upper()}-2026-000{n:02}",
            "status": "whole",
            "url": f"#{kind}",
            "valid_until": now + timedelta(days=30 * n) if n % 3 == 1 else None,
            "reason": "",
        }
        for n, kind in enumerate(KINDS)
    ]
    links[8] |= {"status": "not_applicable", "url": "", "reason": "The device has not been placed at a site yet."}
    if broken:
        links[4] |= {"status": "broken", "reason": "LIC-2026-00001 is suspended since 3 November 2026 by R. Okafor."}
        links[13] |= {"status": "pending", "reason": "No host has claimed the job yet.", "url": ""}
    return links


def shown(request: HttpRequest) -> dict[str, Any]:
    """Made-up values for every component."""
    now = timezone.now()
    rows = [
        {
            "reference": f"ORD-2026-{n:05}",
            "state": state,
            "units": n * 1000,
            "opened_at": now - timedelta(days=8),
            "due_at": now + timedelta(days=4 - 3 * n, hours=1),
        }
        for n, state in enumerate(("in_review", "draft", "approved", "declined", "stopped") * 12)
    ]
    return {
        "broken_links": _links(True),
        "links": _links(False),
        "states": list(LOOKS),
        "page": Paginator(rows, 5).get_page(request.GET.get("page")),
        "filter_form": Listed(request.GET),
        "form": Suspend(),
        "bound_form": Suspend({"draft-reason": ""}, prefix="draft"),
        "upload": Upload()["document"],
        "tabs": [
            {"label": "All", "url": "#", "is_here": True, "count": 60},
            {"label": "Needs me", "url": "#", "count": 3},
        ],
        "facts": [
            ("Supplier", "Meridian Systems, Santa Clara, US"),
            ("End user", "云山云计算有限公司 (Yunshan Cloud)"),
            ("Zulassungsvoraussetzungen", "Ausfuhrgenehmigungspflichtige Datenverarbeitungsanlagenkomponenten"),
            ("Конечный пользователь", "Научно-исследовательский вычислительный центр"),
            ("Ship until", None),
            ("Total processing performance", "15,824 (H200) against 2,368 (H20): 6.69×"),
        ],
        "entries": [
            {
                "at": now - timedelta(minutes=4),
                "who": "R. Okafor",
                "what": "asked the team a question",
                "tone": "wait",
                "icon": "message-question",
                "said": "Which models will be trained, and who has remote access?",
            },
            {
                "at": now - timedelta(hours=3),
                "who": "",
                "what": "Determination stored: licence required",
                "tone": "info",
                "icon": "scale",
            },
            {"at": now - timedelta(days=2), "who": "Lin Wei", "what": "submitted the order", "icon": "send"},
        ],
        "blockers": [
            {"reason": "The end use has no reason why a domestic chip will not do.", "url": "#end-use"},
            {"reason": "Two screening hits are undecided.", "url": "#hits"},
        ],
        "tasks": [
            {"name": "Parties and site", "state": "done", "url": "#"},
            {"name": "Chips and quantities", "state": "todo", "url": "#"},
            {"name": "Submit", "state": "blocked", "note": "After all sections are done."},
        ],
        "effects": ["stop 2 running jobs of 1 team (18.4 GPU-hours reserved)", "refuse new starts under this licence"],
    }


def gallery(request: HttpRequest) -> HttpResponse:
    """The page itself."""
    log_url = "/gallery/log?held=1" if request.GET.get("log") == "held" else "/gallery/log"
    return render(request, "gallery.html", shown(request) | {"log_url": log_url})


def metrics(request: HttpRequest) -> JsonResponse:
    """A finished training run's curves."""
    steps = range(0, 400, 5)
    loss = [[n, round(1.6 + 4 * 0.985**n, 4)] for n in steps]
    speed = [[n, 41_000 + n % 7 * 180] for n in steps]
    series = [
        {"name": "Loss", "unit": "nats/byte", "points": loss},
        {"name": "Speed", "unit": "tokens/s", "points": speed},
    ]
    return JsonResponse({"series": series, "x_name": "step", "is_final": True})


RELEASE = Event()


def log(request: HttpRequest) -> JsonResponse:
    """A finished log, in two parts; with `?held` the second comes when a test releases it."""
    lines = "".join(f"step {n} loss {1.6 + 4 * 0.985**n:.4f}\n" for n in range(60))
    offset = int(request.GET.get("offset", "0"))
    if "held" in request.GET and offset and not RELEASE.is_set():
        return JsonResponse({"text": "", "offset": offset, "is_final": False})
    end = min(len(lines), offset + 800)
    return JsonResponse({"text": lines[offset:end], "offset": end, "is_final": end == len(lines)})


def forbidden(request: HttpRequest) -> HttpResponse:
    """An act that the role does not permit."""
    raise PermissionDenied("The role auditor may not suspend a licence.")


def fault(request: HttpRequest) -> HttpResponse:
    """A fault of ours."""
    raise RuntimeError("a fault made on purpose")


urlpatterns = [
    path("gallery/", gallery),
    path("gallery/metrics", metrics),
    path("gallery/log", log),
    path("gallery/forbidden", forbidden),
    path("gallery/fault", fault),
    path("gallery/limited", views.too_many_requests),
    path("", include("config.urls")),
]

handler403 = "accounts.views.forbidden"
handler404 = "accounts.views.not_found"
handler500 = "accounts.views.server_error"
