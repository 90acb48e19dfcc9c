"""Re-exports, for Django: each concept's models live in its own folder."""

from procurement.catalog.models import ChipFigure, ChipModel
from procurement.determinations.models import (
    AdHocDetermination,
    Determination,
    PreviewedChange,
    RulePreview,
    RuleSetText,
)
from procurement.evidence.models import Evidence, RedFlagAnswer, ReportUse
from procurement.filings.models import Filing, FilingAct, RemoteUser
from procurement.licences.models import Condition, Draw, Hold, Licence, LicenceAct, LicenceLine
from procurement.orders.models import (
    DemandAssessment,
    Order,
    OrderLine,
    OrderParty,
    Receipt,
    ReceiptItem,
    Release,
    Resumption,
)
from procurement.parties.models import Ownership, Party, PartyName, Site
from procurement.records.models import LegalHold, RecordTerm
from procurement.review.models import Case, Decision, Flag, Question
from procurement.screening.models import (
    AdHocSearch,
    BatchScreening,
    BatchScreeningLine,
    Hit,
    HitDecision,
    ListAddress,
    ListDelivery,
    ListEntry,
    ListName,
    ListSnapshot,
    OldListAcceptance,
    Rescreening,
    ScreeningRun,
)

__all__ = [
    "AdHocDetermination",
    "AdHocSearch",
    "BatchScreening",
    "BatchScreeningLine",
    "Case",
    "ChipFigure",
    "ChipModel",
    "Condition",
    "Decision",
    "DemandAssessment",
    "Determination",
    "Draw",
    "Evidence",
    "Filing",
    "FilingAct",
    "Flag",
    "Hit",
    "HitDecision",
    "Hold",
    "LegalHold",
    "Licence",
    "LicenceAct",
    "LicenceLine",
    "ListAddress",
    "ListDelivery",
    "ListEntry",
    "ListName",
    "ListSnapshot",
    "OldListAcceptance",
    "Order",
    "OrderLine",
    "OrderParty",
    "Ownership",
    "Party",
    "PartyName",
    "PreviewedChange",
    "Question",
    "Receipt",
    "ReceiptItem",
    "RecordTerm",
    "RedFlagAnswer",
    "Release",
    "RemoteUser",
    "ReportUse",
    "Rescreening",
    "Resumption",
    "RulePreview",
    "RuleSetText",
    "ScreeningRun",
    "Site",
]
