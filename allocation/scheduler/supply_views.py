"""Scarce supply on pages: where filings ask for more than was approved, a proposed division, and its decision."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, try_act
from allocation.scheduler import division
from allocation.scheduler.models import Division
from allocation.scheduler.tabs import tabs_for
from ledger.queries import history
from procurement.catalog.models import ChipModel
from procurement.filings.models import Filing
from procurement.filings.states import FilingState
from procurement.orders.models import Order


class ProposeForm(forms.Form):
    """The quantity, and for each filing the least that is of use and its rank."""

    quantity = forms.IntegerField(label=gettext_lazy("Devices to divide"), min_value=1, max_value=1_000_000)

    def __init__(self, *args: Any, filings: list[Filing], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filings = filings
        for number, filing in enumerate(filings, 1):
            words = {"filing": filing.reference, "n": filing.max_devices}
            self.fields[f"least_{filing.reference}"] = forms.IntegerField(
                label=_("%(filing)s asks for %(n)s; of use from") % words, initial=1, min_value=1,
                max_value=filing.max_devices,
            )  # fmt: skip
            self.fields[f"rank_{filing.reference}"] = forms.IntegerField(
                label=_("Rank of %(filing)s (1 is first)") % words, initial=number, min_value=1, max_value=1000
            )

    def wishes(self) -> list[division.Wish]:
        """What was written, one a filing."""
        said = self.cleaned_data
        return [
            division.Wish(each, said[f"least_{each.reference}"], said[f"rank_{each.reference}"])
            for each in self.filings
        ]


class DecideForm(forms.Form):
    """Devices for each filing, and why."""

    def __init__(self, *args: Any, made: Division | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.made = made
        for share in made.shares.select_related("filing__team") if made else ():
            self.fields[share.filing.reference] = forms.IntegerField(
                label=f"{share.filing.reference}, {share.filing.team}", initial=share.given, min_value=0,
                help_text=share.reason,
            )  # fmt: skip
        self.fields["reason"] = forms.CharField(label=_("Why it is divided so"), max_length=1000)

    def given(self) -> dict[str, int]:
        """Devices by filing."""
        return {name: value for name, value in self.cleaned_data.items() if name != "reason"}


@acting(Act.SEE_SCHEDULE)
@require_GET
def supply(request: HttpRequest) -> HttpResponse:
    """Orders under which more is asked for than approved, and every division."""
    asked = Filing.objects.filter(state__in=[FilingState.IN_REVIEW, FilingState.APPROVED])
    found = asked.values("order", "chip").annotate(devices=Sum("max_devices"), filings=Count("pk")).order_by()
    orders = Order.objects.in_bulk([row["order"] for row in found])
    chips = ChipModel.objects.in_bulk([row["chip"] for row in found])
    rows = [_row(orders[row["order"]], chips[row["chip"]], row["devices"], row["filings"]) for row in found]
    rows.sort(key=lambda row: (row["approved"] - row["asked"], row["order"].reference))
    divisions = Division.objects.select_related("order", "chip").order_by("-proposed_at")[:50]
    context = {"rows": rows, "divisions": divisions, "tabs": tabs_for(actor_of(request), "supply")}
    return render(request, "schedule/supply.html", context)


def _row(order: Order, chip: ChipModel, asked: int, filings: int) -> dict[str, Any]:
    approved = division.approved_quantity(order, chip)
    return {
        "order": order, "chip": chip, "asked": asked, "filings": filings, "approved": approved,
        "is_short": approved < asked, "url": f"{reverse('schedule:supply_order', args=[order.pk])}?chip={chip.slug}",
    }  # fmt: skip


@acting(Act.SEE_SCHEDULE)
@require_GET
def order(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """One order's supply of a chip: who asks, the division in force, a proposal to decide."""
    return _order(request, order_id)


def _order(request: HttpRequest, order_id: uuid.UUID, *, status: int = 200, **given: forms.Form) -> HttpResponse:
    actor = actor_of(request)
    found = get_object_or_404(Order, pk=order_id)
    chip = _chip(request, found)
    filings = list(division.asking(found, chip)) if chip else []
    made = Division.objects.filter(order=found, chip=chip)
    proposal = made.filter(decided_at=None, replaced_at=None).order_by("-proposed_at").first()
    approved = division.approved_quantity(found, chip) if chip else 0
    context: dict[str, Any] = {
        "tabs": tabs_for(actor, "supply"),
        "order": found,
        "chip": chip,
        "filings": filings,
        "approved": approved,
        "asked": sum(filing.max_devices for filing in filings),
        "in_force": made.filter(decided_at__isnull=False, replaced_at=None).first(),
        "proposal": proposal,
        "may_divide": actor.may(Act.DIVIDE_SUPPLY),
        "propose_form": ProposeForm(filings=filings, initial={"quantity": approved or None}),
        "decide_form": DecideForm(made=proposal),
        "entries": history([("division", each.pk) for each in made]),
        **given,
    }
    return render(request, "schedule/supply_order.html", context, status=status)


def _chip(request: HttpRequest, found: Order) -> ChipModel | None:
    """The chip asked for, else the first that a filing of the order asks for."""
    asked = ChipModel.objects.filter(filings__order=found).distinct().order_by("slug")
    return asked.filter(slug=request.GET.get("chip", "")).first() or asked.first()


def _here(request: HttpRequest, order_id: uuid.UUID, chip: ChipModel) -> str:
    return f"{reverse('schedule:supply_order', args=[order_id])}?chip={chip.slug}"


@acting(Act.DIVIDE_SUPPLY)
@require_POST
def propose(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Work out a division."""
    found = get_object_or_404(Order, pk=order_id)
    chip = _chip(request, found)
    form = ProposeForm(request.POST, filings=list(division.asking(found, chip)) if chip else [])

    def act() -> None:
        words = {"quantity": form.cleaned_data["quantity"], "wishes": form.wishes()}
        division.propose_division(actor=actor_of(request), order_id=found.pk, chip=chip, **words)  # type: ignore[arg-type]

    if chip and form.is_valid() and try_act(request, act, done=_("A division is proposed below."), form=form):
        return see_other(_here(request, order_id, chip))
    return _order(request, order_id, status=422, propose_form=form)


@acting(Act.DIVIDE_SUPPLY)
@require_POST
def decide(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Put the proposal into force, as it stands or edited."""
    found = get_object_or_404(Order, pk=order_id)
    chip = _chip(request, found)
    made = Division.objects.filter(order=found, chip=chip, decided_at=None, replaced_at=None).first()
    form = DecideForm(request.POST, made=made)

    def act() -> None:
        words = {"given": form.given(), "reason": form.cleaned_data["reason"]}
        division.decide_division(actor=actor_of(request), division_id=made.pk, **words)  # type: ignore[union-attr]

    if chip and made and form.is_valid() and try_act(request, act, done=_("The division is in force."), form=form):
        return see_other(_here(request, order_id, chip))
    return _order(request, order_id, status=422, decide_form=form)
