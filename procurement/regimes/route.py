"""What a route does in one country: whether goods leave it, pass through it, or only arrive and stay."""

from enum import StrEnum

from procurement.regimes.facts import RouteFacts


class Movement(StrEnum):
    """The movement that a country's export rules see."""

    EXPORT = "export"
    TRANSIT = "transshipment or transit"
    ARRIVAL = "arrival"
    NONE = "none"


def touches(route: RouteFacts, country: str) -> bool:
    """Whether the country is where goods come from, pass, are sent to or are installed."""
    return country in (route.from_country, route.to_country, route.install_country, *route.via)


def movement(route: RouteFacts, country: str) -> Movement:
    """What happens there; goods consigned to the country and installed elsewhere pass through it.

    Simplification: between two places of one country nothing moves, unless a stop abroad is named.
    """
    last = route.install_country or route.to_country
    stops = (*route.via, route.to_country, last)
    if route.from_country == country:
        return Movement.EXPORT if any(place != country for place in stops) else Movement.NONE
    if country not in stops:
        return Movement.NONE
    onward = stops[stops.index(country) :]
    return Movement.TRANSIT if any(place != country for place in onward) else Movement.ARRIVAL
