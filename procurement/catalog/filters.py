"""How the list of chips is narrowed."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from procurement.catalog.models import ChipModel


class ChipFilter(django_filters.FilterSet):
    """By words of the name and by maker."""

    name = django_filters.CharFilter(lookup_expr="icontains", label=_("Name"))
    vendor = django_filters.AllValuesFilter(label=_("Maker"), empty_label=_("All makers"))

    class Meta:
        model = ChipModel
        fields = ("name", "vendor")
