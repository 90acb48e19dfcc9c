"""How jobs are searched."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from allocation.jobs.models import Job
from allocation.jobs.states import JobState
from ledger.transitions import choices


class JobFilter(django_filters.FilterSet):
    """By state and by name."""

    state = django_filters.ChoiceFilter(choices=choices(JobState), label=_("State"), empty_label=_("All states"))
    name = django_filters.CharFilter(lookup_expr="icontains", label=_("Name"))

    class Meta:
        model = Job
        fields = ("state", "name")
