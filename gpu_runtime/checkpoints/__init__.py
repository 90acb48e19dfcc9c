"""Checkpoints on disk: written aside, renamed when whole, verified before they are used."""
