"""Faults in a seeded order against real processes, and a checker of its own that asserts the invariants I1 to I8."""
