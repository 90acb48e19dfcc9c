"""The guards of how long records are kept: holds, and licences' own terms."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_HOLDS, _TERMS = "procurement/records/services.py", "procurement/records/terms.py"
_KEPT, _RULE = "procurement/migrations/0011_legal_holds_and_record_terms.py", "procurement/records/retention.py"
_T = "tests/integration/records/test_holds_and_terms.py::"

RECORDS: Final = (
    Mutant(
        "records", "one officer lifts a hold alone", _HOLDS,
        "        if locked.proposer_person_id == actor.person.pk:", "        if False:",
        f"{_T}test_hold_whose_lifting_is_proposed_stands_until_another_officer_signs",
    ),
    Mutant(
        "records", "one of the side concerned lifts a hold", _HOLDS,
        "    if actor.is_of(kept_by(row).team_id):", "    if False:",
        f"{_T}test_officer_of_the_ordering_team_may_place_and_never_lift",
    ),
    Mutant(
        "records", "a hold is lifted by SQL without a proposal (trigger)", _KEPT,
        "    IF OLD.state = 'lifted' OR (OLD.state = 'standing' AND NEW.state = 'lifted') THEN",
        "    IF OLD.state = 'lifted' THEN",
        f"{_T}test_database_refuses_a_lift_without_a_proposal",
    ),
    Mutant(
        "records", "a hold on a filing holds its filing alone", "procurement/records/queries.py",
        "Q(order=order) | Q(filing__order=order)", "Q(order=order) | Q(filing=None, filing__order=order)",
        f"{_T}test_hold_on_a_filing_or_a_case_keeps_the_records_of_its_order",
    ),
    Mutant(
        "records", "one officer shortens a licence's own years", _TERMS,
        "    return term.years is not None and term.years >= former.years and", "    return",
        f"{_T}test_shorter_term_counts_when_a_second_officer_signs",
    ),
    Mutant(
        "records", "a licence's own years are not counted", _RULE,
        "        licence_terms=tuple(licence_terms(order, days.counted_from)),\n", "",
        f"{_T}test_licence_s_own_years_beyond_the_rules_decide",
    ),
    Mutant(
        "records", "a team learns which hold stands", _RULE,
        "if not each.is_hold or actor.may(Act.SEE_REVIEW)]", "]",
        f"{_T}test_applicant_hears_that_a_hold_stands_and_not_which",
    ),
)  # fmt: skip
