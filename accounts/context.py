"""What every page needs to know: who acts, for whom, and which work they may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Act


@dataclass(frozen=True)
class Place:
    """One entry of the side bar: a kind of work, and the act that makes it somebody's work."""

    name: str
    label: str | Promise
    icon: str
    act: Act


PLACES: Final = (
    Place("today", _("Today"), "calendar", Act.SEE_OWN_WORK),
    Place("review:queue", _("Review"), "gavel", Act.SEE_REVIEW),
    Place("orders:list", _("Orders"), "shopping-cart", Act.SEE_OWN_WORK),
    Place("filings:list", _("Filings"), "file-text", Act.SEE_OWN_WORK),
    Place("licences:list", _("Licences"), "certificate", Act.SEE_LICENCES),
    Place("inventory:devices", _("Devices"), "cpu", Act.SEE_DEVICES),
    Place("jobs:list", _("Jobs"), "player-play", Act.SEE_OWN_WORK),
    Place("schedule:queue", _("Schedule"), "hourglass", Act.SEE_OWN_WORK),
    Place("screening:queue", _("Screening"), "user-search", Act.SEE_SCREENING),
    Place("catalog:list", _("Chips"), "database", Act.SEE_CATALOG),
    Place("ledger:browse", _("Ledger"), "history", Act.SEE_LEDGER),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Side bar, acting person, what they may do, and the other memberships; empty for a visitor."""
    actor = getattr(request, "actor", None)
    if actor is None:
        return {"actor": None, "places": [], "other_memberships": [], "may": {}}
    shown = [entry for place in PLACES if actor.may(place.act) and (entry := _entry(place, request.path))]
    others = [m for m in getattr(request, "memberships", ()) if m.pk != actor.membership.pk]
    may = {act.value: actor.may(act) for act in Act}
    return {"actor": actor, "places": shown, "other_memberships": others, "may": may}


def _entry(place: Place, path: str) -> dict[str, Any] | None:
    """The entry as the side bar shows it; None where this instance does not serve the page."""
    try:
        url = reverse(place.name)
    except NoReverseMatch:
        return None
    namespace = url if url == "/" else url.rstrip("/")
    here = path == "/" if url == "/" else path == url or path.startswith(f"{namespace}/")
    return {"url": url, "label": place.label, "icon": place.icon, "is_here": here}
