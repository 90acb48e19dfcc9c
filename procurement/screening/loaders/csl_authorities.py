"""The twelve lists inside the Consolidated Screening List, by the names the official files print."""

from __future__ import annotations

import re

from procurement.screening.loaders.records import ListFault

_CODE = re.compile(r"\(([^()]+)\)")
_CODES = {
    "CAP": "CAP", "CMIC": "CMIC", "DPL": "DPL", "DTC": "DTC", "EL": "EL", "ISN": "ISN", "MEU": "MEU",
    "NS-MBS LIST": "NS-MBS", "NS-MBS": "NS-MBS", "PLC": "PLC", "SDN": "SDN", "SSI": "SSI", "UVL": "UVL",
    "FSE": "FSE",
}  # fmt: skip
_BY_WORDS = (("chinese military-industrial", "CMIC"), ("itar debarred", "DTC"), ("menu-based", "NS-MBS"))


def authority_code(source: str, where: str) -> str:
    """The code of the list an entry is on, such as ``EL``.

    Raises:
        ListFault: a list this version does not know, whose effect could not be told.
    """
    for found in _CODE.findall(source):
        if found.strip().upper() in _CODES:
            return _CODES[found.strip().upper()]
    for words, code in _BY_WORDS:
        if words in source.lower():
            return code
    raise ListFault("unknown_authority", f"{where}: unknown list {source[:80]!r}.")
