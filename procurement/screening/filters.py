"""How the queue of hits is narrowed."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from procurement.screening.models import Hit


class HitFilter(django_filters.FilterSet):
    """By words of the party's name and by list; the tab is the state."""

    party = django_filters.CharFilter(field_name="party__name", lookup_expr="icontains", label=_("Party"))
    authority = django_filters.CharFilter(field_name="entry__list_authority", lookup_expr="iexact", label=_("List"))

    tab = django_filters.CharFilter(method="keep", widget=forms.HiddenInput)

    def keep(self, hits: QuerySet[Hit], _name: str, _value: Any) -> QuerySet[Hit]:
        """The tab goes along with the filter; the query behind it is chosen before."""
        return hits

    class Meta:
        model = Hit
        fields = ("party", "authority")
