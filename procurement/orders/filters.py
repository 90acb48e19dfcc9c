"""How orders are searched."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ledger.transitions import choices
from procurement.catalog.models import ChipModel
from procurement.orders.models import Order
from procurement.orders.states import OrderState


class OrderFilter(django_filters.FilterSet):
    """By state, by chip and by words."""

    state = django_filters.ChoiceFilter(choices=choices(OrderState), label=_("State"), empty_label=_("All states"))
    chip = django_filters.ModelChoiceFilter(
        field_name="lines__chip",
        queryset=ChipModel.objects.order_by("name"),
        label=_("Chip"),
        empty_label=_("All chips"),
    )
    words = django_filters.CharFilter(method="with_words", label=_("Words"))

    class Meta:
        model = Order
        fields = ("state", "chip", "words")

    def with_words(self, orders: QuerySet[Order], _name: str, words: str) -> QuerySet[Order]:
        """Orders whose reference, site, team or use case has the words."""
        said = words.strip()
        return orders.filter(
            Q(reference__icontains=said) | Q(site__name__icontains=said)
            | Q(team__name__icontains=said) | Q(use_case__icontains=said)
        )  # fmt: skip
