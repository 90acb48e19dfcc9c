"""How filings are searched."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from ledger.transitions import choices
from procurement.filings.models import Filing
from procurement.filings.states import FilingState


class FilingFilter(django_filters.FilterSet):
    """By state and by words."""

    state = django_filters.ChoiceFilter(choices=choices(FilingState), label=_("State"), empty_label=_("All states"))
    title = django_filters.CharFilter(lookup_expr="icontains", label=_("Words"))

    class Meta:
        model = Filing
        fields = ("state", "title")
