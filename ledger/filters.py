"""How the ledger is searched."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ledger.models import Entry


class EntryFilter(django_filters.FilterSet):
    """By act, by the thing it was about, by day."""

    act = django_filters.CharFilter(lookup_expr="icontains", label=_("Act"))
    subject = django_filters.CharFilter(method="about", label=_("Reference or id"))
    since = django_filters.DateFilter(
        field_name="at", lookup_expr="date__gte", label=_("From"), widget=forms.DateInput(attrs={"type": "date"})
    )
    until = django_filters.DateFilter(
        field_name="at", lookup_expr="date__lte", label=_("Until"), widget=forms.DateInput(attrs={"type": "date"})
    )

    class Meta:
        model = Entry
        fields = ("act", "subject", "since", "until")

    def about(self, rows: QuerySet[Entry], name: str, value: str) -> QuerySet[Entry]:
        """Rows about one reference or identifier."""
        wanted: Any = value.strip()
        return rows.filter(Q(subject_ref__iexact=wanted) | Q(subject_id__iexact=wanted))
