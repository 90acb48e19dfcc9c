"""Canonical JSON and the digest of a spec."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runtime.protocol import NotCanonical, canonical_json, decode_json, spec_digest

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@given(PLAIN)
def test_canonical_json_read_back_is_the_same_value(value: object) -> None:
    assert decode_json(canonical_json(value)) == value


def test_canonical_json_of_keys_in_any_order_is_one_text() -> None:
    assert canonical_json({"b": 1, "a": [True, None]}) == b'{"a":[true,null],"b":1}'


@pytest.mark.parametrize("value", [1.0, {"a": [0.5]}, float("nan"), 2**53, "\ud800", {1: 2}, object()])
def test_canonical_json_of_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical_json(value)


def test_spec_digest_is_sha256_of_the_canonical_form() -> None:
    assert spec_digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert spec_digest({"a": 1}) != spec_digest({"a": 2})
