"""The guards of the regimes and of the evidence that they ask for."""

from __future__ import annotations

from typing import Final

from tests.mutants.mutant import Mutant

_CLASSES, _LANE = "procurement/regimes/us_ear/classification.py", "procurement/regimes/us_ear/lane_2026.py"
_DATED, _RETENTION = "procurement/regimes/dated.py", "procurement/regimes/retention.py"
_EVIDENCE, _BLOCKERS = "procurement/evidence/services.py", "procurement/evidence/blockers.py"
_KEPT, _FILED = "procurement/migrations/0008_rule_sets_kept.py", "procurement/migrations/0009_evidence_and_red_flags.py"

_T_BOUNDS, _T_EDGES = "tests/unit/regimes/test_us_boundaries.py::", "tests/unit/regimes/test_us_edges.py::"
_T_DUTY, _T_KEEP = "tests/unit/regimes/test_us_determine.py::", "tests/unit/regimes/test_retention.py::"
_T_SETS = "tests/integration/determinations/test_rule_sets_kept.py::"
_E = "tests/integration/evidence/"
_T_PIECES, _T_SHARE = f"{_E}test_certifications.py::", f"{_E}test_share.py::"

RULES: Final = (
    Mutant(
        "rules", "a TPP of just 4,800 is outside 3A090.a", _CLASSES, "    first = tpp >= a1\n",
        "    first = tpp > a1\n",
        f"{_T_BOUNDS}test_inclusive_bounds_of_3a090",
    ),
    Mutant(
        "rules", "a figure at its bound enters the lane of 2026", _LANE,
        "    held = None if value is None else value < bound\n",
        "    held = None if value is None else value <= bound\n",
        f"{_T_BOUNDS}test_lane_of_2026_is_exclusive",
    ),
    Mutant(
        "rules", "a chip at the edge of a tariff band pays the duty", "procurement/regimes/us_ear/duty.py",
        "None if value is None else low < value < high", "None if value is None else low <= value <= high",
        f"{_T_DUTY}test_duty_band_excludes_its_edges",
    ),
    Mutant(
        "rules", "a rule does not hold on its last day", _DATED, "(self.ends is None or on <= self.ends)\n\n",
        "(self.ends is None or on < self.ends)\n\n",
        f"{_T_EDGES}test_rule_version_holds_from_its_first_day_to_its_last",
    ),
    Mutant(
        "rules", "records may go while a legal hold stands", _RETENTION,
        "    is_open = is_held or facts.counted_from is None", "    is_open = facts.counted_from is None",
        f"{_T_KEEP}test_hold_is_over_every_period_however_old",
    ),
    Mutant(
        "rules", "a rule set that was used is changed (trigger)", _KEPT,
        "rule_set_text_append_only BEFORE UPDATE OR DELETE ON", "rule_set_text_append_only BEFORE DELETE ON",
        f"{_T_SETS}test_kept_texts_refuse_update_delete_and_truncate",
    ),
    Mutant(
        "rules", "a replay goes by today's rules", "procurement/determinations/replay.py",
        "    book = kept_book(determination.regime, sha256)\n",
        "    book = present().book(determination.regime) or kept_book(determination.regime, sha256)\n",
        f"{_T_SETS}test_replay_after_the_rules_changed_gives_the_same_bytes_by_the_kept_set",
    ),
    Mutant(
        "evidence", "who filed a piece accepts it (service)", _EVIDENCE,
        "    if row.filer_person_id == actor.person.pk:", "    if False:",
        f"{_T_PIECES}test_who_filed_cannot_accept_by_another_membership",
    ),
    Mutant(
        "evidence", "one of the side that filed a piece accepts it (trigger)", _FILED,
        " AND m.team_id IN (o.team_id, NEW.filer_team_id)", " AND false",
        f"{_T_PIECES}test_database_refuses_somebody_of_the_applicants_team_and_one_who_is_no_officer",
    ),
    Mutant(
        "evidence", "a share at its cap lets the next unit go", "procurement/evidence/shares.py",
        "    return statement.share_percent >= min(", "    return statement.share_percent > min(",
        f"{_T_SHARE}test_share_below_at_and_above_the_cap_it_states",
    ),
    Mutant(
        "evidence", "a release asks for no certification", "procurement/orders/shipments.py",
        "    missing = release_blockers(line, timezone.now().date())\n", "    missing = []\n",
        f"{_T_SHARE}test_share_at_its_cap_stops_a_release_though_everything_else_is_held",
    ),
    Mutant(
        "evidence", "one laboratory's report serves two releases", _BLOCKERS,
        ", state=EvidenceState.ACCEPTED, use=None\n", ", state=EvidenceState.ACCEPTED\n",
        f"{_E}test_reports.py::test_second_release_needs_a_second_report",
    ),
)  # fmt: skip
