"""The guards of Writ, each with the patch that takes it out and the test that notices.

Names say what the patched program would do.
"""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant
from tests.mutants.records import RECORDS
from tests.mutants.rules import RULES
from tests.mutants.runtime import RUNTIME
from tests.mutants.screening import SCREENING

_PROCUREMENT = "procurement/migrations/0001_initial.py"
_FOUR_EYES = "procurement/migrations/0002_four_eyes_and_versions.py"
_REVIEW = "procurement/review/services.py"
_LICENCES, _LICENCE_ACTS = "procurement/licences/services.py", "procurement/licences/acts.py"
_SHIPMENTS, _HITS = "procurement/orders/shipments.py", "procurement/screening/decision_services.py"
_HIT_RULES = "procurement/migrations/0003_screening_evidence_stands.py"
_APPEND_ONLY = "ledger/migrations/0002_append_only.py"
_VERIFY, _OFFLINE = "ledger/verification.py", "ledger/offline/verify.py"
_T_EYES = "tests/integration/review/test_four_eyes.py::"
_T_ACTS, _T_SHIP = "tests/integration/licences/test_licence_acts.py::", "tests/integration/orders/test_shipments.py::"
_T_SCREEN = "tests/integration/screening/test_screening.py::"
_T_LEDGER, _T_SEAL = "tests/integration/ledger/test_append_only.py::", "tests/integration/ledger/test_sealing.py::"
_T_PACKS, _T_URLS = "tests/integration/ledger/test_packs.py::", "tests/integration/access/test_url_matrix.py::"
_T_TOKENS = "tests/integration/api/test_tokens.py::"

FOUR_EYES: Final = (
    Mutant(
        "four eyes", "the adviser countersigns (service)", _REVIEW,
        "        if decision.decider_person_id == actor.person.pk:", "        if False:",
        f"{_T_EYES}test_countersign_by_the_advisers_second_membership_is_refused",
    ),
    Mutant(
        "four eyes", "the applicant's side decides (service)", _REVIEW,
        "    if is_applicants_side(case, actor):", "    if False:",
        f"{_T_EYES}test_countersign_by_the_applicant_who_is_also_an_officer_is_refused",
    ),
    Mutant(
        "four eyes", "an officer of the applicant's team signs by another membership (trigger)",
        "procurement/migrations/0006_signers_and_spellings.py", "    IF NEW.applicant_team_id IS NOT NULL AND EXISTS (",
        "    IF false AND EXISTS (",
        f"{_T_EYES}test_sql_countersign_by_an_officer_who_is_also_of_the_applicants_team_is_refused",
    ),
    Mutant(
        "four eyes", "who recorded a licence puts it into force", _LICENCES,
        "        if locked.recorded_by.person_id == actor.person.pk:", "        if False:",
        "tests/integration/licences/test_recording.py::test_licence_activated_by_who_recorded_it_is_refused",
    ),
    Mutant(
        "four eyes", "the adviser countersigns (constraint)", _PROCUREMENT,
        "models.Q(('countersigner_person', None), models.Q(('countersigner_person', models.F('decider_person')), "
        "_negated=True), _connector='OR'), name='decision_four_eyes'",
        "models.Q(('id__isnull', False)), name='decision_four_eyes'",
        f"{_T_EYES}test_sql_countersign_by_the_adviser_is_refused",
    ),
    Mutant(
        "four eyes", "the applicant's side countersigns (constraint)", _PROCUREMENT,
        "models.Q(models.Q(('countersigner_person', models.F('applicant_person')), _negated=True), "
        "models.Q(('countersigner_team', models.F('applicant_team')), _negated=True))",
        "models.Q(('id__isnull', False))",
        f"{_T_EYES}test_sql_countersign_by_the_applicants_side_is_refused",
    ),
    Mutant(
        "four eyes", "a signature names a person who is not the member (composite key)", _FOUR_EYES,
        '    ("procurement_decision", "countersigner"),\n', "",
        f"{_T_EYES}test_sql_countersign_under_a_false_name_is_refused",
    ),
    Mutant(
        "four eyes", "anybody may sign in raw SQL (trigger)", _FOUR_EYES, " AND m.role = 'officer'", "",
        f"{_T_EYES}test_sql_countersign_by_another_role_is_refused",
    ),
    Mutant(
        "four eyes", "a decision is final with one name (constraint)", _PROCUREMENT,
        "models.Q(models.Q(('countersigner', None), ('countersigner_person', None), ('countersigner_team', None), "
        "('final_at', None)), models.Q(('countersigner__isnull', False), ('countersigner_person__isnull', False), "
        "('countersigner_team__isnull', False), ('final_at__isnull', False)), _connector='OR')",
        "models.Q(('id__isnull', False))",
        f"{_T_EYES}test_sql_final_without_countersigner_is_refused",
    ),
    Mutant(
        "four eyes", "a final decision is rewritten (trigger)", _FOUR_EYES,
        "CREATE TRIGGER decision_stands BEFORE UPDATE OR DELETE ON", "CREATE TRIGGER decision_stands BEFORE DELETE ON",
        f"{_T_EYES}test_sql_change_of_a_final_decision_is_refused",
    ),
    Mutant(
        "licence acts", "the proposer countersigns (service)", _LICENCE_ACTS,
        "        if current.proposer_person_id == actor.person.pk:", "        if False:",
        f"{_T_ACTS}test_countersignature_by_the_proposer_through_another_membership_is_refused",
    ),
    Mutant(
        "licence acts", "the proposer countersigns (constraint)", _PROCUREMENT,
        "models.Q(('countersigner_person', None), models.Q(('countersigner_person', models.F('proposer_person')), "
        "_negated=True), _connector='OR')", "models.Q(('id__isnull', False))",
        f"{_T_ACTS}test_countersignature_by_the_proposer_in_raw_sql_is_refused_by_the_database",
    ),
    Mutant(
        "licence acts", "a grave act takes effect with one name (constraint)", _PROCUREMENT,
        "models.Q(models.Q(('action', 'suspend'), ('effect__in', ['drain', 'stop_now'])), ('in_effect_at', None), "
        "('countersigner_person__isnull', False), _connector='OR')", "models.Q(('id__isnull', False))",
        f"{_T_ACTS}test_act_of_two_in_effect_with_one_name_is_refused_by_the_database",
    ),
    Mutant(
        "licence acts", "one officer lets existing use go on", _LICENCE_ACTS,
        "    if effect not in STOPS_USE:", "    if False:",
        f"{_T_ACTS}test_suspension_that_lets_use_go_on_is_only_proposed",
    ),
    Mutant(
        "screening", "a decision is taken on evidence that was not seen", _HITS,
        "    if hit.evidence_sha256 != evidence_sha256:", "    if False:",
        f"{_T_SCREEN}test_decision_on_evidence_not_seen_is_overtaken",
    ),
    Mutant(
        "screening", "the proposer releases a true match alone", _HITS,
        "    if decision.decider_person_id == actor.person.pk:", "    if False:",
        f"{_T_SCREEN}test_release_of_a_true_match_takes_a_second_person",
    ),
    Mutant(
        "screening", "a hit's state needs no decision on its evidence (trigger)", _HIT_RULES,
        "    IF NEW.state IS DISTINCT FROM OLD.state AND NOT EXISTS (", "    IF false AND NOT EXISTS (",
        f"{_T_SCREEN}test_release_cannot_be_forged_in_raw_sql",
    ),
)  # fmt: skip

BALANCES: Final = (
    Mutant(
        "balances", "a release does not look at what both sides allow", _SHIPMENTS,
        "        if quantity > usable.units:", "        if False:",
        f"{_T_SHIP}test_release_of_more_than_both_sides_allow_is_refused_with_the_scarce_side_named",
    ),
    Mutant(
        "balances", "a line may be overdrawn (constraint)", _PROCUREMENT,
        "models.Q(('granted__gte', django.db.models.expressions.CombinedExpression(models.F('drawn'), '+', "
        "models.F('held'))))", "models.Q(('granted__gte', 0))",
        f"{_T_SHIP}test_line_overdrawn_by_raw_sql_is_refused_by_the_database",
    ),
    Mutant(
        "balances", "a receipt draws on lines that are not live", _SHIPMENTS,
        "    live = {pk for pk, each in held.items() if balances.why_not(each, line, arrival.received_on) is None}",
        "    live = set(held)",
        f"{_T_SHIP}test_receipt_under_a_suspended_licence_binds_nothing",
    ),
    Mutant(
        "balances", "a receipt binds more than was released", _SHIPMENTS,
        "for _ in range(hold.remaining)]", "for _ in range(hold.remaining + 1)]",
        f"{_T_SHIP}test_receipt_of_more_than_was_released_is_recorded_in_full_with_the_rest_unlicensed",
    ),
    Mutant(
        "balances", "a release does not wait for a balance in use", _SHIPMENTS,
        'LicenceLine.objects.select_for_update(of=("self",))\n', "LicenceLine.objects\n",
        f"{_T_SHIP}test_release_waits_for_a_balance_that_another_session_is_changing",
    ),
    Mutant(
        "balances", "a release goes on under a licence that is not active", "procurement/licences/balances.py",
        "    if licence.state != LicenceState.ACTIVE:", "    if False:",
        f"{_T_SHIP}test_release_under_a_licence_that_is_not_active_is_refused",
    ),
)  # fmt: skip

LEDGER: Final = (
    Mutant(
        "ledger", "a row is changed (trigger)", _APPEND_ONLY,
        "{table}_append_only BEFORE UPDATE OR DELETE ON", "{table}_append_only BEFORE DELETE ON",
        f"{_T_LEDGER}test_entry_changed_by_the_owner_is_refused",
    ),
    Mutant(
        "ledger", "the record is emptied (trigger)", _APPEND_ONLY,
        "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}\n    FOR EACH STATEMENT",
        "CREATE TRIGGER {table}_no_truncate AFTER INSERT ON {table}\n    FOR EACH STATEMENT WHEN (false)",
        f"{_T_LEDGER}test_entry_changed_by_the_owner_is_refused",
    ),
    Mutant(
        "ledger", "a seal leaves a gap (trigger)", _APPEND_ONLY,
        "    IF NEW.seq <> (SELECT", "    IF false AND NEW.seq <> (SELECT",
        f"{_T_SEAL}test_seal_with_a_gap_is_refused",
    ),
    Mutant(
        "ledger", "verification does not recompute the rows", _VERIFY,
        "        if leaf != seal.leaf_hash or link != seal.link_hash:", "        if False:",
        f"{_T_SEAL}test_ledger_tampered_with_is_found",
    ),
    Mutant(
        "ledger", "verification does not check the head's signature", _VERIFY,
        "        public.verify(rfc8785.dumps(head_document(head)), bytes.fromhex(head.signature))",
        "        pass",
        f"{_T_SEAL}test_ledger_tampered_with_is_found",
    ),
    Mutant(
        "ledger", "verification does not ask the witness", _VERIFY,
        "        if head is None or head_document(head) != said[\"head\"] or head.signature != said[\"signature\"]:",
        "        if False:", f"{_T_SEAL}test_ledger_tampered_with_is_found",
    ),
    Mutant(
        "ledger", "a pack is taken with rows dropped", _OFFLINE,
        '    if document["row_count"] != len(document["rows"]):', "    if False:",
        f"{_T_PACKS}test_pack_with_a_row_dropped_and_signed_anew_fails_its_count",
    ),
    Mutant(
        "ledger", "a pack is taken with a row that is not in the ledger", _OFFLINE,
        '    if _root(leaf, row["seq"] - 1, head["size"], path).hex() != head["root_hash"]:', "    if False:",
        f"{_T_PACKS}test_pack_with_a_row_forged_by_the_key_holder_fails_its_proof",
    ),
    Mutant(
        "ledger", "a pack is taken under any signature", _OFFLINE,
        "        VerifyKey(public_key).verify(canonical(document), raw)", "        pass",
        f"{_T_PACKS}test_pack_with_any_byte_flipped_fails",
    ),
)  # fmt: skip

ACCESS: Final = (
    Mutant(
        "access", "what Redis holds is unpickled", "config/cache.py", "            return json.loads(stored)",
        "            return __import__('pickle').loads(stored)",
        "tests/unit/config/test_cache.py::test_pickle_from_redis_is_as_if_nothing_were_there",
    ),
    Mutant(
        "access", "another team's filing is shown", "procurement/filings/queries.py",
        "    return filings.filter(team=actor.team)", "    return filings",
        f"{_T_URLS}test_page_answers_each_role_as_listed[filings:detail]",
    ),
    Mutant(
        "access", "everybody may suspend a licence", "accounts/permissions.py",
        "    Act.SUSPEND_LICENCE: _OFFICER,", "    Act.SUSPEND_LICENCE: _EVERYBODY,",
        f"{_T_URLS}test_api_answers_each_role_as_listed[api:suspend_licence]",
    ),
    Mutant(
        "access", "a token outlives its membership", "accounts/services.py",
        "    if not is_live or membership.person.left_at is not None:", "    if False:",
        f"{_T_TOKENS}test_token_of_somebody_who_left_is_refused",
    ),
    Mutant(
        "access", "a revoked token opens the API", "accounts/services.py",
        ".filter(token_sha256=_digest(token), revoked_at=None, user__is_active=True)",
        ".filter(token_sha256=_digest(token))", f"{_T_TOKENS}test_revoked_token_is_refused",
    ),
)  # fmt: skip

MUTANTS: Final = (*RUNTIME, *RULES, *RECORDS, *SCREENING, *FOUR_EYES, *BALANCES, *LEDGER, *ACCESS)
