"""Citations with the page where the paragraph, or the notice, is read."""

import re
from typing import Final

ECFR: Final = "https://www.ecfr.gov/current"
_PATTERNS: Final = (
    (re.compile(r"^(\d+) CFR part (\d+)"), ECFR + "/title-{0}/part-{1}"),
    (re.compile(r"^(\d+) CFR chapter (\w+)"), ECFR + "/title-{0}/chapter-{1}"),
    (re.compile(r"^(\d+) CFR (\d+\.\d+)"), ECFR + "/title-{0}/section-{1}"),
    (re.compile(r"^(\d+) FR (\d+)"), "https://www.federalregister.gov/citation/{0}-FR-{1}"),
)


def linked(citation: str) -> tuple[tuple[str, str], ...]:
    """Each citation of a list such as `15 CFR 742.6; 91 FR 1684`, with its address or an empty one."""
    return tuple((part, _address(part)) for part in citation.split("; ") if part)


def _address(part: str) -> str:
    for pattern, address in _PATTERNS:
        if found := pattern.match(part):
            return address.format(*found.groups())
    return ""
