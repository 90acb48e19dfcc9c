"""Free devices by host, and the choice of a gang among them.

A gang stands on one site: on the host that it fills best, else within the rack that it fills best, else on as few
hosts of a site as possible. Keeping a view current costs as much as what changed, not as much as there is.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from allocation.scheduler.placement.model import FreeDevice, Pair

Place = tuple[str, str, str]
Limits = dict[str, int]


@dataclass(frozen=True, slots=True)
class Wish:
    """A gang that is looked for: devices of these pairs, of no line more than ``limits`` says.

    ``prefers`` are hosts that go before others; ``only_on`` the hosts that will do, None for any; ``keeps_off`` those
    that will not.
    """

    count: int
    pairs: frozenset[Pair]
    limits: Limits = field(default_factory=dict)
    prefers: frozenset[str] = frozenset()
    only_on: frozenset[str] | None = None
    keeps_off: frozenset[str] = frozenset()

    def will_do(self, host: str) -> bool:
        """Whether the gang may stand on a host."""
        return host not in self.keeps_off and (self.only_on is None or host in self.only_on)

    @property
    def is_plain(self) -> bool:
        """Whether any host with enough is as good as another."""
        return not (self.limits or self.prefers or self.keeps_off or self.only_on is not None)


class View:
    """Hosts by how many free devices they have for one set of pairs."""

    def __init__(self) -> None:
        self.total = 0
        self.by_rack: dict[tuple[str, str], int] = defaultdict(int)
        self.by_site: dict[str, int] = defaultdict(int)
        self.of_rack: dict[tuple[str, str], set[Place]] = defaultdict(set)
        self.of_site: dict[str, set[Place]] = defaultdict(set)
        self.has: dict[Place, int] = {}
        self._with: dict[int, list[Place]] = defaultdict(list)

    def moved(self, place: Place, by: int) -> None:
        """A host has ``by`` more, or fewer."""
        site, rack, _ = place
        has = self.has.get(place, 0) + by
        self.total += by
        self.by_rack[(site, rack)] += by
        self.by_site[site] += by
        if has:
            self.has[place] = has
            self.of_rack[(site, rack)].add(place)
            self.of_site[site].add(place)
            heapq.heappush(self._with[has], place)
        else:
            self.has.pop(place, None)
            self.of_rack[(site, rack)].discard(place)
            self.of_site[site].discard(place)

    def tightest(self, count: int) -> Place | None:
        """The host with the fewest free devices that still has ``count``; the first by name of equals."""
        for has in sorted(number for number in self._with if number >= count):
            places = self._with[has]
            while places and self.has.get(places[0]) != has:
                heapq.heappop(places)
            if places:
                return places[0]
            del self._with[has]
        return None

    def groups(self, count: int) -> Iterator[list[Place]]:
        """Hosts that together have ``count``: of one rack, the tightest first, then of one site; each fullest first."""
        racks = sorted((free, rack) for rack, free in self.by_rack.items() if free >= count and rack[1])
        sites = sorted(site for site, free in self.by_site.items() if free >= count)
        for found in (*(self.of_rack[rack] for _, rack in racks), *(self.of_site[site] for site in sites)):
            yield sorted(found, key=lambda place: (-self.has[place], place))


class Free:
    """The free devices of one chip and pool, by host and pair, with a view for each set of pairs asked for."""

    def __init__(self) -> None:
        self._hosts: dict[Place, dict[str, FreeDevice]] = defaultdict(dict)
        self._views: dict[frozenset[Pair], View] = {}
        self.by_pair: dict[Pair, int] = defaultdict(int)
        self.count = 0

    def add(self, device: FreeDevice) -> None:
        """A device became free."""
        self._hosts[_place(device)][device.id] = device
        self._moved(device, 1)

    def remove(self, device: FreeDevice) -> None:
        """A device is free no more."""
        del self._hosts[_place(device)][device.id]
        self._moved(device, -1)

    def _moved(self, device: FreeDevice, by: int) -> None:
        self.count += by
        self.by_pair[device.pair] += by
        for pairs, view in self._views.items():
            if device.pair in pairs:
                view.moved(_place(device), by)

    def view(self, pairs: frozenset[Pair]) -> View:
        """How many devices of these pairs each host has."""
        found = self._views.get(pairs)
        if found is None:
            found = self._views[pairs] = View()
            for place, held in self._hosts.items():
                fitting = sum(device.pair in pairs for device in held.values())
                if fitting:
                    found.moved(place, fitting)
        return found

    def room(self, wish: Wish) -> int:
        """How many free devices stand under these lines on hosts that will do."""
        view = self.view(wish.pairs)
        if not wish.keeps_off and wish.only_on is None:
            return view.total
        return sum(has for place, has in view.has.items() if wish.will_do(place[2]))

    def choose(self, wish: Wish) -> tuple[FreeDevice, ...]:
        """The devices of a gang; empty where there is none such."""
        view = self.view(wish.pairs)
        if view.total < wish.count:
            return ()
        for places in self._candidates(view, wish):
            gang = _within(self._devices(places, wish.pairs), wish.count, wish.limits)
            if gang:
                return gang
        return ()

    def _candidates(self, view: View, wish: Wish) -> Iterator[list[Place]]:
        if wish.is_plain:
            place = view.tightest(wish.count)
            if place is not None:
                yield [place]
                return
            yield from view.groups(wish.count)
            return
        roomy = [(place[2] not in wish.prefers, has, place) for place, has in view.has.items() if has >= wish.count]
        fit = [place for _, _, place in sorted(roomy) if wish.will_do(place[2])]
        yield from ([place] for place in fit)
        yield from ([place for place in places if wish.will_do(place[2])] for places in view.groups(wish.count))

    def _devices(self, places: list[Place], pairs: frozenset[Pair]) -> Iterator[FreeDevice]:
        for place in places:
            held = self._hosts[place]
            yield from (held[name] for name in sorted(held) if held[name].pair in pairs)


def _place(device: FreeDevice) -> Place:
    return device.site, device.rack, device.host


def _within(devices: Iterable[FreeDevice], count: int, limits: Limits) -> tuple[FreeDevice, ...]:
    """The first ``count`` that pass no line's limit; empty where fewer do."""
    left, gang = dict(limits), []
    for device in devices:
        if any(left.get(line, 1) < 1 for line in set(device.pair)):
            continue
        for line in set(device.pair):
            if line in left:
                left[line] -= 1
        gang.append(device)
        if len(gang) == count:
            return tuple(gang)
    return ()


def choose_gang(
    devices: Iterable[FreeDevice], count: int, prefers: frozenset[str] = frozenset()
) -> tuple[FreeDevice, ...]:
    """``count`` devices of one site: the host they fill best, else the fewest hosts; empty where none do."""
    free, pairs = Free(), set()
    for device in devices:
        free.add(device)
        pairs.add(device.pair)
    return free.choose(Wish(count, frozenset(pairs), prefers=prefers))
