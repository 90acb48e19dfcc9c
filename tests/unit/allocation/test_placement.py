"""Placement: first come first served, gangs whole, licences kept, caps kept, a reason for everybody who waits."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from allocation.scheduler.placement import FreeDevice, Request, Snapshot, plan

PAIRS = [("e1", "i1"), ("e2", "i1"), ("e2", "i2")]


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    free = tuple(
        FreeDevice(
            id=f"d{number:02d}",
            chip=draw(st.sampled_from(["h200", "h20"])),
            site=(site := draw(st.sampled_from(["s1", "s2"]))),
            host=f"{site}-{draw(st.sampled_from(['a', 'b', 'c']))}",
            pool=draw(st.sampled_from(["o1", "o2"])),
            pair=draw(st.sampled_from(PAIRS)),
        )
        for number in range(draw(st.integers(0, 14)))
    )
    queue = tuple(
        Request(
            job=f"j{number}",
            label=f"JOB-{number}",
            chip=draw(st.sampled_from(["h200", "h20"])),
            devices=draw(st.integers(1, 5)),
            pool=draw(st.sampled_from(["o1", "o2"])),
            pairs=frozenset(draw(st.sets(st.sampled_from(PAIRS)))),
            cap=draw(st.sampled_from(["f1", "f2"])),
        )
        for number in range(draw(st.integers(0, 8)))
    )
    return Snapshot(queue, free, {"f1": draw(st.integers(0, 6)), "f2": draw(st.integers(0, 6))})


@given(snapshots())
def test_plan_gives_each_device_once_and_only_to_whom_it_fits(snapshot: Snapshot) -> None:
    given_out = [device.id for placed in plan(snapshot).placed for device in placed.devices]
    assert len(given_out) == len(set(given_out))
    requests = {request.job: request for request in snapshot.queue}
    for placed in plan(snapshot).placed:
        request = requests[placed.job]
        assert len(placed.devices) == request.devices
        assert {device.site for device in placed.devices} == {placed.devices[0].site}
        assert all(device in snapshot.free for device in placed.devices)
        assert all(device.pair in request.pairs for device in placed.devices)
        assert {(device.chip, device.pool) for device in placed.devices} == {(request.chip, request.pool)}


@given(snapshots())
def test_plan_answers_every_job_exactly_once_with_a_reason(snapshot: Snapshot) -> None:
    result = plan(snapshot)
    answered = [each.job for each in result.placed] + [each.job for each in result.waits]
    assert sorted(answered) == sorted(request.job for request in snapshot.queue)
    assert all(each.reason for each in result.waits)


@given(snapshots())
def test_plan_never_passes_a_cap(snapshot: Snapshot) -> None:
    caps = {request.job: request.cap for request in snapshot.queue}
    for name, most in snapshot.caps.items():
        assert sum(len(p.devices) for p in plan(snapshot).placed if caps[p.job] == name) <= most


@given(snapshots())
def test_plan_lets_nobody_take_what_an_earlier_one_waits_for(snapshot: Snapshot) -> None:
    result = plan(snapshot)
    order = {request.job: number for number, request in enumerate(snapshot.queue)}
    requests = {request.job: request for request in snapshot.queue}
    capped = {each.job for each in result.waits if "limit leaves" in each.reason}
    for waiting in result.waits:
        if waiting.job in capped:
            continue
        request = requests[waiting.job]
        for placed in result.placed:
            if order[placed.job] > order[waiting.job]:
                wanted = (request.chip, request.pool)
                assert not any((d.chip, d.pool) == wanted and d.pair in request.pairs for d in placed.devices)


@given(snapshots())
def test_plan_of_the_same_snapshot_is_the_same(snapshot: Snapshot) -> None:
    assert plan(snapshot) == plan(Snapshot(snapshot.queue, tuple(reversed(snapshot.free)), snapshot.caps))


def device(name: str, host: str, site: str = "s1") -> FreeDevice:
    return FreeDevice(name, "h200", site, host, "o1", PAIRS[0])


def request(devices: int, job: str = "j") -> Request:
    return Request(job, job.upper(), "h200", devices, "o1", frozenset(PAIRS), "f1")


def test_gang_is_put_on_the_one_host_that_it_fills_best() -> None:
    free = [device("d1", "a"), device("d2", "a"), device("d3", "a"), device("d4", "b"), device("d5", "b")]
    placed = plan(Snapshot((request(2),), tuple(free))).placed
    assert placed[0].hosts == ("b",)


def test_gang_over_hosts_stays_on_one_site() -> None:
    free = (device("d1", "a"), device("d2", "b"), device("d3", "c", "s2"))
    assert plan(Snapshot((request(2),), free)).placed[0].hosts == ("a", "b")
    assert not plan(Snapshot((request(3),), free)).placed


def test_small_job_waits_behind_the_gang_that_came_first() -> None:
    result = plan(Snapshot((request(3, "big"), request(1, "small")), (device("d1", "a"), device("d2", "a"))))
    assert [each.reason for each in result.waits] == [
        "2 of the 3 licensed devices that it asks for are free now.",
        "Its turn comes after BIG.",
    ]


def test_limit_that_two_chips_share_goes_to_whoever_came_first() -> None:
    free = (replace(device("d1", "a"), chip="h20"), device("d2", "a"))
    queue = (request(1, "first"), replace(request(1, "second"), chip="h20"))
    assert [each.job for each in plan(Snapshot(queue, free, {"f1": 1})).placed] == ["first"]
