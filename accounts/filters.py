"""How people with access are searched."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership
from accounts.queries import memberships_in_force
from accounts.roles import Role
from accounts.words import in_words


class MembershipFilter(django_filters.FilterSet):
    """By name, organisation, role and whether it is in force."""

    name = django_filters.CharFilter(field_name="person__name", lookup_expr="icontains", label=_("Name"))
    organisation = django_filters.CharFilter(
        field_name="team__organisation__name", lookup_expr="icontains", label=_("Organisation")
    )
    role = django_filters.ChoiceFilter(
        choices=[(each.value, in_words(each)) for each in Role], label=_("Role"), empty_label=_("All roles")
    )
    access = django_filters.ChoiceFilter(
        choices=[("live", _("In force")), ("over", _("Ended"))], label=_("Access"), empty_label=_("All"),
        method="by_access",
    )  # fmt: skip

    class Meta:
        model = Membership
        fields = ("name", "organisation", "role", "access")

    def by_access(self, rows: QuerySet[Membership], name: str, value: str) -> QuerySet[Membership]:
        """Those in force, or those that ended."""
        return memberships_in_force(rows, wanted=value == "live")
