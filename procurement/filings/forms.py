"""What a team types for a filing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from ledger.transitions import choices
from procurement.catalog.models import ChipModel
from procurement.filings.models import Filing
from procurement.filings.queries import orders_to_file_on
from procurement.filings.services import UseCase
from procurement.orders.models import EndUse, Order
from procurement.two_persons import REASON_LIMIT

MS_PER_HOUR: Final = 3_600_000
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class FilingForm(forms.Form):
    """The use case: what runs, on what, how long."""

    order = forms.ModelChoiceField(
        queryset=Order.objects.none(), label=_("Order"), help_text=_("The order whose devices you will use.")
    )
    chip = forms.ModelChoiceField(queryset=ChipModel.objects.none(), label=_("Chip"))
    title = forms.CharField(label=_("Title"), max_length=200)
    end_use = forms.ChoiceField(label=_("End use"), choices=choices(EndUse))
    description = forms.CharField(label=_("What will run, and for whom"), max_length=4000, widget=forms.Textarea)
    model_name = forms.CharField(label=_("Model"), max_length=200)
    model_parameters = forms.IntegerField(
        label=_("Parameters"), min_value=1, max_value=10**14, help_text=_("A whole number: 1300000000 for 1.3 billion.")
    )
    training_tokens = forms.IntegerField(label=_("Training tokens"), required=False, min_value=1, max_value=10**16)
    max_devices = forms.IntegerField(label=_("Devices at once, at most"), min_value=1, max_value=100_000)
    requested_hours = forms.DecimalField(
        label=_("GPU-hours"), min_value=Decimal("0.01"), max_value=Decimal(100_000_000), decimal_places=2
    )
    starts_on = forms.DateField(label=_("First day"), widget=DAY)
    ends_on = forms.DateField(label=_("Last day"), widget=DAY)

    def __init__(self, *args: Any, actor: Actor, filing: Filing | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        orders = orders_to_file_on(actor)
        order_field, chip_field = self.fields["order"], self.fields["chip"]
        order_field.queryset = orders  # type: ignore[attr-defined]
        chip_field.queryset = ChipModel.objects.filter(order_lines__order__in=orders).distinct()  # type: ignore[attr-defined]
        if filing is not None:
            del self.fields["order"], self.fields["chip"]
            self.initial = _initial(filing)
        else:
            today = timezone.now().date()
            self.initial = {"starts_on": today, "ends_on": today + timedelta(days=180), **self.initial}

    def use_case(self) -> UseCase:
        """The use case as the service takes it."""
        said = self.cleaned_data
        return UseCase(
            title=said["title"],
            end_use=EndUse(said["end_use"]),
            description=said["description"],
            model_name=said["model_name"],
            model_parameters=said["model_parameters"],
            training_tokens=said["training_tokens"],
            max_devices=said["max_devices"],
            requested_ms=int(said["requested_hours"] * MS_PER_HOUR),
            starts_on=said["starts_on"],
            ends_on=said["ends_on"],
        )


def _initial(filing: Filing) -> dict[str, Any]:
    names = ("title", "end_use", "description", "model_name", "model_parameters", "training_tokens", "max_devices")
    dates = {"starts_on": filing.starts_on, "ends_on": filing.ends_on}
    hours = (Decimal(filing.requested_ms) / MS_PER_HOUR).quantize(Decimal("0.01"))
    return {name: getattr(filing, name) for name in names} | dates | {"requested_hours": hours}


class ActReasonForm(forms.Form):
    """Why an approved filing is revoked or reinstated, or a proposal withdrawn."""

    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Goes into the ledger for good: name rules and facts, not people."),
    )  # fmt: skip


class SuspendForm(ActReasonForm):
    """A suspension, which may leave no time to save."""

    stop_now = forms.BooleanField(label=_("Stop at once, without saving"), required=False)


class RemoteUserForm(forms.Form):
    """Somebody who will reach the devices from elsewhere; they become a party and are screened."""

    name = forms.CharField(label=_("Name"), max_length=300)
    country = forms.RegexField(
        r"^[A-Z]{2}$", label=_("Country"), help_text=_("Two capital letters (ISO 3166), such as DE."), max_length=2
    )
    purpose = forms.CharField(label=_("What they will do"), max_length=300)
