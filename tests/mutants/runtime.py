"""The guards of the runtime protocol: I1 to I7 are its invariants."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_CLAIMS, _RENEWALS = "allocation/dispatch/claims.py", "allocation/dispatch/renewals.py"
_REPORTS, _INVENTORY = "allocation/dispatch/reports.py", "allocation/inventory/reports.py"
_PASSES, _GRANTS = "allocation/scheduler/placing.py", "allocation/grants/services.py"
_TOKENS = "allocation/migrations/0002_tokens_and_chain_versions.py"
_ALLOCATION = "allocation/migrations/0001_initial.py"
_WARRANT, _LEASE = "gpu_runtime/protocol/warrant.py", "gpu_runtime/guard/lease.py"
_FOUR_EYES = "procurement/migrations/0002_four_eyes_and_versions.py"
_A = "tests/integration/allocation/"
_I1, _I2, _I4 = f"{_A}test_i1_warrants.py::", f"{_A}test_i2_i3_races.py::", f"{_A}test_i4_devices.py::"
_I5, _I6 = f"{_A}test_i5_breaking_links.py::", f"{_A}test_i6_i7_books.py::"
_T_WARRANT, _T_LEASE = "tests/unit/gpu_runtime/test_warrant.py::", "tests/unit/gpu_runtime/test_lease.py::"
_T_GUARD = "tests/integration/gpu_runtime/test_guard.py::"
_T_LEDGER = "tests/integration/ledger/test_append_only.py::"

RUNTIME: Final = (
    Mutant(
        "I5", "a changed attestation moves no version", "procurement/migrations/0013_conditions_and_acts_count.py",
        "WHERE id = (changed ->> 'licence_id')::uuid", "WHERE false",
        f"{_I5}test_attestation_shortened_ends_the_warrants_of_a_running_job_earlier",
    ),
    Mutant(
        "four eyes", "one officer closes what two kept open", "allocation/inventory/incidents.py",
        "            return _ask_two_again(incident, actor, reason.strip())\n", "            pass\n",
        f"{_A}test_hosts.py::test_incident_that_two_officers_kept_open_is_closed_by_two_and_not_by_one",
    ),
    Mutant(
        "I5", "a third authority's licence carries nothing", "allocation/inventory/models.py",
        " | drawn)", ")",
        f"{_A}test_third_authority.py::"
        "test_third_authoritys_suspension_drains_what_runs_on_its_devices_and_spares_the_rest",
    ),
    Mutant(
        "I1", "a signature has several texts", "gpu_runtime/protocol/canonical.py",
        'if base64.b64encode(raw).decode("ascii") != text:', "if False:",
        f"{_T_WARRANT}test_warrant_whose_signature_is_written_in_another_way_is_refused",
    ),
    Mutant(
        "I1", "a claim is answered though the chain is broken", _CLAIMS,
        "    if not chain.is_whole:\n        return", "    if False:\n        return",
        f"{_I1}test_claim_after_a_licence_was_suspended_is_refused_and_the_job_waits",
    ),
    Mutant(
        "I1", "a host's request is taken under any signature", "gpu_runtime/protocol/signing.py",
        "        public_key.verify(text, signed.signature)", "        pass",
        f"{_I1}test_request_signed_by_another_key_is_refused",
    ),
    Mutant(
        "I1", "a host's request is taken twice", "allocation/dispatch/signed.py",
        "        if cursor.rowcount != 1:", "        if False:", f"{_I1}test_request_sent_again_is_refused",
    ),
    Mutant(
        "I1", "a renewal under a stale token is answered", _RENEWALS,
        "(a.id, a.fencing_token) IN (SELECT * FROM unnest(%s::uuid[], %s::bigint[]))",
        "a.id = ANY(%s::uuid[]) AND %s::bigint[] IS NOT NULL",
        f"{_I1}test_renewal_with_a_stale_token_gets_a_stop_and_no_warrant",
    ),
    Mutant(
        "I1", "a warrant outlives what it rests on", _RENEWALS,
        "ttl_before(standing.now, standing.valid_until, standing.hard_end)",
        "ttl_before(standing.now, standing.hard_end)",
        f"{_I1}test_warrant_never_outlives_the_chain",
    ),
    Mutant(
        "I1", "a warrant is taken under any signature", _WARRANT,
        "        key.verify(signed, signature)\n", "",
        f"{_T_WARRANT}test_warrant_signed_by_another_key_under_the_same_name_is_refused",
    ),
    Mutant(
        "I1", "a warrant for another host is taken", _WARRANT,
        "        (Refusal.WRONG_HOST, document.host_id, host_id),\n", "",
        f"{_T_GUARD}test_guard_given_misdirected_warrant_runs_nothing",
    ),
    Mutant(
        "I1", "a replayed warrant is taken", _WARRANT,
        "        (Refusal.WRONG_NONCE, document.nonce, nonce),\n", "",
        f"{_T_LEASE}test_renewal_replayed_is_refused_and_the_lease_runs_out",
    ),
    Mutant(
        "I1", "a warrant for another spec is taken", _WARRANT,
        "        (Refusal.WRONG_SPEC, document.spec_sha256, spec_sha256),\n", "",
        f"{_T_GUARD}test_guard_given_another_spec_than_the_warrants_runs_nothing",
    ),
    Mutant(
        "I1", "a guard lets the runner live past its ttl", _LEASE,
        "return Step.KILL if now_ms >= self._kill_ms else Step.WAIT", "return Step.WAIT",
        f"{_T_LEASE}test_lease_without_renewal_kills_at_ttl",
    ),
    Mutant(
        "I1", "a lease counts from the answer, not from the request", _LEASE,
        "        self._nonce = None\n        self._kill_ms = self._nonce_made_ms + document.ttl_ms",
        "        self._nonce = None\n        self._kill_ms = self._kill_ms + document.ttl_ms",
        f"{_T_LEASE}test_lease_counts_from_the_nonce_and_not_from_the_answer",
    ),
    Mutant(
        "I1", "a job outlives its warrant where its guard is stopped", "gpu_runtime/guard/inside.py",
        "return self.deadline_ms is not None and boottime_ms() >= self.deadline_ms + LATE_GUARD_MS", "return False",
        f"{_T_GUARD}test_guard_stopped_past_ttl_its_cradle_kills_and_it_reports_when_continued",
    ),
    Mutant(
        "I1", "a host may take another's bell", "allocation/dispatch/doorkeeper.py",
        'f"~{queue}", f"~{queue}', 'f"~*", f"~{queue}',
        f"{_A}test_doorkeeper.py::test_host_can_do_nothing_else_in_redis",
    ),
    Mutant(
        "I2", "a device may have two live leases (index)", _ALLOCATION,
        "condition=models.Q(('released_at', None)), fields=('device',), name='lease_one_live_per_device'",
        "condition=models.Q(('released_at', None)), fields=('id',), name='lease_one_live_per_device'",
        f"{_I2}test_second_live_lease_by_raw_sql_is_refused",
    ),
    Mutant(
        "I5", "jobs are placed together on versions that have moved", _PASSES,
        "if len(seats) < len(judged) or _has_moved(seats):", "if len(seats) < len(judged):",
        f"{_A}test_live_scheduler.py::test_jobs_judged_before_a_licence_was_suspended_are_not_placed_on_it",
    ),
    Mutant(
        "I5", "a licence line carries more at once than it may", _PASSES,
        "    _check_limits(seats)\n", "",
        f"{_A}test_live_scheduler.py::test_jobs_judged_before_a_line_was_capped_are_placed_within_the_cap",
    ),
    Mutant(
        "I2", "a placement does not look again after locking", _PASSES,
        "return [device for device in held if device.pk in free]", "return held",
        f"{_I2}test_placement_planned_on_a_device_that_was_leased_since_is_dropped",
    ),
    Mutant(
        "I2", "a device is leased under a token that is not higher (trigger)", _TOKENS,
        " AND last_token < NEW.fencing_token", "",
        f"{_I2}test_lease_under_a_token_that_is_not_higher_is_refused",
    ),
    Mutant(
        "I3", "a second claim with another nonce is answered", _CLAIMS,
        "place.claim_nonce != nonce or place.claim_answer is None", "place.claim_answer is None",
        f"{_I2}test_claims_at_once_with_different_nonces_let_one_through",
    ),
    Mutant(
        "I3", "a job may have two live attempts (index)", _ALLOCATION,
        "fields=('job',), name='attempt_one_live_per_job'", "fields=('id',), name='attempt_one_live_per_job'",
        f"{_I2}test_two_live_attempts_of_one_job_by_raw_sql_are_refused",
    ),
    Mutant(
        "I3", "a guard starts again over a used order", "gpu_runtime/guard/__main__.py",
        "if order is None or (folder / MARKER).exists() or (folder / END).exists():", "if order is None:",
        f"{_T_GUARD}test_guard_started_again_over_a_used_order_starts_nothing",
    ),
    Mutant(
        "I4", "a lease ends before the warrant that is out", _RENEWALS,
        "expires_at = GREATEST(l.expires_at, r.until + %s * interval '1 millisecond')",
        "expires_at = r.until + %s * interval '1 millisecond'",
        f"{_I4}test_drain_with_a_short_window_leaves_the_lease_as_long_as_the_warrant_that_is_out",
    ),
    Mutant(
        "I8", "a whole checkpoint is taken away for another", "gpu_runtime/checkpoints/manifest.py",
        "            verify(whole)\n", "            raise DamagedCheckpoint\n",
        "tests/unit/gpu_runtime/test_commit.py::"
        "test_same_step_committed_again_keeps_the_whole_one_that_was_announced",
    ),
    Mutant(
        "I4", "a device is freed while its host still reports processes", _INVENTORY,
        "        if str(place.attempt_id) in busy:", "        if False:",
        f"{_I4}test_silent_hosts_attempt_is_requeued_and_its_devices_wait_for_its_report",
    ),
    Mutant(
        "I4", "a device is freed though its host says it is not clear", _REPORTS,
        "    if request.devices_clear:\n        AttemptHost", "    if True:\n        AttemptHost",
        f"{_I4}test_end_without_a_clear_device_releases_nothing",
    ),
    Mutant(
        "I4", "time alone frees the devices of a silent host", "allocation/dispatch/housekeeping.py",
        '        ends.charge_leases(attempt, leases=Q(released_at=None), until=Now())\n',
        '        ends.charge_leases(attempt, leases=Q(released_at=None), until=Now())\n'
        '        attempt.leases.update(released_at=Now())\n',
        f"{_I4}test_silent_hosts_attempt_is_requeued_and_its_devices_wait_for_its_report",
    ),
    Mutant(
        "I5", "a renewal does not compare versions", _RENEWALS,
        "SELECT bool_or(l.version IS DISTINCT FROM (", "SELECT bool_or(false AND l.version IS DISTINCT FROM (",
        f"{_I5}test_broken_link_is_answered_at_the_next_renewal_and_spares_others",
    ),
    Mutant(
        "I5", "a changed licence does not count as a new version (trigger)", _FOUR_EYES,
        '    "procurement_licence": (),\n', "",
        f"{_I5}test_broken_link_is_answered_at_the_next_renewal_and_spares_others",
    ),
    Mutant(
        "I5", "a suspension drains nothing", "allocation/subscriptions.py",
        '    attempts = drains.attempts_resting_on("licence", licence.pk)\n', "    attempts = []\n",
        f"{_I5}test_suspension_event_drains_at_once_all_on_the_licence_and_the_page_said_so",
    ),
    Mutant(
        "I6", "a reservation does not look at what is left", _GRANTS,
        "pk=grant_id, revoked_at=None, granted_ms__gte=F(\"reserved_ms\") + F(\"used_ms\") + reserved_ms",
        "pk=grant_id, revoked_at=None",
        f"{_I6}test_64_reservations_at_once_never_overspend_the_grant",
    ),
    Mutant(
        "I6", "a grant may be overspent (constraint)", _ALLOCATION,
        "models.Q(('granted_ms__gte', django.db.models.expressions.CombinedExpression(models.F('reserved_ms'), '+', "
        "models.F('used_ms'))))", "models.Q(('granted_ms__gt', 0))",
        f"{_I6}test_overspending_by_raw_sql_is_refused",
    ),
    Mutant(
        "I6", "an attempt is charged twice", _GRANTS,
        "        if reservation.charged_ms is not None:\n            return reservation.charged_ms\n", "",
        f"{_I6}test_settling_at_once_charges_once",
    ),
    Mutant(
        "I6", "the rest of a millisecond is lost", _GRANTS, "SUM(CEIL(", "SUM(FLOOR(",
        f"{_I6}test_each_lease_is_charged_in_whole_milliseconds_rounded_up_once",
    ),
    Mutant(
        "I7", "a ledger row may stand without a transaction", "ledger/services.py",
        "    if not connection.in_atomic_block:", "    if False:",
        f"{_T_LEDGER}test_record_outside_transaction_is_refused",
    ),
    Mutant(
        "I7", "a placement is recorded after its transaction", _PASSES,
        "    _record(seats, attempts)\n",
        "    transaction.on_commit(lambda: transaction.atomic(_record)(seats, attempts))\n",
        f"{_I6}test_ledger_rows_bear_the_transaction_of_what_they_record",
    ),
)  # fmt: skip
