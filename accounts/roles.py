"""The roles of 1-mission: what somebody comes to do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a membership lets a person come to do."""

    OFFICER = "officer"
    APPLICANT = "applicant"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    LIAISON = "liaison"
