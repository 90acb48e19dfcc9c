"""The replays: boards keep within hosts, peers are who they say, gangs cost what they should, the command answers."""

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.scheduler.placement.board import Board
from allocation.scheduler.placement.contest import Easy, FirstCome, Greedy, Order, ShortestFirst, reservation
from allocation.scheduler.placement.fleet import Ask, AskTable, Fleet, Host
from allocation.scheduler.placement.forecast import forecast
from allocation.scheduler.placement.history import History, remaining_s
from allocation.scheduler.placement.order import FairTurns, Rules
from allocation.scheduler.placement.packing import Fragmentation, Scarcity, usual_workload
from allocation.scheduler.placement.shares import FairShare
from allocation.scheduler.simulator import openb
from allocation.scheduler.simulator.gangs import CHECKPOINT_S, RESTART_S, Recorded, Replay, judge

HOSTS = [Host(f"n{number}", 16_000, 64_000, 4 if number % 2 else 2, "AB"[number // 3]) for number in range(6)]
ASKS = [
    Ask(4_000, 8_000, 1, 1000),
    Ask(2_000, 4_000, 1, 300),
    Ask(1_000, 4_000, 1, 700, frozenset("A")),
    Ask(8_000, 8_000, 2, 1000, frozenset("B")),
    Ask(6_000, 1_000, 0, 0),
]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(ASKS), max_size=40), st.sampled_from(["random", "best-fit", "fgd", "writ"]))
def test_board_never_gives_more_than_a_host_has_and_only_of_the_kinds_asked_for(asks: list[Ask], policy: str) -> None:
    fleet = Fleet(HOSTS)
    board = openb.board_for(policy, fleet=fleet, asks=ASKS, seed=3)
    seats = [(ask, board.place(ask)) for ask in asks]
    assert (fleet.cpu >= 0).all()
    assert (fleet.memory >= 0).all()
    held = np.zeros_like(fleet.levels)
    for ask, seat in seats:
        if seat is None:
            continue
        assert ask.kinds is None or fleet.kinds[fleet.kind[seat.host]] in ask.kinds
        assert len(set(seat.slots)) == ask.devices
        held[seat.host, list(seat.slots)] += ask.milli
    assert (held <= 1000).all()
    for ask, seat in seats:
        if seat is not None:
            board.release(ask, seat)
    assert fleet.levels[fleet.levels > 0].sum() == fleet.capacity


def test_board_refuses_only_what_fits_nowhere() -> None:
    board = openb.board_for("writ", fleet=Fleet(HOSTS[:1]), asks=ASKS, seed=3)
    assert board.place(ASKS[0]) is not None
    assert board.place(ASKS[0]) is not None
    assert board.place(ASKS[1]) is None
    assert board.place(ASKS[4]) is not None


def test_fragmentation_puts_a_part_where_a_part_is_taken() -> None:
    fleet = Fleet([Host("n0", 9_000, 9_000, 2, "A"), Host("n1", 9_000, 9_000, 2, "A")])
    part, whole = Ask(0, 0, 1, 500), Ask(0, 0, 1, 1000)
    board = Board(fleet, AskTable([part, whole], fleet), Fragmentation(usual_workload([part, whole]), fleet))
    first, second = board.place(part), board.place(part)
    assert first is not None
    assert first == second


def test_scarcity_keeps_off_the_hosts_that_few_may_serve() -> None:
    fleet = Fleet(
        [Host("a", 9_000, 9_000, 1, "rare"), Host("b", 9_000, 9_000, 1, "usual"), Host("c", 9, 9, 1, "usual")]
    )
    anywhere, tied = Ask(0, 0, 1, 1000), Ask(0, 0, 1, 1000, frozenset({"rare"}))
    board = Board(fleet, AskTable([anywhere, tied], fleet), Scarcity({anywhere: 0.7, tied: 0.3}, fleet))
    seat = board.place(anywhere)
    assert seat is not None
    assert fleet.names[seat.host] == "b"


@pytest.mark.data
def test_replay_of_a_small_part_is_the_same_again_and_orders_the_peers(data_folder: Path) -> None:
    folder = data_folder / "traces"
    hosts = openb.read_hosts(folder / "openb_node_list_gpu_node.csv")[::12]
    asks = openb.read_asks(folder / "openb_pod_list_default.csv")[::12]
    found = {policy: openb.replay(policy, hosts=hosts, asks=asks, seed=7) for policy in ("random", "writ")}
    assert found["writ"] == openb.replay("writ", hosts=hosts, asks=asks, seed=7)
    assert found["writ"].at[130] > found["random"].at[130]


JOBS = [
    Recorded("a", 0.0, 3, 100.0, "x"),
    Recorded("a", 1.0, 4, 50.0, "x"),
    Recorded("b", 2.0, 1, 90.0, "x"),
    Recorded("b", 3.0, 1, 200.0, "x"),
]


@pytest.mark.parametrize(
    ("order", "ends"),
    [
        (FirstCome(), [100.0, 150.0, 240.0, 350.0]),
        (Easy(), [100.0, 150.0, 92.0, 350.0]),
        (Greedy(), [100.0, 342.0, 92.0, 292.0]),
        (ShortestFirst(), [100.0, 342.0, 92.0, 292.0]),
    ],
)
def test_peers_order_a_small_queue_as_by_hand(order: Order, ends: list[float]) -> None:
    done = Replay(JOBS, capacity=4, order=order).run().done
    assert [each.ended_s for each in sorted(done, key=lambda each: each.job.arrived_s)] == ends


def test_a_stop_costs_the_work_since_the_last_checkpoint_and_the_restart() -> None:
    rules = Rules(quantum_s=100.0, trial_s=3600.0, first_step_s=3600.0)
    jobs = [Recorded("a", 0.0, 4, 40_000.0, "long"), Recorded("b", 20_000.0, 4, 60.0, "short")]
    done = {each.job.shape: each for each in Replay(jobs, capacity=4, order=FairTurns(rules)).run().done}
    lost = 20_000.0 % CHECKPOINT_S
    assert done["short"].wait_s == 0.0
    assert done["long"].stops == 1
    assert done["long"].wait_s == pytest.approx(60.0 + lost + RESTART_S)


def test_a_job_past_its_bound_goes_first_and_is_not_stopped() -> None:
    rules = Rules(quantum_s=0.0, bound_s=1000.0)
    short = [Recorded("b", 10.0 * number, 4, 10.0, "short") for number in range(400)]
    done = Replay([Recorded("a", 0.0, 4, 9000.0, "long"), *short], capacity=4, order=FairTurns(rules)).run().done
    long = next(each for each in done if each.job.shape == "long")
    assert long.wait_s <= 1000.0 + 60.0 + 2 * CHECKPOINT_S + long.stops * RESTART_S


def test_judge_names_the_worst_cluster() -> None:
    found = judge(Replay(JOBS, capacity=4, order=FirstCome()).run())
    assert found.worst_cluster == "b"
    assert found.stretch_ratio > 1


def test_reservation_counts_what_ends_first() -> None:
    assert reservation(4, free=1, ends=[(30.0, 2), (10.0, 2)], now=5.0) == (30.0, 1)
    assert reservation(9, free=1, ends=[(10.0, 2)], now=5.0)[0] == float("inf")


def test_history_leans_on_the_most_like_and_learns() -> None:
    history = History()
    before = history.estimate((("lab",), ("lab", 8)))
    for _ in range(20):
        history.learn((("lab",), ("lab", 8)), 600.0)
    after = history.estimate((("lab",), ("lab", 8)))
    assert after.low_s < 600.0 < after.high_s
    assert after.high_s - after.low_s < before.high_s - before.low_s
    assert remaining_s(after, 10 * after.typical_s) == 10 * after.typical_s


def test_fair_share_forgets_by_halves_and_compares_siblings() -> None:
    shares = FairShare(half_life_s=10.0, weights={("b",): 2.0})
    shares.charge(("a", "x"), 8.0, 0.0)
    shares.charge(("b", "y"), 8.0, 10.0)
    assert shares.claim(("a", "x")) == (8.0, 8.0)
    assert shares.claim(("b", "y")) == (8.0, 16.0)


def test_forecast_serves_in_order_and_gives_a_range() -> None:
    ends = [((10.0, 20.0, 40.0), 2)]
    starts = forecast(1, ends, [((5.0, 5.0, 5.0), 3), ((1.0, 2.0, 3.0), 1), ((1.0, 1.0, 1.0), 9)], now=0.0)
    assert starts[0] == (10.0, 20.0, 40.0)
    assert starts[1] == (15.0, 25.0, 45.0)
    assert starts[2][0] == float("inf")


def test_simulate_command_replays_own_history_and_writes_charts(tmp_path: Path) -> None:
    history = tmp_path / "own.csv"
    rows = "".join(f"lab,{number}.0,2,60.0,train\n" for number in range(120))
    history.write_text(f"vc,arrival_s,gpus,duration_s,job_type\n{rows}", encoding="utf-8")
    out, page = StringIO(), tmp_path / "charts.html"
    call_command("simulate", str(history), "--nodes", "2", "--json", "--out", str(page), stdout=out)
    figures = json.loads(out.getvalue())
    assert figures["jobs"] == 120
    assert figures["devices"] == 8
    assert page.read_text(encoding="utf-8").count("<svg") == 4


@pytest.mark.parametrize(("trace", "policy"), [("nothing", "writ"), ("default", "easy")])
def test_simulate_command_says_what_there_is_when_it_is_asked_for_what_is_not(trace: str, policy: str) -> None:
    with pytest.raises(CommandError, match="Give one of") as refused:
        call_command("simulate", trace, "--policy", policy)
    assert refused.value.returncode == 2
