"""Replays recorded workloads through the very placement code that the live pass drives."""
