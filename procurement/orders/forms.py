"""What a team types for demands and orders: one form a section, each saved by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.forms import BaseFormSet, formset_factory
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.words import in_words
from procurement.catalog.models import ChipModel
from procurement.orders.drafts import QUANTITY_LIMIT, TEXT_LIMIT, Demand, Line, Named
from procurement.orders.models import DemandAssessment, EndUse, Order, OrderLine, PartyRole
from procurement.orders.queries import demands_visible_to
from procurement.parties.forms import CountryField
from procurement.parties.models import Party, Site
from procurement.parties.queries import parties_visible_to, sites_visible_to
from procurement.two_persons import REASON_LIMIT

DAY: Final = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
END_USES: Final = [(each.value, in_words(each)) for each in EndUse]
ROLES: Final = [("", ""), *((each.value, in_words(each)) for each in PartyRole)]
UNKNOWN_YES_NO: Final = (("", _("Not known yet")), ("yes", _("Yes")), ("no", _("No")))


def _chips() -> QuerySet[ChipModel]:
    return ChipModel.objects.order_by("name")


class DemandForm(forms.Form):
    """What the team needs over a period."""

    chip = forms.ModelChoiceField(queryset=ChipModel.objects.none(), label=_("Chip"))
    quantity = forms.IntegerField(label=_("How many"), min_value=1, max_value=QUANTITY_LIMIT)
    needed_from = forms.DateField(label=_("Needed from"), widget=DAY)
    needed_until = forms.DateField(label=_("Needed until"), widget=DAY)
    purpose = forms.CharField(label=_("What for"), max_length=TEXT_LIMIT, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["chip"].queryset = _chips()  # type: ignore[attr-defined]
        today = timezone.now().date()
        self.initial = {"needed_from": today, "needed_until": today + timedelta(days=365), **self.initial}

    def demand(self) -> Demand:
        """What was typed, as the service takes it."""
        return Demand(**self.cleaned_data)


class BasisForm(forms.Form):
    """The demand that an order meets, the site it is for, and its end use: what every draft has."""

    demand = forms.ModelChoiceField(queryset=DemandAssessment.objects.none(), label=_("Demand"))
    site = forms.ModelChoiceField(
        queryset=Site.objects.none(), label=_("Site"), help_text=_("Where the devices will stand. Licences name it.")
    )
    end_use = forms.ChoiceField(label=_("End use"), choices=END_USES)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        demands = demands_visible_to(actor).filter(withdrawn_at=None)
        self.fields["demand"].queryset = demands  # type: ignore[attr-defined]
        self.fields["demand"].label_from_instance = (  # type: ignore[attr-defined]
            lambda each: f"{each.reference}: {each.quantity} x {each.chip.name}"
        )
        self.fields["site"].queryset = sites_visible_to(actor).filter(is_closed=False)  # type: ignore[attr-defined]


class DemandSection(forms.Form):
    """Which demand the order meets."""

    def __init__(self, *args: Any, actor: Actor, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"demand": order.demand_id}
        self.fields["demand"] = BasisForm(actor=actor).fields["demand"]

    def changes(self) -> dict[str, Any]:
        """What to change on the order."""
        return dict(self.cleaned_data)


class SiteSection(forms.Form):
    """Where the devices go, and by which way."""

    ship_from_country = CountryField(label=_("Shipped from"))
    via_country = CountryField(label=_("Through"), required=False, help_text=_("Two letters; empty if straight."))

    def __init__(self, *args: Any, actor: Actor, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        route = {name: getattr(order, name) for name in ("ship_from_country", "via_country")}
        self.initial = {**route, "site": order.site_id}
        self.fields = {"site": BasisForm(actor=actor).fields["site"], **self.fields}

    def changes(self) -> dict[str, Any]:
        """What to change on the order."""
        return dict(self.cleaned_data)


class UseCaseSection(forms.Form):
    """What the devices are for."""

    end_use = forms.ChoiceField(label=_("End use"), choices=END_USES)
    use_case = forms.CharField(
        label=_("What will run, for whom"), max_length=TEXT_LIMIT, required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Actor, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"end_use": order.end_use, "use_case": order.use_case}

    def changes(self) -> dict[str, Any]:
        """What to change on the order."""
        return {**self.cleaned_data, "end_use": EndUse(self.cleaned_data["end_use"])}


class DomesticSection(forms.Form):
    """Which domestic chips were weighed."""

    domestic_alternatives = forms.CharField(
        label=_("Domestic chips weighed, and why they will not do"), max_length=TEXT_LIMIT, required=False,
        widget=forms.Textarea(attrs={"rows": 6}), help_text=_("Name the chips: Ascend, Cambricon and so on."),
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Actor, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"domestic_alternatives": order.domestic_alternatives}

    def changes(self) -> dict[str, Any]:
        """What to change on the order."""
        return dict(self.cleaned_data)


class LineForm(forms.Form):
    """One chip model of an order."""

    chip = forms.ModelChoiceField(queryset=ChipModel.objects.none(), label=_("Chip"), required=False)
    quantity = forms.IntegerField(label=_("How many"), min_value=1, max_value=QUANTITY_LIMIT, required=False)
    unit_price = forms.DecimalField(
        label=_("Price of one"), min_value=0, max_digits=14, decimal_places=2, required=False
    )
    currency = forms.RegexField(
        r"^[A-Za-z]{3}$", label=_("Currency"), required=False, help_text=_("Three letters, such as USD.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["chip"].queryset = _chips()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A chip with its number, or an empty row."""
        said = super().clean() or {}
        if bool(said.get("chip")) != bool(said.get("quantity")) and not self.errors:
            raise forms.ValidationError(_("A line needs both: the chip, and how many."))
        return said


class PartyRow(forms.Form):
    """One party in one role."""

    party = forms.ModelChoiceField(queryset=Party.objects.none(), label=_("Party"), required=False)
    role = forms.ChoiceField(choices=ROLES, label=_("Role"), required=False)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["party"].queryset = parties_visible_to(actor).order_by("name")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A party with its role, or an empty row."""
        said = super().clean() or {}
        if bool(said.get("party")) != bool(said.get("role")) and not self.errors:
            raise forms.ValidationError(_("Choose both: the party, and its role."))
        return said


_LineRows = formset_factory(LineForm, extra=2, max_num=50, absolute_max=60)
_PartyRows = formset_factory(PartyRow, extra=2, max_num=50, absolute_max=60)


class ChipsSection(forms.Form):
    """Which chips, how many, and in what form; the rows stand in ``rows``."""

    is_server = forms.BooleanField(label=_("Shipped in servers"), required=False)
    has_encryption = forms.ChoiceField(
        label=_("With encryption"), choices=UNKNOWN_YES_NO, required=False,
        help_text=_("It decides the classification of servers and cards; ask the supplier."),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, actor: Actor, order: Order, **kwargs: Any) -> None:
        known = {None: "", True: "yes", False: "no"}[order.has_encryption]
        super().__init__(data, initial={"is_server": order.is_server, "has_encryption": known}, **kwargs)
        rows = [
            {"chip": each.chip_id, "quantity": each.quantity, "unit_price": each.unit_price, "currency": each.currency}
            for each in order.lines.all()
        ]
        self.rows: BaseFormSet[LineForm] = _LineRows(data, initial=rows, prefix="lines")

    def is_valid(self) -> bool:
        """Whether the section and each row fit."""
        return super().is_valid() and self.rows.is_valid()

    def changes(self) -> dict[str, Any]:
        """What to change on the order."""
        known = {"": None, "yes": True, "no": False}[self.cleaned_data["has_encryption"]]
        lines = [
            Line(said["chip"], said["quantity"], said.get("unit_price"), (said.get("currency") or "").upper())
            for said in self.rows.cleaned_data
            if said.get("chip")
        ]
        return {"is_server": self.cleaned_data["is_server"], "has_encryption": known, "lines": lines}


class PartiesSection(forms.Form):
    """Who takes part, each in a role; the rows stand in ``rows``."""

    def __init__(self, data: Any = None, *, actor: Actor, order: Order, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        rows = [{"party": each.party_id, "role": each.role} for each in order.parties.all()]
        self.rows: BaseFormSet[PartyRow] = _PartyRows(
            data, initial=rows, prefix="parties", form_kwargs={"actor": actor}
        )

    def is_valid(self) -> bool:
        """Whether each row fits."""
        return super().is_valid() and self.rows.is_valid()

    def changes(self) -> dict[str, Any]:
        """What to change on the order."""
        named = [Named(said["party"], PartyRole(said["role"])) for said in self.rows.cleaned_data if said.get("party")]
        return {"parties": named}


Section = DemandSection | ChipsSection | PartiesSection | SiteSection | UseCaseSection | DomesticSection
SECTIONS: Final[dict[str, tuple[Any, type[Section]]]] = {
    "demand": (_("Demand"), DemandSection),
    "chips": (_("Chips and quantity"), ChipsSection),
    "parties": (_("Parties"), PartiesSection),
    "site": (_("Site and route"), SiteSection),
    "use-case": (_("Use case"), UseCaseSection),
    "domestic": (_("Domestic alternatives"), DomesticSection),
}


class ReasonForm(forms.Form):
    """Why something is withdrawn."""

    reason = forms.CharField(label=_("Reason"), max_length=1000, required=False)


class ResumeForm(forms.Form):
    """Why a stopped order may go on, or why the proposal is withdrawn."""

    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_LIMIT, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Goes into the ledger for good: name facts, not people."),
    )  # fmt: skip


class DocumentForm(forms.Form):
    """A document of an order."""

    title = forms.CharField(label=_("What it is"), max_length=200)
    document = forms.FileField(label=_("File"), max_length=200)


class ReleaseForm(forms.Form):
    """Leave to ship."""

    line = forms.ModelChoiceField(queryset=OrderLine.objects.none(), label=_("Order line"), empty_label=None)
    quantity = forms.IntegerField(label=_("Units to release"), min_value=1, max_value=QUANTITY_LIMIT)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["line"].queryset = order.lines.select_related("chip")  # type: ignore[attr-defined]


class ReceiptForm(forms.Form):
    """What arrived."""

    chip = forms.ModelChoiceField(queryset=ChipModel.objects.none(), label=_("Chip"), empty_label=None)
    site = forms.ModelChoiceField(queryset=Site.objects.none(), label=_("Site"), empty_label=None)
    received_on = forms.DateField(label=_("Day of arrival"), widget=DAY)
    serials = forms.CharField(
        label=_("Serials"), max_length=700_000, widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=_("One a line. Everything that arrived is recorded, released or not."),
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Actor, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["chip"].queryset = _chips()  # type: ignore[attr-defined]
        self.fields["site"].queryset = sites_visible_to(actor)  # type: ignore[attr-defined]
        first = order.lines.first()
        ordered = {"chip": first.chip_id if first else None, "site": order.site_id}
        self.initial = {**ordered, "received_on": timezone.now().date(), **self.initial}
