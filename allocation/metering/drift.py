"""Drift opens a case, once: more was used than was declared, by more than the licence tolerates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.db.models.functions import Now

from allocation.inventory.incidents import Finding, report_finding
from allocation.inventory.models import Incident, IncidentKind
from allocation.metering.declared import Comparison, Measure, compare
from procurement.filings.models import Filing

RECENTLY: Final = timedelta(minutes=2)
_WORDS: Final = {
    Measure.DEVICES: "devices at once",
    Measure.GPU_MS: "GPU-milliseconds",
    Measure.FLOPS: "FLOPs",
    Measure.REMOTE_USERS: "parties with remote access",
}


def check_recent_filings() -> int:
    """Compare the filings under which something ran lately; run by housekeeping, and idempotent.

    Returns:
        How many cases were opened.
    """
    lately = Q(jobs__attempts__ended_at__gt=Now() - RECENTLY) | Q(jobs__attempts__claimed_at__gt=Now() - RECENTLY)
    return check_filings(Filing.objects.filter(lately).distinct().order_by("pk"))


def check_filings(filings: Iterable[Filing]) -> int:
    """Open a case for each measure of each filing that has drifted and was not judged at this height before."""
    found = [(filing, each) for filing in filings for each in compare(filing) if each.has_drifted]
    return sum(_open(filing, each) for filing, each in found)


def _open(filing: Filing, drifted: Comparison) -> bool:
    subject = f"{filing.reference} {drifted.measure}"
    if _is_known(subject, drifted):
        return False
    words = _WORDS[drifted.measure]
    title = f"{filing.reference}: {drifted.observed} {words} observed, {drifted.declared} declared"
    details = (
        f"{title}. The tolerance is {drifted.tolerance_percent} % (the tightest that a licence of the order names, else"
        " 10 %); who has remote access is declared by name and has none. Observed devices and GPU time come from lease"
        " rows; FLOPs are those that runners counted, by their own formula."
    )
    facts = {
        "measure": str(drifted.measure),
        "observed": str(drifted.observed),
        "declared": str(drifted.declared),
        "tolerance_percent": drifted.tolerance_percent,
    }
    report_finding(Finding(IncidentKind.USAGE_DRIFT, title[:300], subject, facts=facts, details=details))
    return True


def _is_known(subject: str, drifted: Comparison) -> bool:
    """Whether an incident on it is open, or was closed at this height: only a rise by the tolerance is news."""
    for known in Incident.objects.filter(kind=IncidentKind.USAGE_DRIFT, subject=subject):
        judged = int(known.facts["observed"]) * (100 + drifted.tolerance_percent) // 100
        if known.closed_at is None or drifted.observed <= judged:
            return True
    return False
