"""How the queue of hits is narrowed."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from procurement.screening.models import Hit


class HitFilter(django_filters.FilterSet):
    """By words of the party's name and by list; the tab is the state."""

    party = django_filters.CharFilter(field_name="party__name", lookup_expr="icontains", label=_("Party"))
    authority = django_filters.CharFilter(field_name="entry__list_authority", lookup_expr="iexact", label=_("List"))

    class Meta:
        model = Hit
        fields = ("party", "authority")
