"""A state column knows the states of its table, in Django's choices and in the database's CHECK, and no other."""

from __future__ import annotations

import re
from enum import StrEnum

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

from ledger.transitions import choices
from tests.unit.states.machines import MACHINES, STATES_ALONE

COLUMNS = {machine.model: machine.states for machine in MACHINES.values()} | STATES_ALONE
OURS = ("accounts", "ledger", "procurement", "allocation")


def test_every_state_column_has_its_enum() -> None:
    found = {
        model
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        if any(field.name == "state" for field in model._meta.get_fields())
    }
    assert found == set(COLUMNS)


@pytest.mark.parametrize("model", COLUMNS, ids=lambda model: model.__name__)
def test_choices_are_the_enum(model: type[Model]) -> None:
    assert model._meta.get_field("state").choices == choices(COLUMNS[model])


@pytest.mark.django_db
@pytest.mark.parametrize("model", COLUMNS, ids=lambda model: model.__name__)
def test_check_constraint_of_the_database_is_the_enum(model: type[Model]) -> None:
    definition = _state_check_of(model)
    assert set(re.findall(r"'(\w+)'", definition)) == _values(COLUMNS[model])


@pytest.mark.django_db
@pytest.mark.parametrize("model", COLUMNS, ids=lambda model: model.__name__)
def test_longest_state_fits_its_column(model: type[Model]) -> None:
    assert max(map(len, _values(COLUMNS[model]))) <= model._meta.get_field("state").max_length


def _values(states: type[StrEnum]) -> set[str]:
    return {state.value for state in states}


def _state_check_of(model: type[Model]) -> str:
    """The CHECK on the state column alone, as PostgreSQL holds it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT pg_get_constraintdef(c.oid) FROM pg_constraint c
               JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attname = 'state'
               WHERE c.conrelid = %s::regclass AND c.contype = 'c' AND c.conkey = ARRAY[a.attnum]""",
            [model._meta.db_table],
        )
        rows = cursor.fetchall()
    whole = [definition for (definition,) in rows if "ANY" in definition or "IN" in definition]
    assert len(whole) == 1, rows
    return str(whole[0])
