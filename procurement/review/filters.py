"""How the queue is narrowed."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from ledger.transitions import choices
from procurement.review.models import Case
from procurement.review.states import CaseKind


class CaseFilter(django_filters.FilterSet):
    """By kind and by words of the title; the tab is the state."""

    kind = django_filters.ChoiceFilter(choices=choices(CaseKind), label=_("Kind"), empty_label=_("All kinds"))
    title = django_filters.CharFilter(lookup_expr="icontains", label=_("Words"))

    class Meta:
        model = Case
        fields = ("kind", "title")
