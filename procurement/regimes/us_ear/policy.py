"""How an application is reviewed, and the exceptions that may stand in for one."""

from dataclasses import dataclass

from procurement.regimes.dated import RuleVersion
from procurement.regimes.lanes import ReviewPolicy
from procurement.regimes.notes import Answer, Notebook
from procurement.regimes.outcome import ExceptionRoute
from procurement.regimes.us_ear.classification import Classification, Tier

NAC_PRECONDITIONS = (
    "BIS is notified through SNAP-R before export (25 calendar days ahead), with NAC in block 9",
    "one ultimate consignee and one end user; no distributor is a party",
    "at most six items a notification",
    "a written purchase order",
    "BIS's answer gives the number for the AES filing",
)
ACA_PRECONDITIONS = (
    "the destination is in D:1 or D:4 and neither in D:5 nor Macau",
    "no party is headquartered, or has its ultimate parent, in Macau or D:5",
)
UNNOTIFIED_PRECONDITIONS = ("no party is headquartered, or has its ultimate parent, in Macau or D:5",)


@dataclass(frozen=True, slots=True)
class Setting:
    """What policy and exceptions turn on: the item, and whether Macau or D:5 is in play."""

    item: Classification
    to_d5: Answer
    hq_d5: Answer

    @property
    def is_d5(self) -> Answer:
        """Whether Macau or D:5 is in play by destination or by headquarters."""
        if Answer.YES in (self.to_d5, self.hq_d5):
            return Answer.YES
        return Answer.UNKNOWN if Answer.UNKNOWN in (self.to_d5, self.hq_d5) else Answer.NO

    @property
    def is_lesser(self) -> bool:
        """A .b item, or a .a item that is not a data-centre part."""
        return self.item.tier is Tier.B or (self.item.tier is Tier.A and self.item.is_data_centre is False)


def review_policy(setting: Setting, notes: Notebook) -> tuple[ReviewPolicy | None, RuleVersion | None]:
    """The codified review policy of 15 CFR 742.6(b)(10) on the day; None where a fact is missing for it.

    Simplification: before 2024-04-04 every item to Macau or D:5 is given the presumption of denial.
    """
    version = notes.law.version("review-policy")
    if version is None:
        return None, None
    if setting.is_d5 is Answer.UNKNOWN:
        notes.warn("The review policy turns on headquarters that are not stated.")
        return None, version
    policy = _policy(setting, version)
    notes.reason(version, f"Applications are reviewed with {WORDS[policy]}{_why(setting)}.")
    return policy, version


def _policy(setting: Setting, version: RuleVersion) -> ReviewPolicy:
    if setting.is_d5 is Answer.NO:
        return ReviewPolicy.APPROVAL
    if version.version == "R24a" and setting.is_lesser:
        return ReviewPolicy.CASE_BY_CASE
    return ReviewPolicy.DENIAL


WORDS = {
    ReviewPolicy.APPROVAL: "a presumption of approval",
    ReviewPolicy.CASE_BY_CASE: "no presumption, case by case",
    ReviewPolicy.DENIAL: "a presumption of denial",
}


def _why(setting: Setting) -> str:
    if setting.is_d5 is Answer.NO:
        return ": neither the destination nor a headquarters is Macau or in D:5"
    kind = "a .b item or not a data-centre part" if setting.is_lesser else "a data-centre part"
    return f": Macau or D:5 is in play and the item is {kind}"


def exceptions(setting: Setting, notes: Notebook) -> tuple[ExceptionRoute, ...]:
    """NAC or ACA, where the item and the places are eligible; the preconditions remain to be met.

    Source: 15 CFR 740.8 (88 FR 73458; split into NAC and ACA by 89 FR 23876 on 2024-04-04).
    """
    if setting.item.is_listed and setting.item.tier is not Tier.ENTRY_2022 and setting.item.is_data_centre is None:
        notes.warn("Whether the chip is a data-centre part is not stated, so NAC and ACA were not considered.")
    if not setting.is_lesser or setting.is_d5 is Answer.UNKNOWN:
        return ()
    nac, aca = notes.law.version("exception.nac"), notes.law.version("exception.aca")
    if setting.is_d5 is Answer.YES:
        return () if nac is None else (_route("NAC", NAC_PRECONDITIONS, nac, notes),)
    if aca is not None:
        return (_route("ACA", ACA_PRECONDITIONS, aca, notes),)
    return () if nac is None else (_route("NAC", UNNOTIFIED_PRECONDITIONS, nac, notes),)


def _route(symbol: str, preconditions: tuple[str, ...], version: RuleVersion, notes: Notebook) -> ExceptionRoute:
    notes.reason(version, f"Licence exception {symbol} may be used once each of its preconditions holds.")
    return ExceptionRoute(symbol, preconditions, version.citation)
