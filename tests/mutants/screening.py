"""Screening's guards, each with the patch that takes it out and the test that notices."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_RECORDS = "procurement/screening/loaders/records.py"
_RESCREENING, _KEEPING = "procurement/screening/rescreening.py", "procurement/screening/keeping.py"
_SHIPMENTS, _OWNERSHIP = "procurement/orders/shipments.py", "procurement/screening/ownership.py"
_T_LISTS = "tests/integration/screening/test_list_health.py::"
_T_AGAIN = "tests/integration/screening/test_rescreening.py::"
_T_STOPS = "tests/integration/screening/test_what_a_match_stops.py::"
_T_OWNERS = "tests/integration/screening/test_ownership.py::"

SCREENING: Final = (
    Mutant(
        "screening", "a list that lost its entries is taken", _RECORDS,
        "    if previous and gone * 100 > previous * MAX_DROP_PERCENT:", "    if False:",
        f"{_T_LISTS}test_list_whose_entries_were_exchanged_is_refused_though_it_is_as_long",
    ),
    Mutant(
        "screening", "an older list takes the place of a newer one", _RECORDS,
        "    if in_force_on is not None and said_on < in_force_on:", "    if False:",
        f"{_T_LISTS}test_older_list_does_not_replace_a_newer_one_unless_confirmed",
    ),
    Mutant(
        "screening", "an old list holds nothing up", "procurement/screening/health.py",
        "        return self.is_stale and self.acceptance is None", "        return False",
        f"{_T_LISTS}test_old_list_keeps_an_order_waiting_until_an_officer_lets_it_go_on",
    ),
    Mutant(
        "screening", "two processes store the same part", _RESCREENING,
        "        if current.reached != part.after:", "        if False:",
        f"{_T_AGAIN}test_rescreening_by_two_processes_takes_each_part_once",
    ),
    Mutant(
        "screening", "what is left is matched against lists of yesterday", _RESCREENING,
        "        if not is_in_force(cause.register):", "        if False:",
        f"{_T_AGAIN}test_rescreening_matches_what_is_left_against_the_lists_of_now",
    ),
    Mutant(
        "screening", "a party renamed meanwhile is stored as it was", _RESCREENING,
        "        elif party.version == version:", "        elif True:",
        f"{_T_AGAIN}test_party_changed_while_it_was_matched_is_matched_as_it_is_now",
    ),
    Mutant(
        "screening", "a hit that was dismissed is opened again", _KEEPING,
        "if (found.key, found.sha256) not in known]", "if True]",
        f"{_T_AGAIN}test_changed_list_opens_a_case_once",
    ),
    Mutant(
        "screening", "a release goes by what was screened long ago", _SHIPMENTS,
        '    screen_order(actor=actor, order=line.order, why="before a release")\n', "",
        f"{_T_STOPS}test_release_screens_first_and_what_it_finds_stays_though_it_is_refused",
    ),
    Mutant(
        "screening", "a receipt binds devices of an order with a match", _SHIPMENTS,
        "locked.state in SHIPPING and not _has_match(locked)", "locked.state in SHIPPING",
        f"{_T_STOPS}test_receipt_of_an_order_with_a_match_that_nothing_stopped_binds_nothing",
    ),
    Mutant(
        "screening", "an unknown share is a pass", _OWNERSHIP,
        "        if each.share is None:\n            yield", "        if False:\n            yield",
        f"{_T_OWNERS}test_unknown_share_is_a_blocker_whoever_holds_it",
    ),
    Mutant(
        "screening", "listed owners are not added up", _OWNERSHIP,
        "            known += each.share", "            known = max(known, each.share)",
        f"{_T_OWNERS}test_shares_of_several_listed_owners_are_added_up",
    ),
)  # fmt: skip
