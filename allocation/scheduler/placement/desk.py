"""The desk at which devices are given out: kept current as devices and jobs come and go.

Jobs stand in lanes: alike in what they ask for and whose they are. A turn looks only at lanes whose devices have
changed, and in each only at the head, so that its cost grows with what changed and not with what waits.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Final

from allocation.scheduler.placement.contest import reservation
from allocation.scheduler.placement.gang import Free, Wish
from allocation.scheduler.placement.model import (
    ALWAYS,
    FreeDevice,
    Line,
    Pair,
    Path,
    Placed,
    Quota,
    Request,
    Running,
    accounts_of,
)

Stock = tuple[str, str]
Rank = tuple[int, int, int, tuple[float, ...], float, int]
BEHIND_THE_HEAD: Final = 16


@dataclass(frozen=True, slots=True)
class LaneKey:
    """What the jobs of a lane have in common."""

    stock: Stock
    pairs: frozenset[Pair]
    devices: int
    caps: frozenset[str]
    path: Path
    priority: int
    checkpoints: bool
    prefers: frozenset[str]
    only_on: frozenset[str] | None
    keeps_off: frozenset[str]
    accounts: tuple[str, ...]


Head = tuple[Rank, int, LaneKey]


@dataclass(slots=True)
class Blocked:
    """A job that could not start: it keeps what it may use, until its devices are expected."""

    request: Request
    pairs: frozenset[Pair]
    from_s: float


@dataclass
class Desk:
    """Free devices, waiting jobs, limits, and who has had how much; ``now_s`` is the present."""

    lines: dict[str, Line] = field(default_factory=dict)
    caps: dict[str, int] = field(default_factory=dict)
    claims: dict[Path, tuple[float, ...]] = field(default_factory=dict)
    quotas: dict[str, Quota] = field(default_factory=dict)
    bound_s: float = ALWAYS
    now_s: float = 0.0
    in_use: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    running: dict[Stock, list[Running]] = field(default_factory=lambda: defaultdict(list))
    started: dict[Stock, list[Request]] = field(default_factory=lambda: defaultdict(list))
    blocked: dict[Stock, list[Blocked]] = field(default_factory=dict)
    capped: dict[Stock, list[Request]] = field(default_factory=dict)
    _free: dict[Stock, Free] = field(default_factory=lambda: defaultdict(Free))
    _lanes: dict[LaneKey, list[tuple[float, int]]] = field(default_factory=dict)
    _of_stock: dict[Stock, dict[LaneKey, None]] = field(default_factory=lambda: defaultdict(dict))
    _of_cap: dict[str, dict[Stock, None]] = field(default_factory=lambda: defaultdict(dict))
    _waiting: dict[int, Request] = field(default_factory=dict)
    _dirty: dict[Stock, None] = field(default_factory=dict)
    _hopeless: dict[tuple[Stock, frozenset[Pair]], int] = field(default_factory=dict)
    _may_stop: set[Stock] = field(default_factory=set)
    _tickets: int = 0

    def add_device(self, device: FreeDevice) -> None:
        """A device became free."""
        self._free[(device.chip, device.pool)].add(device)
        self._dirty[(device.chip, device.pool)] = None

    def remove_device(self, device: FreeDevice) -> None:
        """A device is free no more, or out of order."""
        self._free[(device.chip, device.pool)].remove(device)

    def submit(self, request: Request) -> None:
        """A job joins its lane."""
        key = _lane_of(request)
        if key not in self._lanes:
            self._lanes[key] = []
            self._of_stock[key.stock][key] = None
            for cap in key.caps:
                self._of_cap[cap][key.stock] = None
        self._tickets += 1
        self._waiting[self._tickets] = request
        heapq.heappush(self._lanes[key], (request.arrived_s, self._tickets))
        self._dirty[key.stock] = None

    def release_cap(self, cap: str, devices: int) -> None:
        """Devices that counted against a limit are held no more."""
        self.caps[cap] = self.caps.get(cap, 0) + devices
        self._dirty.update(self._of_cap[cap])

    def waiting(self) -> list[Request]:
        """Everybody who waits, in the order of rank."""
        ranked = sorted((self._rank(request, ticket), ticket) for ticket, request in self._waiting.items())
        return [self._waiting[ticket] for _, ticket in ranked]

    def turn(self) -> list[Placed]:
        """Place whom the changes since the last turn let start: of all the heads, whoever ranks first is tried first.

        Stocks share the limits of a filing and the quotas of an account, so that rank decides between them too.
        """
        placed: list[Placed] = []
        stocks, self._dirty = self._dirty, {}
        self._hopeless.clear()
        queues = {stock: self._open(stock) for stock in stocks}
        fronts = [(heads[0], stock) for stock, heads in queues.items() if heads]
        heapq.heapify(fronts)
        while fronts:
            (_, ticket, key), stock = heapq.heappop(fronts)
            placed += self._step(queues[stock], ticket, key)
            if queues[stock]:
                heapq.heappush(fronts, (queues[stock][0], stock))
        return placed

    def _open(self, stock: Stock) -> list[Head]:
        """The heads of its lanes, the first in rank first; none where nothing can be given out."""
        self.blocked[stock], self.capped[stock], self.started[stock] = [], [], []
        self._may_stop.discard(stock)
        if any(job.may_be_stopped for job in self.running.get(stock, ())):
            self._may_stop.add(stock)
        if not self._may_give(stock):
            return []
        heads = [self._head(key) for key in self._of_stock[stock] if self._lanes[key]]
        heapq.heapify(heads)
        return heads

    def _step(self, heads: list[Head], ticket: int, key: LaneKey) -> list[Placed]:
        """Try the first of the heads; who is placed gives way to the next of his lane.

        Whose rank has sunk meanwhile, since his account now borrows, waits until his turn comes again.
        """
        was, _, _ = heapq.heappop(heads)
        if self._rank(self._waiting[ticket], ticket) > was:
            heapq.heappush(heads, self._head(key))
            return []
        given = self._try(self._waiting[ticket])
        if given is None:
            placed = self._behind(key)
            is_over = key.stock not in self._may_stop and self._is_all_kept(key.stock)
        else:
            placed = [given]
            self._leave(key, ticket)
            if self._lanes[key]:
                heapq.heappush(heads, self._head(key))
            is_over = not self._may_give(key.stock)
        if is_over:
            heads.clear()
        return placed

    def _may_give(self, stock: Stock) -> bool:
        return bool(self._free[stock].count) or stock in self._may_stop

    def _is_all_kept(self, stock: Stock) -> bool:
        """Whether every free device is kept for somebody, and nobody could pass: nothing more is to be given out."""
        kept = {pair for each in self.blocked[stock] if each.from_s <= self.now_s for pair in each.pairs}
        return all(pair in kept for pair, count in self._free[stock].by_pair.items() if count)

    def _head(self, key: LaneKey) -> Head:
        ticket = self._lanes[key][0][1]
        return self._rank(self._waiting[ticket], ticket), ticket, key

    def _rank(self, request: Request, ticket: int) -> Rank:
        """Past the bound first; then within one's own quota, so that what is given back is not borrowed again."""
        if self.now_s - request.arrived_s >= self.bound_s:
            return (0, 0, 0, (), request.arrived_s, ticket)
        claim = self.claims.get(request.path, ())
        borrows = int(would_borrow(request, self.quotas, self.in_use))
        return (1, borrows, -request.priority, claim, request.arrived_s, ticket)

    def _leave(self, key: LaneKey, ticket: int) -> None:
        lane = self._lanes[key]
        if lane[0][1] == ticket:
            heapq.heappop(lane)
        else:
            lane[:] = [entry for entry in lane if entry[1] != ticket]
            heapq.heapify(lane)
        del self._waiting[ticket]

    def _behind(self, key: LaneKey) -> list[Placed]:
        """Later jobs of a lane whose head is blocked: one that ends sooner may pass."""
        placed: list[Placed] = []
        lane = self._lanes[key]
        if len(lane) < 2 or self._free[key.stock].view(key.pairs).total < key.devices:
            return placed
        for _, ticket in heapq.nsmallest(BEHIND_THE_HEAD, lane)[1:]:
            given = self._try(self._waiting[ticket], may_reserve=False)
            if given is not None:
                placed.append(given)
                self._leave(key, ticket)
        return placed

    def _try(self, request: Request, *, may_reserve: bool = True) -> Placed | None:
        stock = (request.chip, request.pool)
        if self.cap_short_of(request):
            if may_reserve:
                self.capped[stock].append(request)
            return None
        own = self.open_pairs(request)
        if not self._is_within_quota(request):
            if may_reserve and is_due(request, self.quotas, self.in_use):
                self._reserve(request, stock, own)
            return None
        pairs = self._unreserved(request, own)
        if pairs and request.devices < self._hopeless.get((stock, pairs), ALWAYS):
            wish = self.wish(request, pairs)
            gang = self._free[stock].choose(wish)
            if gang:
                self._give(request, gang)
                return Placed(request.job, gang)
            if wish.is_plain:
                self._hopeless[(stock, pairs)] = request.devices
        if may_reserve:
            self._reserve(request, stock, own)
        return None

    def cap_short_of(self, request: Request) -> str | None:
        """The limit on devices at once that leaves fewer than the job asks for."""
        for cap in sorted({request.cap, *request.caps}):
            if self.caps.get(cap, request.devices) < request.devices:
                return cap
        return None

    def _is_within_quota(self, request: Request) -> bool:
        own = [account for account in accounts_of(request) if account in self.quotas]
        return all(request.devices <= quota_left(account, self.quotas, self.in_use) for account in own)

    def open_pairs(self, request: Request) -> frozenset[Pair]:
        """Its pairs of lines that still have devices left, and last until it ends or can save its state."""
        lasts = self.now_s if request.checkpoints else self.now_s + request.limit_s
        return frozenset(pair for pair in request.pairs if all(self._is_open(line, lasts) for line in pair))

    def _is_open(self, name: str, lasts_s: float) -> bool:
        line = self.lines.get(name)
        if line is None:
            return True
        left = line.left is None or line.left > 0
        return left and (line.until_s == ALWAYS or lasts_s < line.until_s)

    def wish(self, request: Request, pairs: frozenset[Pair]) -> Wish:
        """The gang it looks for, with the lines that allow fewer devices than it asks for."""
        limits = {}
        for name in {line for pair in pairs for line in pair} & self.lines.keys():
            allowed = [most for most in (self.lines[name].per_job, self.lines[name].left) if most is not None]
            if allowed and min(allowed) < request.devices:
                limits[name] = min(allowed)
        return Wish(request.devices, pairs, limits, request.prefers, request.only_on, request.keeps_off)

    def most_in_one_job(self, pairs: frozenset[Pair]) -> int | None:
        """How many devices of one job these pairs of lines allow together; None where nothing limits one of them."""
        most = 0
        for pair in pairs:
            allowed = [self.lines[name] for name in pair if name in self.lines]
            bounds = [least for line in allowed for least in (line.per_job, line.left) if least is not None]
            if not bounds:
                return None
            most += min(bounds)
        return most

    def _unreserved(self, request: Request, pairs: frozenset[Pair]) -> frozenset[Pair]:
        for each in self.blocked.get((request.chip, request.pool), ()):
            if self.now_s + request.limit_s > each.from_s:
                pairs -= each.pairs
        return pairs

    def _reserve(self, request: Request, stock: Stock, pairs: frozenset[Pair]) -> None:
        """Keep what a blocked job may use for it, where no earlier one keeps it already.

        Nothing is kept where even all that runs now would not make room, on hosts that will do and within what the
        lines allow one job.
        """
        if all(any(pair in each.pairs for each in self.blocked[stock]) for pair in pairs):
            return
        wish = self.wish(request, pairs)
        held = [
            (job.ends_s[1], sum(device.pair in pairs and wish.will_do(device.host) for device in job.devices))
            for job in self.running.get(stock, ())
        ]
        free = self._free[stock].room(wish)
        from_s, _ = reservation(request.devices, free=free, ends=held, now=self.now_s)
        is_out_of_reach = from_s == ALWAYS and (held or not wish.is_plain)
        if is_out_of_reach or self.is_beyond_one_job(request, pairs):
            return
        self.blocked[stock].append(Blocked(request, pairs, self.now_s if from_s == ALWAYS else from_s))

    def is_beyond_one_job(self, request: Request, pairs: frozenset[Pair]) -> bool:
        """Whether the lines never allow one job so many devices, however many are free."""
        most = 0
        for pair in pairs:
            bounds = [line.per_job for name in pair if (line := self.lines.get(name)) and line.per_job is not None]
            if not bounds:
                return False
            most += min(bounds)
        return most < request.devices

    def _give(self, request: Request, gang: tuple[FreeDevice, ...]) -> None:
        for device in gang:
            self._free[(device.chip, device.pool)].remove(device)
            for name in set(device.pair) & self.lines.keys():
                line = self.lines[name]
                self.lines[name] = replace(line, left=None if line.left is None else line.left - 1)
        for cap in {request.cap, *request.caps} & self.caps.keys():
            self.caps[cap] -= len(gang)
        self.started[(request.chip, request.pool)].append(request)
        for account in accounts_of(request):
            self.in_use[account] += len(gang)


def quota_left(account: str, quotas: dict[str, Quota], in_use: dict[str, int]) -> int:
    """Devices that an account may still take: what it is due, and what its cohort does not use, as far as it may."""
    quota, used = quotas[account], in_use.get(account, 0)
    cohort = [name for name, each in quotas.items() if each.cohort == quota.cohort]
    unused = sum(quotas[name].nominal - in_use.get(name, 0) for name in cohort)
    most = ALWAYS if quota.borrow is None else quota.nominal + quota.borrow - used
    return int(max(min(unused, most), 0))


def is_due(request: Request, quotas: dict[str, Quota], in_use: dict[str, int]) -> bool:
    """Whether a job's account has a quota and stays within what it is due, borrowing nothing."""
    own = [account for account in accounts_of(request) if account in quotas]
    return bool(own) and not would_borrow(request, quotas, in_use)


def would_borrow(request: Request, quotas: dict[str, Quota], in_use: dict[str, int]) -> bool:
    """Whether one of its accounts would then use more than it is due."""
    own = [account for account in accounts_of(request) if account in quotas]
    return any(in_use.get(account, 0) + request.devices > quotas[account].nominal for account in own)


def _lane_of(request: Request) -> LaneKey:
    caps = request.caps | {request.cap}
    stock = (request.chip, request.pool)
    plain = (stock, request.pairs, request.devices, caps, request.path, request.priority)
    where = (request.prefers, request.only_on, request.keeps_off)
    return LaneKey(*plain, request.checkpoints, *where, request.accounts)
