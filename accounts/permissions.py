"""The ONE table of who may do what. A test checks it against every URL and every service."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from accounts.roles import Role


class Act(StrEnum):
    """Everything that is permitted or refused by role."""

    SEE_OWN_WORK = "see_own_work"
    SEE_ALL_WORK = "see_all_work"
    SEE_CATALOG = "see_catalog"
    STATE_DEMAND = "state_demand"
    PLACE_ORDER = "place_order"
    FILE_USE_CASE = "file_use_case"
    ANSWER_QUESTION = "answer_question"
    REVIEW_CASE = "review_case"
    SEE_REVIEW = "see_review"
    DETERMINE_AD_HOC = "determine_ad_hoc"
    SCREEN_AD_HOC = "screen_ad_hoc"
    DECIDE_HIT = "decide_hit"
    SEE_SCREENING = "see_screening"
    LOAD_LIST = "load_list"
    SEE_LICENCES = "see_licences"
    RECORD_LICENCE = "record_licence"
    SUSPEND_LICENCE = "suspend_licence"
    REINSTATE_LICENCE = "reinstate_licence"
    RELEASE_SHIPMENT = "release_shipment"
    RECORD_RECEIPT = "record_receipt"
    FILE_EVIDENCE = "file_evidence"
    ACCEPT_EVIDENCE = "accept_evidence"
    KEEP_RECORDS = "keep_records"
    SEE_DEVICES = "see_devices"
    BIND_DEVICE = "bind_device"
    ENROL_HOST = "enrol_host"
    SEE_SCHEDULE = "see_schedule"
    RUN_SCHEDULER = "run_scheduler"
    DIVIDE_SUPPLY = "divide_supply"
    SUBMIT_JOB = "submit_job"
    CANCEL_JOB = "cancel_job"
    SEE_LEDGER = "see_ledger"
    EXPORT_EVIDENCE = "export_evidence"
    END_ACCESS = "end_access"


_EVERYBODY = frozenset(Role)
_OFFICER = frozenset({Role.OFFICER})
_OVERSEERS = frozenset({Role.OFFICER, Role.AUDITOR})

PERMITTED: Final[dict[Act, frozenset[Role]]] = {
    Act.SEE_OWN_WORK: _EVERYBODY,
    Act.SEE_ALL_WORK: frozenset({Role.OFFICER, Role.AUDITOR, Role.OPERATOR}),
    Act.SEE_CATALOG: _EVERYBODY,
    Act.STATE_DEMAND: frozenset({Role.APPLICANT}),
    Act.PLACE_ORDER: frozenset({Role.APPLICANT}),
    Act.FILE_USE_CASE: frozenset({Role.APPLICANT}),
    Act.ANSWER_QUESTION: frozenset({Role.APPLICANT}),
    Act.REVIEW_CASE: _OFFICER,
    Act.SEE_REVIEW: _OVERSEERS,
    Act.DETERMINE_AD_HOC: _OFFICER,
    Act.SCREEN_AD_HOC: _OFFICER,
    Act.DECIDE_HIT: _OFFICER,
    Act.SEE_SCREENING: _OVERSEERS,
    Act.LOAD_LIST: frozenset({Role.OFFICER, Role.OPERATOR}),
    Act.SEE_LICENCES: frozenset({Role.OFFICER, Role.AUDITOR, Role.OPERATOR, Role.LIAISON}),
    Act.RECORD_LICENCE: _OFFICER,
    Act.SUSPEND_LICENCE: _OFFICER,
    Act.REINSTATE_LICENCE: _OFFICER,
    Act.RELEASE_SHIPMENT: frozenset({Role.OFFICER, Role.LIAISON}),
    Act.RECORD_RECEIPT: frozenset({Role.OPERATOR, Role.LIAISON}),
    Act.FILE_EVIDENCE: frozenset({Role.APPLICANT, Role.LIAISON}),
    Act.ACCEPT_EVIDENCE: _OFFICER,
    Act.KEEP_RECORDS: _OFFICER,
    Act.SEE_DEVICES: frozenset({Role.OFFICER, Role.OPERATOR, Role.AUDITOR}),
    Act.BIND_DEVICE: frozenset({Role.OPERATOR}),
    Act.ENROL_HOST: frozenset({Role.OPERATOR}),
    Act.SEE_SCHEDULE: frozenset({Role.OFFICER, Role.OPERATOR, Role.AUDITOR}),
    Act.RUN_SCHEDULER: frozenset({Role.OPERATOR}),
    Act.DIVIDE_SUPPLY: _OFFICER,
    Act.SUBMIT_JOB: frozenset({Role.APPLICANT}),
    Act.CANCEL_JOB: frozenset({Role.APPLICANT, Role.OPERATOR}),
    Act.SEE_LEDGER: _OVERSEERS,
    Act.EXPORT_EVIDENCE: _OVERSEERS,
    Act.END_ACCESS: frozenset({Role.OFFICER, Role.OPERATOR}),
}


def may(role: Role | str, act: Act) -> bool:
    """Whether ``role`` is permitted ``act``."""
    return role in PERMITTED[act]
