"""What placement is told and what it answers: plain values, no Django, no models. Times in seconds of one clock."""

from __future__ import annotations

from dataclasses import dataclass, field

Pair = tuple[str, ...]
Path = tuple[str, ...]
ALWAYS = float("inf")


@dataclass(frozen=True, slots=True)
class FreeDevice:
    """A device in order, unleased, unreserved, on a host that was heard of lately.

    ``pair`` is its line of each authority; ``pool`` what the two licences bind together, such as an order.
    """

    id: str
    chip: str
    site: str
    host: str
    pool: str
    pair: Pair
    rack: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What one licence line allows now: devices in one job, devices yet to be used at once, and until when."""

    per_job: int | None = None
    left: int | None = None
    until_s: float = ALWAYS


@dataclass(frozen=True, slots=True)
class Request:
    """A waiting job whose chain is whole.

    ``pairs`` are the pairs of licence lines that keep the chain whole. ``cap`` names a limit on devices held
    at once that the job counts against, ``caps`` further ones. ``path`` is organisation, team, person.
    A job that cannot write checkpoints must be able to end, by its time limit, before its licences do.
    ``prefers`` are hosts that hold what the job goes on from; ``only_on`` the hosts fit for it, None for any;
    ``keeps_off`` hosts that are booked for others within its time. ``accounts`` are the quotas that it counts
    against, the first of its path where none is named.
    """

    job: str
    label: str
    chip: str
    devices: int
    pool: str
    pairs: frozenset[Pair]
    cap: str
    caps: frozenset[str] = frozenset()
    priority: int = 0
    path: Path = ()
    arrived_s: float = 0.0
    limit_s: float = ALWAYS
    checkpoints: bool = True
    likely_s: tuple[float, float, float] | None = None
    prefers: frozenset[str] = frozenset()
    only_on: frozenset[str] | None = None
    keeps_off: frozenset[str] = frozenset()
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Running:
    """A job that holds devices: which, since when, and what stopping it would lose in device-seconds.

    ``leaves`` says that it is being stopped already: its devices come free by themselves.
    """

    job: str
    label: str
    devices: tuple[FreeDevice, ...]
    started_s: float
    ends_s: tuple[float, float, float]
    path: Path = ()
    priority: int = 0
    may_be_stopped: bool = False
    lost_device_s: float = 0.0
    caps: frozenset[str] = frozenset()
    accounts: tuple[str, ...] = ()
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """Devices that an account is due, whom it borrows from and lends to, and how far it may borrow; its name."""

    cohort: str
    nominal: int
    borrow: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the scheduler sees: the queue, the free devices, what each cap still leaves, and what else counts.

    ``claims`` order paths by what they had of late, the least first; ``quotas`` are by account.
    Whoever has waited ``bound_s`` goes before everybody.
    """

    queue: tuple[Request, ...]
    free: tuple[FreeDevice, ...]
    caps: dict[str, int] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    running: tuple[Running, ...] = ()
    claims: dict[Path, tuple[float, ...]] = field(default_factory=dict)
    quotas: dict[str, Quota] = field(default_factory=dict)
    now_s: float = 0.0
    bound_s: float = ALWAYS


@dataclass(frozen=True, slots=True)
class Placed:
    """One job and the devices it gets, grouped by host; the first host has rank 0."""

    job: str
    devices: tuple[FreeDevice, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of the gang, by rank."""
        return tuple(dict.fromkeys(device.host for device in self.devices))


@dataclass(frozen=True, slots=True)
class Waits:
    """One job and why it waits, in words; its position among those who want the same devices, and when it may start.

    ``start_s`` is earliest, likely and latest, if nobody new goes before it; None where nothing can be said.
    """

    job: str
    reason: str
    position: int = 0
    start_s: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Stops:
    """A running job that is to be checkpointed and stopped, and for whom."""

    job: str
    for_job: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What one look at the queue comes to."""

    placed: tuple[Placed, ...]
    waits: tuple[Waits, ...]
    stops: tuple[Stops, ...] = ()


def accounts_of(job: Request | Running) -> tuple[str, ...]:
    """The quotas that a job counts against: those it names, else the first of its path."""
    return job.accounts or job.path[:1]
