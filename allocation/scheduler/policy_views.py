"""What operators and officers set, on pages: shares, quotas, rules, bookings, caps of licence lines, priorities."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.forms import Form, ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, try_act
from allocation.clock import database_now
from allocation.jobs.queries import visible_to
from allocation.scheduler import policy, queries
from allocation.scheduler.forms import (
    BookingChoiceForm,
    BookingForm,
    CapForm,
    FilingPriorityForm,
    PriorityForm,
    QuotaChoiceForm,
    QuotaForm,
    RulesForm,
    WeightForm,
)
from allocation.scheduler.look import look_now
from allocation.scheduler.models import Booking, DeviceQuota, Priority
from allocation.scheduler.policy import BookingWords, QuotaWords
from allocation.scheduler.tabs import tabs_for
from allocation.scheduler.usage import current_rules
from ledger.queries import history
from procurement.licences.models import LicenceLine
from procurement.licences.states import LicenceState

AnyForm = Form | ModelForm  # type: ignore[type-arg]


def _act(request: HttpRequest, form: AnyForm, act: Callable[[], object], page: str, done: str) -> HttpResponse | None:
    """303 to a page where the form was valid and the act done; else ``None``, with what is wrong on the form."""
    if form.is_valid() and try_act(request, act, done=done, form=form):  # type: ignore[arg-type]
        return see_other(reverse(page))
    return None


@acting(Act.SEE_SCHEDULE)
@require_GET
def shares(request: HttpRequest) -> HttpResponse:
    """Who had how much of late, who is due how much, and every quota."""
    return _shares(request)


def _shares(request: HttpRequest, *, status: int = 200, **given: AnyForm) -> HttpResponse:
    actor = actor_of(request)
    look = look_now()
    context: dict[str, Any] = {
        "tabs": tabs_for(actor, "shares"),
        "nodes": queries.share_tree(look.shares, look),
        "quotas": queries.quota_rows(look),
        "rules": look.rules,
        "may_set": actor.may(Act.RUN_SCHEDULER),
        "weight_form": WeightForm(),
        "quota_form": QuotaForm(),
        "priority_form": FilingPriorityForm(),
        **given,
    }
    return render(request, "schedule/shares.html", context, status=status)


@acting(Act.RUN_SCHEDULER)
@require_POST
def weigh(request: HttpRequest) -> HttpResponse:
    """Set a weight."""
    form = WeightForm(request.POST)
    answer = _act(
        request,
        form,
        lambda: policy.set_weight(actor=actor_of(request), **form.cleaned_data),
        "schedule:shares",
        _("The weight is set."),
    )
    return answer or _shares(request, status=422, weight_form=form)


@acting(Act.RUN_SCHEDULER)
@require_POST
def set_quota(request: HttpRequest) -> HttpResponse:
    """Set a quota."""
    form = QuotaForm(request.POST)
    answer = _act(
        request,
        form,
        lambda: policy.set_quota(actor=actor_of(request), words=QuotaWords(**form.cleaned_data)),
        "schedule:shares",
        _("The quota is set."),
    )
    return answer or _shares(request, status=422, quota_form=form)


@acting(Act.RUN_SCHEDULER)
@require_POST
def drop_quota(request: HttpRequest) -> HttpResponse:
    """Take a quota away."""
    form = QuotaChoiceForm(request.POST)
    if not form.is_valid():
        return _shares(request, status=422)
    quota = get_object_or_404(DeviceQuota, pk=form.cleaned_data["quota"])
    try_act(
        request, lambda: policy.drop_quota(actor=actor_of(request), quota_id=quota.pk), done=_("The quota is gone.")
    )
    return see_other(reverse("schedule:shares"))


@acting(Act.RUN_SCHEDULER)
@require_POST
def prioritise_filing(request: HttpRequest) -> HttpResponse:
    """Say how urgent a filing's jobs are."""
    form = FilingPriorityForm(request.POST)

    def act() -> object:
        said = form.cleaned_data
        words = {"priority": Priority(said["priority"]), "reason": said["reason"]}
        return policy.prioritise_filing(actor=actor_of(request), filing_id=said["filing"].pk, **words)

    answer = _act(request, form, act, "schedule:shares", _("The filing's jobs have that priority."))
    return answer or _shares(request, status=422, priority_form=form)


@acting(Act.RUN_SCHEDULER)
@require_POST
def prioritise(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Say how urgent one job is; back to its page."""
    actor, form = actor_of(request), PriorityForm(request.POST)
    job = get_object_or_404(visible_to(actor), pk=job_id)

    def act() -> object:
        said = form.cleaned_data
        words = {"priority": Priority(said["priority"]), "reason": said["reason"]}
        return policy.prioritise_job(actor=actor, job_id=job.pk, **words)

    if form.is_valid() and try_act(request, act, done=_("The job has that priority."), form=form):
        return see_other(reverse("jobs:detail", args=[job.pk]))
    context = {"job": job, "priority_form": form}
    return render(request, "schedule/prioritise.html", context, status=422)


@acting(Act.SEE_SCHEDULE)
@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """The rules of the scheduler; an operator changes them here."""
    actor, row = actor_of(request), current_rules()
    form = RulesForm(request.POST or None, instance=row)
    if request.method == "POST":
        answer = _act(
            request,
            form,
            lambda: policy.set_rules(actor=actor, values=form.cleaned_data),
            "schedule:rules",
            _("The rules are set."),
        )
        if answer is not None:
            return answer
    context = {
        "tabs": tabs_for(actor, "rules"),
        "form": form,
        "rules": current_rules(),
        "may_set": actor.may(Act.RUN_SCHEDULER),
        "entries": history([("schedulerrules", 1)]),
    }
    return render(request, "schedule/rules.html", context, status=422 if request.method == "POST" else 200)


@acting(Act.SEE_SCHEDULE)
@require_GET
def bookings(request: HttpRequest) -> HttpResponse:
    """Hosts that are kept for filings."""
    return _bookings(request)


def _bookings(request: HttpRequest, *, status: int = 200, **given: AnyForm) -> HttpResponse:
    actor = actor_of(request)
    found = Booking.objects.select_related("filing__team").prefetch_related("hosts")
    context: dict[str, Any] = {
        "tabs": tabs_for(actor, "bookings"),
        "bookings": found.filter(cancelled_at=None, ends_at__gt=database_now()),
        "past": found.exclude(cancelled_at=None, ends_at__gt=database_now()).order_by("-starts_at")[:50],
        "may_set": actor.may(Act.RUN_SCHEDULER),
        "booking_form": BookingForm(),
        **given,
    }
    return render(request, "schedule/bookings.html", context, status=status)


@acting(Act.RUN_SCHEDULER)
@require_POST
def book(request: HttpRequest) -> HttpResponse:
    """Keep hosts for a filing."""
    form = BookingForm(request.POST)
    answer = _act(
        request,
        form,
        lambda: policy.book_hosts(actor=actor_of(request), words=BookingWords(**form.cleaned_data)),
        "schedule:bookings",
        _("The hosts are booked."),
    )
    return answer or _bookings(request, status=422, booking_form=form)


@acting(Act.RUN_SCHEDULER)
@require_POST
def cancel_booking(request: HttpRequest) -> HttpResponse:
    """Give booked hosts back."""
    form = BookingChoiceForm(request.POST)
    if not form.is_valid():
        return _bookings(request, status=422)
    row = get_object_or_404(Booking, pk=form.cleaned_data["booking"])
    done = _("The hosts are free for everybody again.")
    try_act(request, lambda: policy.cancel_booking(actor=actor_of(request), booking_id=row.pk), done=done)
    return see_other(reverse("schedule:bookings"))


@acting(Act.SEE_SCHEDULE)
@require_GET
def caps(request: HttpRequest) -> HttpResponse:
    """What licence lines allow beyond their quantity."""
    return _caps(request)


def _caps(request: HttpRequest, *, status: int = 200, wrong: CapForm | None = None) -> HttpResponse:
    actor = actor_of(request)
    lines = LicenceLine.objects.filter(licence__state=LicenceState.ACTIVE)
    lines = lines.select_related("licence", "chip", "site", "cap").order_by("licence__reference", "number")
    rows = [(line, getattr(line, "cap", None), _cap_form(line, wrong)) for line in lines]
    context = {"tabs": tabs_for(actor, "caps"), "rows": rows, "may_set": actor.may(Act.RECORD_LICENCE)}
    return render(request, "schedule/caps.html", context, status=status)


def _cap_form(line: LicenceLine, wrong: CapForm | None) -> CapForm:
    if wrong is not None and wrong.data.get("line") == str(line.pk):
        return wrong
    cap = getattr(line, "cap", None)
    known = {"per_job": cap.per_job, "at_once": cap.at_once, "basis": cap.basis} if cap else {}
    return CapForm(initial={"line": line.pk, **known}, auto_id=f"id_%s_{line.pk.hex[-8:]}")


@acting(Act.RECORD_LICENCE)
@require_POST
def cap(request: HttpRequest) -> HttpResponse:
    """Put down, change or take away what a line allows."""
    form = CapForm(request.POST)

    def act() -> object:
        said = form.cleaned_data
        get_object_or_404(LicenceLine, pk=said["line"])
        words = {name: said[name] for name in ("per_job", "at_once", "basis")}
        return policy.cap_line(actor=actor_of(request), line_id=said["line"], **words)

    answer = _act(request, form, act, "schedule:caps", _("What the line allows is put down."))
    return answer or _caps(request, status=422, wrong=form)
