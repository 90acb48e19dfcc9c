"""The links of the chain, from demand to job: one enum for code, pages and docs."""

from __future__ import annotations

from enum import StrEnum


class LinkKind(StrEnum):
    """What a link is."""

    DEMAND = "demand"
    ORDER = "order"
    DETERMINATION = "determination"
    SCREENING = "screening"
    EXPORTER_LICENCE = "exporter_licence"
    IMPORTER_LICENCE = "importer_licence"
    RECEIPT = "receipt"
    DEVICE = "device"
    SITE = "site"
    FILING = "filing"
    DECISION = "decision"
    GRANT = "grant"
    PEOPLE = "people"
    WARRANT = "warrant"
    JOB = "job"


class LinkStatus(StrEnum):
    """How a link stands."""

    WHOLE = "whole"
    BROKEN = "broken"
    PENDING = "pending"
    ENDED = "ended"
