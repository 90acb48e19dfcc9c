"""Whether a shipment is an export, a reexport or a transfer in-country, and what that supposes."""

from procurement.regimes.facts import RouteFacts
from procurement.regimes.geography import country_name
from procurement.regimes.notes import Notebook


def warn(route: RouteFacts, notes: Notebook) -> None:
    """Tells that an item from elsewhere is supposed to be subject to the EAR: the strict side.

    Source: 15 CFR 734.3, 734.9(h), 734.14, 734.16.
    Simplification: origin, US content and the direct-product rules are not asked about.
    """
    if route.from_country == "US":
        return
    what = "a transfer in-country" if route.from_country == route.to_country else "a reexport"
    name = country_name(route.from_country, notes.law.book)
    notes.warn(
        f"From {name} it is {what}: that the item is subject to the EAR, by origin, US content or as a direct product "
        "(15 CFR 734.9(h)), is supposed."
    )
