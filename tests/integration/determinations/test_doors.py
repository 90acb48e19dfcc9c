"""The command, the API and a batch are three doors to one answer: the same names in, the same JSON out."""

import io
import json

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.services import issue_token
from procurement.determinations.ad_hoc import read_question
from procurement.determinations.models import AdHocDetermination
from procurement.regimes.plain import to_plain
from tests import factories
from tests.questions import SAMPLES

pytestmark = pytest.mark.django_db
ASKED = {
    "chip": "h200-sxm", "to": "CN", "from": "US", "exporter": "NVIDIA Corporation", "end_user_hq": "CN",
    "data_centre": "yes", "us_commercial": "yes", "form": "server", "encryption": "yes", "buyer_class": "private",
    "state_funding": "0", "domestic_reason": "no port of the model", "on": "2026-11-22",
}  # fmt: skip
KEYS = ["chip", "tpp", "pd", "dram_bandwidth_gb_s", "eccn", "outcomes", "on"]
OUTCOME = [
    *("regime", "lane", "review_policy", "exceptions", "certifications", "duty_rate", "reasons", "unverified"),
    "upcoming",
]


def by_command(asked):
    out = io.StringIO()
    options = [word for name, value in asked.items() for word in (f"--{name.replace('_', '-')}", value)]
    call_command("determine", *options, "--json", stdout=out)
    return json.loads(out.getvalue())


def by_batch(text, tmp_path):
    path = tmp_path / "asked"
    path.write_text(text, encoding="utf-8")
    out = io.StringIO()
    call_command("determine", "--batch", str(path), stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def by_api(asked):
    said = {"ask": asked, "purpose": "a test"}
    return Client().post(reverse("api:determine"), said, content_type="application/json", headers=with_token()).json()


def with_token(role="officer"):
    """The header of a person of that role who calls the API."""
    membership = factories.make_membership(role)
    user = factories.make_user(membership.person)
    return {"Authorization": f"Bearer {issue_token(user=user, membership=membership, label='t')}"}


def test_three_doors_give_the_same_json_in_the_published_order(tmp_path):
    told = by_command(ASKED)
    assert list(told) == KEYS
    assert [list(each) for each in told["outcomes"]] == [OUTCOME] * len(told["outcomes"])
    assert by_api(ASKED) == told
    header, line = ",".join(ASKED), ",".join(ASKED.values())
    assert by_batch(json.dumps(ASKED), tmp_path) == [told]
    assert by_batch(f"{header}\n{line}\n", tmp_path) == [told]


def test_batch_takes_the_names_of_the_options_with_hyphens_or_underscores(tmp_path):
    hyphens = {name.replace("_", "-"): value for name, value in ASKED.items()}
    assert by_batch(json.dumps(hyphens) + "\n" + json.dumps(ASKED), tmp_path) == [by_command(ASKED)] * 2


@pytest.mark.parametrize("name", ["data_centre", "us_commercial"])
def test_batch_line_in_json_takes_truth_as_well_as_words(name, tmp_path):
    assert by_batch(json.dumps({**ASKED, name: True}), tmp_path) == [by_command(ASKED)]


def kept(told_by):
    """The facts that were kept of what a door asked."""
    before = set(AdHocDetermination.objects.values_list("pk", flat=True))
    told_by()
    (row,) = AdHocDetermination.objects.exclude(pk__in=before)
    return row.inputs["facts"]


@pytest.mark.parametrize("memory", [False, True], ids=["of a chip", "of memory alone"])
def test_every_name_is_taken_by_command_batch_api_and_page_alike(memory, tmp_path):
    asked = {name: text for name, (text, _value) in SAMPLES.items()}
    if memory:
        asked |= {"form": "memory_stack", "chip": "memory sold alone"}
    else:
        del asked["memory_bandwidth_gb_s"]
    expected = to_plain(read_question(asked).facts)
    assert kept(lambda: by_command(asked)) == expected
    assert kept(lambda: by_api(asked)) == expected
    assert kept(lambda: by_batch(json.dumps(asked), tmp_path)) == expected
    header, line = ",".join(asked), ",".join(f'"{text}"' for text in asked.values())
    assert kept(lambda: by_batch(f"{header}\n{line}\n", tmp_path)) == expected
    on_page = {**asked, "via": "SG", "origin": asked["from"], "state_funding": "12.5", "purpose": "a test"}
    expected = to_plain(read_question({**asked, "via": "SG"}).facts)
    assert kept(lambda: by_page(on_page)) == expected


def by_page(asked):
    client = Client()
    client.force_login(factories.make_user(factories.make_officer().person))
    values = {name: _as_form(text) for name, text in asked.items()}
    if asked["form"] == "memory_stack":
        values["chip"] = "h200-sxm"  # the list of chips names one always; memory alone leaves it aside
    answer = client.post(reverse("determinations:ask"), values)
    assert answer.status_code == 303, answer.context["form"].errors


def _as_form(text):
    """A member's value as the page's list holds it."""
    return text.replace("-", "_") if text == "state-owned" else text
