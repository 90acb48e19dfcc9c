"""What a side types when it files a piece of evidence, and what an officer answers."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.documents import Upload
from procurement.evidence.asked import REPORT
from procurement.evidence.models import Basis, FlagAnswer
from procurement.evidence.services import REASON_LIMIT, SERIAL_LENGTH, SERIALS_LIMIT, TEXT_LIMIT, Share, Submission
from procurement.evidence.shares import SHARE
from procurement.orders.models import OrderLine

DAY: Final = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
BASES: Final = ((Basis.TPP.value, _("Aggregate TPP")), (Basis.UNITS.value, _("Units")))


class PieceForm(forms.Form):
    """One piece of evidence: a document, a statement, or both, and until when it counts."""

    statement = forms.CharField(
        label=_("Statement"), max_length=TEXT_LIMIT, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What you state for this piece, or what the document is."),
    )  # fmt: skip
    valid_until = forms.DateField(
        label=_("Counts until"), required=False, widget=DAY, help_text=_("Empty where it has no end.")
    )
    document = forms.FileField(label=_("Document"), max_length=200, required=False)

    def __init__(self, *args: Any, line: OrderLine | None, certification: str, piece: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line, self.certification, self.piece = line, certification, piece
        added = _share_fields() if certification == SHARE else _report_fields() if piece == REPORT else {}
        self.fields = {**added, **self.fields}
        self.fields["document"].required = bool(added)

    def submission(self) -> Submission:
        """What was typed, as the service takes it."""
        said = self.cleaned_data
        return Submission(
            certification=self.certification,
            piece=self.piece,
            line=self.line,
            statement=said["statement"],
            valid_until=said["valid_until"],
            share=self._share(),
            laboratory=said.get("laboratory", ""),
            serials=said.get("serials", "").split("\n"),
            upload=Upload.of(said["document"]) if said["document"] else None,
        )

    def _share(self) -> Share | None:
        if self.certification != SHARE:
            return None
        said = self.cleaned_data
        return Share(said["share_percent"], said["cap_percent"], Basis(said["basis"]), said["as_of"])


def _share_fields() -> dict[str, forms.Field]:
    return {
        "share_percent": forms.DecimalField(
            label=_("Certified share, per cent"), min_value=0, max_value=100_000, max_digits=10, decimal_places=4,
            help_text=_("Of what was shipped to US customers for US end use, as the exporter certifies it."),
        ),
        "cap_percent": forms.DecimalField(
            label=_("Cap that the statement names, per cent"), min_value=0, max_value=100, max_digits=10,
            decimal_places=4, help_text=_("At the cap, approvals and releases are blocked."),
        ),
        "basis": forms.ChoiceField(
            label=_("Counted in"), choices=BASES, help_text=_("As the statement says; the rule's basis is unverified.")
        ),
        "as_of": forms.DateField(label=_("As of"), widget=DAY),
    }  # fmt: skip


def _report_fields() -> dict[str, forms.Field]:
    return {
        "laboratory": forms.CharField(label=_("Laboratory"), max_length=200),
        "serials": forms.CharField(
            label=_("Serial numbers in the report"), max_length=SERIALS_LIMIT * (SERIAL_LENGTH + 2),
            widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
            help_text=_("One a line. A release takes a report on just as many units."),
        ),
    }  # fmt: skip


class ReasonForm(forms.Form):
    """Why a piece is returned or withdrawn."""

    reason = forms.CharField(label=_("Reason"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 2}))


class FlagForm(forms.Form):
    """An officer's answer to one red flag; one that was seen cannot be answered as not seen."""

    answer = forms.ChoiceField(label=_("Answer"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_LIMIT, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What you asked, and what you found. It goes into the record for good."),
    )  # fmt: skip

    def __init__(self, *args: Any, code: str, was_seen: bool, **kwargs: Any) -> None:
        kwargs["auto_id"] = f"id_{code}_%s"
        super().__init__(*args, **kwargs)
        self.code = code
        words = {
            FlagAnswer.NOT_SEEN: _("Not seen"), FlagAnswer.RESOLVED: _("Resolved"), FlagAnswer.STANDS: _("It stands"),
        }  # fmt: skip
        offered = [each for each in words if not (was_seen and each is FlagAnswer.NOT_SEEN)]
        self.fields["answer"].choices = [(each.value, words[each]) for each in offered]  # type: ignore[attr-defined]
