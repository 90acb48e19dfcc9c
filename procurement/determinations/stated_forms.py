"""The form on which an officer states what regimes turn on and the papers of an order do not say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.words import WORDS
from procurement.determinations.readers import several
from procurement.determinations.stated import Stated, UsFacts
from procurement.regimes.facts import AuthorityAnswer, MalaysiaFacts, OriginFacts, TaiwanFacts
from procurement.regimes.prc_import.authority import CustomsState
from procurement.regimes.us_ear.duty import ZERO_RATE_USES
from procurement.regimes.us_ear.entries import TWINS

ANSWERS: Final = [
    ("", _("None on file")),
    (AuthorityAnswer.GRANTED.value, _("Granted")),
    (AuthorityAnswer.REFUSED.value, _("Refused")),
]
OF_REGIME: Final = {
    "us_ear": (
        *("us_is_mass_market", "us_other_eccn", "us_is_military_intelligence", "us_duty_free_use"),
        *("us_duty_free_use_confirmed", "us_is_uae_cleared", "us_is_validated_end_user"),
    ),
    "prc_import": ("co_purchase_percent", "co_purchased", "customs_state"),
    "my_sta": (
        *("my_is_restricted_activity", "my_movement_on", "my_notified_on", "my_permit_reference", "my_permit_answer"),
        *("us_reexport_licence", "classification"),
    ),
    "tw_shtc": ("tw_is_shtc", "tw_list_checked_on", "tw_permit_reference", "tw_permit_answer"),
}


def _yes_no(label: object, help_text: object = "") -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,  # type: ignore[arg-type]
        help_text=help_text,  # type: ignore[arg-type]
        required=False,
        choices=[("", _("Not stated")), ("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda value: value == "yes",
        empty_value=None,
    )


def _day(label: object, help_text: object = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=help_text, required=False, widget=widget)  # type: ignore[arg-type]


def _line(label: object) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=120)  # type: ignore[arg-type]


class StatedForm(forms.Form):
    """What the regimes that concern an order ask beside its papers."""

    us_is_mass_market = _yes_no(
        _("US: its encryption is mass-market"), _("5A992.c without its circuits; other encryption is 5A002 or 5A004.")
    )
    us_other_eccn = forms.ChoiceField(
        label=_("US: entry that it meets besides"),
        help_text=_("Without its circuits: the .z paragraph of that entry is the one to write."),
        required=False,
        choices=[("", _("None stated")), *((each, each) for each in TWINS)],
    )
    us_is_military_intelligence = _yes_no(_("US: military-intelligence end use or user (15 CFR 744.22)"))
    us_duty_free_use = forms.ChoiceField(
        label=_("US duty: end use at rate zero"),
        required=False,
        choices=[("", _("None stated")), *((each, each.replace("_", " ").capitalize()) for each in ZERO_RATE_USES)],
    )
    us_duty_free_use_confirmed = _yes_no(_("US duty: that use is confirmed in writing"))
    us_is_uae_cleared = _yes_no(
        _("US: the end user is the UAE government, or named in supplement no. 8 to part 740"),
        _("Asked for the United Arab Emirates alone."),
    )
    us_is_validated_end_user = _yes_no(_("US: the end user is named in supplement no. 7 to part 748"))
    co_purchased = forms.CharField(
        label=_("Domestic chips bought beside"), help_text=_("By name, apart by ;"), required=False, max_length=500
    )
    co_purchase_percent = forms.DecimalField(
        label=_("Domestic chips bought beside, %"),
        help_text=_("Reported as under study: shown, never decisive."),
        required=False,
        min_value=0,
        max_value=100,
        decimal_places=3,
    )
    customs_state = forms.ChoiceField(
        label=_("Chinese customs"),
        required=False,
        choices=[
            ("", _("Not stated")),
            *((each.value, WORDS.get(each.value, each.replace("_", " ").capitalize())) for each in CustomsState),
        ],
    )
    my_is_restricted_activity = _yes_no(
        _("Malaysia: restricted activity known or suspected"),
        _("As the Strategic Trade Act 2010 uses the word; ask counsel where you are not sure."),
    )
    my_movement_on = _day(_("Malaysia: day of export, transshipment or transit"))
    my_notified_on = _day(_("Malaysia: Strategic Trade Controller notified on"))
    my_permit_reference = _line(_("Malaysia: reference of its answer"))
    my_permit_answer = forms.ChoiceField(label=_("Malaysia: answer"), required=False, choices=ANSWERS)
    us_reexport_licence = _line(_("US licence for the re-export"))
    classification = _line(_("US entry that the papers give"))
    tw_is_shtc = _yes_no(_("Taiwan: strategic high-tech commodities (SHTC)"))
    tw_list_checked_on = _day(
        _("Taiwan: parties checked against the entity list on"),
        _("Against the official list, every party of the order."),
    )
    tw_permit_reference = _line(_("Taiwan: reference of its answer"))
    tw_permit_answer = forms.ChoiceField(label=_("Taiwan: answer"), required=False, choices=ANSWERS)

    def __init__(self, data: Any = None, *, regimes: Iterable[str], stated: Stated) -> None:
        """Only the fields of the regimes that concern the order; the others keep what was stated before."""
        self._before = _values(stated)
        super().__init__(data, initial=self._before)
        shown = {name for regime in regimes for name in OF_REGIME.get(regime, ())}
        for name in [name for name in self.fields if name not in shown]:
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """An answer of an authority stands on a document: its reference is asked for."""
        given = super().clean() or {}
        for country in ("my", "tw"):
            if given.get(f"{country}_permit_answer") and not given.get(f"{country}_permit_reference"):
                self.add_error(f"{country}_permit_reference", _("Give the reference of the authority's document."))
        return given

    def stated(self) -> Stated:
        """What is stated now, once valid."""
        given = {**self._before, **self.cleaned_data}
        return Stated(
            OriginFacts(given["us_reexport_licence"], given["classification"]),
            MalaysiaFacts(
                _truth(given["my_is_restricted_activity"]),
                given["my_movement_on"],
                given["my_notified_on"],
                given["my_permit_reference"],
                _answer(given["my_permit_answer"]),
            ),
            TaiwanFacts(
                _truth(given["tw_is_shtc"]),
                given["tw_list_checked_on"],
                given["tw_permit_reference"],
                _answer(given["tw_permit_answer"]),
            ),
            given["co_purchase_percent"],
            given["customs_state"],
            several("co_purchased", given["co_purchased"]),
            _us_facts(given),
        )


def _us_facts(given: dict[str, Any]) -> UsFacts:
    return UsFacts(
        _truth(given["us_is_mass_market"]),
        given["us_other_eccn"],
        _truth(given["us_is_military_intelligence"]),
        given["us_duty_free_use"],
        bool(_truth(given["us_duty_free_use_confirmed"])),
        _truth(given["us_is_uae_cleared"]),
        _truth(given["us_is_validated_end_user"]),
    )


def _values(stated: Stated) -> dict[str, Any]:
    malaysia, taiwan, us = stated.malaysia, stated.taiwan, stated.us
    return {
        "us_is_mass_market": _word(us.is_mass_market),
        "us_other_eccn": us.other_eccn,
        "us_is_military_intelligence": _word(us.is_military_intelligence),
        "us_duty_free_use": us.duty_free_use,
        "us_duty_free_use_confirmed": "yes" if us.duty_free_use_confirmed else "",
        "us_is_uae_cleared": _word(us.is_uae_cleared),
        "us_is_validated_end_user": _word(us.is_validated_end_user),
        "co_purchased": "; ".join(stated.co_purchased),
        "co_purchase_percent": stated.co_purchase_percent,
        "customs_state": stated.customs_state,
        "my_is_restricted_activity": _word(malaysia.is_restricted_activity),
        "my_movement_on": malaysia.movement_on,
        "my_notified_on": malaysia.notified_on,
        "my_permit_reference": malaysia.permit_reference,
        "my_permit_answer": malaysia.permit_answer or "",
        "us_reexport_licence": stated.origin.us_reexport_licence,
        "classification": stated.origin.classification,
        "tw_is_shtc": _word(taiwan.is_shtc),
        "tw_list_checked_on": taiwan.list_checked_on,
        "tw_permit_reference": taiwan.permit_reference,
        "tw_permit_answer": taiwan.permit_answer or "",
    }


def _word(value: bool | None) -> str:
    return {True: "yes", False: "no", None: ""}[value]


def _truth(value: bool | str | None) -> bool | None:
    """Of a field that was shown, or of the word kept for one that was not."""
    if isinstance(value, str):
        return {"yes": True, "no": False}.get(value)
    return value


def _answer(value: str) -> AuthorityAnswer | None:
    return AuthorityAnswer(value) if value else None
