"""Figures as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts import figures

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=4), "just now"),
        (timedelta(seconds=5), "in 5 seconds"),
        (timedelta(seconds=-59), "59 seconds ago"),
        (timedelta(seconds=-60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "in 59 minutes"),
        (timedelta(hours=1), "in 1 hour"),
        (timedelta(hours=35, minutes=59), "in 35 hours"),
        (timedelta(hours=36), "in 1 day"),
        (timedelta(days=-89), "89 days ago"),
        (timedelta(days=-90), "3 months ago"),
        (timedelta(days=730), "in 2 years"),
    ],
)
def test_relative_at_each_boundary_uses_one_unit(distance: timedelta, words: str) -> None:
    assert figures.relative(NOW + distance, NOW) == words


@pytest.mark.parametrize(("on", "words"), [(1, "today"), (2, "in 1 day"), (28, "1 day ago")])
def test_relative_of_a_date_counts_days(on: int, words: str) -> None:
    month = 2 if on == 28 else 3
    assert figures.relative(date(2026, month, on), NOW) == words


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (59_949, "59.9 s"), (60_000, "1 min"), (200_000, "3 min 20 s"),
        (3_600_000, "1 h"), (7_500_000, "2 h 5 min"), (48 * 3_600_000, "2 d 0 h"),
    ],
)  # fmt: skip
def test_duration_uses_at_most_two_units(milliseconds: int, words: str) -> None:
    assert figures.duration(timedelta(milliseconds=milliseconds)) == words


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [(1023, "1023 B"), (1024, "1.0 KiB"), (1024**2, "1.0 MiB"), (141 * 1024**3, "141.0 GiB"), (1024**5, "1024.0 TiB")],
)
def test_byte_size_uses_binary_units(size_bytes: int, words: str) -> None:
    assert figures.byte_size(size_bytes) == words


def test_tenths_rounds_half_up_and_stays_exact() -> None:
    assert figures.tenths(180_000, 3_600_000) == Decimal("0.1")
    assert figures.tenths(10**18 + 5 * 10**16, 10**18) == Decimal("1.1")


@pytest.mark.parametrize(
    ("granted", "drawn", "held", "shares"),
    [(0, 0, 0, (0, 0)), (8, 4, 1, (50, 12)), (8, 8, 0, (100, 0)), (8, 8, 4, (100, 0)), (3, 1, 1, (33, 33))],
)
def test_parts_never_pass_the_whole(granted: int, drawn: int, held: int, shares: tuple[int, int]) -> None:
    assert figures.parts(granted, drawn, held) == shares


def test_countdown_before_due_shows_the_share_left() -> None:
    shown = figures.countdown(NOW + timedelta(days=4), NOW - timedelta(days=4), NOW)
    assert (shown["share"], shown["tone"], shown["days"], shown["late"]) == (50, "ok", "4d", False)


def test_countdown_under_two_days_warns() -> None:
    assert figures.countdown(NOW + timedelta(hours=47), NOW - timedelta(hours=1), NOW)["tone"] == "wait"


def test_countdown_after_due_is_late_and_whole_red() -> None:
    shown = figures.countdown(NOW - timedelta(hours=3), None, NOW)
    assert (shown["share"], shown["tone"], shown["days"], shown["late"]) == (100, "bad", "3h", True)


def test_countdown_while_stopped_is_calm_even_when_late() -> None:
    assert figures.countdown(NOW - timedelta(days=3), None, NOW, stopped=True)["tone"] == "calm"
