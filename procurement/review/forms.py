"""What an officer types on a case, and what an applicant answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from procurement.licences.models import ConditionKind
from procurement.review.flags import flags_on
from procurement.review.models import Case
from procurement.review.services import Advice, ProposedCondition
from procurement.review.states import CaseKind, Outcome

MS_PER_HOUR: Final = 3_600_000


class QuestionForm(forms.Form):
    """A question to the applicant."""

    text = forms.CharField(
        label=_("Question"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("The applicant sees it with your role, not your name. The clock stops until they answer."),
    )


class AnswerForm(forms.Form):
    """The applicant's answer."""

    answer = forms.CharField(label=_("Your answer"), max_length=8000, widget=forms.Textarea(attrs={"rows": 5}))


class ReturnForm(forms.Form):
    """Why advice goes back."""

    reason = forms.CharField(label=_("What has to change"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class AttestForm(forms.Form):
    """Until when a decision's condition is attested, and on what grounds."""

    until = forms.DateField(
        label=_("Attested until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(
        label=_("What you saw"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Goes into the ledger for good: name the paper or the fact, not people."),
    )  # fmt: skip


class FlagForm(forms.Form):
    """A red flag with its evidence."""

    code = forms.ChoiceField(label=_("Red flag"))
    evidence = forms.CharField(label=_("Evidence"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = flags_on(timezone.now().date())
        self.fields["code"].choices = [(code, f"{code} {text}") for code, text in known.items()]  # type: ignore[attr-defined]


class AdviceForm(forms.Form):
    """What the first officer proposes."""

    outcome = forms.ChoiceField(
        label=_("Proposal"),
        choices=[(Outcome.APPROVE, _("Approve")), (Outcome.DECLINE, _("Decline"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Goes into the ledger for good: name rules and facts, not people."),
    )
    granted_hours = forms.DecimalField(
        label=_("GPU-hours granted"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal("100000000"),
        decimal_places=2,
    )
    valid_until = forms.DateField(
        label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    window_s = forms.IntegerField(
        label=_("Checkpoint window, seconds"),
        required=False,
        min_value=1,
        max_value=3600,
        help_text=_("Condition: how long a job may take to save its state when it has to stop."),
    )
    proviso = forms.CharField(label=_("Further condition"), required=False, max_length=1000)

    def __init__(self, *args: Any, matter: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if matter.kind != CaseKind.FILING:
            for name in ("granted_hours", "valid_until", "window_s"):
                del self.fields[name]
        elif matter.filing is not None and not self.is_bound:
            self.initial["granted_hours"] = Decimal(matter.filing.requested_ms) / MS_PER_HOUR
            self.initial["valid_until"] = matter.filing.ends_on

    def advice(self) -> Advice:
        """The advice as the service takes it."""
        said = self.cleaned_data
        hours = said.get("granted_hours")
        is_approval = said["outcome"] == Outcome.APPROVE
        return Advice(
            outcome=Outcome(said["outcome"]),
            reason=said["reason"],
            granted_ms=int(hours * MS_PER_HOUR) if hours and is_approval else None,
            valid_until=said.get("valid_until") if is_approval else None,
            conditions=self._conditions(),
        )

    def _conditions(self) -> tuple[ProposedCondition, ...]:
        said = self.cleaned_data
        conditions = []
        if said.get("window_s"):
            conditions.append(
                ProposedCondition(
                    kind=ConditionKind.CHECKPOINT_WINDOW_S,
                    text=f"A job that has to stop saves its state within {said['window_s']} s.",
                    parameter={"seconds": said["window_s"]},
                    is_machine_checked=True,
                )
            )
        if said.get("proviso"):
            conditions.append(ProposedCondition(kind=ConditionKind.OTHER, text=said["proviso"]))
        return tuple(conditions)
