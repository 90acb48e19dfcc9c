"""The authorisation for validated end users that run data centres: a name on a list stands in for a licence."""

from procurement.regimes.facts import TransactionFacts
from procurement.regimes.notes import Answer, Notebook
from procurement.regimes.outcome import ExceptionRoute
from procurement.regimes.us_ear.policy import Setting

PRECONDITIONS = (
    "the end user, the site and the item stand in supplement no. 7 to part 748 on the day of export",
    "the end user's conditions and reports under section 748.15 are met",
    "no other party to the transaction is an end user or keeps the items",
)


def validated_route(facts: TransactionFacts, setting: Setting, notes: Notebook) -> tuple[ExceptionRoute, ...]:
    """The route for a named validated end user; a fact that nobody gave is just not applied.

    Source: 15 CFR 748.15, 89 FR 80080, effective 2024-10-02; the names stand in supplement no. 7 to part 748.
    Simplification: where Macau or D:5 is in play, or cannot be ruled out, it is not applied: the strict side.
    """
    version = notes.law.version("authorisation.data-centre-veu")
    end_user = facts.end_user
    if version is None or end_user is None or not end_user.is_validated_end_user:
        return ()
    is_free = setting.is_d5 is Answer.NO
    question = f"Is {end_user.name} a validated end user outside Macau and D:5?"
    notes.branch(version, question, Answer.of(is_free), fact="named in supplement no. 7", threshold="no D:5 or Macau")
    if not is_free:
        notes.warn("The authorisation for validated end users was not applied: Macau or D:5 is, or may be, in play.")
        return ()
    notes.reason(version, f"{end_user.name} is a validated end user: the authorisation stands in for the licence.")
    return (ExceptionRoute("VEU", PRECONDITIONS, version.citation),)
