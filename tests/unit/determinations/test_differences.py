"""What differs between two results: told exactly, and nothing where only the set's own digest is another."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from procurement.determinations.differences import differences, told_in_words
from procurement.determinations.replaying import Kept, Switch, answered, previewed
from procurement.regimes import rule_set
from procurement.regimes.plain import canonical_bytes, to_plain
from procurement.regimes.registry import regime
from tests.unit.regimes.facts_made import TODAY, order

US = regime("us_ear")


def result(facts, on=TODAY):
    return US.determine(facts, on=on).to_json()


def test_same_result_differs_in_nothing():
    found = differences(result(order()), result(order()))
    assert not found
    assert told_in_words(found) == ["  nothing differs"]


def test_digest_of_the_set_and_the_version_of_a_lack_alone_are_no_difference():
    before = result(order(to="SG", parties=()))
    assert before["missing"]
    after = {**before, "rule_set_sha256": "0" * 64, "reasons": [{**row, "version": "x"} for row in before["reasons"]]}
    assert not differences(before, after)


def test_policy_certifications_reasons_and_branches_are_told_across_the_lane():
    found = differences(result(order(), date(2026, 1, 14)), result(order(), date(2026, 1, 15)))
    told = found.to_json()
    assert told["review_policy"] == {"before": "denial", "after": "case_by_case"}
    assert [name for name, _title in told["certifications"]["gained"]] == [f"C{n}" for n in range(1, 8)]
    assert told["certifications"]["lost"] == []
    assert any("lane of 91 FR 1684" in text or "91 FR 1684" in text for _rule, text in told["reasons"]["gained"])
    assert {"question": "Is it exported from the United States?", "before": None, "after": "met"} in told["branches"]
    assert "  review policy: denial -> case by case" in told_in_words(found)
    assert any(line.startswith("  + certifications: C1") for line in told_in_words(found))


def test_words_alone_are_a_detail():
    before = result(order())
    after = {**before, "unverified": [*before["unverified"], "one more"]}
    found = differences(before, after)
    assert found.is_detail_only
    assert told_in_words(found) == ["  only words, figures or dates ahead differ"]


def test_entry_of_another_line_counts():
    one, other = result(order()), result(order("rtx-4090"))
    before, after = {**one, "other_lines": []}, {**one, "other_lines": [other]}
    assert any(each.what == "reasons" for each in differences(before, after).moved)


def kept(number, facts, on=TODAY):
    inputs = canonical_bytes({"lines": [to_plain(facts)]}).decode()
    stored = canonical_bytes(answered("us_ear", [facts], on, rule_set.own())).decode()
    return Kept(f"ORD-{number}", "us_ear", on, inputs, stored)


def stricter(tmp_path):
    text = rule_set.own().texts()["us_ear/parameters.yaml"].replace("value: 21000,", "value: 15000,")
    (tmp_path / "us_ear").mkdir()
    (tmp_path / "us_ear" / "parameters.yaml").write_text(text, encoding="utf-8")
    return rule_set.from_folder(tmp_path)


def test_two_workers_answer_as_one_process_does_in_the_order_given(tmp_path):
    facts = order()
    rows = [kept(n, replace(facts, item=replace(facts.item, tpp=Decimal(14900 + n)))) for n in range(250)]
    switch = Switch(stricter(tmp_path))
    alone = list(previewed(rows, switch, processes=1))
    assert list(previewed(rows, switch, processes=2)) == alone
    assert [each.reference for each in alone] == [row.reference for row in rows]
    assert [bool(each.differences and each.differences.turned) for each in alone] == [n >= 100 for n in range(250)]


def test_row_that_cannot_be_read_is_told_and_stops_no_other(tmp_path):
    rows = [kept(1, order()), Kept("ORD-2", "us_ear", TODAY, '{"lines": [{"colour": "red"}]}', "{}"), kept(3, order())]
    first, bad, last = previewed(rows, Switch(stricter(tmp_path)), processes=1)
    assert first.differences
    assert "TransactionFacts has no colour" in bad.fault
    assert bad.to_json()["order"] == "ORD-2"
    assert last.differences
