"""Addresses as keys: the same place under one key however it is written (no Django here).

Simplification: only addresses that are equal word for word, once case, signs, order and usual short forms are put
aside, share a key. An address that is merely near is not found; a key of few words would find half a city, so it is
none at all.
"""

from __future__ import annotations

import hashlib
import re

LEAST_WORDS = 3
_SHORT_FORMS = {
    "street": "st", "road": "rd", "avenue": "ave", "av": "ave", "boulevard": "blvd", "building": "bldg", "floor": "fl",
    "room": "rm", "number": "no", "district": "dist", "north": "n", "south": "s", "east": "e", "west": "w",
    "lane": "ln", "suite": "ste", "apartment": "apt", "province": "prov", "unit": "ut",
}  # fmt: skip
_DROPPED = frozenset({"the", "of", "no", "p", "r"})
_WORD = re.compile(r"\w+")


def address_key(address: str) -> str:
    """The key of an address; "" for one that says too little to tell a place from others."""
    words = [_SHORT_FORMS.get(word, word) for word in _WORD.findall(address.casefold())]
    kept = sorted({word for word in words if word not in _DROPPED})
    if len(kept) < LEAST_WORDS or not any(any(sign.isdigit() for sign in word) for word in kept):
        return ""
    return hashlib.sha256(" ".join(kept).encode()).hexdigest()[:32]
