"""The GP10 notice for pages on which an Ascend chip is weighed, for whoever reads them: US persons take note."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from procurement.determinations.rules import present
from procurement.regimes.citations import linked
from procurement.regimes.registry import regime
from procurement.regimes.us_ear import REGIME
from procurement.regimes.us_ear.gp10 import named


def notice(*texts: str, now: datetime | None = None) -> dict[str, Any] | None:
    """What a page says where texts name an Ascend chip; None where they name none, or the guidance stands not yet."""
    names = named(*texts)
    on = regime(REGIME).local_date(now or timezone.now())
    version = present().book(REGIME).at(on).version("gp10")
    if not names or version is None:
        return None
    return {"names": names, "links": linked(version.citation), "verify": version.verify}
