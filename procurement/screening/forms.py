"""What an officer types: a search with its purpose, and a decision with its reason."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.transitions import allowed
from procurement.screening.decision_services import MIN_REASON_LENGTH
from procurement.screening.models import Hit, HitState
from procurement.screening.services import MAX_SEARCH_LENGTH
from procurement.screening.states import HIT_EDGES

MAX_BATCH_BYTES: Final = 5 * 1024 * 1024
_WORDS: Final = {
    HitState.FALSE_POSITIVE: _("False positive: the party is not the listed one"),
    HitState.TRUE_MATCH: _("True match: the party is the listed one; what hangs on it stops"),
    HitState.RELEASED: _("Propose to release the match; a second officer has to countersign"),
}


class SearchForm(forms.Form):
    """A name to look up, and why."""

    name = forms.CharField(label=_("Name"), min_length=2, max_length=MAX_SEARCH_LENGTH)
    purpose = forms.CharField(
        label=_("Purpose"),
        min_length=2,
        max_length=MAX_SEARCH_LENGTH,
        help_text=_("Logged with your name, the name searched for and the time."),
    )


class DecideForm(forms.Form):
    """What the hit is, why, and the evidence it was decided on."""

    field_order = ("outcome", "reason")
    reason = forms.CharField(
        label=_("Reason"),
        min_length=MIN_REASON_LENGTH,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Which facts tell the two apart, or make them one. Remembered with the evidence."),
    )
    evidence_sha256 = forms.CharField(widget=forms.HiddenInput, min_length=64, max_length=64)

    def __init__(self, *args: Any, hit: Hit, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"evidence_sha256": hit.evidence_sha256})
        super().__init__(*args, **kwargs)
        targets = [HitState(edge.target) for edge in allowed(HIT_EDGES, hit.state)]
        choices = [(target.value, _WORDS[target]) for target in targets]
        self.fields["outcome"] = forms.ChoiceField(label=_("This hit is"), widget=forms.RadioSelect, choices=choices)
        self.order_fields(self.field_order)


class AcceptOldListForm(forms.Form):
    """An officer's word on a list that is too old."""

    until = forms.DateField(
        label=_("Work goes on with it until"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("At most 30 days ahead."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        min_length=MIN_REASON_LENGTH,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Why there is no newer one, and what is done meanwhile. On record with your name."),
    )


class BatchForm(forms.Form):
    """A file of names to look up, and why."""

    file = forms.FileField(
        label=_("File of names"),
        max_length=200,
        help_text=_("CSV with the column name (country and ref are read too), or JSON lines. At most 20,000 names."),
    )
    purpose = forms.CharField(
        label=_("Purpose"),
        min_length=2,
        max_length=MAX_SEARCH_LENGTH,
        help_text=_("Logged with your name and every name that is searched for."),
    )

    def clean_file(self) -> Any:
        """A file of at most 5 MiB."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BATCH_BYTES:
            raise forms.ValidationError(_("The file is larger than 5 MiB: hand it in by parts."))
        return file


class RescreenForm(forms.Form):
    """Why a party is screened again by hand."""

    purpose = forms.CharField(label=_("Purpose"), min_length=2, max_length=200)
