"""Questions by hand: names, values, batches."""

import json
from datetime import date

import pytest

from ledger.errors import InvalidInput
from procurement.determinations.ad_hoc import Asked, published, read_question
from procurement.determinations.batch import BadLine, BatchFault, questions
from procurement.regimes.facts import BuyerClass, Form
from procurement.regimes.lanes import Lane


def test_question_with_every_name_is_read():
    asked = read_question(
        {
            "chip": "NVIDIA H200 SXM",
            "to": "cn",
            "from": "SG",
            "exporter": "Harbour Systems Inc",
            "exporter-hq": "US",
            "end_user_hq": "China",
            "data_centre": "no",
            "us_commercial": True,
            "form": "server",
            "encryption": "yes",
            "buyer_class": "private",
            "state_funding": "0",
            "on": "2026-01-15",
        }
    )
    item = asked.facts.item
    assert (item.chip, item.is_data_centre, item.is_us_commercial) == ("h200-sxm", False, True)
    assert (item.form, item.has_encryption) == (Form.SERVER, True)
    assert (asked.facts.route.from_country, asked.facts.route.to_country, asked.on) == ("SG", "CN", date(2026, 1, 15))
    assert asked.facts.imports.buyer_class is BuyerClass.PRIVATE


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "to"),
        ({"to": "CN"}, "chip"),
        ({"chip": "h200-sxm"}, "to"),
        ({"chip": "H200", "to": "CN"}, "chip"),
        ({"chip": "h200-sxm", "to": "XX"}, "to"),
        ({"chip": "h200-sxm", "to": "CN", "colour": "red"}, "colour"),
        ({"chip": "h200-sxm", "to": "CN", "data_centre": "perhaps"}, "data_centre"),
        ({"chip": "h200-sxm", "to": "CN", "on": "yesterday"}, "on"),
        ({"chip": "h200-sxm", "to": "CN", "on": "2026-02-30"}, "on"),
        ({"chip": "h200-sxm", "to": "CN", "state_funding": "101"}, "state_funding"),
        ({"chip": "h200-sxm", "to": "CN", "state_funding": "NaN"}, "state_funding"),
        ({"chip": "h200-sxm", "to": "CN", "buyer_class": "rich"}, "buyer_class"),
        ({"chip": ["h200-sxm"], "to": "CN"}, "chip"),
        ({"chip": "h200-sxm", "to": "CN", "domestic_reason": "a\u0000b"}, "domestic_reason"),
        ({"chip": "h200-sxm", "to": "CN", "domestic_reason": "\ud800"}, "domestic_reason"),
        ({"chip": "h200-sxm", "to": "CN", "domestic_reason": "x" * 4001}, "domestic_reason"),
    ],
)
def test_question_that_does_not_fit_is_refused_naming_the_field(given, field):
    with pytest.raises(InvalidInput) as refused:
        read_question(given)
    assert refused.value.field == field


def test_chip_of_no_model_names_the_near_ones():
    with pytest.raises(InvalidInput, match="h200-sxm, h200-nvl"):
        read_question({"chip": "H200", "to": "CN"})


def test_answer_has_exactly_the_published_schema():
    asked = read_question({"chip": "h200-sxm", "to": "CN", "end_user_hq": "CN", "on": "2026-11-22"})
    answer = published(asked).to_json()
    assert list(answer) == ["chip", "tpp", "pd", "dram_bandwidth_gb_s", "eccn", "outcomes", "on"]
    assert (answer["chip"], answer["tpp"], answer["pd"], answer["dram_bandwidth_gb_s"]) == (
        "h200-sxm",
        15832,
        19.45,
        4800,
    )
    assert (answer["eccn"], answer["on"]) == ("3A090.a", "2026-11-22")
    us, prc = answer["outcomes"]
    assert (us["lane"], us["review_policy"], us["duty_rate"]) == ("licence_required", "case_by_case", 0.25)
    assert prc["lane"] == Lane.UNDETERMINED
    assert json.loads(json.dumps(answer)) == answer


def test_question_without_a_day_is_answered_for_each_regimes_own_date():
    answer = published(read_question({"chip": "t4", "to": "DE", "end_user_hq": "DE"}))
    assert all(each.on is not None for each in answer.determinations)


CSV = "chip,to,end_user_hq\nh200-sxm,CN,CN\nH200,CN,CN\nh20,DE,DE\n"


def kinds(text):
    return [type(each) for each in questions(text.splitlines(keepends=True))]


def test_batch_of_csv_answers_every_other_line():
    assert kinds(CSV) == [Asked, BadLine, Asked]


def test_batch_of_json_lines_answers_every_other_line():
    text = '{"chip": "t4", "to": "DE"}\nnot json\n[1]\n\n{"chip": "t4", "to": "XX"}\n{"to": "DE", "chip": "h20"}\n'
    assert kinds(text) == [Asked, BadLine, BadLine, BadLine, Asked]


def test_batch_with_a_bad_first_json_line_answers_the_next():
    assert kinds('oops\n{"chip": "t4", "to": "DE"}\n') == [BadLine, Asked]


def test_batch_row_of_the_wrong_length_is_a_bad_line():
    assert kinds("chip,to\nt4\nt4,DE,US\nt4,DE\n") == [BadLine, BadLine, Asked]


@pytest.mark.parametrize("text", ["", "\n \n", "chip,to,colour\nt4,DE,red\n", "chip,chip\nt4,t4\n"])
def test_batch_that_cannot_be_read_is_refused_as_a_whole(text):
    with pytest.raises(BatchFault):
        kinds(text)


def test_bad_line_says_its_number_and_field():
    (bad,) = [each for each in questions(CSV.splitlines(keepends=True)) if isinstance(each, BadLine)]
    assert bad.to_json()["line"] == 3
    assert bad.to_json()["error"]["field"] == "chip"
