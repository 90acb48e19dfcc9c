"""Rule sets are kept with what was made under them: replay gives the same bytes after the law's data changed."""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import DatabaseError, connection, transaction

from ledger.models import Entry
from procurement.determinations import program as programs
from procurement.determinations.ad_hoc import read_question
from procurement.determinations.models import AdHocDetermination, Determination, RuleSetText
from procurement.determinations.replay import by_present_rules, recomputed, replay, replayed
from procurement.determinations.services import determine_ad_hoc, determine_order
from procurement.regimes import rule_set
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def stricter(tmp_path):
    """A rule set whose lane of 2026 ends below the H200."""
    text = rule_set.own().texts()["us_ear/parameters.yaml"]
    assert "value: 21000," in text
    (tmp_path / "us_ear").mkdir()
    (tmp_path / "us_ear" / "parameters.yaml").write_text(text.replace("value: 21000,", "value: 15000,"))
    return tmp_path


@pytest.fixture
def rows():
    made = determine_order(actor=factories.make_officer(), order=factories.make_order())
    return {row.regime: Determination.objects.get(pk=row.pk) for row in made}


def test_first_use_of_a_rule_set_keeps_its_texts_and_is_recorded_once(rows):
    kept = RuleSetText.objects.get(regime="us_ear")
    assert kept.sha256 == rows["us_ear"].rule_set_sha256
    assert kept.texts == rule_set.own().book("us_ear").texts
    determine_order(actor=None, order=rows["us_ear"].order)
    assert Entry.objects.filter(act="rules.first_used", subject_id=kept.sha256).count() == 1


def test_question_by_hand_keeps_the_rule_sets_it_was_answered_by():
    determine_ad_hoc(actor=None, asked=[read_question({"chip": "t4", "to": "DE"})], purpose="a test", account="a")
    row = AdHocDetermination.objects.get()
    assert set(row.rule_sets.values()) == set(RuleSetText.objects.values_list("sha256", flat=True))
    assert row.program == programs.program()


@pytest.mark.parametrize("statement", ["UPDATE {} SET regime = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_kept_texts_refuse_update_delete_and_truncate(rows, statement):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(RuleSetText._meta.db_table))


def test_replay_after_the_rules_changed_gives_the_same_bytes_by_the_kept_set(rows, stricter, settings):
    row = rows["us_ear"]
    settings.WRIT_RULES = str(stricter)
    assert replay(row)
    assert recomputed(row) == row.result
    assert by_present_rules(row)["review_policy"] == "denial"
    assert row.review_policy == "case_by_case"


def test_order_determined_under_a_set_that_is_switched_on_stores_and_replays_it(stricter, settings, rows):
    settings.WRIT_RULES = str(stricter)
    order = rows["us_ear"].order
    determine_order(actor=None, order=order)
    row = order.determinations.get(regime="us_ear", superseded_at=None)
    assert row.review_policy == "denial"
    settings.WRIT_RULES = ""
    assert replay(row)
    assert by_present_rules(row)["review_policy"] == "case_by_case"


def test_replay_by_a_program_that_reads_otherwise_says_which_made_it(rows, monkeypatch):
    row = rows["us_ear"]
    monkeypatch.setattr("procurement.determinations.replay.program", lambda: "0.0.0+other")
    found = replayed(row)
    assert (found.is_same, found.is_same_program, found.program) == (True, False, programs.program())


def test_replay_of_a_set_that_was_not_kept_says_so(rows):
    row = rows["us_ear"]
    row.rule_set_sha256 = "0" * 64
    assert "was not kept" in replayed(row).fault
    assert not replay(row)


def test_kept_texts_that_are_not_those_of_their_digest_are_not_used(rows):
    row = rows["us_ear"]
    texts = rule_set.own().book("us_ear").texts
    RuleSetText.objects.create(sha256="1" * 64, regime="us_ear", texts=dict(texts))
    row.rule_set_sha256 = "1" * 64
    assert "are not those of that digest" in replayed(row).fault


def test_check_of_a_faulty_set_names_file_and_key(tmp_path, settings):
    (tmp_path / "us_ear").mkdir()
    (tmp_path / "us_ear" / "clocks.yaml").write_text("clock: []\n")
    settings.WRIT_RULES = str(tmp_path)
    with pytest.raises(SystemCheckError, match=r"us_ear/clocks.yaml: unknown key clock"):
        call_command("check")
