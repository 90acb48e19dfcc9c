"""Transactions that between them call up every rule of the US book; a new rule version needs one that calls it up."""

from datetime import date
from decimal import Decimal

from procurement.regimes import us_ear
from procurement.regimes.facts import (
    EndUseFacts,
    Form,
    ListEffect,
    ListingFacts,
    OwnerFacts,
    RouteFacts,
    SiteFacts,
)
from procurement.regimes.retention import Hold, LicenceTerm, RecordFacts, keep_until
from tests.unit.regimes.facts_made import item_of, order, party


def listed(effect):
    return (ListingFacts("a list", "entry 1", effect),)


def memory():
    figures = {"dram_bandwidth_gb_s": Decimal(250), "memory_area_mm2": Decimal(100)}
    return item_of("h200-sxm", form=Form.MEMORY_STACK, tpp=None, die_area_mm2=None, **figures)


EXCEPTIONAL = item_of("l40", form=Form.SERVER, has_encryption=True)
RECORD = RecordFacts(
    exported_on=date(2024, 6, 1),
    licence_terms=(LicenceTerm("D1234567", date(2031, 1, 1)),),
    holds=(Hold("letter", date(2020, 1, 1), is_agency_request=True),),
)
TRANSACTIONS = (
    order(),
    order("h20", exporter="NVIDIA Corporation"),
    order(item_of("h200-sxm", form=Form.SERVER), "MO", site=SiteFacts(Decimal(1), Decimal(2))),
    order(EXCEPTIONAL, ordered_beside=("Ascend 910C",)),
    order(EXCEPTIONAL, "VN", route=RouteFacts("US", "VN", via=("AE",))),
    order("rtx-4090", "VN"),
    order(route=RouteFacts("KR", "CN", via=("DE", "GB", "SG"))),
    order(to="DE"),
    order(to="SG", parties=(party("SG", hq="SG", parent="CN"),)),
    order(to="AE", parties=(party("AE", is_uae_cleared=False, is_validated_end_user=True),)),
    order(to="SA", parties=(party("SA", hq=None, parent=None),)),
    order(to="US"),
    order("t4", "IR"),
    order(memory()),
    order("t4", "NI", end_use=EndUseFacts(is_military=True, is_supercomputer=True, is_military_intelligence=True)),
    order("t4", end_use=EndUseFacts(is_military=True, is_supercomputer=True, is_military_intelligence=True)),
    order("t4", parties=(party(owners=(OwnerFacts("Granite Optics", None, listed(ListEffect.ENTITY_LIST)),)),)),
    *(order("t4", parties=(party(listings=listed(effect)),)) for effect in ListEffect),
)


def called_up(on):
    """Every rule version that a determination, the catalogue of red flags or the time of keeping calls up on a day."""
    used = {version for facts in TRANSACTIONS for version in us_ear.determine(facts, on=on).rule_versions}
    used |= {flag.rule for flag in us_ear.catalogue(on)}
    return used | {reason.rule for reason in keep_until(RECORD, on=on).reasons}
