"""What operators and officers say to the scheduler on pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, Team
from allocation.inventory.models import Host
from allocation.inventory.states import HostState
from allocation.jobs.lines import MAX_BYTES
from allocation.jobs.models import Job
from allocation.jobs.states import JobState
from allocation.scheduler.models import Priority, SchedulerRules
from procurement.catalog.models import ChipModel
from procurement.filings.models import Filing
from procurement.filings.states import FilingState
from procurement.licences.models import Licence
from procurement.licences.states import LicenceState
from procurement.orders.models import Order

_MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class AccountField(forms.ChoiceField):
    """An organisation or a team; its value is the row."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Organisation or team"), choices=self._rows, **kwargs)

    @staticmethod
    def _rows() -> list[tuple[Any, Any]]:
        organisations = [(f"o:{row.pk}", row.name) for row in Organisation.objects.order_by("name")]
        teams = [(f"t:{row.pk}", str(row)) for row in Team.objects.select_related("organisation").order_by("name")]
        return [("", "–"), (_("Organisations"), organisations), (_("Teams"), teams)]

    def clean(self, value: object) -> Any:
        """The organisation or team of that choice."""
        kind, _, pk = str(super().clean(value)).partition(":")
        model: type[Organisation] | type[Team] = Organisation if kind == "o" else Team
        return model.objects.get(pk=pk)


class WeightForm(forms.Form):
    """How much of what its siblings share somebody is due."""

    account = AccountField()
    weight = forms.IntegerField(
        label=_("Weight"), min_value=1, max_value=1000, help_text=_("1 where nothing is set; 2 is due twice as much.")
    )


class QuotaForm(forms.Form):
    """Devices of one chip that somebody is due."""

    account = AccountField()
    chip = forms.ModelChoiceField(ChipModel.objects.order_by("name"), label=_("Chip"), to_field_name="slug")
    cohort = forms.CharField(label=_("Cohort"), max_length=60, help_text=_("Its members lend to each other."))
    nominal = forms.IntegerField(label=_("Devices due"), min_value=0, max_value=1_000_000)
    borrow_most = forms.IntegerField(
        label=_("May borrow at most"),
        min_value=0,
        max_value=1_000_000,
        required=False,
        help_text=_("Empty: all of it."),
    )


class QuotaChoiceForm(forms.Form):
    """Which quota."""

    quota = forms.UUIDField()


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]
    """The rules of the scheduler."""

    class Meta:
        model = SchedulerRules
        fields = ("half_life_hours", "bound_hours", "may_preempt", "quantum_minutes", "stops_most")
        labels = {
            "half_life_hours": _("Use is forgotten by half in (hours)"),
            "bound_hours": _("Whoever has waited this long goes first (hours)"),
            "may_preempt": _("A running job may be checkpointed and stopped for a more urgent one"),
            "quantum_minutes": _("A job runs undisturbed for (minutes)"),
            "stops_most": _("A job is stopped for others at most (times)"),
        }
        help_texts = {"quantum_minutes": _("Twice that after each stop.")}


class BookingForm(forms.Form):
    """Hosts that are kept for a filing."""

    filing = forms.ModelChoiceField(
        Filing.objects.filter(state=FilingState.APPROVED).order_by("reference"), label=_("Filing"), to_field_name="pk"
    )
    hosts = forms.ModelMultipleChoiceField(
        Host.objects.exclude(state=HostState.RETIRED).order_by("name"), label=_("Hosts")
    )
    starts_at = forms.DateTimeField(label=_("From (UTC)"), widget=_MOMENT)
    ends_at = forms.DateTimeField(label=_("Until (UTC)"), widget=_MOMENT)
    reason = forms.CharField(label=_("Reason"), max_length=300)


class BookingChoiceForm(forms.Form):
    """Which booking."""

    booking = forms.UUIDField()


class CapForm(forms.Form):
    """What a licence line allows; both empty takes the cap away."""

    line = forms.UUIDField(widget=forms.HiddenInput)
    per_job = forms.IntegerField(label=_("Devices in one job"), min_value=1, max_value=1_000_000, required=False)
    at_once = forms.IntegerField(label=_("Devices in use at once"), min_value=1, max_value=1_000_000, required=False)
    basis = forms.CharField(label=_("Where the paper says so"), max_length=500)


class PriorityForm(forms.Form):
    """How urgent, and why."""

    priority = forms.TypedChoiceField(label=_("Priority"), choices=Priority.choices, coerce=int)
    reason = forms.CharField(label=_("Reason"), max_length=300)


class FilingPriorityForm(PriorityForm):
    """How urgent a filing's jobs are."""

    filing = forms.ModelChoiceField(
        Filing.objects.filter(state=FilingState.APPROVED).order_by("reference"), label=_("Filing")
    )
    field_order = ("filing", "priority", "reason")


class SourceForm(forms.Form):
    """A job file to ask about."""

    source = forms.CharField(max_length=MAX_BYTES, strip=False)


class LicenceEndsForm(forms.Form):
    """Which licence would end."""

    licence = forms.ModelChoiceField(
        Licence.objects.filter(state=LicenceState.ACTIVE).order_by("reference"), label=_("This licence ends now")
    )


class MoreDevicesForm(forms.Form):
    """How many devices would arrive under an order."""

    order = forms.ModelChoiceField(
        Order.objects.filter(filings__state=FilingState.APPROVED).distinct().order_by("reference"), label=_("Order")
    )
    count = forms.IntegerField(label=_("Devices that arrive"), min_value=1, max_value=10_000, initial=512)


class OtherPriorityForm(forms.Form):
    """Which job would have which priority."""

    job = forms.ModelChoiceField(
        Job.objects.filter(state=JobState.WAITING).order_by("reference"), label=_("Waiting job")
    )
    priority = forms.TypedChoiceField(
        label=_("Priority"), choices=Priority.choices, coerce=int, initial=Priority.URGENT
    )
