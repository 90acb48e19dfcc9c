"""Proof that the tests hold the guards: each guard is taken out in turn, and its test must go red."""
