"""Rule sets: from the packages, from a folder, from kept texts; the answer is that of the set that is asked."""

from datetime import date

import pytest

from procurement.regimes import rule_set
from procurement.regimes.dated import LawFault
from procurement.regimes.geography import country_name
from procurement.regimes.registry import REGIMES, regime
from tests.unit.regimes.facts_made import TODAY, item_of, order

US = regime("us_ear")


def edited(tmp_path, name, old, new):
    """A folder that holds one file of the packages' own, with one edit."""
    text = rule_set.own().texts()[name]
    assert old in text
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace(old, new), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("each", REGIMES, ids=lambda each: each.id)
def test_every_yaml_of_a_package_is_read_through_its_book(each):
    book = each.book()
    read = {name for name, _reader in each.law.readers} | {"rule_versions.yaml", "parameters.yaml"}
    others = tuple(f"{other.id}/" for other in REGIMES if other is not each)
    own = {name.removeprefix(f"{each.id}/") for name in book.texts if not name.startswith(others)}
    assert own == {name for name in read if not name.startswith(others)}


@pytest.mark.parametrize("each", REGIMES, ids=lambda each: each.id)
def test_kept_texts_give_the_same_bytes(each):
    kept = rule_set.stored_book(each.id, dict(each.book().texts))
    assert kept.digest == each.book().digest
    by_kept = each.determine(order(), on=TODAY, book=kept)
    assert by_kept.canonical() == each.determine(order(), on=TODAY).canonical()


def test_folder_takes_what_it_leaves_out_from_the_packages(tmp_path):
    found = rule_set.from_folder(edited(tmp_path, "us_ear/clocks.yaml", "announced end of the trade truce", "the end"))
    assert found.book("prc_import").digest == rule_set.own().book("prc_import").digest
    assert found.book("us_ear").digest != rule_set.own().book("us_ear").digest
    assert found.digest != rule_set.own().digest


def test_new_threshold_decides_only_for_the_set_that_has_it(tmp_path):
    facts = order(item_of("h200-sxm"))
    folder = edited(tmp_path, "us_ear/parameters.yaml", "value: 21000,", "value: 15832,")
    changed = rule_set.from_folder(folder).book("us_ear")
    assert US.determine(facts, on=TODAY).review_policy == "case_by_case"
    assert US.determine(facts, on=TODAY, book=changed).review_policy == "denial"
    assert US.determine(facts, on=TODAY, book=changed).rule_set_sha256 == changed.digest


def test_country_groups_of_a_set_decide_for_that_set(tmp_path):
    folder = edited(tmp_path, "geography/country_groups.yaml", "as_of: 2026-07-23", "as_of: 2026-11-20")
    changed = rule_set.from_folder(folder).book("us_ear")
    day = date(2026, 10, 1)
    facts = order("h100-sxm", "SG")
    assert US.determine(facts, on=day).lane != "undetermined"
    assert US.determine(facts, on=day, book=changed).lane == "undetermined"


def test_country_names_of_a_set_stand_in_its_answers(tmp_path):
    name = country_name("CN")
    folder = edited(tmp_path, "geography/countries.yaml", f'"CN": "{name}"', '"CN": "The Middle Kingdom"')
    changed = rule_set.from_folder(folder)
    for each in (regime("us_ear"), regime("prc_import")):
        told = each.determine(order(), on=TODAY, book=changed.book(each.id)).canonical().decode()
        assert "The Middle Kingdom" in told


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("us_ear/parameters.yaml", "3A090.a.1.tpp:", "3A090.a.1.tp:", r"us_ear/parameters.yaml: missing 3A090.a.1.tpp"),
        ("us_ear/rule_versions.yaml", "  gp10:", "  gp11:", r"us_ear/rule_versions.yaml: missing gp10"),
        ("us_ear/clocks.yaml", "known_since", "known_from", r"us_ear/clocks.yaml: unknown key known_from"),
        ("us_ear/certifications.yaml", "evidence", "papers", r"us_ear/certifications.yaml: unknown key papers"),
        ("geography/country_groups.yaml", "as_of:", "of:", r"geography/country_groups.yaml: unknown key of"),
        ("prc_import/clocks.yaml", "due:", "by:", r"prc_import/clocks.yaml: unknown key by"),
    ],
)
def test_folder_with_a_fault_is_refused_naming_file_and_key(tmp_path, name, old, new, words):
    with pytest.raises(LawFault, match=words):
        rule_set.from_folder(edited(tmp_path, name, old, new))


def test_folder_with_an_unknown_file_an_empty_one_and_none_are_refused(tmp_path):
    with pytest.raises(LawFault, match="holds no rule file"):
        rule_set.from_folder(tmp_path)
    (tmp_path / "us_ear").mkdir()
    (tmp_path / "us_ear" / "clock.yaml").write_text("clocks: []\n", encoding="utf-8")
    with pytest.raises(LawFault, match=r"us_ear/clock.yaml: no regime has such a file"):
        rule_set.from_folder(tmp_path)
    with pytest.raises(LawFault, match="is not a folder"):
        rule_set.from_folder(tmp_path / "nowhere")


def test_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "us_ear").mkdir()
    (tmp_path / "us_ear" / "clocks.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(LawFault, match="cannot be read as text"):
        rule_set.from_folder(tmp_path)
