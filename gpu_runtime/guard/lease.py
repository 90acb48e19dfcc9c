"""The lease of one attempt as its guard counts it. Pure: time comes in, decisions come out.

Time runs from the moment at which the guard made the nonce that a warrant answers, never from the answer.
Only the latest nonce counts, and only once. Without a good answer the runner is told to stop at
`ttl - grace` and everything is killed at `ttl`. A drain warrant is final, and so is a stop.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from nacl.signing import VerifyKey

from gpu_runtime.protocol.canonical import NotCanonical, spec_digest
from gpu_runtime.protocol.messages import ClaimAnswer, RenewVerdict
from gpu_runtime.protocol.signing import new_nonce
from gpu_runtime.protocol.warrant import (
    Envelope,
    Refusal,
    WarrantDocument,
    WarrantRefused,
    verify_warrant,
)

STOP_GRACE_MS = 2_000


class Phase(StrEnum):
    """Where an attempt stands on its host."""

    WAITING = "waiting"
    HELD = "held"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"


class Cause(StrEnum):
    """Why an attempt was told to stop."""

    EXPIRY = "expiry"
    DRAIN = "drain"
    STOP = "stop"


class Step(StrEnum):
    """What the guard has to do now."""

    WAIT = "wait"
    START = "start"
    TERMINATE = "terminate"
    KILL = "kill"
    END = "end"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a guard knows before any answer: who it is, whom it obeys, and the times it keeps."""

    host_id: str
    attempt_id: str
    device_uuids: frozenset[str]
    pinned_keys: Mapping[str, VerifyKey]
    ttl_ms: int
    grace_ms: int


@dataclass(frozen=True, slots=True)
class Held:
    """What the claim's warrant settled; every later warrant must name the same."""

    fencing_token: int
    spec_sha256: str
    device_uuids: tuple[str, ...]
    nonce: str


class Lease:
    """The hold of one attempt on its devices, counted in milliseconds of CLOCK_BOOTTIME."""

    def __init__(self, terms: Terms, now_ms: int) -> None:
        self.terms = terms
        self.phase = Phase.WAITING
        self.held: Held | None = None
        self.cause: Cause | None = None
        self.reason = ""
        self._may_start = False
        self._nonce: str | None = new_nonce()
        self._nonce_made_ms = now_ms
        self._terminate_ms = self._kill_ms = now_ms + terms.ttl_ms

    def nonce_for_request(self, now_ms: int) -> str:
        """The nonce for the next request. A claim keeps its one nonce, so that it may be asked again."""
        if self.phase is not Phase.WAITING or self._nonce is None:
            self._nonce, self._nonce_made_ms = new_nonce(), now_ms
        return self._nonce

    def take_claim(self, answer: ClaimAnswer, now_ms: int) -> None:
        """Hold the attempt under the claim's warrant. The same answer again changes nothing.

        Raises:
            WarrantRefused: if the warrant does not permit exactly this; nothing has changed then.
        """
        if self.held is not None and answer.warrant.document.get("nonce") == self.held.nonce:
            return
        if self.phase is not Phase.WAITING or self._nonce is None:
            raise WarrantRefused(Refusal.WRONG_NONCE, "this guard waits for no claim")
        digest = _digest(answer.spec)
        if answer.attempt.attempt_id != self.terms.attempt_id:
            raise WarrantRefused(Refusal.WRONG_ATTEMPT, "the answer is for another attempt")
        devices = self._own_devices(answer.warrant)
        held = Held(answer.attempt.fencing_token, digest, devices, self._nonce)
        document = self._verify(answer.warrant, held, now_ms)
        if document.kind != "run":
            raise WarrantRefused(Refusal.MALFORMED, "a claim is answered by a run warrant")
        self.held, self.phase = held, Phase.HELD
        self._extend(document)
        self._may_start = answer.attempt.start

    def take_verdict(self, verdict: RenewVerdict, now_ms: int) -> None:
        """Take the control plane's answer to a renewal. A signed warrant's own kind decides, not the answer.

        Raises:
            WarrantRefused: if the answer needs a warrant and has none that fits; the lease runs on as it was.
        """
        if verdict.answer == "stop":
            self.stop(now_ms, verdict.reason or "the control plane ordered a stop")
            return
        if self.held is None or verdict.warrant is None:
            raise WarrantRefused(Refusal.MALFORMED, "no warrant came with the answer, or none was held")
        document = self._verify(verdict.warrant, self.held, now_ms)
        self._nonce = None
        if document.kind == "run" and verdict.answer != "run":
            raise WarrantRefused(Refusal.MALFORMED, "a drain is answered by a drain warrant")
        if self.cause is not None:
            return
        self._extend(document)
        if document.kind == "drain":
            self._drain(document, now_ms, verdict.reason or "the control plane ordered a drain")
        elif verdict.start and verdict.answer == "run":
            self._may_start = True

    def stop(self, now_ms: int, reason: str) -> None:
        """Stop now: SIGTERM, and everything killed after a short grace, sooner if the lease ends sooner."""
        if self.cause is Cause.STOP:
            return
        self.cause, self.reason = Cause.STOP, reason
        self._terminate_ms = now_ms
        self._kill_ms = min(self._kill_ms, now_ms + STOP_GRACE_MS)

    def step(self, now_ms: int) -> Step:
        """What is to be done now."""
        match self.phase:
            case Phase.WAITING:
                return Step.END if self.cause or now_ms >= self._kill_ms else Step.WAIT
            case Phase.HELD:
                if self.cause or now_ms >= self._terminate_ms:
                    return Step.END
                return Step.START if self._may_start else Step.WAIT
            case Phase.RUNNING:
                return Step.TERMINATE if now_ms >= self._terminate_ms else Step.WAIT
            case Phase.STOPPING:
                return Step.KILL if now_ms >= self._kill_ms else Step.WAIT
            case Phase.ENDED:
                return Step.WAIT

    @property
    def is_over(self) -> bool:
        """Whether nothing of the attempt is left, and nothing more will be."""
        return self.phase is Phase.ENDED

    def wake_ms(self) -> int:
        """The latest moment at which `step` must be asked again."""
        return self._kill_ms if self.phase is Phase.STOPPING else self._terminate_ms

    @property
    def deadline_ms(self) -> int:
        """When everything must be dead, whatever happens."""
        return self._kill_ms

    def started(self) -> None:
        """The runner has been started, the only time it ever is."""
        self.phase, self._may_start = Phase.RUNNING, False

    def terminated(self) -> None:
        """SIGTERM has been sent. Without another cause the lease ran out."""
        self.phase = Phase.STOPPING
        if self.cause is None:
            self.cause, self.reason = Cause.EXPIRY, "no good answer came in time"

    def ended(self) -> None:
        """Nothing of the attempt is left."""
        if self.cause is None and self.phase in (Phase.WAITING, Phase.HELD):
            self.cause, self.reason = Cause.EXPIRY, "the lease ran out before the runner was started"
        self.phase = Phase.ENDED

    def _verify(self, warrant: Envelope, held: Held, now_ms: int) -> WarrantDocument:
        document = verify_warrant(
            warrant,
            self.terms.pinned_keys,
            host_id=self.terms.host_id,
            attempt_id=self.terms.attempt_id,
            fencing_token=held.fencing_token,
            spec_sha256=held.spec_sha256,
            device_uuids=held.device_uuids,
            nonce=self._nonce or "",
        )
        if now_ms >= self._nonce_made_ms + document.ttl_ms:
            raise WarrantRefused(Refusal.EXPIRED, f"its {document.ttl_ms} ms are over")
        return document

    def _extend(self, document: WarrantDocument) -> None:
        self._nonce = None
        self._kill_ms = self._nonce_made_ms + document.ttl_ms
        self._terminate_ms = self._kill_ms - self.terms.grace_ms

    def _drain(self, document: WarrantDocument, now_ms: int, reason: str) -> None:
        self.cause, self.reason = Cause.DRAIN, reason
        self._terminate_ms = now_ms
        window_ms = document.ttl_ms if document.window_ms is None else document.window_ms
        self._kill_ms = self._nonce_made_ms + min(window_ms, document.ttl_ms)

    def _own_devices(self, warrant: Envelope) -> tuple[str, ...]:
        named = warrant.document.get("device_uuids")
        if not isinstance(named, list | tuple) or not all(isinstance(uuid, str) for uuid in named):
            raise WarrantRefused(Refusal.MALFORMED, "device_uuids is not a list of text")
        if not named or not self.terms.device_uuids.issuperset(named):
            raise WarrantRefused(Refusal.WRONG_DEVICES, "the warrant names a device that this host does not have")
        return tuple(named)


def _digest(spec: object) -> str:
    try:
        return spec_digest(spec)
    except NotCanonical as error:
        raise WarrantRefused(Refusal.WRONG_SPEC, str(error)) from error
