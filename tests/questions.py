"""A sample text for each name of a question by hand, and the value of the fact that it gives, in plain form."""

from __future__ import annotations

from typing import Any, Final

from procurement.determinations.names import ROLES

LISTED: Final = {"list_name": "CSL", "entry": "No. 7", "effect": "entity_list", "policy": "denial"}
OWNER: Final = {"name": "Alpha", "share_percent": "50", "listings": [], "hq": "CN", "owners": []}
OF_A_PARTY: Final[dict[str, tuple[str, Any]]] = {
    "": ("Invented Ltd", "Invented Ltd"), "_country": ("SG", "SG"), "_hq": ("MO", "MO"), "_parent": ("CN", "CN"),
    "_owners": ("Alpha|50|CN", [OWNER]), "_listings": ("entity-list|CSL|No. 7|denial", [LISTED]),
    "_uae_cleared": ("yes", True), "_forwarder": ("no", False), "_veu": ("yes", True),
}  # fmt: skip
SAMPLES: Final[dict[str, tuple[str, Any]]] = {
    "chip": ("h200-sxm", "h200-sxm"), "to": ("CN", "CN"), "from": ("TW", "TW"), "via": ("SG; MY", ["SG", "MY"]),
    "install": ("MO", "MO"), "exporter": ("Invented Inc.", "Invented Inc."), "exporter_hq": ("US", "US"),
    "on": ("2026-11-22", None),
    "quantity": ("8", 8), "form": ("server", "server"), "data_centre": ("no", False), "us_commercial": ("no", False),
    "encryption": ("yes", True), "mass_market": ("yes", True), "other_eccn": ("5A004", "5A004"),
    "memory_area_mm2": ("121.5", "121.5"), "memory_bandwidth_gb_s": ("1200", "1200"),
    "end_use": ("Trains models.", "Trains models."), "military": ("yes", True), "military_intelligence": ("no", False),
    "supercomputer": ("yes", True), "service_to_others": ("yes", True),
    "remote_users": ("X Ltd|SG; Y", [{"name": "X Ltd", "hq": "SG"}, {"name": "Y", "hq": None}]),
    "duty_free_use": ("us_data_centre", "us_data_centre"), "duty_free_confirmed": ("yes", True),
    "buyer_class": ("state-owned", "state_owned"), "state_funding": ("12.5%", "12.5"), "project_complete": ("29", "29"),
    "use_case": ("Training", "Training"), "domestic_alternatives": ("Ascend 910C; MLU590", ["Ascend 910C", "MLU590"]),
    "domestic_reason": ("No port.", "No port."), "co_purchase": ("30", "30"),
    "co_purchased": ("Ascend 910B", ["Ascend 910B"]), "authority": ("NDRC", "NDRC"),
    "authority_reference": ("A-1", "A-1"), "authority_answer": ("granted", "granted"),
    "customs_state": ("declared", "declared"),
    "evidence_held": ("C1; C5", ["C1", "C5"]), "c4_share": ("49.9", "49.9"), "c4_cap": ("50", "50"),
    "ordered_beside": ("Ascend 910C", ["Ascend 910C"]), "first_advanced_order": ("2023-01-02", "2023-01-02"),
    "large_order": ("yes", True), "units_under_cap": ("74000", 74000), "cap_units": ("75000", 75000),
    "orders_in_90_days": ("4", 4), "overdue": ("LIC-1: acknowledgement", ["LIC-1: acknowledgement"]),
    "site_power_kw": ("9000", "9000"), "site_needed_kw": ("9500", "9500"),
    "us_licence": ("D1", "D1"), "us_classification": ("4A090.a", "4A090.a"),
    "my_restricted_activity": ("no", False), "my_movement_on": ("2026-12-24", "2026-12-24"),
    "my_notified_on": ("2026-11-20", "2026-11-20"), "my_permit_reference": ("P-1", "P-1"),
    "my_permit_answer": ("refused", "refused"),
    "tw_shtc": ("yes", True), "tw_list_checked_on": ("2026-11-20", "2026-11-20"), "tw_permit_reference": ("P-2", "P-2"),
    "tw_permit_answer": ("granted", "granted"),
    **{f"{role}{suffix}": sample for role in ROLES for suffix, sample in OF_A_PARTY.items()},
}  # fmt: skip
