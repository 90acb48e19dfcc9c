"""Everything that stands in an order's way: before it is handed in, before it is approved, before it ships."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone

from procurement.evidence import blockers as evidence
from procurement.orders.models import Order, PartyRole
from procurement.orders.states import OrderState
from procurement.parties.models import ScreeningState
from procurement.regimes.lanes import Lane
from procurement.screening.health import standing_blockers
from procurement.screening.ownership import ownership_blockers
from procurement.screening.subjects import parties_of_order, roots_of_order

NEEDED_ROLES: Final = (
    PartyRole.EXPORTER,
    PartyRole.PURCHASER,
    PartyRole.ULTIMATE_CONSIGNEE,
    PartyRole.END_USER,
)
NEEDS_DOMESTIC_REASON: Final = frozenset({"CN"})
STOPPING_LANES: Final = frozenset({Lane.PROHIBITED, Lane.UNDETERMINED})


@dataclass(frozen=True)
class Blocker:
    """One reason why an order cannot go on, and the page that mends it."""

    text: str
    url_name: str = ""
    url_args: tuple[Any, ...] = ()
    section: str = ""

    @property
    def reason(self) -> str:
        """The words for the page."""
        return self.text

    @property
    def url(self) -> str:
        """Where it is mended; empty where nobody can mend it by a page."""
        if not self.url_name:
            return ""
        address = reverse(self.url_name, args=self.url_args)
        return f"{address}#{self.section}" if self.section else address

    def __str__(self) -> str:
        return self.text


def order_blockers(order: Order) -> list[Blocker]:
    """Every reason why the order cannot take its next step now."""
    match OrderState(order.state):
        case OrderState.DRAFT:
            return submission_blockers(order)
        case OrderState.IN_REVIEW | OrderState.STOPPED:
            return review_blockers(order)
        case OrderState.APPROVED | OrderState.RECEIVED:
            return [*screening_blockers(order), *release_blockers(order)]
        case OrderState.DECLINED | OrderState.WITHDRAWN:
            return []


def submission_blockers(order: Order) -> list[Blocker]:
    """What the applicant has left out of a draft."""
    missing: list[tuple[str, str]] = []
    if order.demand.withdrawn_at is not None:
        missing.append(("demand", f"The demand {order.demand.reference} was withdrawn; name another."))
    if not order.lines.all():
        missing.append(("chips", "No chip is ordered yet: name the chip and how many."))
    roles = {each.role for each in order.parties.all()}
    missing += [
        ("parties", f"The {role.replace('_', ' ')} is not named yet.") for role in NEEDED_ROLES if role not in roles
    ]
    if order.site.is_closed:
        missing.append(("site", f"The site {order.site.name} is closed."))
    if not order.use_case.strip():
        missing.append(("use-case", "The use case is not described yet."))
    if order.site.country in NEEDS_DOMESTIC_REASON and not order.domestic_alternatives.strip():
        missing.append(("domestic", "Say which domestic chips were weighed, and why they will not do."))
    return [Blocker(text, "orders:edit", (order.pk,), section) for section, text in missing]


def review_blockers(order: Order) -> list[Blocker]:
    """What stands in the way of an approval: the stop, the determinations, a share at its cap, the screening."""
    stopped = (
        [Blocker(f"{order.reference} is stopped by screening.")] if order.state == OrderState.STOPPED else []
    )
    return [*stopped, *determination_blockers(order), *evidence_blockers(order), *screening_blockers(order)]


def evidence_blockers(order: Order) -> list[Blocker]:
    """A certified share at its cap: nothing of the order could ship."""
    found = evidence.approval_blockers(order, timezone.now().date())
    return [Blocker(text, "evidence:order", (order.pk,)) for text in found]


def release_blockers(order: Order) -> list[Blocker]:
    """Certifications that a release waits for; an approval does not."""
    found = [text for line in order.lines.all() for text in evidence.release_blockers(line, timezone.now().date())]
    return [Blocker(text, "evidence:order", (order.pk,)) for text in dict.fromkeys(found)]


def determination_blockers(order: Order) -> list[Blocker]:
    """Lanes in which nobody may approve, and determinations that were never made."""
    current = [each for each in order.determinations.all() if each.superseded_at is None]
    if not current:
        return [Blocker("No determination was made yet.", "orders:detail", (order.pk,), "determinations")]
    return [
        Blocker(
            f"Determination {each.regime}: {Lane(each.lane).replace('_', ' ')}.",
            "orders:detail",
            (order.pk,),
            "determinations",
        )
        for each in current
        if each.lane in STOPPING_LANES
    ]


def screening_blockers(order: Order) -> list[Blocker]:
    """Parties that screening has not cleared: in every role, the site's operator, the team's own, and their owners.

    Beside them: listed owners that hold half together, shares that are not known, and lists that cannot be relied on.
    """
    words = {
        ScreeningState.NOT_SCREENED: "has not been screened yet",
        ScreeningState.UNDECIDED: "has a possible list match that nobody has decided yet",
        ScreeningState.MATCHED: "is matched to a list entry",
    }
    unclear = parties_of_order(order).exclude(screening_state=ScreeningState.CLEAR).order_by("name", "pk")
    held = ownership_blockers(list(roots_of_order(order)), timezone.now().date())
    return [
        *(Blocker(f"{party.name} {words[ScreeningState(party.screening_state)]}.") for party in unclear),
        *(Blocker(text) for text in held),
        *(Blocker(each.reason, "screening:lists") for each in standing_blockers()),
    ]
