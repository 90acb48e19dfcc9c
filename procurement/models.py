"""Re-exports, for Django: each concept's models live in its own folder."""

from procurement.catalog.models import ChipFigure, ChipModel
from procurement.determinations.models import AdHocDetermination, Determination, RuleSetText
from procurement.evidence.models import Evidence, RedFlagAnswer, ReportUse
from procurement.filings.models import Filing, RemoteUser
from procurement.licences.models import Condition, Draw, Hold, Licence, LicenceAct, LicenceLine
from procurement.orders.models import (
    DemandAssessment,
    Order,
    OrderLine,
    OrderParty,
    Receipt,
    ReceiptItem,
    Release,
)
from procurement.parties.models import Ownership, Party, PartyName, Site
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
    "Flag",
    "Hit",
    "HitDecision",
    "Hold",
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
    "Question",
    "Receipt",
    "ReceiptItem",
    "RedFlagAnswer",
    "Release",
    "RemoteUser",
    "ReportUse",
    "Rescreening",
    "RuleSetText",
    "ScreeningRun",
    "Site",
]
