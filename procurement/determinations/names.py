"""The names that a question by hand may give: one table for the command, a batch, the API and the page (no Django).

A fact of the regimes that has no row here has its reason in `NOT_ASKED`; a test compares both with the facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Final

from procurement.determinations.readers import (
    Reader,
    count,
    countries,
    country,
    day,
    listings,
    number,
    one_of,
    owners,
    percent,
    remote_users,
    several,
    words,
    yes_no,
)
from procurement.regimes.facts import AuthorityAnswer, BuyerClass, Form, PartyRole


@dataclass(frozen=True)
class Name:
    """One name: the facts it gives by their paths, how it is read, and its words on the page and in the help."""

    name: str
    paths: tuple[str, ...]
    read: Reader
    label: str
    help: str = ""

    @property
    def words(self) -> str:
        """For the command's help."""
        return f"{self.label}{f': {self.help}' if self.help else ''}"


@dataclass(frozen=True)
class Group:
    """Names that stand together on the page and in the help."""

    title: str
    names: tuple[Name, ...]


ROLES: Final = {
    "end_user": PartyRole.END_USER, "purchaser": PartyRole.PURCHASER,
    "intermediate_consignee": PartyRole.INTERMEDIATE_CONSIGNEE,
    "ultimate_consignee": PartyRole.ULTIMATE_CONSIGNEE, "forwarder": PartyRole.OTHER,
}  # fmt: skip
HQ: Final = "hq"
PARENT: Final = "ultimate_parent"
OF_A_PARTY: Final = (
    ("", "name", words, "", ""),
    ("_country", "country", country, ": country", "where it is; the destination unless told"),
    ("_hq", HQ, country, ": headquarters", "also of its ultimate parent, unless that is told"),
    ("_parent", PARENT, country, ": headquarters of the ultimate parent", ""),
    ("_owners", "owners", owners, ": direct owners", "Name|share in per cent|country|effect of its listing; Name ..."),
    ("_listings", "listings", listings, ": confirmed list entries",
     ("effect|list|entry|policy; ... or none where it was screened and nothing found; effects are prohibits, "
      "entity_list, military_end_user, unverified, flag_only")),
    ("_uae_cleared", "is_uae_cleared", yes_no, ": UAE government, or named in supplement no. 8 to part 740", ""),
    ("_forwarder", "is_forwarder", yes_no, ": a mere forwarder of goods", ""),
    ("_veu", "is_validated_end_user", yes_no, ": validated end user of data centres",
     "named in supplement no. 7 to part 748"),
)  # fmt: skip


def _party(prefix: str) -> tuple[Name, ...]:
    label = prefix.replace("_", " ").capitalize()
    return tuple(
        Name(f"{prefix}{suffix}", (f"parties.{prefix}.{fact}",), read, f"{label}{more}", helps)
        for suffix, fact, read, more, helps in OF_A_PARTY
    )


GROUPS: Final = (
    Group("The transaction", (
        Name("chip", ("item.chip", "item.name"), words, "Chip", "by slug or name, such as h200-sxm"),
        Name("to", ("route.to_country",), country, "Destination", "a two-letter country code"),
        Name("from", ("route.from_country",), country, "Shipped from", "US unless told"),
        Name("via", ("route.via",), countries, "Through", "countries it passes through, apart by ;"),
        Name("install", ("route.install_country",), country, "Installed in", "where it is not the destination"),
        Name("exporter", ("exporter.name",), words, "Exporter",
             "its name: a letter from an authority binds the one it is addressed to"),
        Name("exporter_hq", ("exporter.hq",), country, "Exporter's headquarters"),
        Name("on", (), day, "As of", "such as 2026-01-15; today by each regime's calendar unless told"),
    )),
    Group("The end user", _party("end_user")),
    Group("The item", (
        Name("quantity", ("item.quantity",), count, "Units"),
        Name("form", ("item.form",), one_of(Form), "What is shipped", "bare_chip, server or memory_stack"),
        Name("data_centre", ("item.is_data_centre",), yes_no, "For data centres",
             "designed or marketed for them; the catalogue's answer unless told"),
        Name("us_commercial", ("item.is_us_commercial",), yes_no, "On sale in the US on 2026-01-15",
             "the catalogue's answer unless told"),
        Name("encryption", ("item.has_encryption",), yes_no, "With encryption"),
        Name("mass_market", ("item.is_mass_market",), yes_no, "Its encryption is mass-market",
             "5A992.c without its circuits, not 5A002"),
        Name("other_eccn", ("item.other_eccn",), words, "Entry that it meets besides",
             "without its circuits: 3A001, 4A003, 4A004, 4A005 or 5A004"),
        Name("memory_area_mm2", ("item.memory_area_mm2",), number, "Memory alone: area in mm2",
             "of its package, or of the stack where it has none"),
        Name("memory_bandwidth_gb_s", ("item.dram_bandwidth_gb_s",), number, "Memory alone: bandwidth in GB/s",
             "with form memory_stack, which needs no chip of the catalogue"),
    )),
    Group("End use", (
        Name("end_use", ("end_use.purpose",), words, "What it is for"),
        Name("military", ("end_use.is_military",), yes_no, "Military end use"),
        Name("military_intelligence", ("end_use.is_military_intelligence",), yes_no, "Military-intelligence end use"),
        Name("supercomputer", ("end_use.is_supercomputer",), yes_no, "For a supercomputer"),
        Name("service_to_others", ("end_use.is_service_to_others",), yes_no, "Offered to remote users as a service"),
        Name("remote_users", ("remote_users",), remote_users, "Remote users",
             "Name|country of headquarters; Name ..."),
        Name("duty_free_use", ("end_use.duty_free_use",), words, "Duty: use at rate zero", "as the proclamation names"),
        Name("duty_free_confirmed", ("end_use.duty_free_use_confirmed",), yes_no, "Duty: that use is confirmed"),
    )),
    Group("Import into China", (
        Name("buyer_class", ("imports.buyer_class",), one_of(BuyerClass), "Buyer's class", "such as private"),
        Name("state_funding", ("imports.state_funding_percent",), percent, "State money in the data centre, %"),
        Name("project_complete", ("imports.project_complete_percent",), percent, "Data centre built, %"),
        Name("use_case", ("imports.use_case",), words, "Use case"),
        Name("domestic_alternatives", ("imports.domestic_alternatives",), several, "Domestic chips weighed",
             "apart by ;"),
        Name("domestic_reason", ("imports.domestic_reason",), words, "Why a domestic chip will not do"),
        Name("co_purchase", ("imports.co_purchase_percent",), percent, "Share of domestic chips bought beside, %",
             "shown, never decisive"),
        Name("co_purchased", ("imports.co_purchased",), several, "Domestic chips bought beside", "apart by ;"),
        Name("authority", ("imports.authority",), words, "Authority that answered"),
        Name("authority_reference", ("imports.authority_reference",), words, "Reference of its answer"),
        Name("authority_answer", ("imports.authority_answer",), one_of(AuthorityAnswer), "Its answer",
             "granted or refused"),
        Name("customs_state", ("imports.customs_state",), words, "Where the goods are with customs",
             "such as declared or detained"),
    )),
    Group("Evidence and history", (
        Name("evidence_held", ("evidence.held",), several, "Certifications on file", "such as C1; C5"),
        Name("c4_share", ("evidence.c4_share_percent",), number, "C4: the exporter's certified share, %"),
        Name("c4_cap", ("evidence.c4_cap_percent",), percent, "C4: the cap that its statement names, %"),
        Name("ordered_beside", ("ordered_beside",), several, "Chips ordered beside", "apart by ;"),
        Name("first_advanced_order", ("history.first_advanced_order",), day, "First order of advanced circuits"),
        Name("large_order", ("history.is_large_order",), yes_no, "Large for such a customer"),
        Name("units_under_cap", ("history.units_under_cap",), count, "Customer's total under its cap, with this"),
        Name("cap_units", ("history.cap_units",), count, "That cap"),
        Name("orders_in_90_days", ("history.orders_in_90_days",), count, "Its orders in 90 days, with this"),
        Name("overdue", ("history.overdue",), several, "Acknowledgements or proofs overdue", "apart by ;"),
        Name("site_power_kw", ("site.power_kw",), number, "Power of the site, kW"),
        Name("site_needed_kw", ("site.needed_kw",), number, "Power that the order needs, kW"),
    )),
    Group("Other countries' permits", (
        Name("us_licence", ("origin.us_reexport_licence",), words, "US licence for the re-export", "its number"),
        Name("us_classification", ("origin.classification",), words, "US entry that the papers give",
             "such as 4A090.a"),
        Name("my_restricted_activity", ("malaysia.is_restricted_activity",), yes_no,
             "Malaysia: restricted activity known or suspected"),
        Name("my_movement_on", ("malaysia.movement_on",), day, "Malaysia: day of export, transshipment or transit"),
        Name("my_notified_on", ("malaysia.notified_on",), day, "Malaysia: authority notified on"),
        Name("my_permit_reference", ("malaysia.permit_reference",), words, "Malaysia: permit's reference"),
        Name("my_permit_answer", ("malaysia.permit_answer",), one_of(AuthorityAnswer), "Malaysia's answer",
             "granted or refused"),
        Name("tw_shtc", ("taiwan.is_shtc",), yes_no, "Taiwan: strategic high-tech commodities (SHTC)"),
        Name("tw_list_checked_on", ("taiwan.list_checked_on",), day,
             "Taiwan: parties checked against the entity list on"),
        Name("tw_permit_reference", ("taiwan.permit_reference",), words, "Taiwan: permit's reference"),
        Name("tw_permit_answer", ("taiwan.permit_answer",), one_of(AuthorityAnswer), "Taiwan's answer",
             "granted or refused"),
    )),
    *(Group(f"The {prefix.replace('_', ' ')}", _party(prefix)) for prefix in ROLES if prefix != "end_user"),
)  # fmt: skip
TABLE: Final = {each.name: each for each in chain.from_iterable(group.names for group in GROUPS)}
NAMES: Final = tuple(TABLE)

_FIGURE: Final = "a figure of the catalogue, where it has its source; none is tried out by hand"
# Facts that a question by hand does not give, by their paths, and why.
NOT_ASKED: Final = {
    "item.maker": _FIGURE,
    "item.maker_country": _FIGURE,
    "item.tpp": _FIGURE,
    "item.die_area_mm2": _FIGURE,
    "item.interconnect_gb_s": _FIGURE,
    "item.estimates": "the catalogue says which of its figures are estimates",
    "parties.role": "given by the name itself: end_user, purchaser, ...",
    "parties.owners.listings": "given within the owners' text",
    "parties.owners.owners": "owners of owners are entered on the pages of parties, with their days",
    "licences": "the live licences on file of an order, from their own pages",
    "list_snapshots": "only a screening by Writ is tied to the lists it was done against",
}
