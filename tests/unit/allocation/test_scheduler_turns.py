"""Turns: never over capacity or a licence's limits, gangs whole, the same again, nobody waits past the bound."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.scheduler.placement import FreeDevice, Line, Quota, Request, Running, Snapshot, plan

PAIRS = [("e1", "i1"), ("e2", "i1"), ("e2", "i2")]
LINES = ["e1", "e2", "i1", "i2"]


@st.composite
def devices(draw: st.DrawFn) -> tuple[FreeDevice, ...]:
    found = []
    for number in range(draw(st.integers(0, 14))):
        site = draw(st.sampled_from(["s1", "s2"]))
        host = f"{site}-{draw(st.sampled_from('abc'))}"
        pair = draw(st.sampled_from(PAIRS))
        found.append(FreeDevice(f"d{number:02d}", "h200", site, host, "o1", pair, rack=f"r{host[-1] in 'ab'}"))
    return tuple(found)


@st.composite
def requests(draw: st.DrawFn) -> tuple[Request, ...]:
    return tuple(
        Request(
            job=f"j{number}",
            label=f"JOB-{number}",
            chip="h200",
            devices=draw(st.integers(1, 5)),
            pool="o1",
            pairs=frozenset(draw(st.sets(st.sampled_from(PAIRS), min_size=1))),
            cap=draw(st.sampled_from(["f1", "f2"])),
            priority=draw(st.integers(0, 2)),
            path=(draw(st.sampled_from(["lab", "plant"])), "team"),
            arrived_s=float(number),
            limit_s=draw(st.sampled_from([10.0, 100.0])),
            checkpoints=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 8)))
    )


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    lines = {
        name: Line(
            per_job=draw(st.none() | st.integers(1, 4)),
            left=draw(st.none() | st.integers(0, 6)),
            until_s=draw(st.sampled_from([5.0, 50.0, 500.0])),
        )
        for name in draw(st.sets(st.sampled_from(LINES)))
    }
    quotas = {"lab": Quota("all", 3, 2), "plant": Quota("all", 4, 0)} if draw(st.booleans()) else {}
    free = draw(devices())
    running = tuple(
        Running(f"r{n}", f"RUN-{n}", (replace(device, id=f"x{n}"),), 0.0, (1.0, 20.0, 40.0), ("lab",), 0, True)
        for n, device in enumerate(draw(devices())[:3])
    )
    queue = draw(requests())
    return Snapshot(queue, free, {"f1": 4, "f2": 9}, lines=lines, quotas=quotas, running=running, now_s=1.0)


@settings(max_examples=40, deadline=None)
@given(snapshots())
def test_plan_places_gangs_whole_on_one_site_and_gives_no_device_twice(snapshot: Snapshot) -> None:
    requests_by_job = {request.job: request for request in snapshot.queue}
    given_out = [device for placed in plan(snapshot).placed for device in placed.devices]
    assert len({device.id for device in given_out}) == len(given_out)
    assert all(device in snapshot.free for device in given_out)
    for placed in plan(snapshot).placed:
        request = requests_by_job[placed.job]
        assert len(placed.devices) == request.devices
        assert len({device.site for device in placed.devices}) == 1
        assert all(device.pair in request.pairs for device in placed.devices)


@settings(max_examples=40, deadline=None)
@given(snapshots())
def test_plan_keeps_within_what_each_licence_line_allows(snapshot: Snapshot) -> None:
    requests_by_job = {request.job: request for request in snapshot.queue}
    placed = plan(snapshot).placed
    for name, line in snapshot.lines.items():
        per_job = [sum(name in device.pair for device in each.devices) for each in placed]
        assert line.per_job is None or all(used <= line.per_job for used in per_job)
        assert line.left is None or sum(per_job) <= line.left
        for each, used in zip(placed, per_job, strict=True):
            request = requests_by_job[each.job]
            ends = snapshot.now_s if request.checkpoints else snapshot.now_s + request.limit_s
            assert not used or ends < line.until_s


@settings(max_examples=40, deadline=None)
@given(snapshots())
def test_plan_keeps_within_caps_and_quotas(snapshot: Snapshot) -> None:
    requests_by_job = {request.job: request for request in snapshot.queue}
    placed = plan(snapshot).placed
    for cap, left in snapshot.caps.items():
        assert sum(len(p.devices) for p in placed if requests_by_job[p.job].cap == cap) <= left
    if snapshot.quotas:
        new = {
            name: sum(len(p.devices) for p in placed if requests_by_job[p.job].path[0] == name)
            for name in snapshot.quotas
        }
        held = sum(len(job.devices) for job in snapshot.running)
        assert not new["plant"] or new["plant"] <= snapshot.quotas["plant"].nominal
        assert not sum(new.values()) or sum(new.values()) + held <= 7


@settings(max_examples=30, deadline=None)
@given(snapshots())
def test_plan_is_the_same_again_and_answers_every_job_once_with_reason_and_position(snapshot: Snapshot) -> None:
    first, second = plan(snapshot), plan(snapshot)
    assert first == second
    answered = [each.job for each in first.placed] + [each.job for each in first.waits]
    assert sorted(answered) == sorted(request.job for request in snapshot.queue)
    assert all(each.reason for each in first.waits)
    assert sorted(each.position for each in first.waits) == list(range(1, len(first.waits) + 1))
    for each in first.waits:
        assert each.start_s is None or snapshot.now_s <= each.start_s[0] <= each.start_s[1] <= each.start_s[2]


@settings(max_examples=30, deadline=None)
@given(snapshots())
def test_plan_stops_only_lower_priority_or_borrowed_and_nobody_twice(snapshot: Snapshot) -> None:
    stops = plan(snapshot).stops
    assert len({stop.job for stop in stops}) == len(stops)
    requests_by_job = {request.job: request for request in snapshot.queue}
    for stop in stops:
        for_request = requests_by_job[stop.for_job]
        assert for_request.priority > 0 or (snapshot.quotas and for_request.path[0] == "plant")


def fleet(count: int) -> tuple[FreeDevice, ...]:
    return tuple(FreeDevice(f"d{n}", "h200", "s", f"h{n // 4}", "o1", PAIRS[0]) for n in range(count))


def ask(name: str, count: int, **more: object) -> Request:
    return Request(name, name.upper(), "h200", count, "o1", frozenset(PAIRS[:1]), "f", **more)  # type: ignore[arg-type]


def busy(devices: tuple[FreeDevice, ...], ends: float, **more: object) -> Running:
    return Running("r", "RUN", devices, 0.0, (ends, ends, ends), **more)  # type: ignore[arg-type]


def test_plan_lets_a_short_job_pass_a_blocked_one_and_a_long_one_not() -> None:
    eight = fleet(8)
    queue = (ask("big", 8, limit_s=100.0), ask("long", 2, limit_s=100.0), ask("short", 2, limit_s=30.0))
    found = plan(Snapshot(queue, eight[:4], running=(busy(eight[4:], 50.0),)))
    assert [each.job for each in found.placed] == ["short"]
    waits = {each.job: each for each in found.waits}
    assert waits["big"].start_s == (50.0, 50.0, 50.0)
    assert waits["long"].reason == "Its turn comes after BIG."
    assert waits["long"].position == 2


def test_plan_takes_whoever_had_less_of_late_first_within_a_priority() -> None:
    queue = (
        ask("rich", 4, path=("lab",)),
        ask("poor", 4, path=("plant",)),
        ask("urgent", 4, path=("lab",), priority=1),
    )
    claims = {("lab",): (9.0,), ("plant",): (1.0,)}
    assert [each.job for each in plan(Snapshot(queue, fleet(8), claims=claims)).placed] == ["urgent", "poor"]


def test_plan_lets_nobody_before_a_job_past_its_bound() -> None:
    queue = (ask("new", 4, priority=9, arrived_s=90.0), ask("old", 4, arrived_s=0.0))
    found = plan(Snapshot(queue, fleet(4), now_s=100.0, bound_s=60.0))
    assert [each.job for each in found.placed] == ["old"]


def test_plan_stops_the_youngest_of_lower_priority_for_a_higher_one() -> None:
    four = fleet(4)
    old = Running("old", "OLD", four[:2], 0.0, (99.0,) * 3, may_be_stopped=True)
    young = Running("young", "YOUNG", four[2:], 50.0, (99.0,) * 3, may_be_stopped=True)
    found = plan(Snapshot((ask("urgent", 2, priority=1),), (), running=(old, young)))
    assert [stop.job for stop in found.stops] == ["young"]


def test_plan_reclaims_borrowed_devices_once_and_not_back_again() -> None:
    four, quotas = fleet(4), {"lab": Quota("all", 2), "plant": Quota("all", 2)}
    held = tuple(
        Running(f"r{n}", f"R{n}", (device,), n, (99.0,) * 3, ("lab",), 0, True) for n, device in enumerate(four)
    )
    claimed = plan(Snapshot((ask("mine", 2, path=("plant",)),), (), running=held, quotas=quotas))
    assert {stop.job for stop in claimed.stops} == {"r3", "r2"}
    after = (*held[:2], Running("mine", "MINE", four[2:], 5.0, (99.0,) * 3, ("plant",), 0, True))
    assert plan(Snapshot((ask("back", 2, path=("lab",)),), (), running=after, quotas=quotas)).stops == ()


def test_plan_does_not_start_what_outlasts_its_licence_unless_it_checkpoints() -> None:
    lines = {"e1": Line(until_s=60.0)}
    queue = (ask("long", 2, limit_s=90.0, checkpoints=False), ask("saves", 2, limit_s=90.0))
    found = plan(Snapshot(queue, fleet(4), lines=lines))
    assert [each.job for each in found.placed] == ["saves"]
    assert (
        found.waits[0].reason
        == "It cannot end, by its time limit, before its licences do, and it writes no checkpoints."
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(0, 3)), min_size=1, max_size=12))
def test_no_job_waits_past_its_bound_however_urgent_the_later_ones_are(jobs: list[tuple[int, int, int]]) -> None:
    """Past the bound, only the jobs that were overdue before it and those that run may hold it up."""
    bound, longest, now = 20.0, 9.0, 0.0
    waiting = [
        ask(f"j{n}", size, limit_s=float(length), priority=urgent, arrived_s=float(n))
        for n, (size, length, urgent) in enumerate(jobs)
    ]
    running: list[tuple[float, tuple[FreeDevice, ...]]] = []
    for extra in range(200):
        if extra < 100:
            waiting.append(ask(f"x{extra}", 1, limit_s=longest, priority=9, arrived_s=now))
        running = [each for each in running if each[0] > now]
        taken = {device.id for _, held in running for device in held}
        free = tuple(device for device in fleet(4) if device.id not in taken)
        known = tuple(Running(str(n), str(n), held, 0.0, (end,) * 3) for n, (end, held) in enumerate(running))
        due = [request for request in waiting if request.arrived_s <= now]
        placed = plan(Snapshot(tuple(due), free, running=known, now_s=now, bound_s=bound)).placed
        lengths = {request.job: request.limit_s for request in waiting}
        running += [(now + lengths[each.job], each.devices) for each in placed]
        waiting = [request for request in waiting if request.job not in {each.job for each in placed}]
        now += 1.0
        first = [request for request in waiting if request.job.startswith("j")]
        assert all(now - request.arrived_s <= bound + longest * (2 * len(jobs) + 1) for request in first)
    assert not [request for request in waiting if request.job.startswith("j")]


def test_plan_stops_nobody_more_while_what_it_stopped_is_still_leaving() -> None:
    four = fleet(4)
    held = tuple(
        Running(f"r{n}", f"R{n}", (device,), n, (99.0,) * 3, may_be_stopped=True, leaves=n > 1)
        for n, device in enumerate(four)
    )
    assert plan(Snapshot((ask("urgent", 2, priority=1),), (), running=held)).stops == ()
    more = plan(Snapshot((ask("urgent", 3, priority=1),), (), running=held))
    assert [stop.job for stop in more.stops] == ["r1"]


def test_plan_gives_reclaimed_devices_to_their_owner_and_not_to_an_older_urgent_borrower() -> None:
    quotas = {"lab": Quota("all", 2), "plant": Quota("all", 2)}
    queue = (ask("again", 2, path=("lab",), priority=9), ask("mine", 2, path=("plant",), arrived_s=1.0))
    held = (Running("r", "R", fleet(2), 0.0, (99.0,) * 3, ("lab",)),)
    found = plan(Snapshot(queue, fleet(4)[2:], running=held, quotas=quotas, now_s=2.0))
    assert [each.job for each in found.placed] == ["mine"]


def test_plan_ranks_a_job_anew_once_its_account_has_begun_to_borrow() -> None:
    quotas = {"lab": Quota("all", 2), "plant": Quota("all", 2)}
    queue = (
        ask("first", 2, path=("lab", "a")),
        ask("second", 2, path=("lab", "b"), priority=5),
        ask("third", 2, path=("plant",), arrived_s=1.0),
    )
    found = plan(Snapshot(queue, fleet(4), quotas=quotas, now_s=2.0))
    assert sorted(each.job for each in found.placed) == ["second", "third"]


def test_plan_frees_a_quota_though_devices_are_free() -> None:
    quotas = {"lab": Quota("all", 2), "plant": Quota("all", 2)}
    eight = fleet(8)
    held = tuple(
        Running(f"r{n}", f"R{n}", (device,), n, (99.0,) * 3, ("lab",), 0, True) for n, device in enumerate(eight[:4])
    )
    found = plan(Snapshot((ask("mine", 2, path=("plant",)),), eight[4:], running=held, quotas=quotas))
    assert {stop.job for stop in found.stops} == {"r3", "r2"}


def test_plan_keeps_off_hosts_that_are_booked_for_others() -> None:
    queue = (ask("guest", 4, keeps_off=frozenset({"h0"})), ask("late", 4, keeps_off=frozenset({"h0"}), arrived_s=1.0))
    found = plan(Snapshot(queue, fleet(8)))
    assert [(each.job, each.hosts) for each in found.placed] == [("guest", ("h1",))]
    assert found.waits[0].reason.startswith("0 of the 4")


def test_plan_counts_a_job_against_every_quota_that_it_names() -> None:
    quotas = {"org": Quota("orgs", 4), "team": Quota("teams", 2, name="Team A")}
    queue = (ask("big", 3, accounts=("org", "team")), ask("small", 2, accounts=("org", "team"), arrived_s=1.0))
    found = plan(Snapshot(queue, fleet(8), quotas=quotas))
    assert [each.job for each in found.placed] == ["small"]
    assert "quota of Team A" in found.waits[0].reason


def test_plan_keeps_nothing_for_a_job_that_its_booked_out_hosts_or_its_lines_rule_out() -> None:
    booked = ask("booked", 4, keeps_off=frozenset({"h0"}), limit_s=100.0)
    found = plan(Snapshot((booked, ask("short", 4, limit_s=9.0, arrived_s=1.0)), fleet(4)))
    assert [each.job for each in found.placed] == ["short"]
    large = plan(Snapshot((ask("large", 3), ask("fitting", 2, arrived_s=1.0)), fleet(4), lines={"e1": Line(per_job=2)}))
    assert [each.job for each in large.placed] == ["fitting"]


def test_plan_stops_a_lower_job_that_holds_the_limit_which_an_urgent_one_needs() -> None:
    eight = fleet(8)
    held = Running("low", "LOW", eight[:4], 0.0, (99.0,) * 3, may_be_stopped=True, caps=frozenset({"f"}))
    other = Running("other", "OTHER", eight[4:6], 5.0, (99.0,) * 3, may_be_stopped=True, caps=frozenset({"g"}))
    queue = (ask("urgent", 2, priority=1),)
    found = plan(Snapshot(queue, eight[6:], {"f": 1}, running=(held, other)))
    assert [stop.job for stop in found.stops] == ["low"]
    assert plan(Snapshot(queue, eight[6:], {"f": 2}, running=(held, other))).stops == ()
