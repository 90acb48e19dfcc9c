"""How devices are searched."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from allocation.inventory.models import Device
from allocation.inventory.states import DeviceState
from ledger.transitions import choices


class DeviceFilter(django_filters.FilterSet):
    """By serial and state."""

    serial = django_filters.CharFilter(lookup_expr="icontains", label=_("Serial"))
    state = django_filters.ChoiceFilter(choices=choices(DeviceState), label=_("State"), empty_label=_("All states"))

    class Meta:
        model = Device
        fields = ("serial", "state")
