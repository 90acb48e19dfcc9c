"""Nobody outside the services writes a state: read off the syntax trees, so that no door is overlooked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("accounts", "ledger", "procurement", "allocation", "config")

# The services that write states, each by its own table. Widen this list only for another service.
PERMITTED = {
    "allocation/dispatch/claims.py",
    "allocation/dispatch/drains.py",
    "allocation/dispatch/ends.py",
    "allocation/dispatch/reports.py",
    "allocation/inventory/hosts.py",
    "allocation/inventory/services.py",
    "allocation/jobs/services.py",
    "allocation/scheduler/placing.py",
    "procurement/evidence/services.py",
    "procurement/filings/services.py",
    "procurement/licences/steps.py",
    "procurement/orders/resuming.py",
    "procurement/orders/services.py",
    "procurement/orders/shipments.py",
    "procurement/records/services.py",
    "procurement/review/services.py",
    "procurement/screening/decision_services.py",
}
WRITERS = {"update", "create", "acreate", "aupdate", "get_or_create", "update_or_create"}
SQL = re.compile(r"\bSET\s+(?:\w+\s*=[^;]*?,\s*)?state\s*=", re.IGNORECASE)


def writes(tree: ast.AST) -> Iterator[int]:
    """The lines on which a state is written: by assignment, by a queryset, by setattr, or by raw SQL."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets) if any(_is_state(target) for target in targets):
                yield node.lineno
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target) if _is_state(target):
                yield node.lineno
            case ast.Call(func=ast.Attribute(attr=name), keywords=keywords) if name in WRITERS:
                if any(keyword.arg == "state" for keyword in keywords):
                    yield node.lineno
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value="state"), *_]):
                yield node.lineno
            case ast.Constant(value=str(text)) if SQL.search(text):
                yield node.lineno


def _is_state(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return any(_is_state(each) for each in target.elts)
    return isinstance(target, ast.Attribute) and target.attr == "state"


def modules() -> Iterator[str]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix()


def lines_in(module: str) -> list[int]:
    return list(writes(ast.parse((ROOT / module).read_text())))


def test_state_is_written_by_permitted_services_alone() -> None:
    found = {module: lines for module in modules() if module not in PERMITTED and (lines := lines_in(module))}
    assert found == {}, "only services write a state (see PERMITTED)"


@pytest.mark.parametrize("module", sorted(PERMITTED))
def test_permitted_module_writes_states_by_its_table(module: str) -> None:
    """A module that no longer writes one leaves the list; one that does takes the target from `advance`."""
    assert lines_in(module)
    assert "advance(" in (ROOT / module).read_text()


@pytest.mark.parametrize(
    "source",
    ["order.state = 'approved'", "a, order.state = 1, 2", "order.state: str = 'x'",
     "Order.objects.filter(pk=1).update(state='approved')", "Order.objects.create(state='approved')",
     "setattr(order, 'state', 'approved')", "cursor.execute('UPDATE procurement_order SET state = 1')",
     "cursor.execute('UPDATE procurement_order SET version = 2, state = 1')"],
)  # fmt: skip
def test_check_sees_every_way_to_write_a_state(source: str) -> None:
    assert list(writes(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    ["order.state == 'approved'", "Order.objects.filter(state='approved')", "Row(state='x')", "state = order.state"],
)
def test_check_lets_reading_pass(source: str) -> None:
    assert not list(writes(ast.parse(source)))
