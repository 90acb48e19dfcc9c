"""What a regime may answer, one enum for all regimes."""

from enum import StrEnum


class Lane(StrEnum):
    """Where a transaction goes under one regime."""

    NO_REQUIREMENT_FOUND = "no_requirement_found"
    EXCEPTION = "exception"
    LICENCE_REQUIRED = "licence_required"
    PROHIBITED = "prohibited"
    HELD_REPORTED = "held_reported"
    UNDETERMINED = "undetermined"


class ReviewPolicy(StrEnum):
    """How the authority says that it reviews an application for a licence."""

    APPROVAL = "approval"
    CASE_BY_CASE = "case_by_case"
    DENIAL = "denial"
