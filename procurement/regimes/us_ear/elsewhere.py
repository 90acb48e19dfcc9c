"""Countries that goods leave or pass, and whose own controls are known to be there and are not encoded."""

from typing import Final

from procurement.regimes.facts import RouteFacts
from procurement.regimes.notes import Notebook

UNION: Final = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
        *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    )
)
PLACES: Final = {
    "elsewhere.korea": frozenset({"KR"}),
    "elsewhere.eu": UNION,
    "elsewhere.uk-nl": frozenset({"GB", "NL"}),
    "elsewhere.singapore": frozenset({"SG"}),
}


def warn(route: RouteFacts, notes: Notebook) -> None:
    """Says of each country that the goods leave or pass which rules of its own nobody has encoded.

    Simplification: the destination's own rules are not told, as goods come in there; where they leave it again, the
    next transaction is asked about. Errs towards silence about imports alone.
    """
    touched = {route.from_country, *route.via}
    for rule, places in PLACES.items():
        version = notes.law.version(rule) if touched & places else None
        if version is not None:
            notes.warn(version.verify)
