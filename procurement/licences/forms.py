"""What an officer types of a licence: the paper with its lines and conditions, and acts upon it."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from accounts.words import in_words
from procurement.catalog.models import ChipModel
from procurement.licences.acts import Proposal
from procurement.licences.models import ConditionKind, LegalEffect, Side
from procurement.licences.services import GRANTED_LIMIT, GrantedLine, Paper, Proviso
from procurement.licences.states import LicenceAction
from procurement.licences.steps import REASON_LIMIT
from procurement.orders.models import EndUse, Order, PartyRole
from procurement.parties.models import Party
from procurement.records.forms import start_field, term_of, years_field

DAY: Final = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
SIDES: Final = [(each.value, in_words(each)) for each in Side]
END_USES: Final = [(each.value, in_words(each)) for each in EndUse]
KINDS: Final = [("", ""), *((each.value, in_words(each)) for each in ConditionKind)]
# What a machine checks, it compares with the order's own site, end user and end use.
OF_THE_ORDER: Final = (ConditionKind.SITE, ConditionKind.END_USER, ConditionKind.END_USE)
EFFECTS: Final = [
    (LegalEffect.DRAIN.value, _("Running jobs save and stop (one officer)")),
    (LegalEffect.STOP_NOW.value, _("Running jobs stop at once, without saving (one officer)")),
    (LegalEffect.NO_NEW_STARTS.value, _("Running jobs go on, nothing new starts (two officers)")),
    (LegalEffect.NO_NEW_SHIPMENTS.value, _("Use goes on, nothing ships (two officers)")),
]


class PaperForm(forms.Form):
    """What the document's head says."""

    side = forms.ChoiceField(label=_("Whose authority"), choices=SIDES)
    authority = forms.CharField(label=_("Authority"), max_length=120)
    number = forms.CharField(label=_("Number"), max_length=80)
    kind = forms.CharField(label=_("Kind"), max_length=60, initial="licence")
    holder = forms.ModelChoiceField(queryset=Party.objects.none(), label=_("Holder"))
    issued_on = forms.DateField(label=_("Issued on"), widget=DAY)
    valid_from = forms.DateField(label=_("Valid from"), widget=DAY)
    record_years = years_field()
    record_counted_from = start_field()
    document = forms.FileField(label=_("The document"), max_length=200)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        holders = Party.objects.filter(order_roles__order=order).distinct().order_by("name")
        self.fields["holder"].queryset = holders  # type: ignore[attr-defined]


class GrantedLineForm(forms.Form):
    """One line of the licence, for the order's site and end user."""

    chip = forms.ModelChoiceField(queryset=ChipModel.objects.none(), label=_("Chip"), required=False)
    granted = forms.IntegerField(label=_("Units"), min_value=1, max_value=GRANTED_LIMIT, required=False)
    end_user = forms.ModelChoiceField(queryset=Party.objects.none(), label=_("End user"), required=False)
    end_uses = forms.MultipleChoiceField(
        label=_("End uses"), choices=END_USES, required=False, widget=forms.SelectMultiple(attrs={"size": 4})
    )
    ship_until = forms.DateField(label=_("Shipments until"), widget=DAY, required=False)
    use_until = forms.DateField(label=_("Use until"), widget=DAY, required=False)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        chips = [line.chip_id for line in order.lines.all()]
        users = Party.objects.filter(order_roles__order=order, order_roles__role=PartyRole.END_USER).distinct()
        ordered = ChipModel.objects.filter(pk__in=chips).order_by("name")
        self.fields["chip"].queryset = ordered  # type: ignore[attr-defined]
        self.fields["end_user"].queryset = users  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A whole line, or an empty row."""
        said = super().clean() or {}
        needed = ("chip", "granted", "end_user", "end_uses", "ship_until")
        given = [name for name in needed if said.get(name)]
        if said.get("chip") or said.get("granted"):
            for name in needed:
                if name not in given and name not in self.errors:
                    self.add_error(name, _("A line needs this."))
        return said

    def line(self) -> GrantedLine | None:
        """The line as the service takes it; ``None`` for an empty row."""
        said = self.cleaned_data
        if not said.get("chip"):
            return None
        return GrantedLine(
            chip=said["chip"], granted=said["granted"], site=self.order.site, end_user=said["end_user"],
            end_uses=tuple(EndUse(use) for use in said["end_uses"]), ship_until=said["ship_until"],
            use_until=said["use_until"],
        )  # fmt: skip


class ProvisoForm(forms.Form):
    """One condition of the licence."""

    kind = forms.ChoiceField(label=_("Condition"), choices=KINDS, required=False)
    text = forms.CharField(label=_("As the paper says it"), max_length=1000, required=False)
    seconds = forms.IntegerField(
        label=_("Window, in seconds"), min_value=1, max_value=3600, required=False,
        help_text=_("For a checkpoint window alone."),
    )  # fmt: skip
    attested_until = forms.DateField(
        label=_("You attest it until"), widget=DAY, required=False,
        help_text=_("For what no machine checks; without an attestation nothing starts."),
    )  # fmt: skip

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order

    def clean(self) -> dict[str, Any]:
        """A kind with its words, and a window where the kind is one."""
        said = super().clean() or {}
        if bool(said.get("kind")) != bool(said.get("text")):
            raise forms.ValidationError(_("Give both: the kind, and the paper's words."))
        if said.get("kind") == ConditionKind.CHECKPOINT_WINDOW_S and not said.get("seconds"):
            self.add_error("seconds", _("Say how long the window is."))
        return said

    def proviso(self) -> Proviso | None:
        """The condition as the service takes it; ``None`` for an empty row."""
        said = self.cleaned_data
        if not said.get("kind"):
            return None
        kind = ConditionKind(said["kind"])
        parameter = self._parameter(kind)
        checked = bool(parameter)
        return Proviso(kind, said["text"], parameter, checked, None if checked else said["attested_until"])

    def _parameter(self, kind: ConditionKind) -> dict[str, Any]:
        if kind == ConditionKind.CHECKPOINT_WINDOW_S:
            return {"seconds": self.cleaned_data["seconds"]}
        if kind == ConditionKind.SITE:
            return {"site": str(self.order.site_id)}
        if kind == ConditionKind.END_USE:
            return {"end_uses": [self.order.end_use]}
        if kind == ConditionKind.END_USER:
            end_user = self.order.parties.filter(role=PartyRole.END_USER).values_list("party_id", flat=True).first()
            return {"end_user": str(end_user)}
        return {}


_Lines = formset_factory(GrantedLineForm, extra=2, max_num=50, absolute_max=60)
_Provisos = formset_factory(ProvisoForm, extra=5, max_num=50, absolute_max=60)


class RecordForm:
    """The whole paper: head, lines and conditions, read together."""

    def __init__(self, data: Any = None, files: Any = None, *, order: Order) -> None:
        self.order = order
        self.head = PaperForm(data, files, order=order)
        own = {"order": order}
        self.lines: BaseFormSet[GrantedLineForm] = _Lines(data, prefix="lines", form_kwargs=own)
        self.provisos: BaseFormSet[ProvisoForm] = _Provisos(data, prefix="conditions", form_kwargs=own)

    def is_valid(self) -> bool:
        """Whether head, lines and conditions fit; every one is read, so that each fault is shown."""
        return all([self.head.is_valid(), self.lines.is_valid(), self.provisos.is_valid()])

    def paper(self) -> Paper:
        """The paper as the service takes it."""
        apart = ("document", "record_years", "record_counted_from")
        given = self.head.cleaned_data
        said = {name: value for name, value in given.items() if name not in apart}
        years = given["record_years"]
        return Paper(
            **{**said, "side": Side(said["side"])},
            records=term_of(years, given["record_counted_from"]) if years else None,
            order=self.order,
            lines=[line for form in self.lines if (line := form.line())],
            conditions=[each for form in self.provisos if (each := form.proviso())],
        )


class SuspendForm(forms.Form):
    """A suspension with its legal effect."""

    effect = forms.ChoiceField(label=_("What it does to running jobs"), choices=EFFECTS, initial=LegalEffect.DRAIN)
    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 3})
    )
    basis = forms.CharField(
        label=_("Basis"), max_length=500, required=False,
        help_text=_("The letter or rule it rests on; needed where use may go on."),
    )  # fmt: skip


class ProposeForm(forms.Form):
    """An act that takes two."""

    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 3})
    )
    basis = forms.CharField(label=_("Basis"), max_length=500, required=False)

    def proposal(self, action: LicenceAction) -> Proposal:
        """The act as the service takes it."""
        return Proposal(action, self.cleaned_data["reason"], basis=self.cleaned_data["basis"])


class WithdrawActForm(forms.Form):
    """Why a proposed act is taken back or turned down."""

    reason = forms.CharField(label=_("Reason"), max_length=REASON_LIMIT)


class AttestForm(forms.Form):
    """Until when a condition is attested."""

    until = forms.DateField(label=_("Attested until"), widget=DAY)
