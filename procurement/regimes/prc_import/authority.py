"""What an authority itself said or did: its answer on paper, and what customs did with the goods."""

from enum import StrEnum

from procurement.regimes.answer import must
from procurement.regimes.dated import RuleVersion
from procurement.regimes.facts import AuthorityAnswer, ImportFacts
from procurement.regimes.lanes import Lane
from procurement.regimes.notes import Notebook
from procurement.regimes.outcome import Missing

REFERENCE = Missing(
    "imports.authority_reference",
    "The authority is said to have granted the import, but the reference of its document is not recorded.",
    "the import licence's page",
)


class CustomsState(StrEnum):
    """Where the goods are with customs; other words are shown as they were written."""

    NOT_DECLARED = "not_declared"
    DECLARED = "declared"
    UNDER_EXAMINATION = "under_examination"
    DETAINED = "detained"
    RELEASED = "released"
    RETURNED = "returned"


STOPPED = (CustomsState.UNDER_EXAMINATION, CustomsState.DETAINED, CustomsState.RETURNED)


def answer(imports: ImportFacts, notes: Notebook) -> Lane | None:
    """An authority's own answer stands before every report, and goods that customs stopped before a grant."""
    version = must(notes, "authority.answer")
    who, reference = imports.authority or "The authority", imports.authority_reference.strip()
    if imports.authority_answer is AuthorityAnswer.REFUSED:
        notes.reason(version, f"{who} ({reference or 'no reference recorded'}) refused the import.")
        return Lane.PROHIBITED
    if imports.customs_state in STOPPED:
        return _stopped(imports.customs_state, version, notes)
    if imports.authority_answer is None:
        return None
    if not reference:
        notes.lack(REFERENCE)
        return Lane.UNDETERMINED
    notes.reason(version, f"{who} ({reference}) granted the import; its conditions bind.")
    return Lane.LICENCE_REQUIRED


def _stopped(state: str, version: RuleVersion, notes: Notebook) -> Lane:
    """Customs' act is no refusal on paper: it holds."""
    words = state.replace("_", " ")
    notes.reason(
        version, f"Customs: {words}. Record its decision as the authority's answer; until then two officers decide."
    )
    return Lane.HELD_REPORTED
