"""Dated law: strict loading, registry, local dates, plain JSON and replay."""

from datetime import UTC, date, datetime

import pytest

from procurement.regimes import geography, law_files
from procurement.regimes.dated import LawFault
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.geography import UnknownCountry, country_code
from procurement.regimes.law_files import LawFiles
from procurement.regimes.plain import FactsRefused, canonical_bytes, from_plain, to_plain
from procurement.regimes.registry import REGIMES, regime
from tests.unit.regimes.facts_made import TODAY, order


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A regime's folder with one rule and one parameter, to be spoilt."""
    version = "{version: V1, effective: 2024-01-01, state: in_force, source: s, confidence: primary}"
    rule = f"  r:\n    title: t\n    versions:\n    - {version}\n"
    (tmp_path / "rule_versions.yaml").write_text(f"begins: 2024-01-01\nread_until: 2024-01-01\nrules:\n{rule}")
    value = "{effective: 2024-01-01, value: 4800, source: s}"
    (tmp_path / "parameters.yaml").write_text(f"parameters:\n  p:\n    unit: TPP\n    values: [{value}]\n")
    monkeypatch.setattr(law_files, "files", lambda _name: tmp_path)
    return tmp_path


def load_book():
    """From the folder as it stands, read anew."""
    law = LawFiles("x", "x")
    return law.book(law.texts())


def spoil(path, old, new):
    path.write_text(path.read_text().replace(old, new))


def test_book_well_formed_loads_and_keeps_its_dates(package):
    book = load_book()
    assert book.at(date(2023, 12, 31)).version("r") is None
    assert book.at(date(2024, 1, 1)).version("r").version == "V1"
    assert book.at(date(2024, 1, 1)).value("p") == 4800
    assert book.at(date(2023, 12, 31)).value("p") is None


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("parameters.yaml", "unit", "units", "parameters.yaml: p: unknown key units"),
        ("parameters.yaml", "value: 4800", "value: 5.92", "binary float"),
        ("parameters.yaml", "effective: 2024-01-01", "effective: soon", "not a date"),
        ("rule_versions.yaml", "source: s", "sauce: s", "rule_versions.yaml: r: unknown key sauce"),
        ("rule_versions.yaml", "state: in_force", "ends: 2023-01-01, state: in_force", "before it takes effect"),
        ("rule_versions.yaml", "begins", "starts", "unknown key starts"),
        ("rule_versions.yaml", "read_until: 2024", "begins: 2024", "rule_versions.yaml: key begins stands twice"),
        ("rule_versions.yaml", "begins: 2024-01-01", "begins: 2024", "rule_versions.yaml: begins: 2024 is not a date"),
        ("rule_versions.yaml", "in_force", "enforced", "r: state: 'enforced' is not one of in_force"),
        ("rule_versions.yaml", "title: t", "title: [", "rule_versions.yaml: while parsing"),
        ("rule_versions.yaml", "source: s", "source: 7", "source: 7 is not text"),
        ("parameters.yaml", "4800", "many", "p: 'many' is not a number"),
        ("parameters.yaml", "values: [", "values: [] #", "not a list of at least one"),
        ("parameters.yaml", "values: [", "values: [{effective: 2024-01-01, value: 1, source: s}, ", "stands twice"),
    ],
)
def test_book_with_a_fault_is_refused_naming_file_and_key(package, file, old, new, words):
    spoil(package / file, old, new)
    with pytest.raises(LawFault, match=words):
        load_book()


def test_digest_changes_with_any_value(package):
    before = load_book().digest
    spoil(package / "parameters.yaml", "4800", "4801")
    assert load_book().digest != before


def test_parameter_of_an_unknown_name_is_a_fault():
    with pytest.raises(LawFault, match="no parameter is called"):
        REGIMES[0].book().at(TODAY).value("nonsense")


@pytest.mark.parametrize("each", REGIMES, ids=lambda each: each.id)
def test_every_rule_version_cites_and_names_its_source(each):
    for version in each.book().versions:
        assert version.citation, version.id
        assert version.source, version.id


def test_regime_dates_by_its_own_calendar():
    late = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)
    assert regime("us_ear").local_date(late) == date(2026, 1, 14)
    assert regime("prc_import").local_date(late) == date(2026, 1, 15)


def test_regime_unknown_names_those_known():
    with pytest.raises(LookupError, match="us_ear, prc_import"):
        regime("mars")


def test_macau_is_not_in_d5_and_hong_kong_counts_as_china():
    table = geography.group_table(REGIMES[0].book())
    assert "D:5" not in table.of("MO", TODAY)
    assert table.of("HK", TODAY) == table.of("CN", TODAY)


@pytest.mark.parametrize(("text", "code"), [("cn", "CN"), ("China", "CN"), (" DE ", "DE"), ("macau", "MO")])
def test_country_by_code_or_name_is_read(text, code):
    assert country_code(text) == code


def test_country_unknown_is_refused():
    with pytest.raises(UnknownCountry):
        country_code("XX")


@pytest.mark.parametrize("each", REGIMES, ids=lambda each: each.id)
def test_facts_written_and_read_again_replay_to_the_same_bytes(each):
    facts = order()
    again = from_plain(TransactionFacts, to_plain(facts))
    assert again == facts
    first, second = each.determine(facts, on=TODAY), each.determine(again, on=TODAY)
    assert first.canonical() == second.canonical()


def test_facts_with_an_unknown_key_are_refused():
    plain = to_plain(order())
    plain["item"]["colour"] = "red"
    with pytest.raises(FactsRefused, match="ItemFacts has no colour"):
        from_plain(TransactionFacts, plain)


def test_facts_with_a_wrong_type_are_refused():
    plain = to_plain(order())
    plain["item"]["tpp"] = 15832.0
    with pytest.raises(FactsRefused, match=r"ItemFacts\.tpp"):
        from_plain(TransactionFacts, plain)


def test_canonical_bytes_do_not_depend_on_key_order():
    assert canonical_bytes({"b": 1, "a": 2}) == canonical_bytes({"a": 2, "b": 1})


def test_outcome_has_exactly_the_published_keys():
    outcome = regime("us_ear").determine(order(), on=TODAY).to_outcome()
    keys = "regime lane review_policy exceptions certifications duty_rate reasons unverified upcoming"
    assert list(outcome) == keys.split()
    assert {frozenset(reason) for reason in outcome["reasons"]} == {frozenset({"rule", "version", "text", "citation"})}


@pytest.mark.parametrize(
    ("path", "value"), [("tpp", "many"), ("form", "drawer"), ("quantity", True), ("estimates", "a"), ("chip", 7)]
)
def test_facts_with_a_value_that_does_not_fit_are_refused_naming_it(path, value):
    plain = to_plain(order())
    plain["item"][path] = value
    with pytest.raises(FactsRefused, match=rf"ItemFacts\.{path}"):
        from_plain(TransactionFacts, plain)


def test_edges_are_the_first_days_and_the_days_after_the_last(package):
    spoil(package / "rule_versions.yaml", "state: in_force", "ends: 2024-06-30, state: in_force")
    assert load_book().edges() == (date(2024, 1, 1), date(2024, 7, 1))


@pytest.mark.parametrize("each", REGIMES, ids=lambda each: each.id)
def test_file_that_the_set_does_not_hold_is_named(each):
    with pytest.raises(LawFault, match=f"{each.id}/nothing.yaml: the rule set of {each.id} holds no such file"):
        each.book().document("nothing.yaml")
