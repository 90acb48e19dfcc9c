"""What a regime is told about a transaction. A fact that nobody gave is None, and is never guessed."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class Form(StrEnum):
    """What is shipped: the integrated circuit itself, or something that contains it."""

    BARE_CHIP = "bare_chip"
    SERVER = "server"


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
    """The chip ordered, and in what form. Areas in mm2; die_area_mm2 is 0 where all dies are planar."""

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
    """A direct owner; share_percent None means that the share is not known."""

    name: str
    share_percent: Decimal | None
    listings: tuple[ListingFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """A party, where it is, where it and its ultimate parent are headquartered, who owns it.

    Args:
        listings: confirmed list matches; None where nobody screened the party.
        is_uae_cleared: UAE government, or named in supplement no. 8 to part 740.
    """

    role: PartyRole
    name: str
    country: str
    hq: str | None
    ultimate_parent: str | None
    owners: tuple[OwnerFacts, ...] = ()
    listings: tuple[ListingFacts, ...] | None = None
    is_uae_cleared: bool | None = None


@dataclass(frozen=True, slots=True)
class EndUseFacts:
    """What it is for."""

    purpose: str = ""
    is_military: bool | None = None
    is_supercomputer: bool | None = None
    duty_free_use: str | None = None
    duty_free_use_confirmed: bool = False


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


@dataclass(frozen=True, slots=True)
class EvidenceFacts:
    """Which certifications have their evidence on file, and the exporter's certified share for C4."""

    held: tuple[str, ...] = ()
    c4_share_percent: Decimal | None = None
    c4_cap_percent: Decimal | None = None


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

    @property
    def end_user(self) -> PartyFacts | None:
        """The first party named as end user."""
        return next((party for party in self.parties if party.role is PartyRole.END_USER), None)
