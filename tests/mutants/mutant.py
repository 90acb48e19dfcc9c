"""What one mutant is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A patch that takes one guard out, and the test that must go red.

    ``old`` occurs exactly once in ``file``; ``new`` stands in its place.
    """

    invariant: str
    name: str
    file: str
    old: str
    new: str
    test: str
