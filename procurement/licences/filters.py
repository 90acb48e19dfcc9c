"""How licences are searched."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.words import in_words
from ledger.transitions import choices
from procurement.licences.models import Licence, Side
from procurement.licences.states import LicenceState


class LicenceFilter(django_filters.FilterSet):
    """By state, by side and by words."""

    state = django_filters.ChoiceFilter(choices=choices(LicenceState), label=_("State"), empty_label=_("All states"))
    side = django_filters.ChoiceFilter(
        choices=[(each.value, in_words(each)) for each in Side], label=_("Side"), empty_label=_("Both sides")
    )
    words = django_filters.CharFilter(method="with_words", label=_("Words"))

    class Meta:
        model = Licence
        fields = ("state", "side", "words")

    def with_words(self, licences: QuerySet[Licence], _name: str, words: str) -> QuerySet[Licence]:
        """Licences whose reference, number, authority, holder or order has the words."""
        said = words.strip()
        return licences.filter(
            Q(reference__icontains=said) | Q(number__icontains=said) | Q(authority__icontains=said)
            | Q(holder__name__icontains=said) | Q(order__reference__icontains=said)
        )  # fmt: skip
