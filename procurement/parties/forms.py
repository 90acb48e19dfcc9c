"""What is typed of parties and sites."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.words import in_words
from procurement.parties.models import BuyerClass, Ownership, Party
from procurement.parties.queries import parties_visible_to
from procurement.parties.services import PartyFacts, SiteFacts
from procurement.regimes.geography import UnknownCountry, country_code

COUNTRY_HELP: Final = _("Two letters (ISO 3166), such as CN or US.")
NAME_KINDS: Final = (
    ("alias", _("Alias")),
    ("former", _("Former name")),
    ("original_script", _("Name in another script")),
    ("weak", _("Weak alias, such as a nickname")),
)
KINDS: Final = (("company", _("Company or institution")), ("person", _("Person")))
BUYERS: Final = [(each.value, in_words(each)) for each in BuyerClass]


class CountryField(forms.CharField):
    """A two-letter country code; small letters are taken as capital ones."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_length": 2, "max_length": 2, "help_text": COUNTRY_HELP, **kwargs})

    def clean(self, value: Any) -> Any:
        """The code in capitals."""
        typed = str(super().clean(value)).strip()
        try:
            return country_code(typed) if typed else typed
        except UnknownCountry as error:
            message = _("%(code)s is not a country code of ISO 3166, such as CN.") % {"code": typed}
            raise forms.ValidationError(message) from error


def _percent(label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=False, min_value=Decimal(0), max_value=Decimal(100), decimal_places=3, help_text=help_text
    )


class PartyForm(forms.Form):
    """A legal entity or person."""

    name = forms.CharField(label=_("Name"), max_length=300)
    kind = forms.ChoiceField(label=_("Kind"), choices=KINDS)
    country = CountryField(label=_("Country it is in"))
    hq_country = CountryField(label=_("Country of its headquarters"), required=False)
    ultimate_parent_country = CountryField(
        label=_("Country of its ultimate parent"), required=False, help_text=_("Leave empty what is not known.")
    )
    buyer_class = forms.ChoiceField(label=_("What it is"), choices=BUYERS, initial=BuyerClass.UNKNOWN.value)
    address = forms.CharField(label=_("Address"), max_length=500, required=False)
    registration_number = forms.CharField(label=_("Registration number"), max_length=100, required=False)

    def facts(self) -> PartyFacts:
        """What was typed, as the service takes it."""
        return PartyFacts(**{**self.cleaned_data, "buyer_class": BuyerClass(self.cleaned_data["buyer_class"])})


class NameForm(forms.Form):
    """Another name of a party."""

    name = forms.CharField(label=_("Name"), max_length=300)
    kind = forms.ChoiceField(label=_("What it is"), choices=NAME_KINDS)


class OwnerForm(forms.Form):
    """Who holds a share in a party."""

    owner = forms.ModelChoiceField(queryset=Party.objects.none(), label=_("Owner"))
    share_percent = forms.DecimalField(
        label=_("Share, in percent"),
        required=False,
        min_value=Decimal("0.001"),
        max_value=Decimal(100),
        decimal_places=3,
        help_text=_("Leave empty if it is not known: that holds orders up until it is."),
    )
    starts_on = forms.DateField(label=_("Held since"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = parties_visible_to(actor).order_by("name")  # type: ignore[attr-defined]


class EndOwnerForm(forms.Form):
    """From which day on a share is no longer held."""

    share = forms.ModelChoiceField(queryset=Ownership.objects.none(), label=_("Share of"))
    ends_on = forms.DateField(label=_("No longer held from"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, party: Party, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = party.owners.filter(ends_on=None).select_related("owner", "owned")
        self.fields["share"].queryset = held  # type: ignore[attr-defined]


class SiteForm(forms.Form):
    """A place where devices are installed."""

    name = forms.CharField(label=_("Name of the site"), max_length=200)
    operator = forms.ModelChoiceField(queryset=Party.objects.none(), label=_("Operator"))
    address = forms.CharField(label=_("Address"), max_length=500)
    country = CountryField(label=_("Country"))
    state_funding_percent = _percent(_("Share of state funding, in percent"), _("Leave empty if it is not known."))
    completion_percent = _percent(_("How far it is built, in percent"))
    power_kw = forms.IntegerField(label=_("Power, in kW"), required=False, min_value=0, max_value=10_000_000)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["operator"].queryset = parties_visible_to(actor).order_by("name")  # type: ignore[attr-defined]

    def facts(self) -> SiteFacts:
        """What was typed, as the service takes it."""
        return SiteFacts(**self.cleaned_data)
