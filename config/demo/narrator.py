"""How the story is told at the terminal: numbered steps, plain lines, and checks that end it when they fail."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from ledger.errors import DomainError

Found = TypeVar("Found")
POLL_S = 0.05


class StoryBroken(Exception):
    """Something did not happen as it must."""


class Narrator:
    """Writes the story down, with the seconds since it began; as one JSON object a line where asked to."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._began = time.monotonic()
        self._as_json = as_json

    def step(self, number: int, title: str) -> None:
        """Open a chapter."""
        self._write(f"\n[{self._elapsed():6.1f} s] {number}. {title}", chapter=number, title=title)

    def tell(self, line: str) -> None:
        """One line of it."""
        self._write(f"    {line}", told=line.strip())

    def expect(self, claim: str, is_so: bool) -> None:
        """Say what is so, and end the story if it is not.

        Raises:
            StoryBroken: it is not so.
        """
        if not is_so:
            raise StoryBroken(f"expected: {claim}")
        self._write(f"    ok  {claim}", ok=claim)

    def refused(self, claim: str, act: Callable[[], Any], refusal: type[BaseException] = DomainError) -> str:
        """Try an act that must be refused, and say why it was.

        Raises:
            StoryBroken: it was not refused.
        """
        try:
            act()
        except refusal as said:
            words = str(said).splitlines()[0]
            self._write(f"    ok  refused: {claim}\n          {words}", ok=f"refused: {claim}", reason=words)
            return words
        raise StoryBroken(f"not refused: {claim}")

    def wait(self, what: str, look: Callable[[], Found | None], seconds: float) -> Found:
        """Wait until ``look`` finds something, telling of it every five seconds.

        Raises:
            StoryBroken: not within ``seconds``.
        """
        began = told = time.monotonic()
        while (now := time.monotonic()) - began < seconds:
            found = look()
            if found is not None:
                return found
            if now - told > 5:
                told = now
                self._write(f"    ... {what} ({now - began:.0f} s)", waiting=what)
            time.sleep(POLL_S)
        raise StoryBroken(f"not within {seconds:.0f} s: {what}")

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _write(self, line: str, **said: Any) -> None:
        text = json.dumps({"at_s": round(self._elapsed(), 1), **said}, ensure_ascii=False) if self._as_json else line
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
