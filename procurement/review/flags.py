"""The red-flag catalogue in our own words.

Source: supplement 3 to part 732 of the EAR (29 flags, last amended 2025-11-12, read in a summary), BIS diversion
guidance of 2025-05-13 and 2026-05-31 (read in summaries), and conduct charged in 2025 and 2026. Unverified against
the texts themselves; a flag asks for inquiry and decides nothing alone.
"""

from __future__ import annotations

from typing import Final

CATALOGUE: Final[dict[str, str]] = {
    "RF01": "customer or agent will not state the end use",
    "RF02": "product does not fit the buyer's business",
    "RF03": "product does not fit the technical level of the destination",
    "RF04": "little or no business history",
    "RF05": "cash or odd payment for a costly item",
    "RF06": "buyer does not know the product yet wants it",
    "RF07": "refuses normal installation, training or support",
    "RF08": "vague delivery date or odd place",
    "RF09": "freight forwarder as final destination",
    "RF10": "abnormal route",
    "RF11": "packaging does not fit shipping method or destination",
    "RF12": "evasive on domestic use, export or reexport",
    "RF17": "known to build for supercomputers in Macau or a D:5 country",
    "RF21": "ultimate owner or user unknown",
    "RF22": "a needed licence was probably never obtained",
    "RF24": "new customer's leadership overlaps a listed entity",
    "RF25": "new customer takes over an item made for a now-listed customer",
    "RF29": "owned by a listed party: the share has to be found; unknown stops",
    "RF30": "customer bought no advanced ICs before October 2022, then large orders",
    "RF31": "commercial quantity to a residential or unclear address",
    "RF32": "little web presence, new or thin company",
    "RF33": "data centre cannot show power, cooling and space for the order",
    "RF34": "no business reason for high-end ICs; model or quantity beyond need",
    "RF35": "reseller or forwarder not normally in this trade; ship-to differs from install site",
    "RF36": "end user, ultimate parent or headquarters not confirmed outside D:5 and Macau",
    "RF37": "host of a compute service cannot name or check its users",
    "RF38": "payment from a third party or third country",
    "RF39": "overseas subsidiary of a firm headquartered in D:5 as buyer or tenant",
    "RF40": "relabelled goods or an invented brand",
    "RF41": "papers call accelerators by another name, or carry a wrong ECCN",
    "RF42": "shell company, straw buyer, private warehouse",
    "RF43": "serials later seen elsewhere; dummy units at audit",
    "RF44": "same customer's total nears a cap; orders split across affiliates",
    "RF45": "licence condition acknowledgement or delivery proof overdue",
}
