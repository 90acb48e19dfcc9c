"""A question by hand, as an officer types it: a field for every name that the command takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.forms import BoundField
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

from accounts.words import WORDS
from ledger.errors import InvalidInput
from procurement.catalog.chips import all_chips
from procurement.determinations.ad_hoc import Asked, read_question
from procurement.determinations.names import GROUPS, TABLE, Name
from procurement.determinations.readers import TEXT_LIMIT, count, country, day, number, percent, words, yes_no
from procurement.determinations.services import PURPOSE_LIMIT
from procurement.regimes.facts import Form
from procurement.regimes.geography import countries

ANSWERS: Final = [("", _("As in the catalogue")), ("yes", _("Yes")), ("no", _("No"))]
STATED: Final = [("", _("Not stated")), ("yes", _("Yes")), ("no", _("No"))]
FORMS: Final = [
    ("", _("Not stated")), (Form.BARE_CHIP.value, _("Chip or module")), (Form.SERVER.value, _("Server")),
    (Form.MEMORY_STACK.value, _("High-bandwidth memory alone")),
]  # fmt: skip
OPEN: Final = frozenset({"The transaction", "The end user", "The item"})
LONG: Final = frozenset({"domestic_reason", "use_case", "end_use"})


def _places(empty: object) -> list[tuple[str, object]]:
    return [("", empty), *sorted(countries().items(), key=lambda each: each[1])]


def _chips() -> list[tuple[str, str]]:
    return [(chip.slug, chip.name) for chip in sorted(all_chips(), key=lambda chip: chip.name)]


def _country(label: object, *, required: bool = False, help_text: object = "") -> forms.ChoiceField:
    choices = lazy(_places, list)(_("Choose a country") if required else _("Not stated"))
    return forms.ChoiceField(label=label, required=required, choices=choices, help_text=help_text)  # type: ignore[arg-type]


def _field(name: Name) -> forms.Field:
    """The field of a name, by how it is read."""
    words_below = name.help[:1].upper() + name.help[1:]
    said: dict[str, Any] = {"label": name.label, "required": False, "help_text": words_below}
    kind = getattr(name.read, "kind", None)
    if kind is not None:
        choices = [("", _("Not stated")), *((each.value, WORDS.get(each.value, each.value)) for each in kind)]
        return forms.ChoiceField(**said, choices=choices)
    if name.read is yes_no:
        return forms.ChoiceField(**said, choices=STATED)
    if name.read is country:
        return _country(name.label, help_text=words_below)
    if name.read is day:
        return forms.DateField(**said, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    if name.read in (number, percent):
        return forms.DecimalField(**said, min_value=0, max_value=100 if name.read is percent else None)
    if name.read is count:
        return forms.IntegerField(**said, min_value=0)
    if name.read is words and name.name not in LONG:
        return forms.CharField(**said, max_length=300)
    return forms.CharField(**said, max_length=TEXT_LIMIT, widget=forms.Textarea(attrs={"rows": 2}))


@dataclass(frozen=True)
class Section:
    """Fields that stand together; open where something in them was typed, or is wrong."""

    title: str | Promise
    fields: tuple[BoundField, ...]
    is_open: bool


class QuestionForm(forms.Form):
    """What is to be determined, and why it is asked."""

    purpose = forms.CharField(
        label=_("Why you ask"),
        max_length=PURPOSE_LIMIT,
        help_text=_("Kept on record with your name, the question and the answer."),
    )
    chip = forms.ChoiceField(
        label=_("Chip"), choices=_chips, initial="h200-sxm", help_text=_("Left aside for memory alone.")
    )
    to = _country(_("Destination"), required=True)
    origin = _country(_("Shipped from"), required=True)
    via = _country(_("Through"))
    data_centre = forms.ChoiceField(label=_("For data centres"), choices=ANSWERS, required=False)
    us_commercial = forms.ChoiceField(label=_("On sale in the US on 2026-01-15"), choices=ANSWERS, required=False)
    form = forms.ChoiceField(label=_("What is shipped"), required=False, choices=FORMS)
    on = forms.DateField(
        label=_("As of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Empty: today, by each regime's own calendar."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in TABLE.values():
            if (key := key_of(name.name)) not in self.fields:
                self.fields[key] = _field(name)

    def sections(self) -> Iterator[Section]:
        """The fields by what they are about; the transaction itself stands open."""
        for group in GROUPS:
            keys = [key_of(each.name) for each in group.names]
            purpose = ["purpose"] if group is GROUPS[0] else []
            bound = tuple(self[key] for key in purpose + keys)
            touched = any(each.errors or (self.is_bound and each.value()) for each in bound)
            yield Section(group.title, bound, is_open=group.title in OPEN or touched)

    def clean(self) -> dict[str, Any]:
        """Reads the question, so that what does not fit lands on its field."""
        given = super().clean() or {}
        if not self.errors:
            try:
                given["asked"] = read_question(_values(given))
            except InvalidInput as wrong:
                key = key_of(wrong.field or "")
                self.add_error(key if key in self.fields else None, wrong.message)
        return given

    def asked(self) -> Asked:
        """The question, once valid."""
        found: Asked = self.cleaned_data["asked"]
        return found


def key_of(name: str) -> str:
    """The field of a name; `from` is a word of the language."""
    return "origin" if name == "from" else name


def _values(given: dict[str, Any]) -> dict[str, str]:
    values = {name: given.get(key_of(name)) for name in TABLE}
    if values["form"] == Form.MEMORY_STACK and values["memory_bandwidth_gb_s"] is not None:
        values["chip"] = None
    return {name: str(value) for name, value in values.items() if value not in (None, "")}
