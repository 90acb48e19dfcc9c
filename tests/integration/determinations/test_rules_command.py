"""`manage.py rules`: a folder is checked whole, and previewed order by order before it is switched on."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from ledger.models import Entry
from procurement.determinations.differences import from_json
from procurement.determinations.models import PreviewedChange, RulePreview
from procurement.determinations.services import determine_order
from procurement.regimes import rule_set
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def folder_with(tmp_path, name, old, new):
    text = rule_set.own().texts()[name]
    assert old in text
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace(old, new), encoding="utf-8")
    return str(tmp_path)


def rules(*options):
    out, err = io.StringIO(), io.StringIO()
    call_command("rules", *options, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def order():
    made = factories.make_order()
    determine_order(actor=None, order=made)
    return made


def test_preview_of_a_stricter_lane_lists_the_order_and_what_turns(order, tmp_path):
    folder = folder_with(tmp_path, "us_ear/parameters.yaml", "value: 21000,", "value: 15000,")
    out, progress = rules("preview", folder, "--json")
    told = json.loads(out)
    assert told["determinations"] == order.determinations.filter(superseded_at=None).count()
    (changed,) = told["changed"]
    assert (changed["order"], changed["regime"]) == (order.reference, "us_ear")
    assert changed["review_policy"] == {"before": "case_by_case", "after": "denial"}
    assert "lane" not in changed
    assert changed["certifications"]["lost"]
    assert any("Outside the lane of 91 FR 1684" in text for _rule, text in changed["reasons"]["gained"])
    assert not told["faults"]
    assert "determinations in" in progress


def test_preview_in_words_says_before_and_after(order, tmp_path):
    folder = folder_with(tmp_path, "us_ear/parameters.yaml", "value: 21000,", "value: 15000,")
    out, _progress = rules("preview", folder)
    assert f"{order.reference}, us_ear" in out
    assert "review policy: case by case -> denial" in out
    assert "- certifications: C1" in out


def test_preview_of_a_set_that_only_adds_a_comment_changes_nothing(order, tmp_path):
    folder = folder_with(tmp_path, "us_ear/parameters.yaml", "parameters:", "# read again\nparameters:")
    told = json.loads(rules("preview", folder, "--json")[0])
    assert (told["changed"], told["faults"]) == ([], [])
    assert told["unchanged"] == told["determinations"] > 0


def test_preview_for_a_day_answers_old_and_new_set_for_that_day(order, tmp_path):
    folder = folder_with(tmp_path, "us_ear/parameters.yaml", "value: 21000,", "value: 15000,")
    assert not json.loads(rules("preview", folder, "--json", "--on", "2025-12-01")[0])["changed"]
    assert json.loads(rules("preview", folder, "--json", "--on", "2026-02-01")[0])["changed"]


@pytest.mark.parametrize("act", ["check", "preview"])
def test_bad_folder_exits_2_naming_file_and_key(act, tmp_path):
    folder = folder_with(tmp_path, "us_ear/parameters.yaml", "    unit: TPP\n", "    units: TPP\n")
    with pytest.raises(CommandError, match=r"us_ear/parameters.yaml: .*unknown key units") as fault:
        rules(act, folder)
    assert fault.value.returncode == 2


def test_check_of_the_packages_own_set_is_sound():
    out, _progress = rules("check")
    assert "Sound:" in out
    assert "us_ear" in out


def test_check_finds_a_number_that_ends_while_the_rules_still_ask_for_it(tmp_path):
    old = 'effective: 2023-11-17, value: 4800, source: "ECCN 3A090.a.1"'
    folder = folder_with(tmp_path, "us_ear/parameters.yaml", old, old.replace("value", "ends: 2025-12-31, value"))
    with pytest.raises(CommandError, match=r"us_ear: .* on .*no value on") as fault:
        rules("check", folder)
    assert fault.value.returncode == 2


def officer_sees():
    client = Client()
    client.force_login(factories.make_user(factories.make_officer().person))
    answer = client.get(reverse("determinations:preview"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_page_without_a_preview_says_how_one_is_made():
    assert "rules preview FOLDER" in officer_sees()


def test_page_shows_the_last_preview_order_by_order(order, tmp_path):
    folder = folder_with(tmp_path, "us_ear/parameters.yaml", "value: 21000,", "value: 15000,")
    told = json.loads(rules("preview", folder, "--json")[0])
    page = officer_sees()
    assert reverse("determinations:of_order", args=[order.pk]) in page
    assert f"of {told['determinations']} determinations that stood would change" in page
    for _rule, text in told["changed"][0]["reasons"]["gained"]:
        assert escape(text) in page
    assert "another set; it does not answer yet" in page
    kept = PreviewedChange.objects.get()
    assert from_json(kept.differences).to_json() == kept.differences
    assert Entry.objects.get(act="rules.previewed").facts["changed"] == 1


def test_page_forgets_the_orders_of_a_former_preview(order, tmp_path):
    rules("preview", folder_with(tmp_path, "us_ear/parameters.yaml", "value: 21000,", "value: 15000,"))
    (tmp_path / "us_ear/parameters.yaml").unlink()
    rules("preview", folder_with(tmp_path, "us_ear/parameters.yaml", "parameters:", "# read again\nparameters:"))
    assert (RulePreview.objects.count(), PreviewedChange.objects.count()) == (2, 0)
    assert "Nothing would change" in officer_sees()


def test_page_shows_what_cannot_be_answered(order, tmp_path):
    stored = order.determinations.get(regime="us_ear", superseded_at=None)
    order.determinations.filter(pk=stored.pk).update(superseded_at=stored.made_at)
    values = {name: getattr(stored, name) for name in ("regime", "on", "lane", "result", "rule_versions")}
    digests = {"rule_set_sha256": stored.rule_set_sha256, "result_sha256": stored.result_sha256}
    inputs = {"lines": [{"item": "of another program"}]}
    order.determinations.create(**values, **digests, inputs=inputs)
    rules("preview", folder_with(tmp_path, "us_ear/parameters.yaml", "parameters:", "# read again\nparameters:"))
    assert "Cannot be answered" in officer_sees()


def test_page_says_when_the_previewed_set_answers_since(order, tmp_path, settings):
    folder = folder_with(tmp_path, "us_ear/parameters.yaml", "value: 21000,", "value: 15000,")
    rules("preview", folder)
    settings.WRIT_RULES = folder
    assert "switched on since: it answers now" in officer_sees()
