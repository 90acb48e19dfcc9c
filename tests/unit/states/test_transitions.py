"""Every state of every table against every act: an edge leads where it says, anything else is refused by name."""

from __future__ import annotations

import pytest

from ledger.transitions import Edge, IllegalTransition, advance, allowed
from tests.unit.states.machines import MACHINES, Machine

PAIRS = [
    pytest.param(machine, state, action, id=f"{name}-{state}-{action}")
    for name, machine in MACHINES.items()
    for state in machine.states
    for action in machine.actions
]


@pytest.mark.parametrize(("machine", "state", "action"), PAIRS)
def test_act_leads_where_its_edge_says_or_is_refused(machine: Machine, state: str, action: str) -> None:
    act = machine.actions(action)
    edges = [edge for edge in machine.edges if edge.source == state and edge.action == action]
    if edges:
        assert advance(machine.edges, state, act) is edges[0].target
        return
    with pytest.raises(IllegalTransition) as refused:
        advance(machine.edges, state, act)
    options = sorted({str(edge.action) for edge in machine.edges if edge.source == state})
    told = ", ".join(options) if options else "nothing: this state is final"
    assert refused.value.message == f"Cannot {action} while {state}. Allowed now: {told}."
    assert (refused.value.code, refused.value.status) == ("illegal_transition", 409)


@pytest.mark.parametrize("name", MACHINES)
def test_table_has_one_edge_for_a_state_and_an_act(name: str) -> None:
    keys = [(edge.source, edge.action) for edge in MACHINES[name].edges]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", MACHINES)
def test_table_names_only_states_and_acts_of_its_own(name: str) -> None:
    machine = MACHINES[name]
    for edge in machine.edges:
        assert isinstance(edge.source, machine.states)
        assert isinstance(edge.target, machine.states)
        assert isinstance(edge.action, machine.actions)


@pytest.mark.parametrize("name", MACHINES)
def test_every_state_is_reached_and_only_the_final_ones_are_not_left(name: str) -> None:
    machine = MACHINES[name]
    first = next(iter(machine.states))
    reached = {first} | {edge.target for edge in machine.edges}
    assert reached == set(machine.states)
    assert {state for state in machine.states if not allowed(machine.edges, state)} == machine.final


@pytest.mark.parametrize("name", MACHINES)
def test_every_act_can_be_done_somewhere(name: str) -> None:
    machine = MACHINES[name]
    assert {edge.action for edge in machine.edges} == set(machine.actions)


def test_guard_of_an_edge_refuses_in_its_own_words() -> None:
    machine = MACHINES["order"]
    edge = machine.edges[0]
    guarded = Edge(edge.source, edge.action, edge.target, edge.role, lambda facts: "Not today." if facts else None)
    assert advance((guarded,), edge.source, edge.action, facts=False) is edge.target
    with pytest.raises(IllegalTransition, match="Not today"):
        advance((guarded,), edge.source, edge.action, facts=True)
