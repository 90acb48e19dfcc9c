"""What is typed to end somebody's access, and to make a token."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from accounts.services import REASON_LIMIT
from accounts.words import in_words

LONGEST: Final = timedelta(days=366)
USUAL: Final = timedelta(days=90)


class ReasonForm(forms.Form):
    """Why access ends."""

    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Goes into the ledger for good: name facts, not people."),
    )  # fmt: skip


class RevokeForm(ReasonForm):
    """Why a token is revoked; one's own needs no reason."""

    def __init__(self, *args: Any, is_own: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = not is_own


class TokenForm(forms.Form):
    """A new token: what it is called, by which membership it acts, and its last day."""

    label = forms.CharField(label=_("Name"), max_length=100, help_text=_("Where it will be used, such as the cluster."))
    membership = forms.ChoiceField(label=_("Acts for"))
    last_day = forms.DateField(
        label=_("Last day (UTC)"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("At most a year from now. It ends earlier when the membership does."),
    )  # fmt: skip

    def __init__(self, *args: Any, memberships: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.memberships = {str(each.pk): each for each in memberships}
        chosen: Any = self.fields["membership"]
        chosen.choices = [
            (key, f"{each.team.organisation.name}, {each.team.name} ({in_words(each.role)})")
            for key, each in self.memberships.items()
        ]
        self.initial.setdefault("last_day", (timezone.now() + USUAL).date())

    def clean_last_day(self) -> date:
        """A day to come, at most a year away."""
        day: date = self.cleaned_data["last_day"]
        today = timezone.now().date()
        if not today <= day <= today + LONGEST:
            raise forms.ValidationError(_("Choose a day from today on, at most a year away."))
        return day

    def chosen(self) -> Membership:
        """The membership it acts by."""
        return self.memberships[self.cleaned_data["membership"]]

    def expires_at(self) -> datetime:
        """The first moment after its last day."""
        return datetime.combine(self.cleaned_data["last_day"] + timedelta(days=1), time.min, tzinfo=UTC)
