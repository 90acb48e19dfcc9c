"""What a regime is told about a transaction. A fact that nobody gave is None, and is never guessed."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Form(StrEnum):
    """What is shipped: the integrated circuit itself, something that contains it, or high-bandwidth memory alone."""

    BARE_CHIP = "bare_chip"
    SERVER = "server"
    MEMORY_STACK = "memory_stack"


class PartyRole(StrEnum):
    """The part a party plays (section 748.5 of the EAR names them)."""

    PURCHASER = "purchaser"
    INTERMEDIATE_CONSIGNEE = "intermediate_consignee"
    ULTIMATE_CONSIGNEE = "ultimate_consignee"
    END_USER = "end_user"
    OTHER = "other"


class ListEffect(StrEnum):
    """What a confirmed entry on a government list does; every list authority has one."""

    PROHIBITS = "prohibits"
    ENTITY_LIST = "entity_list"
    MILITARY_END_USER = "military_end_user"
    UNVERIFIED = "unverified"
    FLAG_ONLY = "flag_only"


class BuyerClass(StrEnum):
    """Who the buyer is in the eyes of the importer's authorities."""

    PRIVATE = "private"
    STATE_OWNED = "state_owned"
    STATE_FUNDED_DATA_CENTRE = "state_funded_data_centre"
    CRITICAL_INFRASTRUCTURE = "critical_infrastructure"
    UNIVERSITY = "university"
    MILITARY_LINKED = "military_linked"


class AuthorityAnswer(StrEnum):
    """What an authority itself answered, on paper."""

    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """The chip ordered, and in what form. Areas in mm2; die_area_mm2 is 0 where all dies are planar.

    Args:
        is_mass_market: whether its encryption is mass-market (5A992.c without its circuits, not 5A002).
        other_eccn: the entry that it meets besides, were its circuits left out: 3A001, 4A003, 4A004, 4A005 or 5A004.
        memory_area_mm2: for memory sold alone, the area of its package (of the stack where it has none).
    """

    chip: str
    name: str
    maker: str
    maker_country: str
    tpp: Decimal | None
    die_area_mm2: Decimal | None
    dram_bandwidth_gb_s: Decimal | None
    interconnect_gb_s: Decimal | None
    is_data_centre: bool | None
    is_us_commercial: bool | None
    form: Form | None = None
    has_encryption: bool | None = None
    quantity: int | None = None
    estimates: tuple[str, ...] = ()
    is_mass_market: bool | None = None
    other_eccn: str | None = None
    memory_area_mm2: Decimal | None = None


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """Countries, as ISO 3166 two-letter codes: where from, through, to, and where it is installed."""

    from_country: str
    to_country: str
    via: tuple[str, ...] = ()
    install_country: str | None = None


@dataclass(frozen=True, slots=True)
class ExporterFacts:
    """Who exports: a letter from the authority binds the one it is addressed to."""

    name: str | None = None
    hq: str | None = None


@dataclass(frozen=True, slots=True)
class ListingFacts:
    """A confirmed match with a list entry."""

    list_name: str
    entry: str
    effect: ListEffect
    policy: str = ""


@dataclass(frozen=True, slots=True)
class OwnerFacts:
    """A direct owner; share_percent None means that the share is not known.

    Args:
        hq: country of its headquarters; None where nobody said.
        owners: who owns it in turn, up the tree.
    """

    name: str
    share_percent: Decimal | None
    listings: tuple[ListingFacts, ...] = ()
    hq: str | None = None
    owners: tuple["OwnerFacts", ...] = ()


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """A party, where it is, where it and its ultimate parent are headquartered, who owns it.

    Args:
        listings: confirmed list matches; None where nobody screened the party.
        is_uae_cleared: UAE government, or named in supplement no. 8 to part 740.
        is_forwarder: a freight forwarder, customs broker or other mere handler of goods.
        is_validated_end_user: named as a validated end user of data centres (supplement no. 7 to part 748).
    """

    role: PartyRole
    name: str
    country: str
    hq: str | None
    ultimate_parent: str | None
    owners: tuple[OwnerFacts, ...] = ()
    listings: tuple[ListingFacts, ...] | None = None
    is_uae_cleared: bool | None = None
    is_forwarder: bool | None = None
    is_validated_end_user: bool | None = None


@dataclass(frozen=True, slots=True)
class EndUseFacts:
    """What it is for; `is_service_to_others`: the devices are offered to remote users as a service."""

    purpose: str = ""
    is_military: bool | None = None
    is_supercomputer: bool | None = None
    duty_free_use: str | None = None
    duty_free_use_confirmed: bool = False
    is_military_intelligence: bool | None = None
    is_service_to_others: bool | None = None


@dataclass(frozen=True, slots=True)
class RemoteUserFacts:
    """Somebody who will use the devices from elsewhere."""

    name: str
    hq: str | None


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """What the importer's authorities ask of a buyer. Percentages are 0 to 100."""

    buyer_class: BuyerClass | None = None
    state_funding_percent: Decimal | None = None
    project_complete_percent: Decimal | None = None
    use_case: str = ""
    domestic_alternatives: tuple[str, ...] = ()
    domestic_reason: str = ""
    co_purchase_percent: Decimal | None = None
    authority: str = ""
    authority_reference: str = ""
    authority_answer: AuthorityAnswer | None = None
    customs_state: str = ""
    co_purchased: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OriginFacts:
    """What the goods' papers say of their country of origin: another country's permit file asks for both.

    Args:
        us_reexport_licence: number of the US licence for the export or re-export, or the exception relied on.
        classification: the entry of the US list that the papers give, such as 4A090.a.
    """

    us_reexport_licence: str = ""
    classification: str = ""


@dataclass(frozen=True, slots=True)
class MalaysiaFacts:
    """What Malaysia's directive on AI chips turns on.

    Args:
        is_restricted_activity: whether a restricted activity is known or suspected; None where nobody said.
        movement_on: the day of the export, transshipment or transit, as planned.
        notified_on: the day on which the Strategic Trade Controller was notified.
    """

    is_restricted_activity: bool | None = None
    movement_on: date | None = None
    notified_on: date | None = None
    permit_reference: str = ""
    permit_answer: AuthorityAnswer | None = None


@dataclass(frozen=True, slots=True)
class TaiwanFacts:
    """What Taiwan's export permit turns on.

    Args:
        is_shtc: whether the goods are strategic high-tech commodities; None where nobody said.
        list_checked_on: the day on which every party was checked by hand against the official entity list.
    """

    is_shtc: bool | None = None
    list_checked_on: date | None = None
    permit_reference: str = ""
    permit_answer: AuthorityAnswer | None = None


@dataclass(frozen=True, slots=True)
class HistoryFacts:
    """What the customer ordered before, and what it owes under its licences.

    Args:
        first_advanced_order: day of its first order of advanced circuits, this order included; None where unknown.
        is_large_order: whether this order is large for such a customer; None leaves it to the number of devices.
        units_under_cap: the customer's total with this order, in the measure of the cap that it is held against.
        cap_units: that cap.
        orders_in_90_days: orders of the customer and its affiliates in the last 90 days, this one included.
        overdue: each acknowledgement of a licence condition, or proof of delivery, that is overdue, named.
    """

    first_advanced_order: date | None = None
    is_large_order: bool | None = None
    units_under_cap: int | None = None
    cap_units: int | None = None
    orders_in_90_days: int | None = None
    overdue: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What the site of installation can carry, and what the order needs there, in kW."""

    power_kw: Decimal | None = None
    needed_kw: Decimal | None = None


@dataclass(frozen=True, slots=True)
class EvidenceFacts:
    """Which certifications have their evidence on file, and the exporter's certified share for C4."""

    held: tuple[str, ...] = ()
    c4_share_percent: Decimal | None = None
    c4_cap_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LicenceFacts:
    """A live licence on file, one row for each of its lines; `side` is `exporter` or `importer`."""

    side: str
    number: str
    ship_until: date
    use_until: date | None = None


@dataclass(frozen=True, slots=True)
class TransactionFacts:
    """Everything a regime may look at; the same facts go to every regime."""

    item: ItemFacts
    route: RouteFacts
    exporter: ExporterFacts = field(default_factory=ExporterFacts)
    parties: tuple[PartyFacts, ...] = ()
    end_use: EndUseFacts = field(default_factory=EndUseFacts)
    imports: ImportFacts = field(default_factory=ImportFacts)
    evidence: EvidenceFacts = field(default_factory=EvidenceFacts)
    remote_users: tuple[RemoteUserFacts, ...] = ()
    ordered_beside: tuple[str, ...] = ()
    list_snapshots: tuple[str, ...] = ()
    origin: OriginFacts = field(default_factory=OriginFacts)
    malaysia: MalaysiaFacts = field(default_factory=MalaysiaFacts)
    taiwan: TaiwanFacts = field(default_factory=TaiwanFacts)
    history: HistoryFacts = field(default_factory=HistoryFacts)
    site: SiteFacts = field(default_factory=SiteFacts)
    licences: tuple[LicenceFacts, ...] = ()

    @property
    def end_user(self) -> PartyFacts | None:
        """The first party named as end user."""
        return next((party for party in self.parties if party.role is PartyRole.END_USER), None)
