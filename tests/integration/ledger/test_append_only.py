"""The record refuses to be changed, through the application's role and through the owner's."""

import psycopg
import pytest
from django.db import transaction

from ledger.canonical import entry_document, leaf_hash
from ledger.errors import InvalidInput
from ledger.models import Counter, Entry
from ledger.services import record

pytestmark = pytest.mark.django_db

CHANGES = ("UPDATE ledger_entry SET act = 'other'", "DELETE FROM ledger_entry", "TRUNCATE ledger_entry CASCADE")


@pytest.fixture
def counter() -> Counter:
    return Counter.objects.create(prefix="TST", year=2026)


def test_record_outside_transaction_is_refused(transactional_db: None) -> None:
    counter = Counter.objects.create(prefix="TST", year=2026)
    with pytest.raises(RuntimeError, match="inside the transaction"):
        record("test.done", counter)


def test_record_whose_act_is_rolled_back_leaves_no_row(counter: Counter) -> None:
    with pytest.raises(KeyError):
        _record_and_fail(counter)
    assert not Entry.objects.exists()


def _record_and_fail(counter: Counter) -> None:
    with transaction.atomic():
        record("test.done", counter)
        raise KeyError


@pytest.mark.parametrize("statement", CHANGES)
def test_entry_changed_by_the_application_is_refused(
    transactional_db: None, app_connection: psycopg.Connection, statement: str
) -> None:
    with transaction.atomic():
        record("test.done", Counter.objects.create(prefix="TST", year=2026))
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)):
        app_connection.execute(statement)


@pytest.mark.parametrize("statement", CHANGES)
def test_entry_changed_by_the_owner_is_refused(
    transactional_db: None, owner_connection: psycopg.Connection, statement: str
) -> None:
    with transaction.atomic():
        record("test.done", Counter.objects.create(prefix="TST", year=2026))
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        owner_connection.execute(statement)


@pytest.mark.parametrize(
    "fact", [2**53, -(2**53), 1.0, 1e22, float("nan"), "a\x00b", "\ud800", {"\ud800": 1}, {1: 2}, object(), [[2**60]]]
)
def test_record_of_what_cannot_be_sealed_is_refused(counter: Counter, fact: object) -> None:
    with pytest.raises(InvalidInput, match="cannot be sealed"):
        record("test.done", counter, facts={"fact": fact})
    assert not Entry.objects.exists()


@pytest.mark.parametrize("fact", [2**53 - 1, "\\u0000", "\\\\u0000", "芯片 🖥", None, True, [], {"a": ["b"]}])
def test_record_of_what_can_be_sealed_is_written(counter: Counter, fact: object) -> None:
    record("test.done", counter, facts={"fact": fact})
    entry = Entry.objects.get()
    assert entry.facts == {"fact": fact}
    assert len(leaf_hash(entry_document(entry))) == 64
