"""The words for codes that are not states: classes, roles, uses, kinds. `{{ party.buyer_class|in_words }}`."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: Final[dict[str, str | Promise]] = {
    "officer": _("Compliance officer"), "applicant": _("Applicant"), "operator": _("Operator"),
    "auditor": _("Auditor (read only)"), "liaison": _("Supplier liaison"), "system": _("Writ itself"),
    # buyers
    "private": _("Private company"), "state_owned": _("State-owned company"),
    "state_funded_data_centre": _("State-funded data centre"),
    "critical_infrastructure": _("Critical infrastructure operator"), "university": _("University or institute"),
    "military_linked": _("Military-linked"), "unknown": _("Not known"),
    # parties to an order
    "exporter": _("Exporter"), "importer": _("Importer"), "purchaser": _("Purchaser"),
    "intermediate_consignee": _("Intermediate consignee"), "ultimate_consignee": _("Ultimate consignee"),
    "end_user": _("End user"), "forwarder": _("Freight forwarder"), "signatory": _("Signatory"),
    # end uses
    "training": _("Training of models"), "inference": _("Inference"), "cloud_service": _("Cloud service"),
    "research": _("Research"), "supercomputer": _("Supercomputer"), "military": _("Military"), "other": _("Other"),
    # conditions
    "site": _("Site"), "end_use": _("End use"), "checkpoint_window_s": _("Checkpoint window"),
    "no_reexport": _("No re-export"), "lab_test": _("Test in an independent laboratory"),
    "remote_access_kyc": _("Know the customers with remote access"),
    "delivery_verification": _("Verification of delivery"),
    # legal effects
    "no_new_shipments": _("No new shipments"), "no_new_starts": _("No new starts"), "drain": _("Running jobs drain"),
    "stop_now": _("Stop now"),
    # incidents
    "unlicensed_device": _("Device without a licence"), "unknown_device": _("Device that no receipt names"),
    "missing_device": _("Device missing"), "moved_device": _("Device at another site"),
    "duplicate_serial": _("Serial number seen twice"), "wrong_product": _("Another product than ordered"),
    "foreign_process": _("Process outside any lease"), "listed_party": _("Listed party in the chain"),
    "host_silent": _("Host silent"), "usage_drift": _("Use differs from what was declared"),
    # backends, cases
    "nvml": _("NVIDIA driver"), "cpu-emulated": _("Emulated on the CPU"), "order": _("Order"),
    "filing": _("Use-case filing"), "incident": _("Incident"), "approve": _("Approve"), "decline": _("Decline"),
}  # fmt: skip


def in_words(code: object) -> str | Promise:
    """The words for ``code``; one that is not listed is shown with its underscores as spaces."""
    text = str(getattr(code, "value", code))
    return WORDS.get(text) or text.replace("_", " ").capitalize()
