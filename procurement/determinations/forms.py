"""A question by hand, as an officer types it."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from accounts.words import WORDS
from ledger.errors import InvalidInput
from procurement.catalog.chips import all_chips
from procurement.determinations.ad_hoc import NAMES, Asked, read_question
from procurement.determinations.services import PURPOSE_LIMIT
from procurement.regimes.facts import BuyerClass, Form
from procurement.regimes.geography import countries

ANSWERS: Final = [("", _("As in the catalogue")), ("yes", _("Yes")), ("no", _("No"))]
STATED: Final = [("", _("Not stated")), ("yes", _("Yes")), ("no", _("No"))]


def _places(empty: object) -> list[tuple[str, object]]:
    return [("", empty), *sorted(countries().items(), key=lambda each: each[1])]


def _chips() -> list[tuple[str, str]]:
    return [(chip.slug, chip.name) for chip in sorted(all_chips(), key=lambda chip: chip.name)]


def _country(label: object, *, required: bool = False, help_text: object = "") -> forms.ChoiceField:
    choices = lazy(_places, list)(_("Choose a country") if required else _("Not stated"))
    return forms.ChoiceField(label=label, required=required, choices=choices, help_text=help_text)  # type: ignore[arg-type]


def _stated(label: object) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=STATED, required=False)  # type: ignore[arg-type]


def _day(label: object) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget)  # type: ignore[arg-type]


class QuestionForm(forms.Form):
    """What is to be determined, and why it is asked."""

    purpose = forms.CharField(
        label=_("Why you ask"),
        max_length=PURPOSE_LIMIT,
        help_text=_("Kept on record with your name, the question and the answer."),
    )
    chip = forms.ChoiceField(label=_("Chip"), choices=_chips, initial="h200-sxm")
    to = _country(_("Destination"), required=True)
    origin = _country(_("Shipped from"), required=True)
    via = _country(_("Through"))
    exporter = forms.CharField(
        label=_("Exporter"),
        max_length=300,
        required=False,
        help_text=_("A letter from an authority binds the exporter that it is addressed to."),
    )
    exporter_hq = _country(_("Exporter's headquarters"))
    end_user_hq = _country(_("End user's headquarters"), help_text=_("Also of its ultimate parent."))
    data_centre = forms.ChoiceField(label=_("For data centres"), choices=ANSWERS, required=False)
    us_commercial = forms.ChoiceField(label=_("On sale in the US on 2026-01-15"), choices=ANSWERS, required=False)
    form = forms.ChoiceField(
        label=_("What is shipped"),
        required=False,
        choices=[("", _("Not stated")), (Form.BARE_CHIP.value, _("Chip or module")), (Form.SERVER.value, _("Server"))],
    )
    encryption = forms.ChoiceField(label=_("With encryption"), choices=STATED, required=False)
    buyer_class = forms.ChoiceField(
        label=_("Buyer's class"),
        required=False,
        choices=[("", _("Not stated")), *((each.value, WORDS.get(each.value, each.value)) for each in BuyerClass)],
    )
    state_funding = forms.DecimalField(
        label=_("State money in the data centre, %"), required=False, min_value=0, max_value=100, decimal_places=3
    )
    project_complete = forms.DecimalField(
        label=_("Data centre built, %"), required=False, min_value=0, max_value=100, decimal_places=3
    )
    domestic_reason = forms.CharField(
        label=_("Why a domestic chip will not do"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    my_restricted_activity = _stated(_("Malaysia: restricted activity known or suspected"))
    my_movement_on = _day(_("Malaysia: day of export, transshipment or transit"))
    my_notified_on = _day(_("Malaysia: authority notified on"))
    tw_shtc = _stated(_("Taiwan: strategic high-tech commodities (SHTC)"))
    tw_list_checked_on = _day(_("Taiwan: parties checked against the entity list on"))
    on = forms.DateField(
        label=_("As of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Empty: today, by each regime's own calendar."),
    )

    def clean(self) -> dict[str, Any]:
        """Reads the question, so that what does not fit lands on its field."""
        given = super().clean() or {}
        if not self.errors:
            try:
                given["asked"] = read_question(_values(given))
            except InvalidInput as wrong:
                self.add_error(wrong.field if wrong.field in self.fields else None, wrong.message)
        return given

    def asked(self) -> Asked:
        """The question, once valid."""
        found: Asked = self.cleaned_data["asked"]
        return found


def _values(given: dict[str, Any]) -> dict[str, str]:
    values = {name: given.get(name) for name in NAMES if name != "from"}
    values["from"] = given.get("origin")
    return {name: str(value) for name, value in values.items() if value not in (None, "")}
