"""Fuzzed list files are loaded or refused with a reason, and the list before is intact: ``make fuzz-lists``.

The suite tries 300 (``WRIT_FUZZ_LISTS``); the full form 10,000. A failure names its seed, and ``WRIT_FUZZ_FIRST``
starts there.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from ledger.errors import DomainError
from ledger.models import Entry
from procurement.parties.models import Party
from procurement.screening.list_services import ListRefused, ListTooSmall, LoadedList, Source, load_list
from procurement.screening.models import DeliveryOutcome, ListDelivery, ListEntry, ListName, ListSnapshot
from procurement.screening.services import screen_party
from tests.integration.screening.list_mutations import mutated
from tests.integration.screening.list_shapes import SHAPES, real_cuts

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(7200)]
COUNT = int(os.environ.get("WRIT_FUZZ_LISTS", "300"))
FIRST = int(os.environ.get("WRIT_FUZZ_FIRST", "0"))


class _Undo(Exception):
    """What a try brought about is taken back, so that each meets the same lists."""


def shapes() -> dict[str, bytes]:
    """Every form, and cuts of the real lists where they are."""
    found = {name: make() for name, make in SHAPES.items()}
    folder = Path(settings.WRIT_DATA) / "screening"
    return {**found, **dict(real_cuts(folder))} if folder.is_dir() else found


def content(snapshot: ListSnapshot) -> tuple[object, ...]:
    """All that a snapshot holds, as one value."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), md5(string_agg(e::text, '|' ORDER BY e.id)),"
            " (SELECT md5(string_agg(n::text, '|' ORDER BY n.id)) FROM procurement_listname n"
            "  JOIN procurement_listentry o ON o.id = n.entry_id WHERE o.snapshot_id = %s)"
            " FROM procurement_listentry e WHERE e.snapshot_id = %s",
            [snapshot.pk, snapshot.pk],
        )
        return cursor.fetchone()


def attempt(path: Path, name: str, before: ListSnapshot, kept: tuple[object, ...], *, confirmed: bool) -> str:
    """Load a file; returns how it ended, having looked that the list before is intact."""
    counted = ListDelivery.objects.count()
    loaded, words = None, ""
    try:
        loaded = load_list(actor=None, file=path, source=Source(code=name), is_drop_confirmed=confirmed)
    except (ListRefused, ListTooSmall) as refusal:
        words = refusal.message
    ended = _refused(name, before, words) if loaded is None else _loaded(loaded)
    assert ListDelivery.objects.count() == counted + 1
    assert content(before) == kept
    assert ListSnapshot.objects.filter(source_code=name, is_current=True).count() == 1
    return ended


def _refused(name: str, before: ListSnapshot, words: str) -> str:
    assert len(words) > 20
    assert ListSnapshot.objects.get(source_code=name, is_current=True).pk == before.pk
    told = ListDelivery.objects.exclude(outcome=DeliveryOutcome.LOADED).latest("came_at", "id")
    assert told.code, told.reason
    assert Entry.objects.filter(act="list.refused", facts__source_code=name).exists()
    return f"refused: {told.code}"


def _loaded(loaded: LoadedList) -> str:
    snapshot = loaded.snapshot
    assert snapshot.entry_count == ListEntry.objects.filter(snapshot=snapshot).count() > 0
    assert snapshot.name_count == ListName.objects.filter(entry__snapshot=snapshot).count()
    return "loaded" if loaded.is_new else "in force already"


def in_force(folder: Path) -> dict[str, tuple[bytes, ListSnapshot, tuple[object, ...]]]:
    """Every form's list in force, and what it holds."""
    made = {}
    for name, text in shapes().items():
        path = folder / "base"
        path.write_bytes(text)
        snapshot = load_list(actor=None, file=path, source=Source(code=name.lower())).snapshot
        made[name.lower()] = (text, snapshot, content(snapshot))
    return made


def test_fuzzed_list_is_loaded_or_refused_with_a_reason_and_the_one_before_is_intact(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, logger="procurement.screening.list_services")
    forms = in_force(tmp_path)
    party = Party.objects.create(name="Invented Fabrication 7", country="CN")
    screen_party(actor=None, party=party, purpose="fuzz")
    names, ends, began = sorted(forms), Counter[str](), time.monotonic()
    path = tmp_path / "fuzzed"
    for seed in range(FIRST, FIRST + COUNT):
        chance = random.Random(seed)
        name = names[seed % len(names)]
        text, how = mutated(forms[name][0], chance)
        path.write_bytes(text)
        try:
            with transaction.atomic():
                ends[attempt(path, name, *forms[name][1:], confirmed=chance.random() < 0.4)] += 1
                raise _Undo
        except _Undo:
            continue
        except (DomainError, AssertionError, ValueError, TypeError, KeyError, AttributeError, OSError) as fault:
            pytest.fail(f"seed {seed}, {name}, {how}: {type(fault).__name__}: {fault}")
    spent = time.monotonic() - began
    print(f"\n{COUNT} fuzzed files in {spent:.0f} s: " + ", ".join(f"{end} {n}" for end, n in ends.most_common()))
    assert sum(ends.values()) == COUNT
    assert ends["loaded"] > COUNT // 100
    assert len(ends) > 5
