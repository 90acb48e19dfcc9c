"""Writes under a token that is over, signed with the host's own key: every one of them has to be refused."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

from allocation.jobs.models import AttemptHost
from gpu_runtime.protocol import new_nonce, sign_request
from gpu_runtime.protocol.keys import load_key
from tests.chaos.meddler import Message, forward
from tests.chaos.plant import Plant


class StaleWrites:
    """A host that was taken over, or woke late: it speaks with a good key of what is over."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.taken: Counter[str] = Counter()

    def write(self, choose: random.Random) -> int:
        """Try every write for one attempt that has ended.

        Returns:
            How many were tried.
        """
        ended = AttemptHost.objects.filter(attempt__state="ended").exclude(claim_nonce="").select_related("host")
        places = list(ended.order_by("-claimed_at")[:20])
        if not places:
            return 0
        place = choose.choice(places)
        token = place.attempt.fencing_token
        about: dict[str, Any] = {"attempt_id": str(place.attempt_id), "fencing_token": token}
        writes = {
            "metrics": {**about, "metrics": [{"step": 1, "loss": 0.0}], "log": {"offset": 0, "text": "forged"}},
            "checkpoint": {**about, "step": 10**9, "name": "step_1000000000", "manifest_sha256": "f" * 64,
                           "size_bytes": 1},
            "renew": {"attempts": [{**about, "nonce": new_nonce(), "processes": 1}]},
            "claim": {"attempt_id": about["attempt_id"], "nonce": new_nonce()},
            "end": _end(about, token + 10**9),
        }  # fmt: skip
        return sum(self._try(place.host.name, str(place.host_id), name, body) for name, body in writes.items())

    def _try(self, host: str, host_id: str, name: str, body: dict[str, Any]) -> bool:
        private = self.plant.folder / "hosts" / host / "private"
        path, raw = f"/host/v1/{name}", json.dumps(body).encode()
        headers = sign_request(
            load_key(private / "host.key"), method="POST", path=path, host_id=host_id,
            sequence=_next_sequence(private / "sequence"), body=raw,
        )  # fmt: skip
        try:
            status, answer = forward(Message(path, {**headers, "Content-Type": "application/json"}, raw))
        except (OSError, http.client.HTTPException):
            return False
        self.taken[f"of a token that is over ({name})"] += status == http.client.OK and _is_taken(name, answer)
        return True


def _is_taken(name: str, answer: bytes) -> bool:
    """Whether a renewal was answered with anything but stop; the other writes are taken when they are answered."""
    return name != "renew" or any(each["answer"] != "stop" for each in json.loads(answer)["answers"])


def _next_sequence(path: Path) -> int:
    return max(time.time_ns(), int(path.read_text() or "0") + 1)


def _end(about: dict[str, Any], token: int) -> dict[str, Any]:
    absent = ("exit_code", "signal", "receipt", "signalled_at", "last_process_gone_at", "signal_to_gone_ms")
    words = {"outcome": "succeeded", "message": "", "log_tail": "", "devices_clear": True}
    return {**about, **dict.fromkeys(absent), **words, "fencing_token": token}
