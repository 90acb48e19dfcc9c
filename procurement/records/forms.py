"""What an officer types of a legal hold, and of how long a licence asks for its records."""

from __future__ import annotations

from typing import Final

from django import forms
from django.utils.translation import gettext_lazy as _

from procurement.licences.steps import REASON_LIMIT
from procurement.records.models import CountedFrom
from procurement.records.services import MATTER_LIMIT, DiversionKind, Known, Matter
from procurement.records.terms import YEARS_LIMIT, Term

STARTS: Final = [
    (CountedFrom.TRANSACTION_END.value, _("The end of the transaction")),
    (CountedFrom.LICENCE_END.value, _("The last day that the licence allows")),
]

DIVERSIONS: Final = [
    (DiversionKind.REEXPORT.value, _("Reexport")),
    (DiversionKind.TRANSSHIPMENT.value, _("Transshipment")),
    (DiversionKind.DIVERSION.value, _("Diversion")),
]


class HoldForm(forms.Form):
    """A hold on the records, with what it rests on."""

    matter = forms.CharField(
        label=_("Matter"), max_length=MATTER_LIMIT, help_text=_("The proceedings, letter or request that it rests on.")
    )
    is_agency_request = forms.BooleanField(
        label=_("An agency asked for the records"), required=False, help_text=_("15 CFR 762.6(b): then nothing goes.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 3}))

    def matter_said(self) -> Matter:
        """What was typed, as the service takes it."""
        return Matter(**self.cleaned_data)


class DiversionForm(forms.Form):
    """A reexport, transshipment or diversion that became known."""

    kind = forms.ChoiceField(label=_("What is known"), choices=DIVERSIONS)
    on = forms.DateField(label=_("On"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    reason = forms.CharField(
        label=_("How it is known"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 2})
    )

    def known(self) -> Known:
        """What was typed, as the service takes it."""
        said = self.cleaned_data
        return Known(DiversionKind(said["kind"]), said["on"], said["reason"])


class ReasonForm(forms.Form):
    """Why a hold is to be lifted, or is kept after all; why a proposed term is withdrawn."""

    reason = forms.CharField(label=_("Reason"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 2}))


def years_field() -> forms.IntegerField:
    """For the licence's own page and for the page on which one is recorded."""
    return forms.IntegerField(
        label=_("Records kept, in years"), min_value=1, max_value=YEARS_LIMIT, required=False,
        help_text=_("What the licence asks for itself; empty where it asks for none. The rules' own years run beside."),
    )  # fmt: skip


def start_field() -> forms.ChoiceField:
    """From which day the licence counts its years."""
    return forms.ChoiceField(
        label=_("Those years are counted from"), choices=STARTS, required=False, initial=CountedFrom.TRANSACTION_END
    )


class TermForm(forms.Form):
    """How long a licence asks for its records, and where it says so."""

    years = years_field()
    counted_from = start_field()
    reason = forms.CharField(
        label=_("Where the licence says so"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 2})
    )

    def term(self) -> Term:
        """What was typed, as the service takes it."""
        return term_of(self.cleaned_data["years"], self.cleaned_data["counted_from"])


def term_of(years: int | None, counted_from: str) -> Term:
    """Years and their first day as typed; a day left out is the end of the transaction."""
    return Term(years, CountedFrom(counted_from or CountedFrom.TRANSACTION_END))
